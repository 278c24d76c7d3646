"""The marks on a page, sorted: strokes of the character are kept; lines, specks and neighbours' bits are dropped."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.glyph.components import Components, Mark, find_marks, mask_of
from recognizer.glyph.ink import Grey
from recognizer.glyph.lines import border_lines

FAINTEST = 4  # of 255: with less between paper and threshold there is nothing to look at
# Of 255, and more the more marks there are, since texture is many marks: a logistic regression of simulated pages
# with a digit against those without, at a loss of 1 % of digits, most of which nobody could read.
LEAST_CONTRAST = 11
LEAST_AREA = 3  # pixels: what is smaller is a speck, however dark
TWO_LEVELS = 64  # of 255: with so wide a gap in its levels a page is black and white
NOISY = 0.45  # of the threshold: with paper up to this, strokes are cut and joined by noise
MOST_LINES = 4  # times that lines are taken out: a cell has four sides
SPECK = 0.025  # of the main mark's mass
APART = 0.35  # of the main mark's size: what is further from all others is not of the same character
HALF = 0.6  # of the main mark's size: the same for a part that is too large to be dirt
BROKEN = 0.2  # of the main mark's size: a stroke broken off stays as near as this
_LEVELS = np.arange(256, dtype=np.float64)


class _Levels(NamedTuple):
    """What tells ink from paper: a threshold, the level up to which there is only paper, and 255 where there is ink."""

    threshold: int
    paper: int
    binary: Grey


class Marks(NamedTuple):
    """What was kept of a page's ink.

    Attributes:
        kind: "one" character, or "several" side by side.
        paper: the level of ink, 0–255, up to which a pixel is paper and its noise.
        core: the level of ink, 0–255, of a stroke's core.
        zone: uint8 (H, W), 255 where kept ink may lie and 0 elsewhere; None where nothing had to be dropped.
        box: (left, top, right, bottom) of the kept marks, pixels, without the soft rim of their strokes.
    """

    kind: Literal["one", "several"]
    paper: int
    core: int
    zone: Grey | None
    box: tuple[int, int, int, int]


def sort_marks(ink: Grey) -> Marks | None:
    """Find the character's strokes on a uint8 (H, W) map of ink; None for a blank page."""
    levels = _levels(ink)
    if levels.paper > NOISY * levels.threshold:
        # Noise breaks faint strokes up and joins specks; smooth strokes stay as they are.
        ink = cv2.GaussianBlur(ink, (3, 3), 0)  # type: ignore[assignment]
        levels = _levels(ink)
    return _sort(ink, levels, None, MOST_LINES)


def _sort(ink: Grey, levels: _Levels, lined: Grey | None, rounds: int) -> Marks | None:
    """Sort what is left of a page's ink, with its levels, after the lines in ``lined`` were taken out."""
    threshold, paper, binary = levels
    if threshold - paper < FAINTEST:
        return None
    found = find_marks(ink, binary)
    lines = border_lines(found) if rounds else None
    if lines is not None:
        # A dark border hides a faint digit from a common threshold: take it away and look again.
        erased: Grey = lines.mask if lined is None else cv2.bitwise_or(lined, lines.mask)  # type: ignore[assignment]
        left: Grey = cv2.subtract(ink, erased)  # type: ignore[assignment]
        inside = _sort(left, _levels(left), erased, rounds - 1)
        if lines.certain or (inside is not None and _keeps_clear(inside.box, ink.shape)):
            return inside
    kept = _strokes(found.marks, ink.shape, lined is not None)
    if not kept or _is_residue(kept, found.marks, lined, paper):
        return None
    zone = _zone(found, kept, lined) if len(found.marks) > 1 or paper or lined is not None else None
    _, lefts, tops, rights, bottoms, *_ = zip(*kept, strict=True)
    box = min(lefts), min(tops), max(rights), max(bottoms)
    return Marks("several" if _several(kept) else "one", paper, _core(ink, found, kept, box), zone, box)


def _keeps_clear(box: tuple[int, int, int, int], shape: tuple[int, ...]) -> bool:
    """Whether a box keeps a margin to all edges of the page, as a digit in a cell does."""
    height, width = shape
    x, y = max(2, round(0.08 * width)), max(2, round(0.08 * height))
    return box[0] >= x and box[1] >= y and box[2] <= width - x and box[3] <= height - y


