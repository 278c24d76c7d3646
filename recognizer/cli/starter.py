"""The command ``recognizer starter``: write the gallery of known digits that ships."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from recognizer.cli.arguments import DATA, at_least
from recognizer.cli.common import need_new_folder
from recognizer.cli.progress import counted
from recognizer.data import find_data


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    from retrieval.starter import COUNT

    parser.add_argument("--data", type=Path, metavar="DIR", help=DATA)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="a new folder for the gallery (default: replace the one in the package)",
    )
    parser.add_argument(
        "--count",
        type=at_least(10),
        default=COUNT,
        metavar="N",
        help="how many handwritten digits, equally many of each; printed ones are added (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the gallery, and print its folder, images and size."""
    from recognizer.training.embedding.starter import make_starter
    from retrieval import Gallery

    if args.out:
        need_new_folder("--out", args.out)
    with counted(None, sys.stderr) as tell:
        folder = make_starter(find_data(args.data), args.out, args.count, tell)
    images = len(Gallery.open(folder))
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    sys.stdout.write(f"{folder}: {images:,} images, {size / 1e6:.2f} MB\n")
    return 0
