"""The ink of a page's character alone: stretched to full contrast, and put into the middle of a glyph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from recognizer.glyph import SIDE
from recognizer.glyph.clean_stack import Clean
from recognizer.glyph.ink import Grey, level_page
from recognizer.glyph.marks import Marks, sort_marks

if TYPE_CHECKING:
    from cv2.typing import MatLike

SOFT = 24  # of 255: fainter ink is the rim of a stroke


def clean(ink: Grey) -> Clean | None:
    """The ink of the character on a uint8 (H, W) map of ink; None for a blank page."""
    marks = sort_marks(ink)
    if marks is None:
        return None
    image = _stretched(ink, marks)
    x, y, right, bottom = _around(marks.box, ink.shape)
    left, top, width, height = cv2.boundingRect(
        cv2.threshold(image[y:bottom, x:right], SOFT, 255, cv2.THRESH_BINARY)[1]
    )
    if not width:
        return None
    left, top = left + x, top + y
    return Clean(marks.kind, image, (left, top, left + width, top + height))


def _around(box: tuple[int, int, int, int], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """The box with room for the soft rim of its strokes; what lies further off is what a shadow left."""
    left, top, right, bottom = box
    rim = max(5, 2 + max(right - left, bottom - top) // 20)
    return (
        max(0, left - rim),
        max(0, top - rim),
        min(shape[1], right + rim),
        min(shape[0], bottom + rim),
    )


def _stretched(ink: Grey, marks: Marks) -> Grey:
    """The ink of the kept marks alone, stretched so that its paper is 0 and its core 255."""
    image = cv2.subtract(ink, level_page(ink.shape, marks.paper)) if marks.paper else ink
    image = cv2.convertScaleAbs(image, alpha=255 / max(1, marks.core - marks.paper))
    if marks.zone is not None:
        image = cv2.bitwise_and(image, marks.zone)
    return image  # type: ignore[return-value]


def centre(cut: MatLike, to_peak: bool) -> Grey:
    """A part of a page, at most 28 pixels high and wide, with its centre of mass in the middle of a glyph.

    Args:
        cut: uint8 (H, W).
        to_peak: whether its darkest pixel is taken to 255.
    """
    glyph = np.zeros((SIDE, SIDE), np.uint8)
    peak = cv2.minMaxLoc(cut)[1]
    if not peak:
        return glyph
    if to_peak and peak < 255:
        cut = cv2.convertScaleAbs(cut, alpha=255 / peak)
    moments = cv2.moments(cut)
    height, width = cut.shape
    # All of MNIST has its centre of mass within half a pixel of (14, 14), counting pixels from 0.
    x = round(SIDE / 2 - moments["m10"] / moments["m00"])
    y = round(SIDE / 2 - moments["m01"] / moments["m00"])
    x, y = min(max(x, 0), SIDE - width), min(max(y, 0), SIDE - height)
    glyph[y : y + height, x : x + width] = cut
    return glyph
