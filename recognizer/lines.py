"""The lines on a page that are no writing: borders of cells and boxes, rules of forms."""

from __future__ import annotations

from typing import NamedTuple

import cv2

from recognizer.components import RIM, Labels, Mark, mask_of, thickness
from recognizer.ink import Grey, rectangle

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


def border_lines(marks: list[Mark], labels: Labels) -> Lines | None:
    """Find the lines of a cell's border or a form; None where there are none."""
    lines = [mark for mark in marks if _is_line(mark, labels.shape)]
    if not lines or _fills_page([mark for mark in marks if mark not in lines], lines, labels.shape):
        return _joined_lines(marks, labels)
    height, width = labels.shape
    lined = mask_of(labels, lines, 2 + 2 * max(thickness(line) for line in lines))
    for line in lines:
        if line.width > line.height:
            lined[slice(0, line.top) if line.top + line.bottom < height else slice(line.bottom, None)] = 255
        else:
            lined[:, slice(0, line.left) if line.left + line.right < width else slice(line.right, None)] = 255
    return Lines(lined, True)


def _is_line(mark: Mark, shape: tuple[int, ...]) -> bool:
    """Whether a mark is long, thin, straight along the page's edge and near it."""
    height, width = shape
    centre_x, centre_y = (mark.left + mark.right) / (2 * width), (mark.top + mark.bottom) / (2 * height)
    across = _is_long(mark.width, mark.height, mark.left, width, height, abs(centre_y - 0.5), mark.inner)
    return across or _is_long(
        mark.height, mark.width, mark.top, height, width, abs(centre_x - 0.5), mark.inner
    )


def _is_long(  # noqa: PLR0917 - the same test along and across
    length: int, breadth: int, start: int, side: int, other: int, off_centre: float, inner: float
) -> bool:
    """Whether a mark, seen along its length, is a line: from edge to edge it may lie further inside."""
    if length >= CROSSING * side and breadth <= 0.15 * other and off_centre > 0.15:
        return True
    near = start <= EDGE * side or start + length >= (1 - EDGE) * side
    thin = breadth <= min(2 * RIM * other, length / 3)
    return length >= LINE_SPAN * side and near and thin and off_centre > 0.25 and inner < 0.3


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


def _joined_lines(marks: list[Mark], labels: Labels) -> Lines | None:
    """Long straight runs near the page's edges: frames, and lines that the character touches; None without any.

    A bar of a tightly cropped digit is such a run too: runs are lines only if what remains keeps clear of the edges.
    """
    height, width = labels.shape
    if max(height, width) > 2 * min(height, width) or min(height, width) < SMALL:
        return None
    long_x, long_y = round(RUN * width), round(RUN * height)
    spanning = [mark for mark in marks if mark.width >= long_x or mark.height >= long_y]
    if not spanning:
        return None
    binary = mask_of(labels, spanning)
    # Beyond the page there is no ink, or short strokes that touch the edge would count as long.
    slack = 3 if min(height, width) >= 40 else 1  # a line that is not quite level is no single row of pixels
    high, wide = cv2.dilate(binary, rectangle(1, slack)), cv2.dilate(binary, rectangle(slack, 1))
    across = cv2.morphologyEx(
        high, cv2.MORPH_OPEN, rectangle(long_x, 1), borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    down = cv2.morphologyEx(
        wide, cv2.MORPH_OPEN, rectangle(1, long_y), borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    y, x = round(0.3 * height), round(0.3 * width)
    across[y : height - y] = 0
    down[:, x : width - x] = 0
    runs = cv2.bitwise_or(across, down)
    if not cv2.countNonZero(runs):
        return None
    soft = 5 if min(height, width) >= 40 else 3
    runs = cv2.dilate(runs, rectangle(soft, soft))
    _, _, stats, _ = cv2.connectedComponentsWithStats(
        cv2.bitwise_and(mask_of(labels, marks), cv2.bitwise_not(runs)), connectivity=8, ltype=cv2.CV_16U
    )
    rest = stats[1:][stats[1:, cv2.CC_STAT_AREA] > 0.1 * cv2.countNonZero(binary)]
    thin = max(thickness(mark) for mark in spanning) <= THICKEST * min(height, width)
    x, y = max(3, round(0.08 * width)), max(3, round(0.08 * height))
    left, top, wide, high = rest[:, :4].T
    if ((left < x) | (top < y) | (left + wide > width - x) | (top + high > height - y)).any():
        return None
    return Lines(runs, bool(len(rest)) or thin)  # type: ignore[arg-type]
