"""Marks: the connected components of a page's thresholded ink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.ink import Grey, rectangle

if TYPE_CHECKING:
    from cv2.typing import MatLike

RIM = 0.18  # of a side: what lies within this of the page's edge may be a cell's border
MOST_MARKS = 24  # a page with more is dirt or texture: the largest are looked at
FEW_LABELS = 256  # as many fit into a byte, and tables of bytes are looked up many times faster
MOST_LABELS = 1 << 16

Labels = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Mark:
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
        """Pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels."""
        return self.bottom - self.top

    @property
    def mass(self) -> float:
        """The sum of its ink."""
        return self.area * self.strength


def find_marks(ink: Grey, threshold: int) -> tuple[Labels, list[Mark]]:
    """The components above the threshold, largest first, and the (H, W) map of their numbers."""
    binary = cv2.threshold(ink, threshold, 255, cv2.THRESH_BINARY)[1]
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(binary, connectivity=8, ltype=cv2.CV_16U)
    labels: Labels = np.asarray(numbers, np.uint8) if count <= FEW_LABELS else np.asarray(numbers, np.uint16)
    inside = _inner_areas(labels, count)
    strengths = _strengths(ink, labels, stats, binary)
    order = stats[1:, cv2.CC_STAT_AREA].argsort()[::-1][:MOST_MARKS] + 1
    marks = []
    for number in order.tolist():
        left, top, wide, high, area = stats[number].tolist()
        if area > 1 or number == order[0]:
            share = float(inside[number]) / area
            marks.append(
                Mark(number, left, top, left + wide, top + high, area, float(strengths[number]), share)
            )
    return labels, marks


def _inner_areas(labels: Labels, count: int) -> NDArray[Any]:
    """How many pixels of each component lie off the page's rim."""
    height, width = labels.shape
    y, x = round(RIM * height), round(RIM * width)
    inside: Labels = labels[y : height - y, x : width - x].copy()
    if labels.dtype == np.uint8 and inside.size:
        counted: NDArray[Any] = cv2.calcHist([inside], [0], None, [count], [0, count]).ravel()
        return counted
    return np.bincount(inside.ravel(), minlength=count)


def _strengths(ink: Grey, labels: Labels, stats: MatLike, binary: MatLike) -> Sequence[float]:
    """The mean ink of each component; that of the paper, number 0, is not asked for."""
    if len(stats) == 2:
        return [0.0, cv2.mean(ink, binary)[0]]
    sums = np.bincount(labels.ravel(), weights=ink.ravel(), minlength=len(stats))
    return (sums / stats[:, cv2.CC_STAT_AREA]).tolist()  # type: ignore[no-any-return]


def mask_of(labels: Labels, marks: list[Mark], dilation: int = 1) -> Grey:
    """255 on the marks' pixels and those within half of ``dilation`` of them."""
    table = np.zeros(FEW_LABELS if labels.dtype == np.uint8 else MOST_LABELS, np.uint8)
    for mark in marks:
        table[mark.number] = 255
    member = cv2.LUT(labels, table) if labels.dtype == np.uint8 else table.take(labels)
    if dilation > 1:
        member = cv2.dilate(member, rectangle(dilation | 1, dilation | 1))
    return member  # type: ignore[return-value]


def thickness(mark: Mark) -> int:
    """Pixels, about: its area over the length of the line or frame that it would be."""
    return max(1, round(mark.area / (mark.width + mark.height - min(mark.width, mark.height) / 2)))
