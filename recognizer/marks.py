"""The marks on a page, sorted: strokes of the character are kept; lines, specks and neighbours' bits are dropped.

A mark is a connected component of the thresholded ink.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.ink import Grey, rectangle

FAINTEST = 8  # of 255: ink less than 3 % darker than its paper can't be told from the paper's own unevenness
NOISE_RATIO = 5.0  # ink stands out from the paper's noise by this many standard deviations
RIM = 0.18  # of a side: what lies within this of the page's edge may be a cell's border
EDGE = 0.1  # of a side: a border line may run this far inside the crop
CROSSING = 0.95  # of a side: what is as long as this crosses the page
LINE_SPAN = 0.5  # of a side: what is shorter is no line
RUN = 0.8  # of a side: a straight run of ink of this length is no stroke of a digit that has a margin
THICKEST = 0.14  # of a side: a border line is thinner
SPECK = 0.025  # of the main mark's mass
MOST_MARKS = 24  # a page with more is dirt or texture: the largest are looked at

Labels = NDArray[np.uint8] | NDArray[np.uint16]
_FEW_LABELS = 256  # as many fit into a byte, and tables of bytes are looked up many times faster
_MOST_LABELS = 1 << 16


@dataclass(frozen=True, slots=True)
class Marks:
    """What was kept of a page's ink.

    Attributes:
        kind: "one" character, or "several" side by side.
        paper: the level of ink, 0–255, up to which a pixel is paper and its noise.
        core: the level of ink, 0–255, of a stroke's core.
        zone: uint8 (H, W), 255 where kept ink may lie and 0 elsewhere; None where nothing had to be dropped.
    """

    kind: Literal["one", "several"]
    paper: int
    core: int
    zone: Grey | None


@dataclass(frozen=True, slots=True)
class _Mark:
    """A connected component: its number, box in pixels, area, mean ink, and the share of its area off the rim."""

    number: int
    left: int
    top: int
    right: int
    bottom: int
    area: int
    strength: float
    inner: float

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def mass(self) -> float:
        return self.area * self.strength


def sort_marks(ink: Grey) -> Marks | None:
    """Find the character's strokes on a uint8 (H, W) map of ink; None for a blank page."""
    lined: Grey | None = None
    for _ in range(4):
        threshold, paper, noise = _levels(ink)
        if threshold - paper < FAINTEST:
            return None
        labels, marks = _marks(ink, threshold)
        found = _border_lines(marks, labels)
        if found is None:
            break
        # A dark border hides a faint digit from a common threshold: take it away and look again.
        lined = found if lined is None else cv2.bitwise_or(lined, found)  # type: ignore[assignment]
        ink = cv2.bitwise_and(ink, cv2.bitwise_not(found))  # type: ignore[assignment]
    kept = _strokes(marks, ink.shape)
    if not kept or _is_residue(kept, marks, lined, paper, noise):
        return None
    core = _core(ink, labels, kept)
    zone = None
    if len(marks) > 1 or paper or lined is not None:
        zone = _mask(labels, kept, 5 + 2 * (max(ink.shape) // 40))
        dropped = [mark for mark in marks if mark not in kept]
        unwanted = _mask(labels, dropped, 3) if dropped else np.zeros_like(ink)
        if lined is not None:
            unwanted = cv2.bitwise_or(unwanted, lined)  # type: ignore[assignment]
        zone = cv2.bitwise_and(zone, cv2.bitwise_not(unwanted))  # type: ignore[assignment]
    return Marks("several" if _several(kept) else "one", paper, core, zone)


def _is_residue(kept: list[_Mark], marks: list[_Mark], lined: Grey | None, paper: int, noise: float) -> bool:
    """Whether what was kept is the paper's noise, its texture, or what a removed line left behind."""
    main = max(kept, key=lambda mark: mark.mass)
    if main.strength - paper < max(2 * FAINTEST, NOISE_RATIO * noise):
        return True
    if len(marks) > 8 and sum(mark.area for mark in kept) < 0.5 * sum(mark.area for mark in marks):
        return True
    if lined is None:
        return False
    height, width = lined.shape
    if main.height < 0.2 * height and main.width < 0.2 * width:
        return True
    thin = 4 * min(main.width, main.height) < max(main.width, main.height)
    gap = 4 if thin else 1
    around = lined[max(0, main.top - gap) : main.bottom + gap, max(0, main.left - gap) : main.right + gap]
    beside = cv2.countNonZero(around) > 0.25 * (main.width + main.height)
    return beside and (thin or main.inner < 0.5)


def _levels(ink: Grey) -> tuple[int, int, float]:
    """Otsu's threshold, the level below which there is only paper, and the paper's noise (one standard deviation)."""
    threshold = int(cv2.threshold(ink, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0])
    counts = cv2.calcHist([ink], [0], None, [256], [0, 256]).ravel()[: threshold + 1].cumsum()
    tenth, middle = counts.searchsorted((0.1 * counts[-1], 0.5 * counts[-1]))
    noise = float(middle - tenth) / 1.28
    return threshold, int(min(middle + 2 * noise, 0.7 * threshold)), noise


def _marks(ink: Grey, threshold: int) -> tuple[Labels, list[_Mark]]:
    """The components above the threshold, largest first, and the (H, W) map of their numbers."""
    height, width = ink.shape
    binary = cv2.threshold(ink, threshold, 255, cv2.THRESH_BINARY)[1]
    count, labels, stats, _ = cv2.connectedComponentsWithStats(binary, connectivity=8, ltype=cv2.CV_16U)
    y, x = round(RIM * height), round(RIM * width)
    inside = np.bincount(labels[y : height - y, x : width - x].ravel(), minlength=count)
    if count == 2:
        strengths: NDArray[np.float64] | list[float] = [0.0, cv2.mean(ink, binary)[0]]
    else:
        strengths = np.bincount(labels.ravel(), weights=ink.ravel(), minlength=count) / stats[:, cv2.CC_STAT_AREA]
    if count <= _FEW_LABELS:
        labels = labels.astype(np.uint8)
    order = stats[1:, cv2.CC_STAT_AREA].argsort()[::-1][:MOST_MARKS] + 1
    marks = []
    for number in order.tolist():
        left, top, wide, high, area = stats[number].tolist()
        if area > 1 or number == order[0]:
            share = float(inside[number]) / area
            marks.append(_Mark(number, left, top, left + wide, top + high, area, float(strengths[number]), share))
    return labels, marks  # type: ignore[return-value]


def _mask(labels: Labels, marks: list[_Mark], dilation: int = 1) -> Grey:
    """255 on the marks' pixels and those within half of ``dilation`` of them."""
    table = np.zeros(_FEW_LABELS if labels.dtype == np.uint8 else _MOST_LABELS, np.uint8)
    for mark in marks:
        table[mark.number] = 255
    member = cv2.LUT(labels, table) if labels.dtype == np.uint8 else table.take(labels)
    if dilation > 1:
        member = cv2.dilate(member, rectangle(dilation | 1, dilation | 1))
    return member  # type: ignore[return-value]


def _thickness(mark: _Mark) -> int:
    return max(1, round(mark.area / (mark.width + mark.height - min(mark.width, mark.height) / 2)))


def _border_lines(marks: list[_Mark], labels: Labels) -> Grey | None:
    """255 where lines of a cell's border or a form lie, and between them and the page's edge; None without lines."""
    lines = [mark for mark in marks if _is_line(mark, labels.shape)]
    if not lines or _fills_page([mark for mark in marks if mark not in lines], lines, labels.shape):
        return _joined_lines(marks, labels)
    height, width = labels.shape
    lined = _mask(labels, lines, 2 + 2 * max(_thickness(line) for line in lines))
    for line in lines:
        if line.width > line.height:
            lined[slice(0, line.top) if line.top + line.bottom < height else slice(line.bottom, None)] = 255
        else:
            lined[:, slice(0, line.left) if line.left + line.right < width else slice(line.right, None)] = 255
    return lined


def _is_line(mark: _Mark, shape: tuple[int, ...]) -> bool:
    """Whether a mark is long, thin, straight along the page's edge and near it."""
    height, width = shape
    centre_x, centre_y = (mark.left + mark.right) / (2 * width), (mark.top + mark.bottom) / (2 * height)
    across = _is_long(mark.width, mark.height, mark.left, width, height, abs(centre_y - 0.5), mark.inner)
    return across or _is_long(mark.height, mark.width, mark.top, height, width, abs(centre_x - 0.5), mark.inner)


def _is_long(  # noqa: PLR0917 - the same test along and across
    length: int, breadth: int, start: int, side: int, other: int, off_centre: float, inner: float
) -> bool:
    """Whether a mark, seen along its length, is a line: from edge to edge it may lie further inside."""
    if length >= CROSSING * side and breadth <= 0.15 * other and off_centre > 0.15:
        return True
    near = start <= EDGE * side or start + length >= (1 - EDGE) * side
    thin = breadth <= min(2 * RIM * other, length / 3)
    return length >= LINE_SPAN * side and near and thin and off_centre > 0.25 and inner < 0.3


def _fills_page(others: list[_Mark], lines: list[_Mark], shape: tuple[int, ...]) -> bool:
    """Whether the largest other mark fills the page up to two edges, as in a tight crop, where a bar is no border."""
    height, width = shape
    if not others:
        return False
    main = max(others, key=lambda mark: mark.mass)
    if main.mass < 0.2 * sum(line.mass for line in lines):
        return False
    touched = (main.left <= 0) + (main.top <= 0) + (main.right >= width) + (main.bottom >= height)
    return touched >= 2 and main.inner >= 0.3


def _joined_lines(marks: list[_Mark], labels: Labels) -> Grey | None:
    """Long straight runs near the page's edges: frames, and lines that the character touches; None without any.

    A bar of a tightly cropped digit is such a run too: runs are lines only if what remains keeps clear of the edges.
    """
    height, width = labels.shape
    if max(height, width) > 2 * min(height, width) or min(height, width) < 16:
        return None
    long_x, long_y = round(RUN * width), round(RUN * height)
    spanning = [mark for mark in marks if mark.width >= long_x or mark.height >= long_y]
    if not spanning:
        return None
    binary = _mask(labels, spanning)
    # Beyond the page there is no ink, or short strokes that touch the edge would count as long.
    outside = {"borderType": cv2.BORDER_CONSTANT, "borderValue": 0}
    slack = 3 if min(height, width) >= 40 else 1  # a line that is not quite level is no single row of pixels
    high, wide = cv2.dilate(binary, rectangle(1, slack)), cv2.dilate(binary, rectangle(slack, 1))
    across = cv2.morphologyEx(high, cv2.MORPH_OPEN, rectangle(long_x, 1), **outside)
    down = cv2.morphologyEx(wide, cv2.MORPH_OPEN, rectangle(1, long_y), **outside)
    y, x = round(0.3 * height), round(0.3 * width)
    across[y : height - y] = 0
    down[:, x : width - x] = 0
    runs = cv2.bitwise_or(across, down)
    if not cv2.countNonZero(runs):
        return None
    soft = 5 if min(height, width) >= 40 else 3
    runs = cv2.dilate(runs, rectangle(soft, soft))
    _, _, stats, _ = cv2.connectedComponentsWithStats(
        cv2.bitwise_and(_mask(labels, marks), cv2.bitwise_not(runs)), connectivity=8, ltype=cv2.CV_16U
    )
    rest = stats[1:][stats[1:, cv2.CC_STAT_AREA] > 0.1 * cv2.countNonZero(binary)]
    if not len(rest) and max(_thickness(mark) for mark in spanning) > THICKEST * min(height, width):
        return None
    x, y = max(3, round(0.08 * width)), max(3, round(0.08 * height))
    left, top, wide, high = rest[:, :4].T
    if ((left < x) | (top < y) | (left + wide > width - x) | (top + high > height - y)).any():
        return None
    return runs  # type: ignore[return-value]


def _strokes(marks: list[_Mark], shape: tuple[int, ...]) -> list[_Mark]:
    """The marks that make up the character: the main one and what belongs to it."""
    if len(marks) < 2:
        return marks
    height, width = shape

    def at_edge(mark: _Mark) -> bool:
        return mark.left <= 0 or mark.top <= 0 or mark.right >= width or mark.bottom >= height

    def weight(mark: _Mark) -> float:
        x, y = (mark.left + mark.right) / (2 * width) - 0.5, (mark.top + mark.bottom) / (2 * height) - 0.5
        centred = float(np.exp(-4 * (x * x + y * y)))
        return mark.mass * centred * (0.1 + mark.inner) * (0.5 if at_edge(mark) else 1.0)

    main = max(marks, key=weight)
    size = max(main.width, main.height)

    def belongs(mark: _Mark) -> bool:
        if mark.mass < SPECK * main.mass or mark.strength < 0.5 * main.strength:
            return False
        # A bit of a neighbour's stroke comes in over the edge; the page's own character rarely reaches it.
        outer = at_edge(mark) or mark.inner == 0
        if outer and not at_edge(main) and (mark.inner < 0.3 or mark.mass < 0.15 * main.mass):
            return False
        # A frame reaches further than the character that it surrounds, with little ink for its size.
        wider = mark.width > 1.2 * main.width or mark.height > 1.2 * main.height
        if wider and mark.inner < 0.6 and not at_edge(main) and mark.area < 0.3 * mark.width * mark.height:
            return False
        gap_x = max(mark.left - main.right, main.left - mark.right)
        gap_y = max(mark.top - main.bottom, main.top - mark.bottom)
        return max(gap_x, gap_y) <= 0.35 * size or mark.height >= 0.6 * main.height

    return [mark for mark in marks if mark is main or belongs(mark)]


def _core(ink: Grey, labels: Labels, kept: list[_Mark]) -> int:
    """The level that nine tenths of the strokes' pixels stay below."""
    counts = cv2.calcHist([ink], [0], _mask(labels, kept), [256], [0, 256]).ravel().cumsum()
    return int(counts.searchsorted(0.9 * counts[-1]))


def _several(kept: list[_Mark]) -> bool:
    """Whether two of the kept marks are tall and stand beside each other."""
    tallest, largest = max(mark.height for mark in kept), max(mark.area for mark in kept)
    tall = [mark for mark in kept if mark.height >= 0.6 * tallest and mark.area >= 0.2 * largest]
    tall.sort(key=lambda mark: mark.left)
    return any(
        left.right - right.left <= 0.15 * min(left.width, right.width)
        for left, right in zip(tall, tall[1:], strict=False)
    )
