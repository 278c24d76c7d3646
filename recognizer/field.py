"""Several digits in a row: cut the ink wherever two could meet, and choose the cuts between which it reads best.

Over-segmentation and a search over the lattice of cuts (Fujisawa, Nakano, Kurino 1992; LeCun et al. 1998, section
VII): the ink between any two cuts that are near enough is a candidate, the network scores all candidates at once, and
dynamic programming finds the best way from the row's left end to its right end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.cuts import Cuts, find_cuts
from recognizer.decide import softmax
from recognizer.glyph import normalise
from recognizer.ink import Grey
from recognizer.results import REJECT, Box
from recognizer.row import Row, find_row

Scores = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

WIDEST = 1.7  # of a character's height: what is wider is no digit
RIM = 24  # of 255: fainter ink is the blur around a stroke
LEAST = -12.0  # a smaller logarithm of a probability says no more
SURE = math.log(0.99)  # a digit that stands alone needs no cuts from this logarithm of its probability on
NO_REJECT = -6.0  # and up to this one of the probability that it is none
GAP = 0.05  # of a character's height: a cut that crosses no more ink runs through a gap
FINEST = 64  # cuts are at most so many times nearer to each other than usual
CLEAN = 0.15  # of a character's height: a cut that crosses more ink than this speaks for no gap


@dataclass(frozen=True)
class Weights:
    """What the search weighs against the logarithm of a digit's probability.

    Attributes:
        cut: for crossing ink, of as many pixels as a character is high.
        gap: for empty columns inside of a candidate, as many as a character is high.
        join: for every place inside of a candidate where a cut would cross no ink.
        reject: for a candidate that is no digit.
        low: for the logarithm of a character's usual height over the candidate's, squared.
        wide: for the logarithm of the candidate's width over height, less the digit's usual one, squared.
        digit: for every candidate.
        stroke: for a one, at each side where it is cut from other ink: any straight stroke reads as a one.
        sure: for the logarithm of the probability that the candidate is no digit.
    """

    cut: float = 5.9
    gap: float = 6.0
    join: float = 0.6
    reject: float = 2.5
    low: float = 3.2
    wide: float = 0.076
    digit: float = 1.2
    stroke: float = 0.3
    sure: float = 0.2


WEIGHTS = Weights()
# Mean of ln(width / height) of MNIST's digits (training part), and its standard deviation.
BREADTH = np.array([-0.11, -0.93, -0.07, -0.23, -0.24, -0.07, -0.31, -0.26, -0.28, -0.38])
SPREAD = np.array([0.20, 0.45, 0.20, 0.21, 0.21, 0.25, 0.22, 0.22, 0.23, 0.20])


@dataclass(frozen=True)
class Segment:
    """One character of a field: its glyph, uint8 (28, 28), and its box in the page's pixels."""

    glyph: Grey
    box: Box


@dataclass(frozen=True)
class Lattice:
    """The candidates between the cuts of a row.

    Attributes:
        nodes: how many cuts there are, the row's two ends included.
        start: int (N,), the cut at each candidate's left.
        end: int (N,), the cut at its right.
        glyphs: uint8 (N, 28, 28).
        boxes: int (N, 4), left, top, right, bottom in the row's pixels.
        cut: float (N,), ink crossed at the candidate's right end, in character heights.
        gap: float (N,), empty columns inside of the candidate, in character heights.
        join: float (N,), places inside of the candidate where a cut crosses no ink, or as part of one, little.
        sides: int (N,), at how many of its two sides a candidate is cut from other ink.
        size: the usual height of a character, pixels of the row.
    """

    nodes: int
    start: NDArray[np.intp]
    end: NDArray[np.intp]
    glyphs: NDArray[np.uint8]
    boxes: NDArray[np.intp]
    cut: NDArray[np.float64]
    gap: NDArray[np.float64]
    join: NDArray[np.float64]
    sides: NDArray[np.intp]
    size: float


