"""Disturbed copies to measure a search with: drawn by other code than those of training, some in ways it never saw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.glyph import SIDE
from recognizer.glyph.normalise import to_glyph

Glyph = NDArray[np.float64]
Change = Callable[[Glyph, np.random.Generator], Glyph]
ROTATION = 12.0  # degrees, to either side
SHIFT = 3.0  # pixels, in either direction
STRAY = 0.02  # share of the pixels set to ink, and of those set to paper
NOISE = 0.1  # standard deviation, of 1
SHEAR = 0.3
SCALE = 0.1  # of the logarithm, to either side
QUALITY = 20  # of JPEG, of 100
PEN = np.ones((2, 2), np.uint8)


def usual(glyph: Glyph, rng: np.random.Generator) -> Glyph:
    """Rotated and shifted, half of the time thickened, with stray pixels and noise."""
    middle = (SIDE - 1) / 2
    turned = cv2.getRotationMatrix2D((middle, middle), rng.uniform(-ROTATION, ROTATION), 1.0)
    glyph = _warp(
        _warp(glyph, np.asarray(turned, np.float64)),
        np.column_stack([np.eye(2), rng.uniform(-SHIFT, SHIFT, 2)]),
    )
    if rng.random() < 0.5:
        glyph = np.asarray(cv2.dilate(glyph, PEN), np.float64)
    draw = rng.random(glyph.shape)
    glyph = np.where(draw < STRAY, 1.0, np.where(draw > 1 - STRAY, 0.0, glyph))
    return noisy(glyph, rng)


def sheared(glyph: Glyph, rng: np.random.Generator) -> Glyph:
    """Leaning to one side."""
    lean = rng.uniform(-SHEAR, SHEAR)
    return _warp(glyph, np.array([[1, lean, -lean * (SIDE - 1) / 2], [0, 1, 0]]))


def eroded(glyph: Glyph, rng: np.random.Generator) -> Glyph:
    """Written with a pen a pixel thinner."""
    return np.asarray(cv2.erode(glyph, PEN), np.float64)


def quartered(glyph: Glyph, rng: np.random.Generator) -> Glyph:
    """Without one of its four quarters."""
    down, across = rng.integers(0, 2, 2) * (SIDE // 2)
    left = glyph.copy()
    left[down : down + SIDE // 2, across : across + SIDE // 2] = 0
    return left


def compressed(glyph: Glyph, rng: np.random.Generator) -> Glyph:
    """Kept as a JPEG file of low quality."""
    packed = cv2.imencode(".jpg", as_bytes(glyph), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.float64) / 255


def shifted(glyph: Glyph, rng: np.random.Generator) -> Glyph:
    """Lying elsewhere."""
    return _warp(glyph, np.column_stack([np.eye(2), rng.uniform(-SHIFT, SHIFT, 2)]))


def rescaled(glyph: Glyph, rng: np.random.Generator) -> Glyph:
    """Smaller or larger."""
    middle = (SIDE - 1) / 2
    factor = np.exp(rng.uniform(-SCALE, SCALE))
    return _warp(glyph, np.asarray(cv2.getRotationMatrix2D((middle, middle), 0, factor), np.float64))


def noisy(glyph: Glyph, rng: np.random.Generator) -> Glyph:
    """With noise."""
    return np.clip(glyph + rng.normal(0, NOISE, glyph.shape), 0, 1)


# What happens to a file on its way: still the same image to everybody.
SLIGHT: dict[str, Change] = {
    "shift": shifted,
    "scale": rescaled,
    "JPEG": compressed,
    "noise": noisy,
}
UNSEEN: dict[str, Change] = {
    "shear": sheared,
    "erosion": eroded,
    "missing quarter": quartered,
    "JPEG": compressed,
}


def copies(
    glyphs: NDArray[np.uint8], seed: int | list[int], *changes: Change, normalise: bool = False
) -> NDArray[np.uint8]:
    """A disturbed copy of each glyph, uint8 (N, 28, 28).

    Args:
        glyphs: uint8 (N, 28, 28).
        seed: of everything random.
        changes: what happens to each, one after the other.
        normalise: whether copies pass the normaliser at the end.
    """
    rng = np.random.default_rng(seed)
    made = np.empty_like(glyphs)
    for row, glyph in enumerate(glyphs):
        changed: Glyph = glyph / 255
        for change in changes:
            changed = change(changed, rng)
        made[row] = to_glyph(as_bytes(changed)) if normalise else as_bytes(changed)
    return made


def as_bytes(glyph: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """From 0–1 to 0–255."""
    whole: NDArray[np.uint8] = np.rint(np.clip(glyph, 0, 1) * 255).astype(np.uint8)
    return whole


def _warp(glyph: Glyph, affine: NDArray[np.float64]) -> Glyph:
    return np.asarray(cv2.warpAffine(glyph, affine, (SIDE, SIDE), flags=cv2.INTER_LINEAR), np.float64)
