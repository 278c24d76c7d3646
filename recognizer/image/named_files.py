"""Files as people name them: which ones PATHs stand for, lazily and in order; and a name on one line."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from recognizer.errors import ImageError, RecognizerError, UsageError
from recognizer.image.opening import describe, kind_of

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp"})
STDIN = "-"
NOTHING_LISTED = "no paths on standard input"  # no other PATH stands for nothing
_CHUNK = 1 << 16
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}


def expand(paths: Iterable[str], stdin: BinaryIO | None = None) -> Iterator[str]:
    """The files that PATHs name, one after the other.

    A folder stands for the images below it, in sorted order; hidden files are left out. A pattern stands for
    the files it matches, unless a file has that very name. ``-`` stands for the list on standard input, whose
    names are taken as they are, so that there are as many answers as names. A missing file, and a folder without
    images among other paths, stay in the list: reading them fails; see `named_error`.

    Args:
        paths: files, folders, patterns, or ``-``.
        stdin: where ``-`` reads from; standard input when not given.

    Raises:
        UsageError: at once, before the first file, when there is nothing but folders without images; and where
            standard input turns out to be an image itself.
    """
    paths = list(paths)
    if paths and all(map(_is_empty, paths)):
        raise UsageError(
            f"no image in the folder {', '.join(map(printable, paths))} (looked for {_suffixes()})"
        )
    return (file for path in paths for file in _files_of(path, stdin))


def total_of(paths: Iterable[str]) -> int | None:
    """How many files PATHs name; None if that can't be told in advance."""
    paths = list(paths)
    return None if STDIN in paths else sum(1 for _ in expand(paths))


def named_error(name: str, error: RecognizerError) -> RecognizerError:
    """The error of a name that `expand` gave, in terms of folders and patterns: whoever read the file knows of none."""
    if not name:
        problem = "an empty name: name a file, folder or pattern"
    elif _is_empty(name):
        problem = f"no image in the folder (looked for {_suffixes()})"
    elif glob.has_magic(name) and not os.path.lexists(name) and not _matches(name):
        problem = "no file matches this pattern"
    else:
        return error
    return ImageError(f"{describe(name)}: {problem}")


def printable(path: str) -> str:
    """A path on one line: control characters, which could split it or steer a terminal, as escapes."""
    return path.translate(_CONTROL)


def _suffixes() -> str:
    return ", ".join(sorted(suffix[1:] for suffix in IMAGE_SUFFIXES))


def _files_of(path: str, stdin: BinaryIO | None) -> Iterator[str]:
    if path == STDIN:
        return _listed(stdin or sys.stdin.buffer)
    if _is_folder(path):
        return _or_itself(path)
    if os.path.lexists(path) or not glob.has_magic(path):
        return iter([path])
    return iter(_matches(path) or [path])


def _matches(pattern: str) -> list[str]:
    # `Path.glob` takes no absolute pattern and would take hidden files.
    found = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207
    return [path for path in found if not _is_folder(path)]


def _is_empty(path: str) -> bool:
    """Whether it is a folder without images."""
    return _is_folder(path) and next(_images_below(path), None) is None


def _images_below(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        # Read as if it were an image, the folder is reported in its place, and the batch goes on.
        yield folder
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        # A link to a folder is not followed: it may lead back up and never end.
        if entry.is_dir(follow_symlinks=False):
            yield from _images_below(entry.path)
        elif Path(entry.name).suffix.lower() in IMAGE_SUFFIXES and _is_file_or_link(entry):
            yield entry.path


def _or_itself(folder: str) -> Iterator[str]:
    empty = True
    for path in _images_below(folder):
        yield path
        empty = False
    if empty:
        yield folder


def _is_folder(path: str) -> bool:
    try:
        return bool(path) and Path(path).is_dir()  # `Path("")` would be the current folder
    except OSError:  # such as a name that is too long: reading it gives the error that people see
        return False


def _is_file_or_link(entry: os.DirEntry[str]) -> bool:
    # A broken link is kept, to be reported; a pipe or device is not, since reading it might never end.
    return entry.is_file(follow_symlinks=False) or (entry.is_symlink() and not _is_folder(entry.path))


def _listed(stream: BinaryIO) -> Iterator[str]:
    """Names from a list: one a line, or ended by NUL as ``find -print0`` writes them."""
    pending, separator = b"", None
    # `read1` hands over what has arrived, so that a slow list is answered as it grows.
    read = getattr(stream, "read1", stream.read)
    while block := read(_CHUNK):
        if not pending and separator is None and _is_image(block):
            raise UsageError("standard input holds an image, not a list of paths: pass the path of its file")
        pending += block
        if separator is None and (b"\0" in pending or b"\n" in pending):
            separator = b"\0" if b"\0" in pending else b"\n"
        if separator:
            *names, pending = pending.split(separator)
            yield from _decoded(names)
    yield from _decoded([pending])


def _is_image(head: bytes) -> bool:
    try:
        kind = kind_of(head)
    except ImageError:
        return False
    return kind != "BMP" or b"\0\0\0\0" in head[:14]  # the name of a file may begin with BM as well


def _decoded(names: Iterable[bytes]) -> Iterator[str]:
    for name in names:
        if stripped := name.removesuffix(b"\r"):
            yield os.fsdecode(stripped)
