"""``python -m reject_gen --sheet out.png``: look at the non-digits before training on them."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from reject_gen.base import FAMILIES, Family, Material
from reject_gen.recipe import MixError, make_recipe
from reject_gen.sheet import contact_sheet
from reject_gen.sources import SourceError, mnist_digits, printed_digits
from reject_gen.typefaces import find_typefaces


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0, or 2 with one line on standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m reject_gen", description="A contact sheet of non-digits."
    )
    parser.add_argument(
        "--sheet", type=Path, required=True, metavar="OUT.png", help="where to write the sheet"
    )
    parser.add_argument(
        "--family", nargs="+", default=[], metavar="NAME", help="families or groups (default: all)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--per-family", type=int, default=12, metavar="N", help="samples a row (default: %(default)s)"
    )
    parser.add_argument("--mnist", type=Path, metavar="DIR", help="folder with MNIST's *-ubyte.gz files")
    parser.add_argument(
        "--fonts", type=Path, metavar="DIR", help="folder of typefaces (default: the one in Pillow)"
    )
    options = parser.parse_args(arguments)
    try:
        material = _material(options.mnist, options.fonts)
        families = _families(options.family, material)
        if options.per_family < 1 or options.seed < 0:
            raise MixError("--per-family must be 1 or more and --seed 0 or more")
        contact_sheet(families, material, options.per_family, options.seed).save(options.sheet)
    except (MixError, SourceError, OSError, ValueError) as error:
        sys.stderr.write(f"reject_gen: {error}\n")
        return 2
    return 0


def _material(mnist: Path | None, fonts: Path | None) -> Material:
    material = mnist_digits(mnist) if mnist else printed_digits()
    if fonts is None:
        return material
    if not fonts.is_dir():
        raise SourceError(f"{fonts}: no such folder of typefaces")
    return dataclasses.replace(material, typefaces=tuple(found.path for found in find_typefaces([fonts])))


def _families(names: list[str], material: Material) -> list[Family]:
    recipe = make_recipe(dict.fromkeys(names or FAMILIES, 1.0), typefaces=material.typefaces)
    return sorted(recipe.families, key=lambda family: (family.group, family.name))


if __name__ == "__main__":
    raise SystemExit(main())
