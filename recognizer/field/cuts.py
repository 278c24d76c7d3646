"""Where two characters of a row could meet: seams from top to bottom, upright and at a slant, that cross little ink.

Drop-falling (Congedo, Dimauro, Impedovo, Pirlo 1995) follows the contour by rules; a shortest path finds the way that
crosses the least ink.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.glyph.ink import Grey

SLANTS = (-0.2, 0.05, 0.3, 0.55)  # columns to the right for each row up: most hands lean to the right
REACH = 0.15  # of a character's height: a cut may stray so far to either side of its slanted line
DEEPEST = 0.3  # of a character's height: a cut that crosses more ink is none
SLIDE = 0.06  # of a pixel of ink: what a step to the side costs a cut
APART = 0.025  # of a character's height squared: two cuts with less ink between them are one
GAP = 0.05  # of a character's height: a cut that crosses no more ink runs through a gap
POINT = (
    0.006  # of a character's height squared: between two gaps so much ink is a point, and both cuts are kept
)


@dataclass(frozen=True)
class Cuts:
    """Cuts through a row, left to right, from its left end to its right end.

    Attributes:
        paths: int (N, H), the last column that lies left of each cut, in each row of pixels.
        crossed: float (N,), the ink that each crosses, in character heights.
    """

    paths: NDArray[np.intp]
    crossed: NDArray[np.float64]


def find_cuts(ink: Grey, size: float, fineness: int = 1) -> Cuts:
    """Cut a uint8 (H, W) row of ink.

    Args:
        ink: 0 is paper, 255 a stroke's core.
        size: the usual height of a character, pixels.
        fineness: how many times closer together the cuts are, and how many times more ink they may cross.
    """
    height, width = ink.shape
    paths, costs = _seams(ink, max(1, round(REACH * size)))
    shallow = costs <= DEEPEST * size * fineness
    paths, costs = paths[shallow], costs[shallow]
    order = costs.argsort(kind="stable")
    paths, costs = paths[order], costs[order]
    sums = cv2.integral(ink)[1:, 1:].astype(np.float64) / 255
    sums = np.diff(sums, axis=0, prepend=0)
    left = np.take_along_axis(sums, paths.T, axis=1).T
    ends = np.stack([np.zeros(height), sums[:, -1]])
    least = APART * size * size / fineness
    gaps = costs < GAP * size
    apart = np.where(gaps, min(least, POINT * size * size), least)
    free = np.ones(len(paths), bool)
    for end in ends:
        free &= np.abs(left - end).sum(axis=1) >= apart
    chosen: list[int] = []
    while free.any():
        chosen.append(int(free.argmax()))
        free &= np.abs(left - left[chosen[-1]]).sum(axis=1) >= (apart if gaps[chosen[-1]] else least)
    chosen.sort(key=lambda i: float(paths[i].mean()))
    edges = np.full((1, height), -1), np.full((1, height), width - 1)
    return Cuts(
        np.concatenate([edges[0], paths[chosen], edges[1]]),
        np.concatenate([[0.0], costs[chosen] / size, [0.0]]),
    )


def _seams(ink: Grey, reach: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """For each slant and column the cheapest path from top to bottom near that line: int (N, H), float (N,)."""
    height, width = ink.shape
    rise = (height - 1) / 2 - np.arange(height)
    shifts = np.round(np.multiply.outer(SLANTS, rise)).astype(int)
    side = int(np.abs(shifts).max()) + reach
    padded = np.zeros((height, width + 2 * side), np.float32)
    padded[:, side:-side] = ink * np.float32(1 / 255)
    starts = (shifts[:, :, None] + (np.arange(width) + side - reach)).transpose(1, 0, 2).reshape(height, -1)
    band = np.arange(2 * reach + 1)
    bend = np.float32(SLIDE)
    total = padded[0][starts[0][:, None] + band]
    steps = np.zeros((height, *total.shape), np.int8)
    wider = np.full((total.shape[0], total.shape[1] + 2), np.inf, np.float32)
    for y in range(1, height):
        wider[:, 1:-1] = total
        ways = np.stack([wider[:, 1:-1], wider[:, :-2] + bend, wider[:, 2:] + bend])
        way = ways.argmin(axis=0)
        steps[y] = np.array([0, -1, 1], np.int8)[way]
        total = np.take_along_axis(ways, way[None], axis=0)[0] + padded[y][starts[y][:, None] + band]
    place = total.argmin(axis=1)
    cost = np.take_along_axis(total, place[:, None], axis=1)[:, 0].astype(np.float64)
    paths = np.empty((len(place), height), np.intp)
    every = np.arange(len(place))
    for y in range(height - 1, -1, -1):
        paths[:, y] = starts[y] + place - side
        place = place + steps[y, every, place]
    return paths.clip(0, width - 1), cost
