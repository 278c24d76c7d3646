"""What the project takes on disk, package by package: the whole core, and a small install (docs/deploy.md).

    python benchmarks/installed.py

Makes two fresh environments in a temporary folder, by pip and `constraints.txt`, and adds up the files that each
package says it installed. Both read an image and must answer alike. Takes a minute or two, and 1.3 GB of disk.
"""  # fmt: skip

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from common import Table, command_line, header, table, write
from environments import NotInstalledError

ROOT = Path(__file__).parents[1]
OWN = "digit-recognizer-eleven"
LEFT_OUT = ("pynndescent", "scikit-learn")  # of what the project asks for; what they ask for goes with them
WHOLE, SMALL = "the whole core", "a small install"
LEAST = 1e6  # bytes; smaller packages are summed up
IMAGE = ROOT / "examples" / "photo-4.png"
# Of the project's own files: those below the first folder that fits.
OWN_PARTS = {"the model": "recognizer/models", "encoder and starter gallery": "retrieval/models", "code": ""}


@dataclass(frozen=True)
class Size:
    """Bytes of some files.

    Attributes:
        files: all of them.
        sources: those but the code that pip compiled.
        blocks: what the file system gave them, as `du` counts; 0 where it doesn't tell.
    """

    files: int = 0
    sources: int = 0
    blocks: int = 0

    def __add__(self, other: Size) -> Size:
        """Both together."""
        return Size(self.files + other.files, self.sources + other.sources, self.blocks + other.blocks)


@dataclass(frozen=True)
class Package:
    """What one package takes."""

    name: str
    version: str
    size: Size


def small_requirements() -> list[str]:
    """The requirements of a small install, as the project states them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [line for line in project["dependencies"] if name_of(line) not in LEFT_OUT]


def name_of(requirement: str) -> str:
    """The package that a requirement names."""
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


def installed(folder: Path, *steps: Sequence[str]) -> Path:
    """The Python of a new environment, without pip, after pip was told to install each of ``steps``.

    Raises:
        NotInstalledError: it could not.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    for step in steps:
        print(f"pip install {' '.join(step)}".replace(f"{ROOT}", "."), file=sys.stderr, flush=True)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", *step]
        done = subprocess.run(pip, check=False, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise NotInstalledError(done.stderr.strip() or "pip failed")
    return python


def packages(python: Path) -> list[Package]:
    """All packages of an environment, the largest first."""
    found = [
        Package(each.metadata["Name"], each.version, sum((size for _, size in files(each)), Size()))
        for each in distributions(path=[str(site(python))])
    ]
    return sorted(found, key=lambda package: -package.size.files)


def site(python: Path) -> Path:
    """Where an environment has its packages."""
    home = python.parents[1]
    return next(iter([*home.glob("lib/python*/site-packages"), *home.glob("Lib/site-packages")]))


def files(package: Distribution) -> Iterable[tuple[str, Size]]:
    """The files that a package says it installed, with what each takes."""
    for file in package.files or ():
        path = Path(str(package.locate_file(file)))
        if path.is_file():
            told = path.stat()
            compiled = "__pycache__" in file.parts
            blocks = getattr(told, "st_blocks", 0) * 512
            yield file.as_posix(), Size(told.st_size, 0 if compiled else told.st_size, blocks)


def own_parts(python: Path) -> dict[str, Size]:
    """What the project's own files take, by what they are."""
    (own,) = (each for each in distributions(path=[str(site(python))]) if each.metadata["Name"] == OWN)
    sizes = dict.fromkeys(OWN_PARTS, Size())
    for name, size in files(own):
        part = next(part for part, below in OWN_PARTS.items() if name.startswith(below))
        sizes[part] += size
    return sizes


def answer(python: Path, home: Path) -> str:
    """What an environment says of an image, with the known digits that are most like it."""
    command = [str(python), "-I", "-m", "recognizer.cli.recognize", IMAGE.name, "--explain", "3", "--json"]
    environment = {**os.environ, "RECOGNIZER_HOME": str(home)}
    done = subprocess.run(
        command, cwd=IMAGE.parent, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def totals(found: Mapping[str, Sequence[Package]]) -> Table:
    """What each install takes."""
    sums = {name: sum((each.size for each in parts), Size()) for name, parts in found.items()}
    rows = [
        [name, len(found[name]), *map(megabytes, (size.files, size.sources, size.blocks))]
        for name, size in sums.items()
    ]
    return table(["install", "packages", "MB", "without compiled files", "as `du` counts"], rows)


def by_package(parts: Sequence[Package]) -> Table:
    """The packages of an install, the largest first, small ones summed up."""
    large = [each for each in parts if each.size.files >= LEAST]
    others = parts[len(large) :]
    rest = sum((each.size for each in others), Size())
    rows = [[each.name, each.version, *both(each.size)] for each in large]
    columns = ["package", "version", "MB", "without compiled files"]
    return table(columns, [*rows, [f"{len(others)} others", "", *both(rest)]])


def both(size: Size) -> list[str]:
    """With and without compiled files."""
    return [megabytes(size.files), megabytes(size.sources)]


def megabytes(count: int) -> str:
    """Of 1,000,000 bytes."""
    return f"{count / 1e6:.1f}"


def make(folder: Path) -> dict[str, Path]:
    """Both environments, which must answer alike."""
    constraints = ("-c", str(ROOT / "constraints.txt"))
    pythons = {
        WHOLE: installed(folder / "whole", [*constraints, str(ROOT)]),
        SMALL: installed(
            folder / "small", [*constraints, *small_requirements()], ["--no-deps", str(ROOT)]
        ),
    }  # fmt: skip
    first, second = (answer(python, folder / "home") for python in pythons.values())
    if first != second:
        raise SystemExit(f"they answer differently:\n{first}{second}")
    return pythons


def main() -> None:
    """Install, add up, and write the result."""
    command_line(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as name:
        try:
            pythons = make(Path(name))
        except NotInstalledError as error:
            raise SystemExit(str(error)) from None
        found = {install: packages(python) for install, python in pythons.items()}
        own = own_parts(pythons[SMALL])
    sections = [
        part for each, parts in found.items() for part in (f"## {each.capitalize()}\n", by_package(parts))
    ]
    figures: dict[str, Any] = {each: [asdict(part) for part in parts] for each, parts in found.items()}
    write(
        "installed",
        "What an installation takes",
        header(("pip",), n="two fresh environments", command="`python benchmarks/installed.py`"),
        "MB are 1,000,000 bytes of the files that packages list as installed, with and without the code that pip "
        f"compiles; Python itself and pip are not counted. A small install lacks {' and '.join(LEFT_OUT)}, and what "
        f"only these need. Both read `{IMAGE.name}` alike and name the same known digits.\n",
        totals(found),
        *sections,
        f"## {OWN}\n",
        table(["part", "MB", "without compiled files"], [[part, *both(size)] for part, size in own.items()]),
        figures={"installs": figures, "own": {part: asdict(size) for part, size in own.items()}},
    )  # fmt: skip


if __name__ == "__main__":
    main()
