"""Galleries of similar images: where they are kept, and which one a name means."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from recognizer import errors
from recognizer.places import expanded, home
from retrieval.errors import GalleryError, RetrievalError

if TYPE_CHECKING:
    from retrieval import Gallery

MNIST_SOURCE = "mnist/train"  # of images whose ids are positions in MNIST's training file
PRINT_SOURCE = "print"  # before the name of a typeface, of printed digits


@contextmanager
def as_gallery_error() -> Iterator[None]:
    """Turn errors of the search into errors of this package, with the same line.

    Raises:
        recognizer.errors.GalleryError: there is no gallery that can be used.
    """
    try:
        yield
    except RetrievalError as error:
        raise errors.GalleryError(str(error)) from None


def galleries_folder() -> Path:
    """The folder of galleries that are kept by name; it may not exist yet."""
    return home() / "galleries"


def gallery_names() -> list[str]:
    """The names of the galleries that are kept by name."""
    from retrieval import Gallery

    folder = galleries_folder()
    return (
        sorted(entry.name for entry in folder.iterdir() if Gallery.exists(entry)) if folder.is_dir() else []
    )


def gallery_address(gallery: str | os.PathLike[str]) -> str | Path:
    """The address of a gallery: as given or, if there is none, the folder of the gallery that is kept by this name.

    A string with a slash is always a path, and so is a ``Path``.
    """
    from retrieval import Gallery

    named = os.fspath(gallery)
    if "://" in named:
        return named
    path = expanded(gallery)
    # Of the text as it was given: a ``Path`` has lost the dot of "./scans", and the slash of "scans/".
    if not isinstance(gallery, str) or not {os.sep, os.altsep or os.sep}.isdisjoint(named):
        return path
    kept = galleries_folder() / path
    return kept if not Gallery.exists(path) and Gallery.exists(kept) else path


def open_gallery(gallery: str | os.PathLike[str] | None = None, threads: int = 1) -> Gallery:
    """Open a gallery for searching.

    Args:
        gallery: its folder, name or address, as `gallery_address` takes it; None for the starter gallery that
            ships, whatever others there are.
        threads: how many threads one call may use.

    Raises:
        GalleryError: there is none, it is damaged, or another encoder made it.
        EncoderError: there is no usable encoder.
        EngineError: it is in Milvus, and the client is not installed.
    """
    from retrieval import Gallery

    where = None if gallery is None else gallery_address(gallery)
    if isinstance(where, Path) and not Gallery.exists(where) and (names := gallery_names()):
        raise GalleryError(
            f"{os.fspath(gallery or where)}: no gallery there; galleries that have a name: {', '.join(names)}; "
            "make one with: similar --build FOLDER --gallery DIR"
        )
    return Gallery.open(where, threads=threads)
