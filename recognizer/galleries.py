"""Galleries of similar images: where they are kept, and which one a name means."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from recognizer.places import home

if TYPE_CHECKING:
    from retrieval import Gallery

MNIST_SOURCE = "mnist/train"  # of images whose ids are positions in MNIST's training file


def galleries_folder() -> Path:
    """Where galleries are kept that were given no folder of their own; it may not exist yet."""
    return home() / "galleries"


def gallery_names() -> list[str]:
    """The names of the galleries kept there."""
    from retrieval import Gallery

    folder = galleries_folder()
    return (
        sorted(entry.name for entry in folder.iterdir() if Gallery.exists(entry)) if folder.is_dir() else []
    )


def gallery_path(gallery: str | os.PathLike[str]) -> Path:
    """The folder of a gallery: the one named, or where no gallery is there, that of the kept one of this name."""
    from retrieval import Gallery

    path = Path(gallery).expanduser()
    kept = galleries_folder() / path
    meant = len(path.parts) == 1 and not Gallery.exists(path) and Gallery.exists(kept)
    return kept if meant else path


def open_gallery(gallery: str | os.PathLike[str] | None = None, threads: int = 1) -> Gallery:
    """Open a gallery for searching.

    Args:
        gallery: its folder or name, as `gallery_path` takes it; None for the starter gallery that ships, whatever
            others there are.
        threads: how many threads one call may use.

    Raises:
        GalleryError: there is none, it is damaged, or another encoder made it.
        EncoderError: there is no usable encoder.
    """
    from retrieval import Gallery
    from retrieval.errors import GalleryError

    path = None if gallery is None else gallery_path(gallery)
    if path and not Gallery.exists(path) and (names := gallery_names()):
        raise GalleryError(
            f"{path}: no gallery there, and none is called so; there are {', '.join(names)}; "
            "make one with: similar --build FOLDER --gallery DIR"
        )
    return Gallery.open(path, threads=threads)
