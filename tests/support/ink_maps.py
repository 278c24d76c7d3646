"""Maps of ink of all kinds: digits, boxed and ruled, photographs, noise, specks and whatever else may come."""

from __future__ import annotations

import cv2
import numpy as np
from pages import DIGITS

from recognizer.glyph.ink import ink_map
from reject_gen.paper import put_on_paper

_SIDES = (28, 40, 56, 64)
_ROUND = (20, 24, 40, 60, 80)


def _resized(page, shape):
    return cv2.resize(page, shape[::-1], interpolation=cv2.INTER_AREA).reshape(shape)


def _stroked(page, rng):
    """With a line along a side, or from anywhere to anywhere, or with a frame."""
    height, width = page.shape
    level, pen = int(rng.integers(1, 256)), int(rng.integers(1, 4))
    x, y = int(rng.integers(width)), int(rng.integers(height))
    kind = rng.integers(4)
    if kind == 0:
        page[y : y + pen, rng.integers(width // 3 + 1) :] = level
    elif kind == 1:
        page[rng.integers(height // 3 + 1) :, x : x + pen] = level
    elif kind == 2:
        cv2.line(page, (x, y), (int(rng.integers(width)), int(rng.integers(height))), level, pen)
    else:
        inset = int(rng.integers(min(page.shape) // 4 + 1))
        cv2.rectangle(page, (inset, inset), (width - 1 - inset, height - 1 - inset), level, pen)
    return page


def _ruled(digit, shape, rng):
    page = _resized(digit, shape) // np.uint8(rng.integers(1, 5))
    for _ in range(rng.integers(1, 6)):
        page = _stroked(page, rng)
    return page


def _blocks(rng):
    """Rectangles and bars on a page of round size, some of them twins: what is compared is often equal."""
    height, width = shape = rng.choice(_ROUND, 2)
    page = np.zeros(shape, np.uint8)
    level = int(rng.integers(60, 256))
    for _ in range(rng.integers(1, 14)):
        y, x = int(rng.integers(height)), int(rng.integers(width))
        high, wide = (int(side) for side in rng.integers(1, 2 + max(shape) // rng.integers(2, 12), 2))
        if rng.random() < 0.2:
            high, wide = (height, min(wide, 8)) if rng.random() < 0.5 else (min(high, 8), width)
            y, x = (0 if side > 8 else start for side, start in ((high, y), (wide, x)))
        page[y : y + high, x : x + wide] = level if rng.random() < 0.7 else rng.integers(30, 256)
    if rng.random() < 0.5:
        page = np.maximum(page, page[:, ::-1])
    if rng.random() < 0.3:
        page = np.maximum(page, page[::-1])
    return page


def _dirty(page, rng):
    page = np.clip(page + rng.normal(0, rng.integers(1, 25), page.shape), 0, 255).astype(np.uint8)
    page[rng.random(page.shape) < 0.02] = rng.integers(256)
    return page


def ink_map_of(rng):
    """One of them, uint8 (H, W), at most 240 pixels wide and high."""
    shape = tuple(int(side) for side in rng.integers(1, 241 if rng.random() < 0.05 else 90, 2))
    if rng.random() < 0.3:
        shape = (int(rng.choice(_SIDES)),) * 2
    digit = DIGITS[rng.integers(len(DIGITS))]
    draws = (
        lambda: rng.integers(0, 256, shape, np.uint8),
        lambda: (rng.random(shape) < rng.random()) * np.uint8(rng.integers(256)),
        lambda: np.full(shape, rng.integers(256), np.uint8),
        lambda: _blocks(rng),
        lambda: _resized(digit, shape),
        lambda: _ruled(digit, shape, rng),
        lambda: _dirty(_ruled(digit, shape, rng), rng),
        *(lambda: ink_map(_resized(put_on_paper(digit, rng), shape)),) * 2,
    )
    return draws[rng.integers(len(draws))]()
