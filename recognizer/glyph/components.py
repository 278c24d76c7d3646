"""Marks: the connected components of a page's thresholded ink."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.glyph.ink import Grey, rectangle

if TYPE_CHECKING:
    from cv2.typing import MatLike

RIM = 0.18  # of a side: what lies within this of the page's edge may be a cell's border
MOST_MARKS = 24  # a page with more is dirt or texture: the largest are looked at
# Components: as many are measured faster one by one. Of equal ones the first leads then, and the last among more.
FEW = 4
FEW_LABELS = 256  # as many fit into a byte, and tables of bytes are looked up many times faster
MOST_LABELS = 1 << 16
_AREA = attrgetter("area")

Labels = NDArray[np.uint8] | NDArray[np.uint16]


class Mark(NamedTuple):
    """A connected component: its number, box and area in pixels, sum of ink, and the share of its area off the rim."""

    number: int
    left: int
    top: int
    right: int
    bottom: int
    area: int
    mass: int
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
    def strength(self) -> float:
        """Its mean ink."""
        return self.mass / self.area


class Components(NamedTuple):
    """What lies above the threshold.

    Attributes:
        marks: the components that are larger than a pixel, and the largest in any case, which comes first.
        labels: (H, W), the number of each pixel's component; 0 is paper.
        binary: uint8 (H, W), 255 on all components, those that are no marks among them.
        total: how many components there are.
    """

    marks: list[Mark]
    labels: Labels
    binary: Grey
    total: int


def find_marks(ink: Grey, binary: Grey) -> Components:
    """The components of ``binary``, uint8 (H, W): 255 where ``ink`` lies above the threshold, 0 elsewhere."""
    count, numbers = cv2.connectedComponents(binary, connectivity=8, ltype=cv2.CV_16U)
    stats = None
    if count - 1 > FEW:
        _, numbers, stats, _ = cv2.connectedComponentsWithStats(binary, connectivity=8, ltype=cv2.CV_16U)
    labels = np.asarray(numbers, np.uint8) if count <= FEW_LABELS else np.asarray(numbers, np.uint16)
    found = _each(ink, labels, binary, count) if stats is None else _together(ink, labels, binary, stats)
    marks = sorted(found, key=_AREA, reverse=True)
    return Components(marks[:1] + [mark for mark in marks[1:] if mark.area > 1], labels, binary, count - 1)


def _each(ink: Grey, labels: Labels, binary: Grey, count: int) -> list[Mark]:
    """All components, each measured by a mask of its own."""
    inside, marks = _off_rim(labels.shape), []
    for number in range(1, count):
        own = binary if count == 2 else (labels == number).view(np.uint8)
        left, top, wide, high = cv2.boundingRect(own)
        area, mass = cv2.countNonZero(own), int(cv2.norm(ink, cv2.NORM_L1, own))
        share = cv2.countNonZero(own[inside]) / area
        marks.append(Mark(number, left, top, left + wide, top + high, area, mass, share))
    return marks


def _together(ink: Grey, labels: Labels, binary: Grey, stats: MatLike) -> list[Mark]:
    """The largest of any number of components, from OpenCV's statistics of all of them."""
    largest = stats[1:, cv2.CC_STAT_AREA].argsort(kind="stable")[::-1][:MOST_MARKS] + 1
    inked = binary > 0
    masses = np.bincount(labels[inked], weights=ink[inked], minlength=len(stats))
    inner = np.bincount(labels[_off_rim(labels.shape)].ravel(), minlength=len(stats))
    rows = zip(
        largest.tolist(),
        stats[largest].tolist(),
        masses[largest].astype(int).tolist(),
        inner[largest].tolist(),
        strict=True,
    )
    return [
        Mark(number, left, top, left + wide, top + high, area, mass, within / area)
        for number, (left, top, wide, high, area), mass, within in rows
    ]


def _off_rim(shape: tuple[int, ...]) -> tuple[slice, slice]:
    height, width = shape
    y, x = round(RIM * height), round(RIM * width)
    return slice(y, height - y), slice(x, width - x)


def mask_of(found: Components, marks: list[Mark], dilation: int = 1) -> Grey:
    """255 on the marks' pixels and those within half of ``dilation`` of them."""
    member = found.binary if len(marks) == found.total else _chosen(found.labels, marks)
    return cv2.dilate(member, rectangle(dilation | 1, dilation | 1)) if dilation > 1 else member  # type: ignore[return-value]


def _chosen(labels: Labels, marks: list[Mark]) -> Grey:
    table = np.zeros(FEW_LABELS if labels.dtype == np.uint8 else MOST_LABELS, np.uint8)
    for mark in marks:
        table[mark.number] = 255
    return cv2.LUT(labels, table) if labels.dtype == np.uint8 else table.take(labels)  # type: ignore[return-value]


def thickness(mark: Mark) -> int:
    """Pixels, about: its area over the length of the line or frame that it would be."""
    return max(1, round(mark.area / (mark.width + mark.height - min(mark.width, mark.height) / 2)))
