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

from recognizer.glyph import SIDE
from recognizer.glyph.clean_stack import Clean, centre_all, clean_all
from recognizer.glyph.ink import Grey
from recognizer.glyph.ink_stack import ink_maps

if TYPE_CHECKING:
    from cv2.typing import MatLike

    from recognizer.image.opening import ImageLike

BOX = 20
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
    found = _glyphs_of(clean_all(ink_maps([_reduced(page) for page in pages])))
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


def _glyphs_of(found: Sequence[Clean | None]) -> list[Glyph]:
    inked = [clean for clean in found if clean is not None]
    images = iter(normalise([(clean.image, clean.box) for clean in inked]))
    return [_blank() if clean is None else Glyph(next(images), clean.kind, clean.box) for clean in found]


def _blank() -> Glyph:
    return Glyph(np.zeros((SIDE, SIDE), np.uint8), "blank", (0, 0, 0, 0))


def normalise(parts: Sequence[tuple[Grey, tuple[int, int, int, int]]]) -> Sequence[Grey]:
    """Scale (left, top, right, bottom) boxes of uint8 (H, W) maps of ink into 20×20 and centre their mass in 28×28."""
    cuts = [_cut(ink, box) for ink, box in parts]
    return centre_all([cut for cut, _ in cuts], [scaled for _, scaled in cuts])


def _cut(ink: Grey, box: tuple[int, int, int, int]) -> tuple[MatLike, bool]:
    """What is in a box, at its size in a glyph, and whether it was scaled: a thin pen turns grey as it shrinks."""
    left, top, right, bottom = box
    longest = max(right - left, bottom - top)
    # One pixel more on each side holds the soft rim of the strokes, unless pixels are as coarse as strokes.
    rim = 1 if longest > BOX / 2 else 0
    cut: MatLike = ink[max(0, top - rim) : bottom + rim, max(0, left - rim) : right + rim]
    if BOX - 2 <= longest <= BOX:  # resampling by less than a pixel blurs more than it aligns
        return cut, False
    scale = BOX / longest
    size = max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale))
    return cv2.resize(cut, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), True
