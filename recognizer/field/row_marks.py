"""Marks of a row that are no digits by their size and place: points, commas, dashes, bars, brackets; and dirt."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.field.row_lines import Labels, find_components
from recognizer.glyph.ink import Grey
from recognizer.results import Box

Boxes = NDArray[np.intp]

TALL = 0.6  # of the usual height: what is as high as this tells where the characters of a row stand
LOW = 0.5  # of the usual height: what is lower is no digit, unless it is wide
HANGING = 0.7  # of the usual height: nor is what is lower than this and hangs below the characters' middle
FLAT = 0.6  # of the usual height: what is wider may be a digit written flat
STACKED = 0.7  # of the usual height: nor is what is lower than this and stands above or below a neighbour
SHARED = 0.3  # of its width: with so many columns in common it does
LONG = 1.2  # of its neighbours' height: what is higher and reaches below them is a bar, a slash or a bracket
NARROW = 0.55  # of its own height: if it is narrower than this
BELOW = 0.1  # of its neighbours' height: so far it reaches
NEAR = 4  # neighbours that a character is compared with
ROOM = 0.07  # of the usual height: what is nearer may be broken off
DOT = 0.045  # of a character's ink: a point has more (of 149 typefaces all have, and of pens as thick as MNIST's)
OUTSIDE = 0.05  # of the usual height: a mark that lies so far above or below the characters is dirt
DARK = 48  # of 255: lighter ink joins no strokes
WHOLE = 0.9  # of a piece's pixels: where as many lie, the piece does


@dataclass(frozen=True)
class Ground:
    """Where the characters of a row stand, and the connected pieces of its ink.

    Attributes:
        size: the usual height of a character, pixels.
        usual: the usual area of a character's strokes, pixels.
        middles: float (N,), the columns of the tall pieces' middles, ascending.
        tops: float (N,), their upper edges.
        bottoms: float (N,), their lower edges.
        labels: int32 (H, W), the number of each pixel's piece, 0 for paper.
        areas: int32 (M,), pixels of each piece, the paper first.
        heights: int32 (M,), of each piece.
    """

    size: float
    usual: float
    middles: NDArray[np.float64]
    tops: NDArray[np.float64]
    bottoms: NDArray[np.float64]
    labels: Labels
    areas: Labels
    heights: Labels

    @classmethod
    def of(cls, ink: Grey, size: float) -> Ground:
        """The ground of a uint8 (H, W) row of ink, 255 a stroke's core, whose characters are usually ``size`` high."""
        labels, stats = find_components(cv2.threshold(ink, DARK, 255, cv2.THRESH_BINARY)[1])
        pieces = stats[1:][stats[1:, cv2.CC_STAT_HEIGHT] >= TALL * size].astype(np.float64)
        left, top, wide, high, area = pieces[(2 * pieces[:, 0] + pieces[:, 2]).argsort()].T
        # Characters that touch are one piece, and wide.
        usual = float(np.median(area / np.maximum(1, wide / size))) if len(pieces) else 0.0
        return cls(
            size, usual, left + wide / 2, top, top + high,
            labels, stats[:, cv2.CC_STAT_AREA], stats[:, cv2.CC_STAT_HEIGHT],
        )  # fmt: skip

    def pieces(self, left: int, mask: NDArray[np.bool_]) -> NDArray[np.intp]:
        """The pieces in a bool (H, W) mask that begins at the column ``left``; none where it cuts through one."""
        around = self.labels[:, left : left + mask.shape[1]]
        inside = np.bincount(around[mask], minlength=len(self.areas))
        held = inside >= WHOLE * self.areas
        cut = ~held & (inside > (1 - WHOLE) * self.areas)
        return np.flatnonzero(held[1:] & ~cut[1:].any()) + 1

    def apart(self, pieces: NDArray[np.intp], box: Box) -> bool:
        """Whether no other piece lies as near above or below as the parts of a broken digit do.

        Args:
            pieces: int (K,), the numbers of the pieces in the box.
            box: left, top, right, bottom, pixels.
        """
        room = max(1, round(ROOM * self.size))
        left, top, right, bottom = box
        around = self.labels[max(0, top - room) : bottom + room, left + 1 : right - 1]
        return not set(np.unique(around).tolist()) - {0, *pieces.tolist()}

    def are_points(self, pieces: NDArray[np.intp], wide: int) -> bool:
        """Whether pieces may be a dash or points: all are low and, if there are several, they are narrow together.

        Args:
            pieces: int (K,), their numbers.
            wide: how wide they are together, pixels.
        """
        low = len(pieces) and (self.heights[pieces] < LOW * self.size).all()
        return bool(low and (len(pieces) == 1 or wide < LOW * self.size))

    def low(self, boxes: Boxes) -> NDArray[np.bool_]:
        """Which of the boxes, int (N, 4), are too low for a digit of this row."""
        wide, high = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
        tops, bottoms = self._edges(boxes)
        hanging = boxes[:, 1] > (tops + bottoms) / 2
        low = high < np.where(hanging, HANGING, LOW) * self.size
        return np.asarray(low & (wide < FLAT * self.size), bool)

    def dirt(self, boxes: Boxes, inks: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of the boxes, int (N, 4), have less ink, float (N,), than a point, or are above or below the others."""
        tops, bottoms = self._edges(boxes)
        room = OUTSIDE * self.size
        outside = (boxes[:, 1] > bottoms + room) | (boxes[:, 3] < tops - room)
        return np.asarray(outside | (inks < DOT * self.usual), bool)

    def _edges(self, boxes: Boxes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The characters' upper and lower edges where the boxes are, interpolated: a row may be tilted."""
        if not len(self.middles):
            return np.zeros(len(boxes)), np.full(len(boxes), float(len(self.labels)))
        middles = (boxes[:, 0] + boxes[:, 2]) / 2
        return np.interp(middles, self.middles, self.tops), np.interp(middles, self.middles, self.bottoms)


def out_of_line(boxes: Boxes, size: float) -> NDArray[np.bool_]:
    """Which boxes can be no digits beside the others: bool (N,).

    Args:
        boxes: int (N, 4), left to right, of a row's characters.
        size: the usual height of a character, pixels.
    """
    high, wide = boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0]
    shared = np.maximum(0, boxes[:-1, 2] - boxes[1:, 0])
    shared = np.maximum(np.append(shared, 0), np.append(0, shared))
    found = (high < STACKED * size) & (shared >= SHARED * wide)
    tall = np.flatnonzero(high >= TALL * size)
    for place in tall if len(tall) > 2 else ():  # of two, either may be the one out of line
        others = tall[tall != place]
        near = others[np.abs(others - place).argsort(kind="stable")[:NEAR]]
        usual, bottom = np.median(high[near]), np.median(boxes[near, 3])
        narrow = wide[place] < NARROW * high[place]
        found[place] |= narrow and high[place] >= LONG * usual and boxes[place, 3] - bottom >= BELOW * usual
    return np.asarray(found, bool)
