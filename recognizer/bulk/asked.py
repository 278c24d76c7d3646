"""What is asked of each image: the same for all of a run, and for all that is in one output."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from recognizer.bundle import META, Bundle
from recognizer.image.opening import MAX_PIXELS
from recognizer.pipeline import Recognizer
from recognizer.stages.decide import allowed_mask


@dataclass(frozen=True, slots=True)
class Asked:
    """How images are read; the attributes are those of ``Recognizer.load`` and ``Recognizer.recognize``.

    Attributes:
        model: a bundle's folder, a registered version, or "shipped"; None for the current model.
        max_error: the share of wrong answers among accepted ones, 0–1; None for the shipped operating point.
        allowed: the digits that may be the answer; None for all ten.
        explain: how many of the most similar known digits to name with each answer.
        gallery: where these are; None for the starter gallery that ships.
        max_pixels: larger images are refused.
    """

    model: str | os.PathLike[str] | None = None
    max_error: float | None = None
    allowed: Collection[int] | None = None
    explain: int = 0
    gallery: str | os.PathLike[str] | None = None
    max_pixels: int = MAX_PIXELS

    def load(self) -> Recognizer:
        """The recognizer, on one thread, after a look at what else is asked.

        Raises:
            ModelError: there is no usable model.
            GalleryError: neighbours are asked for, and there is no gallery that can be used.
            UsageError: an attribute is out of range.
        """
        allowed_mask(self.allowed)
        loaded = Recognizer.load(self.model, self.max_error, 1, self.max_pixels, self.gallery)
        loaded.recognize_many((), explain=self.explain)
        return loaded

    def of(self, bundle: Bundle) -> Asked:
        """The same options with this very model, even if another one becomes current meanwhile."""
        return replace(self, model=bundle.folder)

    def told(self, recognizer: Recognizer) -> dict[str, Any]:
        """The options that answers depend on, JSON-ready: runs that differ in them don't share an output."""
        meta = (recognizer.bundle.folder / META).read_bytes()
        return {
            "model": recognizer.model,
            "bundle": hashlib.sha256(meta).hexdigest(),
            "allowed": None if self.allowed is None else sorted(map(int, self.allowed)),
            "explain": self.explain,
            "gallery": None if self.gallery is None or not self.explain else os.fspath(self.gallery),
            "max_pixels": self.max_pixels,
        }