def _zone(found: Components, kept: list[Mark], lined: Grey | None) -> Grey:
    """255 around the kept marks, without the others and the lines."""
    zone = mask_of(found, kept, 5 + 2 * (max(found.binary.shape) // 40))
    dropped = [mark for mark in found.marks if mark not in kept]
    if dropped:
        zone = cv2.subtract(zone, mask_of(found, dropped, 3))  # type: ignore[assignment]
    if lined is not None:
        zone = cv2.subtract(zone, lined)  # type: ignore[assignment]
    return zone


def _is_residue(kept: list[Mark], marks: list[Mark], lined: Grey | None, paper: int) -> bool:
    """Whether what was kept is the paper's noise, its texture, or what a removed line left behind."""
    main = max(kept, key=lambda mark: mark.mass)
    if main.area < LEAST_AREA:
        return True
    if main.strength - paper < LEAST_CONTRAST * len(marks) ** 0.4:
        return True
    if len(marks) > 8 and sum(mark.area for mark in kept) < 0.5 * sum(
        mark.area for mark in marks if mark.inner > 0.3
    ):
        return True
    if lined is None:
        return False
    height, width = lined.shape
    if main.height < 0.2 * height and main.width < 0.2 * width:
        return True
    long = main.height >= 0.7 * height or main.width >= 0.7 * width
    thin = long and 4 * min(main.width, main.height) < max(main.width, main.height)
    gap = 4 if thin else 1
    around = lined[max(0, main.top - gap) : main.bottom + gap, max(0, main.left - gap) : main.right + gap]
    beside = cv2.countNonZero(around) > 0.25 * (main.width + main.height)
    return beside and (thin or main.inner < 0.5)


def _levels(ink: Grey) -> _Levels:
    """Otsu's threshold, and the level below which there is only paper: two deviations of its noise above its middle."""
    counts = _counts(ink, None)
    up_to = counts.cumsum()
    threshold = _otsu(counts, up_to)
    binary: Grey = cv2.threshold(ink, threshold, 255, cv2.THRESH_BINARY)[1]  # type: ignore[assignment]
    below = float(up_to[threshold])
    middle, noise = 0, 0.0
    if counts[0] < 0.5 * below:
        middle = int(up_to.searchsorted(0.5 * below))
        noise = (middle - int(up_to.searchsorted(0.1 * below))) / 1.28
    gap = 1 + int((counts[threshold + 1 :] > 0).argmax())
    if gap > TWO_LEVELS:
        # Otsu's threshold is the lower of two levels; halfway it tells them apart as well, and noise from neither.
        threshold += gap // 2
    return _Levels(threshold, int(min(middle + 2 * noise, 0.7 * threshold)), binary)


def _counts(ink: Grey, mask: Grey | None) -> NDArray[np.float64]:
    """How many pixels, of those in the mask, have each of the levels 0–255."""
    return cv2.calcHist([ink], [0], mask, [256], [0, 256]).ravel().astype(np.float64)


def _otsu(counts: NDArray[np.float64], up_to: NDArray[np.float64]) -> int:
    """Otsu's threshold (1979), from how many pixels have each level, and how many at most that; the lowest of equals.

    OpenCV's depends on the processor where two thresholds are as good: this one is the same everywhere.
    """
    pixels, sums = up_to[-1], (counts * _LEVELS).cumsum()
    apart = sums * pixels - sums[-1] * up_to  # whole numbers, and exact
    return int((apart * apart / np.maximum(up_to * (pixels - up_to), 1)).argmax())


def _strokes(marks: list[Mark], shape: tuple[int, ...], ruled: bool) -> list[Mark]:
    """The marks that make up the character: the main one and what belongs to it; on a page that was ruled, or not."""
    if len(marks) < 2:
        return marks
    height, width = shape

    def at_edge(mark: Mark) -> bool:
        return mark.left <= 0 or mark.top <= 0 or mark.right >= width or mark.bottom >= height

    def weight(mark: Mark) -> float:
        x, y = (mark.left + mark.right) / (2 * width) - 0.5, (mark.top + mark.bottom) / (2 * height) - 0.5
        centred = math.exp(-4 * (x * x + y * y))
        return mark.mass * centred * (0.1 + mark.inner) * (0.5 if at_edge(mark) else 1.0)

    main = max(marks, key=weight)
    size = max(main.width, main.height)

    def belongs(mark: Mark) -> bool:
        if mark.mass < SPECK * main.mass or mark.strength < 0.5 * main.strength:
            return False
        # A bit of a neighbour's stroke comes in over the edge; the page's own character rarely reaches it. Where lines
        # were taken out, their remains may be all that is left at the rim.
        outer = at_edge(mark) or (mark.inner == 0 and (ruled or _gap(mark, main) > BROKEN * size))
        if outer and not at_edge(main) and (mark.inner < 0.3 or mark.mass < 0.15 * main.mass):
            return False
        # A frame reaches further than the character that it surrounds, with little ink for its size.
        wider = mark.width > 1.2 * main.width or mark.height > 1.2 * main.height
        sparse = mark.area < 0.3 * mark.width * mark.height
        return not (wider and sparse and mark.inner < 0.6 and not at_edge(main))

    def reach(mark: Mark) -> float:
        # Dirt is small, and a neighbour stands at the edge: what is neither may be the other half of a broken digit.
        half = mark.mass > 0.25 * main.mass and not at_edge(mark) and not ruled
        return (HALF if half else APART) * size

    candidates = [mark for mark in marks if mark is not main and belongs(mark)]
    kept = [main, *(mark for mark in candidates if mark.height >= 0.6 * main.height)]
    # A digit may be broken into a row of pieces, of which only the first is near the main one.
    while found := [
        mark for mark in candidates if mark not in kept and any(_gap(mark, k) <= reach(mark) for k in kept)
    ]:
        kept += found
    return [mark for mark in marks if mark in kept]


def _gap(mark: Mark, other: Mark) -> int:
    """Pixels between two marks' boxes, along the axis on which they are further apart; below 0 where they overlap."""
    beside = max(mark.left - other.right, other.left - mark.right)
    return max(beside, mark.top - other.bottom, other.top - mark.bottom)


def _core(ink: Grey, found: Components, kept: list[Mark], box: tuple[int, int, int, int]) -> int:
    """The level that nine tenths of the strokes' pixels, all of them in a box, stay below."""
    left, top, right, bottom = box
    part = slice(top, bottom), slice(left, right)
    up_to = _counts(ink[part], mask_of(found, kept)[part]).cumsum()
    return int(up_to.searchsorted(0.9 * up_to[-1]))


def _several(kept: list[Mark]) -> bool:
    """Whether two of the kept marks are tall and stand beside each other."""
    if len(kept) < 2:
        return False
    tallest, largest = max(mark.height for mark in kept), max(mark.area for mark in kept)
    tall = [mark for mark in kept if mark.height >= 0.6 * tallest and mark.area >= 0.2 * largest]
    tall.sort(key=lambda mark: mark.left)
    return any(
        left.right - right.left <= 0.15 * min(left.width, right.width) for left, right in pairwise(tall)
    )
