"""The lines on a page that are no writing: borders of cells and boxes, rules of forms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from recognizer.glyph.components import RIM, Components, Mark, mask_of, thickness
from recognizer.glyph.ink import Grey, rectangle

EDGE = 0.1  # of a side: a border line may run this far inside the crop
CROSSING = 0.95  # of a side: what is as long as this crosses the page
LINE_SPAN = 0.5  # of a side: what is shorter is no line
RUN = 0.8  # of a side: a straight run of ink of this length is no stroke of a digit that has a margin
SMALL = 24  # pixels: on smaller pages strokes are as thin as lines, and a line that ink touches can't be told from it
THICKEST = 0.14  # of a side: a border line is thinner, or else it may be a stroke of a tightly cropped digit


class Lines(NamedTuple):
    """Lines on a page.

    Attributes:
        mask: uint8 (H, W), 255 where they lie, and between them and the page's edge.
        certain: whether they are lines even if nothing else is on the page.
    """

    mask: Grey
    certain: bool


def border_lines(found: Components) -> Lines | None:
    """Find the lines of a cell's border or a form; None where there are none."""
    height, width = shape = found.binary.shape
    lines = [mark for mark in found.marks if _is_line(mark, height, width)]
    if not lines or _fills_page([mark for mark in found.marks if mark not in lines], lines, shape):
        return _joined_lines(found)
    lined = mask_of(found, lines, 2 + 2 * max(thickness(line) for line in lines))
    for line in lines:
        if line.width > line.height:
            lined[slice(0, line.top) if line.top + line.bottom < height else slice(line.bottom, None)] = 255
        else:
            lined[:, slice(0, line.left) if line.left + line.right < width else slice(line.right, None)] = 255
    return Lines(lined, True)


def _is_line(mark: Mark, height: int, width: int) -> bool:
    """Whether a mark is long, thin, straight along the page's edge and near it."""
    _, left, top, right, bottom, _, _, inner = mark
    wide, high = right - left, bottom - top
    if wide >= LINE_SPAN * width and _is_long(
        wide, high, left, width, height, abs((top + bottom) / (2 * height) - 0.5), inner
    ):
        return True
    return high >= LINE_SPAN * height and _is_long(
        high, wide, top, height, width, abs((left + right) / (2 * width) - 0.5), inner
    )


def _is_long(  # noqa: PLR0917 - the same test along and across
    length: int, breadth: int, start: int, side: int, other: int, off_centre: float, inner: float
) -> bool:
    """Whether a mark of some length is a line, seen along it: from edge to edge it may lie further inside."""
    if length >= CROSSING * side and breadth <= 0.15 * other and off_centre > 0.15:
        return True
    near = start <= EDGE * side or start + length >= (1 - EDGE) * side
    return near and breadth <= min(2 * RIM * other, length / 3) and off_centre > 0.25 and inner < 0.3


def _fills_page(others: list[Mark], lines: list[Mark], shape: tuple[int, ...]) -> bool:
    """Whether the largest other mark fills the page up to two edges, as in a tight crop, where a bar is no border."""
    height, width = shape
    if not others:
        return False
    main = max(others, key=lambda mark: mark.mass)
    if main.mass < 0.2 * sum(line.mass for line in lines):
        return False
    # One pixel off is at the edge: thresholding takes as much from a soft rim.
    touched = (main.left <= 1) + (main.top <= 1) + (main.right >= width - 1) + (main.bottom >= height - 1)
    return touched >= 2 and main.inner >= 0.3


def _joined_lines(found: Components) -> Lines | None:
    """Long straight runs near the page's edges: frames, and lines that the character touches; None without any.

    A bar of a tightly cropped digit is such a run too: runs are lines only if what remains keeps clear of the edges.
    """
    height, width = found.binary.shape
    shorter = min(height, width)
    if max(height, width) > 2 * shorter or shorter < SMALL:
        return None
    long_x, long_y = round(RUN * width), round(RUN * height)
    spanning = [mark for mark in found.marks if mark.width >= long_x or mark.height >= long_y]
    if not spanning:
        return None
    binary = mask_of(found, spanning)
    runs = _runs(binary, long_x, long_y)
    if runs is None:
        return None
    soft = 5 if shorter >= 40 else 3
    runs = cv2.dilate(runs, rectangle(soft, soft))  # type: ignore[assignment]
    rest: Grey = cv2.subtract(mask_of(found, found.marks), runs)  # type: ignore[assignment]
    thin = max(thickness(mark) for mark in spanning) <= THICKEST * shorter
    if thin and _is_clear(cv2.boundingRect(rest), height, width):  # so is every part of it, however large
        return Lines(runs, True)
    stats = cv2.connectedComponentsWithStats(rest, connectivity=8, ltype=cv2.CV_16U)[2]
    least = 0.1 * cv2.countNonZero(binary)
    large = [box for *box, area in stats[1:].tolist() if area > least]
    if not all(_is_clear(box, height, width) for box in large):
        return None
    return Lines(runs, bool(large) or thin)


def _is_clear(box: Sequence[int], height: int, width: int) -> bool:
    """Whether a box, (left, top, width, height), keeps a margin to all edges of the page."""
    left, top, wide, high = box
    x, y = max(3, round(0.08 * width)), max(3, round(0.08 * height))
    return left >= x and top >= y and left + wide <= width - x and top + high <= height - y


def _runs(binary: Grey, long_x: int, long_y: int) -> Grey | None:
    """255 on straight runs of ``long_x`` pixels across or ``long_y`` down near the page's edges; None without any."""
    across = _runs_across(binary, long_x)
    upright = _runs_across(cv2.transpose(binary), long_y)  # type: ignore[arg-type]
    if upright is None:
        return across
    down: Grey = cv2.transpose(upright)  # type: ignore[assignment]
    return down if across is None else across | down


def _runs_across(binary: Grey, length: int) -> Grey | None:
    """255 on runs of ``length`` pixels along the rows near the page's upper and lower edge; None without any.

    Beyond the page there is no ink, or short strokes that touch the edge would count as long.
    """
    height = len(binary)
    level = binary
    if min(binary.shape) >= 40:  # a line that is not quite level is no single row of pixels
        level = binary.copy()
        level[1:] |= binary[:-1]
        level[:-1] |= binary[1:]
    enough = cv2.reduce(level, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0] >= 255 * length
    enough[round(0.3 * height) : height - round(0.3 * height)] = False
    rows = enough.nonzero()[0]
    if not len(rows):
        return None
    opened = cv2.morphologyEx(
        level[rows], cv2.MORPH_OPEN, rectangle(length, 1), borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    if not cv2.countNonZero(opened):
        return None
    runs = np.zeros(binary.shape, np.uint8)
    runs[rows] = opened
    return runs