def read_field(page: Grey, scores: Scores, temperature: float, length: int | None = None) -> list[Segment]:
    """The characters on a uint8 (H, W) page with one row of them, left to right.

    Args:
        page: one row of characters, with any margins.
        scores: logits float32 (N, 11) of glyphs uint8 (N, 28, 28): ten digits, then reject.
        temperature: what calibrates the logits.
        length: how many characters there are; None if that is unknown.

    Returns:
        One segment a character, none for a page without ink; ``length`` of them, or fewer where there is too little
        ink to make as many.
    """
    row = find_row(page)
    if row is None:
        return []
    cuts = _enough_cuts(row, length)
    if len(cuts.paths) < 2:
        return []
    if length is None:
        cuts = _needed_cuts(row, cuts, scores, temperature)
    lattice = make_lattice(row, cuts, length)
    chosen = best_path(lattice, _logs(scores(lattice.glyphs), temperature), length)
    boxes = lattice.boxes.tolist()
    segments = [Segment(lattice.glyphs[i], row.on_page(boxes[i])) for i in chosen]
    # Cuts slant: of two slivers the later may lie a pixel further left.
    return sorted(segments, key=lambda segment: segment.box[0] + segment.box[2])


def _logs(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    return np.log(np.maximum(softmax(logits, temperature), 1e-12))


def _enough_cuts(row: Row, length: int | None) -> Cuts:
    """Cuts for ``length`` pieces or more, if the ink allows that."""
    fineness = 1
    cuts = _apart(row, find_cuts(row.ink, row.size))
    while length and len(cuts.paths) <= length and fineness < FINEST:
        fineness *= 2
        cuts = _apart(row, find_cuts(row.ink, row.size, fineness))
    return cuts


def _apart(row: Row, cuts: Cuts) -> Cuts:
    """Without cuts that cross their neighbour so that no ink lies between: from each there is a way to the next."""
    after = _after(row, cuts)
    last = len(cuts.paths) - 1
    kept = [0]
    for cut in range(1, last):
        if _part(row.ink, after[kept[-1]], after[cut]) and _part(row.ink, after[cut], after[last]):
            kept.append(cut)
    if _part(row.ink, after[kept[-1]], after[last]):
        kept.append(last)
    return Cuts(cuts.paths[kept], cuts.crossed[kept])


def _needed_cuts(row: Row, cuts: Cuts, scores: Scores, temperature: float) -> Cuts:
    """Without the cuts through ink that reads as one digit and touches no other: this saves most of the time."""
    gaps = np.flatnonzero(cuts.crossed < GAP)
    after = _after(row, cuts)
    islands = [
        (a, b, part) for a, b in pairwise(gaps.tolist()) if (part := _part(row.ink, after[a], after[b]))
    ]
    logs = _logs(scores(np.stack([glyph for _, _, (glyph, _, _) in islands])), temperature)
    kept = np.ones(len(cuts.paths), bool)
    for (a, b, (_, (left, top, right, bottom), _)), log in zip(islands, logs, strict=True):
        usual = right - left <= row.size and bottom - top >= 0.6 * row.size
        if usual and log[:REJECT].max() >= SURE and log[REJECT] <= NO_REJECT:
            kept[a + 1 : b] = False
    return Cuts(cuts.paths[kept], cuts.crossed[kept])


def _after(row: Row, cuts: Cuts) -> NDArray[np.bool_]:
    """Which pixels lie to the right of each cut: bool (N, H, W)."""
    return np.arange(row.ink.shape[1]) > cuts.paths[:, :, None]


def make_lattice(row: Row, cuts: Cuts, length: int | None = None) -> Lattice:
    """The candidates: ink between two cuts that are not too far apart for a character."""
    count = len(cuts.paths)
    # So many cuts apart as ``length`` equal shares are, two cuts may be at any distance: then there is always a way.
    share = 1 if length is None else -(-(count - 1) // length)
    middles = cuts.paths.mean(axis=1)
    after = _after(row, cuts)
    pairs, glyphs, boxes, gaps = [], [], [], []
    for a, b in combinations(range(count), 2):
        near = b - a <= share
        if not near and middles[b] - middles[a] > 1.2 * WIDEST * row.size:
            continue
        part = _part(row.ink, after[a], after[b])
        if part is None or not (near or part[1][2] - part[1][0] <= WIDEST * row.size):
            continue
        pairs.append((a, b))
        glyphs.append(part[0])
        boxes.append(part[1])
        gaps.append(part[2])
    start, end = np.array(pairs).T
    clear = np.maximum(0, 1 - cuts.crossed / CLEAN).cumsum()
    return Lattice(
        count, start, end, np.stack(glyphs), np.array(boxes), cuts.crossed[end],
        np.array(gaps) / row.size, clear[end - 1] - clear[start],
        (cuts.crossed[start] > GAP).astype(int) + (cuts.crossed[end] > GAP), row.size,
    )  # fmt: skip


def _part(ink: Grey, after: NDArray[np.bool_], beyond: NDArray[np.bool_]) -> tuple[Grey, Box, int] | None:
    """The glyph of the ink between two cuts, its box in the row's pixels, and its empty columns; None without ink."""
    own: Grey = ink * (after & ~beyond)
    solid = cv2.threshold(own, RIM, 255, cv2.THRESH_BINARY)[1]
    left, top, wide, high = cv2.boundingRect(solid)
    if not wide:
        return None
    empty = wide - cv2.countNonZero(cv2.reduce(solid, 0, cv2.REDUCE_MAX))
    return normalise(own, (left, top, wide, high)), (left, top, left + wide, top + high), empty


def candidate_values(
    lattice: Lattice, logs: NDArray[np.float64], weights: Weights = WEIGHTS
) -> NDArray[np.float64]:
    """How well each candidate reads: float (N,), from the logarithms (N, 11) of the network's probabilities."""
    left, top, right, bottom = lattice.boxes.T
    wide, high = np.maximum(right - left, 1), np.maximum(bottom - top, 1)
    breadth = (np.log(wide / high)[:, None] - BREADTH) / SPREAD
    digits = logs[:, :REJECT] - weights.wide * breadth**2
    digits[:, 1] -= weights.stroke * lattice.sides
    digit = digits.max(axis=1) - weights.sure * np.maximum(logs[:, REJECT], LEAST)
    lower = np.log(lattice.size / np.maximum(wide, high)) ** 2 * weights.low
    value = np.maximum(digit, logs[:, REJECT] - weights.reject) - lower - weights.digit
    value -= weights.cut * lattice.cut + weights.gap * lattice.gap + weights.join * lattice.join
    return np.asarray(value, np.float64)


def best_path(
    lattice: Lattice, logs: NDArray[np.float64], length: int | None, weights: Weights = WEIGHTS
) -> list[int]:
    """The candidates, left to right, that together read best: ``length``, or as many as can be."""
    values = candidate_values(lattice, logs, weights)
    last = lattice.nodes - 1
    rounds = 1 if length is None else min(length, last)
    best = np.full((rounds + 1, lattice.nodes), -np.inf)
    came = np.full((rounds + 1, lattice.nodes), -1)
    best[0, 0] = 0.0
    for i in lattice.end.argsort(kind="stable"):
        start, end = lattice.start[i], lattice.end[i]
        before = best[:-1, start] if length else np.maximum(best[:1, start], best[1:, start])
        better = before + values[i] > best[1:, end]
        best[1:, end][better] = (before + values[i])[better]
        came[1:, end][better] = i
    reached = np.flatnonzero(np.isfinite(best[:, last]))
    if not len(reached):  # cuts that cross may leave no ink for one of the equal shares
        return best_path(lattice, logs, None, weights)
    used = int(reached[-1])
    chosen: list[int] = []
    while last:
        chosen.append(int(came[used, last]))
        last = int(lattice.start[chosen[-1]])
        used -= length is not None
    return chosen[::-1]
