"""What `similar --build` finds of earlier builds of the same folder: ids spelled otherwise, and files that are gone."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from recognizer.cli.similar.output import say

if TYPE_CHECKING:
    from retrieval import Gallery

_NAMED = 3  # files that are gone


def whole(path: str) -> str:
    """An absolute path without ``..``; links keep their names where that leads to the same place."""
    plain = os.path.abspath(path)  # noqa: PTH100 - `Path.absolute` keeps ``..``, `Path.resolve` follows links
    try:
        same = Path(path).samefile(plain)
    except OSError:
        same = not os.path.lexists(path)
    return plain if same else os.path.realpath(path)


def look_after(gallery: Gallery, folder: Path, built: set[str]) -> None:
    """Remove images that are there twice, under two spellings of a path; and list those whose files are gone.

    Args:
        gallery: what was built.
        folder: its images were added.
        built: their ids.
    """
    others = dict(_others(gallery, folder, built))
    # Only where the image is there under its new id: what can't be read any more was not added anew.
    if twice := [name for name, path in others.items() if path in built and path in gallery]:
        gallery.remove(twice)
        say(
            f"{len(twice):,} images removed whose id was an older spelling of the same path, such as {twice[0]}"
        )
    if gone := [name for name, path in others.items() if path not in built and not os.path.lexists(path)]:
        names = " ".join(map(shlex.quote, gone[:_NAMED])) + (" …" if len(gone) > _NAMED else "")
        say(
            f"{len(gone):,} images of the gallery have no file below {folder} any more; remove them with: "
            f"similar --gallery {shlex.quote(gallery.address)} --remove {names}"
        )


def _others(gallery: Gallery, folder: Path, built: set[str]) -> Iterator[tuple[str, str]]:
    """Ids of a folder's images that were not built now, and their paths as they are spelled now."""
    top = folder.as_posix().rstrip("/") + "/"
    for name in gallery.ids():
        if name in built or not Path(name).is_absolute():
            continue
        # Ids used to keep ``..``.
        path = Path(whole(name)).as_posix() if ".." in PurePosixPath(name).parts else name
        if path.startswith(top):
            yield name, path
