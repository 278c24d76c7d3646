"""Boxes on a page: checked, and what lies in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import ImageError, RecognizerError, UsageError
from recognizer.glyph import Glyph, find_glyph
from recognizer.results import Box


def checked_box(box: Sequence[int]) -> Box:
    """Left, top, right and bottom, as whole numbers.

    Raises:
        UsageError: it is no box.
    """
    try:
        left, top, right, bottom = (int(edge) for edge in box)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"a box is (left, top, right, bottom) in pixels, not {box!r}") from None
    return left, top, right, bottom


def cut(page: NDArray[np.uint8], box: Box, name: str) -> Glyph | RecognizerError:
    """The glyph in a box of a page uint8 (H, W), called ``name``; an error where the box lies outside of it."""
    left, top, right, bottom = box
    height, width = page.shape
    inside = page[max(0, top) : max(0, min(bottom, height)), max(0, left) : max(0, min(right, width))]
    if not inside.size:
        return ImageError(f"{name}: the box {box} holds no pixels of the page, which is {width}x{height}")
    return find_glyph(np.ascontiguousarray(inside))
