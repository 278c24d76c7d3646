"""From a grey page to a glyph: find the one character on it, and bring it to MNIST's convention.

MNIST's convention (LeCun et al. 1998): bright ink on black, scaled with its aspect kept into a box of 20×20 pixels,
anti-aliased, and centred by its mass in 28×28. Every image takes this way, of whatever size: training, galleries and
serving see the same glyphs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import cv2
import numpy as np

from recognizer.glyph.ink import Grey, level_page
from recognizer.glyph.ink_stack import ink_maps
from recognizer.glyph.mark_stack import Marks, sort_all

if TYPE_CHECKING:
    from cv2.typing import MatLike

    from recognizer.image.opening import ImageLike

SIDE = 28
BOX = 20
SOFT = 24  # of 255: fainter ink is the rim of a stroke
WIDE = 1.3  # of the height: 2 % of MNIST's digits are as wide, and 80 % of its pairs of digits that touch
DASH = 6.0  # of the height
# Pixels: pages are searched for ink at this size, and looked at again closer where it lies.
WORKING_SIDE = 160

Kind = Literal["one", "blank", "several"]


class Glyph(NamedTuple):
    """A normalised character.

    Attributes:
        image: uint8 (28, 28), bright ink on black; all zero for a blank page.
        kind: "one" glyph, "blank", or "several" side by side (then all of them are in the image).
        box: (left, top, right, bottom) of the ink in the page's pixels; all zero for a blank page.
    """

    image: Grey
    kind: Kind
    box: tuple[int, int, int, int]

    @property
    def suspected(self) -> Kind:
        """What it is if it turns out to be no digit: one mark as wide as digits that touch is "several", too."""
        left, top, right, bottom = self.box
        wide = WIDE * (bottom - top) <= right - left <= DASH * (bottom - top)
        return "several" if wide and self.kind == "one" else self.kind


def to_glyph(image: ImageLike) -> Grey:
    """What the network sees of an image: uint8 (28, 28), bright ink on black.

    Args:
        image: a path, the bytes of a file, a Pillow image or an array, as `Recognizer.recognize` takes it.

    Raises:
        ImageError: the image can't be read.
    """
    from recognizer.image.opening import open_page

    return find_glyph(open_page(image)).image


def find_glyph(page: Grey) -> Glyph:
    """Find the character on a uint8 (H, W) page and normalise it."""
    return find_glyphs([page])[0]


def find_glyphs(pages: Sequence[Grey]) -> list[Glyph]:
    """The same for many pages, an eighth faster: a processor that repeats one step keeps its code at hand."""
    inks = ink_maps([_reduced(page) for page in pages])
    found = [_glyph_of(ink, kept) for ink, kept in zip(inks, sort_all(inks), strict=True)]
    return [
        glyph if _shrink(page) == 1 else _closer(page, glyph)
        for page, glyph in zip(pages, found, strict=True)
    ]


def _shrink(page: Grey) -> float:
    """The scale at which a page is searched for its ink."""
    longest = max(page.shape)
    return 1 if longest <= WORKING_SIDE * 1.5 else WORKING_SIDE / longest


def _reduced(page: Grey) -> Grey:
    shrink = _shrink(page)
    if shrink == 1:
        return page
    height, width = page.shape
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    return cv2.resize(page, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _closer(page: Grey, found: Glyph) -> Glyph:
    """What was found on a large page at a reduced size; a small part of it is looked at again in its own pixels."""
    height, width = page.shape
    left, top, right, bottom = (int(edge / _shrink(page)) for edge in found.box)
    if found.kind == "blank" or max(right - left, bottom - top) > 0.4 * max(page.shape):
        return Glyph(found.image, found.kind, (left, top, min(right, width), min(bottom, height)))
    margin = max(right - left, bottom - top) // 2
    x, y = max(0, left - margin), max(0, top - margin)
    closer = find_glyph(np.ascontiguousarray(page[y : bottom + margin, x : right + margin]))
    if closer.kind == "blank":
        return Glyph(found.image, found.kind, (left, top, right, bottom))
    box = (closer.box[0] + x, closer.box[1] + y, closer.box[2] + x, closer.box[3] + y)
    return Glyph(closer.image, closer.kind, box)


def _glyph_of(ink: Grey, marks: Marks | None) -> Glyph:
    if marks is None:
        return _blank()
    clean = _clean(ink, marks)
    x, y, right, bottom = _around(marks.box, ink.shape)
    left, top, width, height = cv2.boundingRect(
        cv2.threshold(clean[y:bottom, x:right], SOFT, 255, cv2.THRESH_BINARY)[1]
    )
    if not width:
        return _blank()
    left, top = left + x, top + y
    return Glyph(
        normalise(clean, (left, top, width, height)),
        marks.kind,
        (left, top, left + width, top + height),
    )


def _blank() -> Glyph:
    return Glyph(np.zeros((SIDE, SIDE), np.uint8), "blank", (0, 0, 0, 0))


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


def _clean(ink: Grey, marks: Marks) -> Grey:
    """The ink of the kept marks alone, stretched so that its paper is 0 and its core 255."""
    clean = cv2.subtract(ink, level_page(ink.shape, marks.paper)) if marks.paper else ink
    clean = cv2.convertScaleAbs(clean, alpha=255 / max(1, marks.core - marks.paper))
    if marks.zone is not None:
        clean = cv2.bitwise_and(clean, marks.zone)
    return clean  # type: ignore[return-value]


def normalise(ink: Grey, box: tuple[int, int, int, int]) -> Grey:
    """Scale the (left, top, width, height) box of a uint8 (H, W) ink map into 20×20 and centre its mass in 28×28."""
    left, top, width, height = box
    longest = max(width, height)
    # One pixel more on each side holds the soft rim of the strokes, unless pixels are as coarse as strokes.
    rim = 1 if longest > BOX / 2 else 0
    x, y = max(0, left - rim), max(0, top - rim)
    cut: MatLike = ink[y : top + height + rim, x : left + width + rim]
    if not BOX - 2 <= longest <= BOX:  # resampling by less than a pixel blurs more than it aligns
        scale = BOX / longest
        size = (
            max(1, round(cut.shape[1] * scale)),
            max(1, round(cut.shape[0] * scale)),
        )
        cut = cv2.resize(cut, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        peak = cv2.minMaxLoc(cut)[1]
        if 0 < peak < 255:  # a thin pen turns grey as it shrinks
            cut = cv2.convertScaleAbs(cut, alpha=255 / peak)
    return _centre_mass(cut)


def _centre_mass(cut: MatLike) -> Grey:
    glyph = np.zeros((SIDE, SIDE), np.uint8)
    moments = cv2.moments(cut)
    if not moments["m00"]:
        return glyph
    height, width = cut.shape
    # All of MNIST has its centre of mass within half a pixel of (14, 14), counting pixels from 0.
    x = round(SIDE / 2 - moments["m10"] / moments["m00"])
    y = round(SIDE / 2 - moments["m01"] / moments["m00"])
    x, y = min(max(x, 0), SIDE - width), min(max(y, 0), SIDE - height)
    glyph[y : y + height, x : x + width] = cut
    return glyph
