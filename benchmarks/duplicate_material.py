"""What near-duplicates are searched among: digits, copies of them that were changed in known ways, and strangers."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from search_material import Digits, Glyphs, draw

from recognizer.training.embedding.queries import NOISE, SHIFT, Change, Glyph, compressed, copies, usual

SCALE = (0.8, 1.2)


def shifted(glyph: Glyph, rng: np.random.Generator) -> Glyph:
    """Moved by up to 3 pixels in both directions."""
    return _scaled(glyph, 1.0, rng.uniform(-SHIFT, SHIFT, 2))


def rescaled(glyph: Glyph, rng: np.random.Generator) -> Glyph:
    """Larger or smaller by up to a fifth, about the middle."""
    return _scaled(glyph, rng.uniform(*SCALE), np.zeros(2))


def noisy(glyph: Glyph, rng: np.random.Generator) -> Glyph:
    """With Gaussian noise."""
    return np.clip(glyph + rng.normal(0, NOISE, glyph.shape), 0, 1)


def _scaled(glyph: Glyph, scale: float, move: NDArray[np.float64]) -> Glyph:
    middle = (len(glyph) - 1) / 2
    affine = np.column_stack([scale * np.eye(2), (1 - scale) * middle + move])
    return np.asarray(cv2.warpAffine(glyph, affine, glyph.shape, flags=cv2.INTER_LINEAR), np.float64)


CHANGES: dict[str, tuple[Change, ...]] = {
    "shifted": (shifted,),
    "rescaled": (rescaled,),
    "recompressed": (compressed,),
    "noisy": (noisy,),
    "all four": (shifted, rescaled, noisy, compressed),
    "turned, shifted, thickened, dirty": (usual,),
}


@dataclass(frozen=True)
class Setting:
    """A gallery, and queries for each kind of change: copies of its rows ``originals``, then strangers."""

    gallery: Glyphs
    queries: dict[str, Glyphs]
    originals: NDArray[np.int64]


def draw_setting(digits: Digits, size: int, n: int, seed: int, *, normalise: bool) -> Setting:
    """A gallery of the first images, copies of ``n`` of them, and ``n`` of those after as strangers."""
    gallery, others = digits.glyphs[:size], digits.glyphs[size : size + n]
    originals = draw(n, size, seed)
    asked = np.concatenate([gallery[originals], others])
    queries = {
        kind: copies(asked, [seed, number], *changes, normalise=normalise)
        for number, (kind, changes) in enumerate(CHANGES.items())
    }
    return Setting(gallery, queries, originals)
