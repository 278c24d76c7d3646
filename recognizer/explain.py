"""What explains an answer: the nearest known digits, and whether they agree with it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recognizer.galleries import as_gallery_error, open_gallery
from recognizer.results import Recognition

if TYPE_CHECKING:
    from retrieval import Gallery, Hit


class KnownDigits:
    """A gallery that is opened when it is first needed; the number of questions so far decides which engine searches.

    Threads may share one, and so may both sides of a fork, unless another thread was preparing an engine.
    """

    def __init__(self, gallery: Gallery | str | os.PathLike[str] | None = None) -> None:
        """Name a gallery: its folder, name or address, or None for the one that ships; or hand over an open one."""
        self._asked = gallery
        self._gallery: Gallery | None = None

    @property
    def gallery(self) -> Gallery:
        """The gallery.

        Raises:
            GalleryError: there is none that can be used.
        """
        # Without a lock, which a fork could leave locked for good: two threads may both open it, and one stays.
        if self._gallery is None:
            with as_gallery_error():
                self._gallery = _opened(self._asked)
        return self._gallery

    def nearest(self, glyphs: Sequence[NDArray[np.uint8]], k: int) -> list[tuple[Hit, ...]]:
        """The k nearest known digits of each glyph uint8 (28, 28), nearest first.

        Raises:
            GalleryError: there is no gallery that can be used.
        """
        if not glyphs:
            return []
        with as_gallery_error():
            return [tuple(hits) for hits in self.gallery.search(np.stack(glyphs), k)]


def _opened(asked: Gallery | str | os.PathLike[str] | None) -> Gallery:
    if asked is None or isinstance(asked, str | os.PathLike):
        return open_gallery(asked)
    return asked


def disagreement(answer: Recognition) -> str | None:
    """In words, how the neighbours contradict the answer or the best guess; None if they don't, or there are none."""
    labels = Counter(hit.label for hit in answer.neighbors if hit.label is not None)
    if answer.best is None or not labels:
        return None
    label, votes = labels.most_common(1)[0]
    if labels[answer.best] == votes:
        return None
    what = "best guess" if answer.rejected else "answer"
    return f"the {what} is {answer.best}, but {votes} of {labels.total()} similar known digits show {label}"


def remembered(gallery: Gallery, glyph: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A glyph uint8 (28, 28) encoded and decoded again by the gallery's autoencoder, uint8 (28, 28)."""
    (whole,) = gallery.encoder.reconstruct(glyph[None])
    pixels: NDArray[np.uint8] = np.rint(whole * 255).astype(np.uint8)
    return pixels
