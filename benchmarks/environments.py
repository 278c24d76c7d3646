"""Other people's libraries, to measure beside ours: in an environment of their own, never among our dependencies."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

LIBRARIES = ("numpy", "hnswlib==0.8.0", "faiss-cpu==1.15.1", "annoy==1.17.3", "imagehash==4.3.2")
_MADE = "libraries.txt"
_SAME = {"PIL": "pillow", "opencv_python_headless": "cv2", "scikit_learn": "sklearn"}
_OF_VENV = {"pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils", "__pycache__"}


class NotInstalledError(Exception):
    """Why the libraries can't be installed."""


def default_folder(name: str = "peers") -> Path:
    """Where an environment lies if no other place is named."""
    import platformdirs

    return platformdirs.user_cache_path("digit-recognizer-eleven") / name


def environment(folder: str | os.PathLike[str] | None, libraries: Sequence[str] = LIBRARIES) -> Path:
    """The Python of an environment, which is made if it is not there: some libraries compile, which takes minutes.

    Args:
        folder: where it lies; None for the default place.
        libraries: what pip is told to install, options included.

    Raises:
        NotInstalledError: pip could not install them.
    """
    home = Path(folder) if folder else default_folder()
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = "\n".join(libraries)
    made = home / _MADE
    if not made.exists() or made.read_text() != wanted:
        print(f"Installing {', '.join(libraries)} into {home}", file=sys.stderr, flush=True)
        # A folder that is no environment stays as it is.
        clear = ["--clear"] if (home / "pyvenv.cfg").exists() else []
        subprocess.run([sys.executable, "-m", "venv", *clear, str(home)], check=True)
        done = subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", *libraries],
            check=False,
            stderr=subprocess.PIPE,
            text=True,
        )
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            raise NotInstalledError((errors or ["pip failed"])[-1].removeprefix("ERROR: "))
        made.write_text(wanted)
    return python


def installed_bytes(python: Path) -> dict[str, int]:
    """Bytes of the files in an environment, by entry of its site-packages; without pip and compiled caches.

    A library's own folder of shared objects, such as ``numpy.libs``, counts as the library's.
    """
    home = python.parents[1]
    places = [
        *home.glob("[lL]ib/python*/site-packages/*"),
        *home.glob("[lL]ib/site-packages/*"),
        *home.glob("share"),
    ]
    sizes: dict[str, int] = {}
    for place in places:
        name = place.name.partition(".")[0].partition("-")[0]
        name = _SAME.get(name, name)
        if name not in _OF_VENV:
            sizes[name] = sizes.get(name, 0) + folder_bytes(place)
    return sizes


def folder_bytes(place: Path) -> int:
    """Bytes of a file, or of all files of a folder but compiled caches."""
    files = [place] if place.is_file() else place.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file() and "__pycache__" not in file.parts)
