"""The candidates for a row's characters: the ink between any two cuts that are close enough to each other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.field.cuts import GAP, Cuts
from recognizer.field.row import Row
from recognizer.field.row_marks import Boxes, Ground
from recognizer.glyph.ink import Grey
from recognizer.glyph.normalise import normalise
from recognizer.results import Box

WIDEST = 1.7  # of a character's height: what is wider is no digit
RIM = 24  # of 255: fainter ink is the blur around a stroke
CLEAN = 0.15  # of a character's height: a cut that crosses more ink than this speaks for no gap
NOTHING = np.empty(0, np.intp)


class Region(NamedTuple):
    """Some pixels of a row: those in a bool (H, W) mask whose first column is ``left``."""

    left: int
    mask: NDArray[np.bool_]

    @property
    def columns(self) -> slice:
        """The columns of the row that it covers."""
        return slice(self.left, self.left + self.mask.shape[1])


@dataclass(frozen=True)
class Lattice:
    """The candidates between the cuts of a row.

    Attributes:
        nodes: how many cuts there are, the row's two ends included.
        start: int (N,), the cut at each candidate's left.
        end: int (N,), the cut at its right.
        glyphs: uint8 (N, 28, 28).
        boxes: int (N, 4), left, top, right, bottom in the row's pixels.
        ink: float (N,), pixels of full ink.
        cut: float (N,), ink crossed at the candidate's right end, in character heights.
        gap: float (N,), empty columns inside of the candidate, in character heights.
        join: float (N,), how many cuts inside of the candidate cross no ink; one that crosses little counts in part.
        parted: bool (N,), whether a cut inside of the candidate runs through a gap.
        sides: int (N,), at how many of its two sides a candidate is cut from other ink.
        near: bool (N,), whether another piece lies so near above or below that the two may be one broken character.
        low: bool (N,), whether the candidate is too low for a digit.
        whole: bool (N,), whether it stands between two gaps and consists of whole connected pieces of ink.
        points: bool (N,), whether such a candidate consists of low pieces alone, as a dash or points do.
        size: the usual height of a character, pixels of the row.
    """

    nodes: int
    start: NDArray[np.intp]
    end: NDArray[np.intp]
    glyphs: NDArray[np.uint8]
    boxes: NDArray[np.intp]
    ink: NDArray[np.float64]
    cut: NDArray[np.float64]
    gap: NDArray[np.float64]
    join: NDArray[np.float64]
    parted: NDArray[np.bool_]
    sides: NDArray[np.intp]
    near: NDArray[np.bool_]
    low: NDArray[np.bool_]
    whole: NDArray[np.bool_]
    points: NDArray[np.bool_]
    size: float


def make_lattice(row: Row, ground: Ground, cuts: Cuts, length: int | None = None) -> Lattice:
    """The candidates: ink between two cuts that are not too far apart for a character.

    Args:
        row: the ink of a row.
        ground: where its characters stand.
        cuts: through the row; ink lies between each and the next.
        length: how many characters there are; None if that is unknown.
    """
    count = len(cuts.paths)
    # So many cuts apart as ``length`` equal shares are, two cuts may be at any distance: then there is always a way.
    share = 1 if length is None else -(-(count - 1) // length)
    first, last = _reaches(row, cuts)
    gaps = cuts.crossed <= GAP
    pairs, parts, pieces = [], [], []
    for a, b in combinations(range(count), 2):
        near = b - a <= share
        if not near and last[b] - first[a] > 1.2 * WIDEST * row.size:  # cuts slant
            continue
        region = between(row, cuts, a, b)
        found = part(row.ink, region)
        if found is None or not (near or found[1][2] - found[1][0] <= WIDEST * row.size):
            continue
        pairs.append((a, b))
        parts.append(found)
        pieces.append(ground.pieces(*region) if gaps[a] and gaps[b] else NOTHING)
    glyphs, corners, empty, inks = zip(*parts, strict=True)
    boxes: Boxes = np.array(corners)
    start, end = np.array(pairs).T
    clear = np.maximum(0, 1 - cuts.crossed / CLEAN).cumsum()
    gaps_so_far = gaps.cumsum()
    wide = (boxes[:, 2] - boxes[:, 0]).tolist()
    points = np.array([ground.are_points(*each) for each in zip(pieces, wide, strict=True)])
    return Lattice(
        count, start, end, np.stack(glyphs), boxes, np.array(inks), cuts.crossed[end],
        np.array(empty) / row.size, clear[end - 1] - clear[start],
        gaps_so_far[end - 1] > gaps_so_far[start], 2 - gaps[start].astype(int) - gaps[end],
        np.array([not ground.apart(*each) for each in zip(pieces, corners, strict=True)]), ground.low(boxes),
        np.array([len(each) > 0 for each in pieces]),
        points, row.size,
    )  # fmt: skip


def _reaches(row: Row, cuts: Cuts) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The columns where ink begins to the right of each cut, int (N,), and where it ends to the left, int (N,).

    A gap, however wide, is no part of a character's width.
    """
    height, width = row.ink.shape
    columns, rows = np.arange(width), np.arange(height)
    inked = row.ink > RIM
    beyond = np.minimum.accumulate(np.where(inked, columns, width)[:, ::-1], axis=1)[:, ::-1]
    before = np.maximum.accumulate(np.where(inked, columns, -1), axis=1)
    begins = np.pad(beyond, ((0, 0), (0, 1)), constant_values=width)[rows, cuts.paths + 1].min(axis=1)
    ends = np.pad(before, ((0, 0), (1, 0)), constant_values=-1)[rows, cuts.paths + 1].max(axis=1)
    return begins, ends


def between(row: Row, cuts: Cuts, start: int, end: int) -> Region:
    """The pixels between two cuts, and a margin in which `normalise` finds the rim of strokes."""
    left, right = cuts.paths[start], cuts.paths[end]
    low, high = max(0, int(left.min()) - 1), min(row.ink.shape[1], int(right.max()) + 3)
    columns = np.arange(low, max(low, high))
    return Region(low, (columns > left[:, None]) & (columns <= right[:, None]))


def part(ink: Grey, region: Region) -> tuple[Grey, Box, int, float] | None:
    """Normalise the ink in a region of a row.

    Args:
        ink: the row, uint8 (H, W), 255 a stroke's core.
        region: the pixels that count.

    Returns:
        The glyph, uint8 (28, 28); its box in the row's pixels; how many columns within the box are empty; and how
        many pixels of full ink it has. None if there is no ink.
    """
    own: Grey = ink[:, region.columns] * region.mask
    solid = cv2.threshold(own, RIM, 255, cv2.THRESH_BINARY)[1]
    left, top, wide, high = cv2.boundingRect(solid)
    if not wide:
        return None
    empty = wide - cv2.countNonZero(cv2.reduce(solid, 0, cv2.REDUCE_MAX))
    first = region.left + left
    return (
        normalise([(own, (left, top, left + wide, top + high))])[0],
        (first, top, first + wide, top + high),
        empty,
        cv2.sumElems(own)[0] / 255,
    )


class Filled:
    """Whether there is ink between two cuts, told without looking at all of its pixels."""

    def __init__(self, row: Row, cuts: Cuts) -> None:
        """Count the ink to the left of each cut, in each row of pixels."""
        counts = np.pad((row.ink > RIM).cumsum(axis=1), ((0, 0), (1, 0)))
        self._counts = counts[np.arange(len(counts)), cuts.paths + 1]

    def between(self, start: int, end: int) -> bool:
        """Whether any lies to the right of the one cut and to the left of the other."""
        return bool((self._counts[end] > self._counts[start]).any())
