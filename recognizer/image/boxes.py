"""Boxes on a page: checked, and what lies in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import ImageError, RecognizerError, UsageError
from recognizer.glyph.normalise import Glyph, find_glyph
from recognizer.results import Box


def checked_boxes(boxes: Iterable[Sequence[int]]) -> list[Box]:
    """Each box as whole numbers: left, top, right and bottom.

    Raises:
        UsageError: one of them is no box, or they are no boxes at all.
    """
    if not isinstance(boxes, Iterable):
        raise UsageError(f"boxes are a list of (left, top, right, bottom) in pixels, not {boxes!r}")
    return [_checked(box) for box in boxes]


def _checked(box: Sequence[int]) -> Box:
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
