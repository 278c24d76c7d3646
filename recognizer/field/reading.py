"""Several digits in a row: cut the ink wherever two could meet, and choose the cuts between which it reads best.

Over-segmentation and a search over the lattice of cuts (Fujisawa, Nakano, Kurino 1992; LeCun et al. 1998, section
VII): the ink between any two cuts that are near enough is a candidate, the network scores all candidates at once, and
dynamic programming finds the best way from the row's left end to its right end. What stands apart and is too low for a
digit, a point or a dash, is a character of its own unless the row reads better with it as a stroke of its neighbour.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recognizer.field.cuts import APART, GAP, Cuts, find_cuts
from recognizer.field.lattice import Filled, Lattice, between, make_lattice, part
from recognizer.field.row import Row, find_row
from recognizer.field.row_marks import Ground, out_of_line
from recognizer.glyph.ink import Grey
from recognizer.results import REJECT, Box
from recognizer.stages.decide import softmax

Scores = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

LEAST = -12.0  # a smaller logarithm of a probability says no more
SURE = math.log(0.99)  # a digit that stands alone needs no cuts from this logarithm of its probability on
NO_REJECT = -6.0  # and up to this one of the probability that it is none
UPRIGHT = 1.5  # times as high as wide: at the page's edge, what is low and so upright is left of a border
FINEST = 64  # cuts are at most so many times nearer to each other than usual


@dataclass(frozen=True)
class Weights:
    """What the search subtracts from the logarithm of a candidate's probability.

    Attributes:
        cut: for ink that a cut crosses, per character height of it.
        gap: for empty columns inside of a candidate, per character height of them.
        join: for each place inside of a candidate where a cut would cross no ink.
        reject: for a candidate that is not a digit.
        low: times the square of ln(usual height / the candidate's longer side).
        wide: times the square of how far ln(width / height) is from the digit's mean, in standard deviations.
        digit: for every candidate.
        stroke: for a 1, at each side where it is cut from other ink: any straight stroke reads as a 1.
        sure: times the logarithm of reject's probability, which is negative: a bonus for sure digits.
        mark: for a mark that stands apart and is too low for a digit, in place of everything else.
        near: added for such a mark if it may be broken off from what is beside it.
        torn: for a gap inside of what is cut from other ink: a letter's leg is not a stroke of the digit beside it.
        slight: for a candidate that has too little ink for a digit, and is not low.
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
    mark: float = 0.8
    near: float = 1.5
    torn: float = 1.0
    slight: float = 3.0


WEIGHTS = Weights()
# Mean of ln(width / height) of MNIST's digits (training part), and its standard deviation.
BREADTH = np.array([-0.11, -0.93, -0.07, -0.23, -0.24, -0.07, -0.31, -0.26, -0.28, -0.38])
SPREAD = np.array([0.20, 0.45, 0.20, 0.21, 0.21, 0.25, 0.22, 0.22, 0.23, 0.20])


@dataclass(frozen=True)
class Segment:
    """One character of a field.

    Attributes:
        glyph: uint8 (28, 28).
        box: left, top, right, bottom in the page's pixels.
        mark: whether it can't be a digit by its size and place, whatever it looks like alone: a comma looks like a 1.
    """

    glyph: Grey
    box: Box
    mark: bool


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
    ground = Ground.of(row.ink, row.size)
    lattice = make_lattice(row, ground, cuts, length)
    chosen = best_path(lattice, _logs(scores(lattice.glyphs), temperature), length)
    # Cuts slant: of two slivers the later may lie a pixel further left.
    chosen.sort(key=lambda i: int(lattice.boxes[i, 0] + lattice.boxes[i, 2]))
    if length is None:
        chosen = _without_dirt(row, ground, lattice, chosen, page.shape[1])
    boxes = lattice.boxes[chosen]
    marks = lattice.low[chosen] | out_of_line(boxes, row.size)
    found = zip(chosen, boxes.tolist(), marks.tolist(), strict=True)
    return [Segment(lattice.glyphs[i], row.on_page(box), mark) for i, box, mark in found]


def _without_dirt(row: Row, ground: Ground, lattice: Lattice, chosen: list[int], width: int) -> list[int]:
    """Without low marks that are specks, above or below, or remains of borders on a page ``width`` pixels wide."""
    boxes = lattice.boxes[chosen]
    left, top, right, bottom = np.array([row.on_page(box) for box in boxes.tolist()]).T
    at_end = ((left <= 0) | (right >= width)) & (bottom - top > UPRIGHT * (right - left))
    marks = lattice.whole[chosen] & (lattice.low | lattice.points)[chosen]
    dirt = marks & (ground.dirt(boxes, lattice.ink[chosen]) | at_end)
    return [i for i, is_dirt in zip(chosen, dirt.tolist(), strict=True) if not is_dirt]


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
    filled = Filled(row, cuts)
    last = len(cuts.paths) - 1
    kept = [0]
    for cut in range(1, last):
        if filled.between(kept[-1], cut) and filled.between(cut, last):
            kept.append(cut)
    if filled.between(kept[-1], last):
        kept.append(last)
    return Cuts(cuts.paths[kept], cuts.crossed[kept])


def _needed_cuts(row: Row, cuts: Cuts, scores: Scores, temperature: float) -> Cuts:
    """Without the cuts through ink that reads as one digit and touches no other: this saves most of the time."""
    gaps = np.flatnonzero(cuts.crossed < GAP)
    islands = [
        (a, b, found)
        for a, b in pairwise(gaps.tolist())
        if (found := part(row.ink, between(row, cuts, a, b)))
    ]
    logs = _logs(scores(np.stack([glyph for _, _, (glyph, *_) in islands])), temperature)
    kept = np.ones(len(cuts.paths), bool)
    for (a, b, (_, (left, top, right, bottom), *_)), log in zip(islands, logs, strict=True):
        usual = right - left <= row.size and bottom - top >= 0.6 * row.size
        if usual and log[:REJECT].max() >= SURE and log[REJECT] <= NO_REJECT:
            kept[a + 1 : b] = False
    return Cuts(cuts.paths[kept], cuts.crossed[kept])


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
    slight = ~lattice.low & (lattice.ink < APART * lattice.size**2)
    value -= np.maximum(weights.torn * (lattice.parted & (lattice.sides > 0)), weights.slight * slight)
    mark = weights.mark + weights.near * lattice.near
    value = np.where(lattice.points, np.maximum(value, logs[:, REJECT] - mark), value)
    return np.where(lattice.whole & lattice.low, -mark, value)


def _skip_values(
    lattice: Lattice, logs: NDArray[np.float64], weights: Weights = WEIGHTS
) -> NDArray[np.float64]:
    """What it costs to pass over each candidate: float (N,), minus infinity for what is cut from other ink."""
    low = lattice.whole & (lattice.low | lattice.points)
    cost = np.where(low, weights.mark, weights.reject - logs[:, REJECT]) + weights.gap * lattice.gap
    return np.where(lattice.whole, -cost, -np.inf)


def best_path(
    lattice: Lattice, logs: NDArray[np.float64], length: int | None, weights: Weights = WEIGHTS
) -> list[int]:
    """The sequence of candidates that reads best, found by dynamic programming.

    Args:
        lattice: N candidates.
        logs: float (N, 11), the logarithms of the network's probabilities.
        length: how many characters there are; None if that is unknown. If it is given, candidates that stand apart and
            are marks, or read as no digit, may be skipped.
        weights: what the search weighs.

    Returns:
        Indices of candidates, left to right: ``length`` of them, or as many as the cuts allow.
    """
    values, skips = candidate_values(lattice, logs, weights), _skip_values(lattice, logs, weights)
    last, count = lattice.nodes - 1, len(values)
    rounds = 1 if length is None else min(length, last)
    best = np.full((rounds + 1, lattice.nodes), -np.inf)
    came = np.full((rounds + 1, lattice.nodes), -1)
    best[0, 0] = 0.0

    def offer(ways: NDArray[np.float64], used: slice, end: int, step: int) -> None:
        better = ways > best[used, end]
        best[used, end][better] = ways[better]
        came[used, end][better] = step

    for i in lattice.end.argsort(kind="stable").tolist():
        start, end = lattice.start[i], lattice.end[i]
        before = best[:-1, start] if length else np.maximum(best[:1, start], best[1:, start])
        offer(before + values[i], slice(1, None), end, i)
        if length:
            offer(best[:, start] + skips[i], slice(None), end, i + count)
    reached = np.flatnonzero(np.isfinite(best[:, last]))
    if not len(reached):  # cuts that cross may leave no ink for one of the equal shares
        return best_path(lattice, logs, None, weights)
    used = int(reached[-1])
    chosen: list[int] = []
    while last:
        skipped, i = divmod(int(came[used, last]), count)
        if not skipped:
            chosen.append(i)
            used -= length is not None
        last = int(lattice.start[i])
    return chosen[::-1]
