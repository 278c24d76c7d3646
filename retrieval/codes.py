"""How codes are stored: dense ones as int8, wide ones as lists of dimensions and weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

_LEVELS = 127
_WEIGHT_LEVELS = 255


def pack(dense: Floats) -> NDArray[np.int8]:
    """Directions as whole numbers: each row is scaled so that its largest component becomes ±127.

    A code is a direction, so no scale has to be kept. Finite floats (N, D) to int8 (N, D).
    """
    largest = np.abs(dense).max(axis=1, keepdims=True, initial=0)
    scaled: Floats = dense * (_LEVELS / np.maximum(largest, 1e-12))
    return np.rint(scaled).astype(np.int8)


def unpack(packed: NDArray[np.int8]) -> NDArray[np.float32]:
    """Packed codes int8 (N, D) to float32 (N, D) of unit length; a row of zeros stays one."""
    dense = packed.astype(np.float32)
    units: NDArray[np.float32] = np.multiply(dense, inverse_lengths(dense)[:, None], out=dense)
    return units


def inverse_lengths(dense: NDArray[np.float32]) -> NDArray[np.float32]:
    """One over the Euclidean length of each row (N, D), which are whole numbers; float32 (N,)."""
    squares = np.einsum("ij,ij->i", dense, dense)  # whole numbers below 2**24: exact in any order of summing
    inverse: NDArray[np.float32] = 1 / np.sqrt(np.maximum(squares, np.float32(1)))
    return inverse


def distances(first: NDArray[np.int8], second: NDArray[np.int8]) -> NDArray[np.float32]:
    """Euclidean distance of the directions that packed codes (N, D) stand for, row by row; float32 (N,).

    It is computed from sums of whole numbers, which are exact in any order of summing: every engine gives the same
    distance to the last bit, and equal codes are 0 apart.
    """
    one, other = first.astype(np.float32), second.astype(np.float32)
    pairs = ((one, one), (other, other), (one, other))
    squares, others, products = (np.einsum("ij,ij->i", *pair).astype(np.float64) for pair in pairs)
    cosines = products / np.maximum(np.sqrt(squares * others), 1)
    # Of unit length, but for rows of zeros.
    far = np.minimum(squares, 1) + np.minimum(others, 1) - 2 * cosines
    measured: NDArray[np.float32] = np.sqrt(np.maximum(far, 0)).astype(np.float32)
    return measured


@dataclass(frozen=True, eq=False)
class WideCodes:
    """Sparse rows: the forward index.

    Attributes:
        counts: how many dimensions each row has; uint16 (N,).
        dimensions: which, row after row, ascending within one; uint16 (sum of counts,).
        weights: how strong, 1–255 for a share of the row's length, 0–1; uint8 (sum of counts,).
    """

    counts: NDArray[np.uint16]
    dimensions: NDArray[np.uint16]
    weights: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.counts)

    @classmethod
    def from_rows(cls, wide: Floats) -> WideCodes:
        """From floats (N, W), not negative, mostly zeros. Rows are brought to unit length first."""
        length = np.sqrt((wide * wide).sum(axis=1, keepdims=True))
        weights = np.rint(wide * (_WEIGHT_LEVELS / np.maximum(length, 1e-12))).astype(np.uint8)
        rows, dimensions = np.nonzero(weights)
        counts = np.bincount(rows, minlength=len(wide))
        return cls(counts.astype(np.uint16), dimensions.astype(np.uint16), weights[rows, dimensions])

    @classmethod
    def join(cls, parts: Sequence[WideCodes]) -> WideCodes:
        """The rows of all parts, one after the other."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            np.concatenate([np.zeros(0, np.uint16), *(part.counts for part in parts)]),
            np.concatenate([np.zeros(0, np.uint16), *(part.dimensions for part in parts)]),
            np.concatenate([np.zeros(0, np.uint8), *(part.weights for part in parts)]),
        )

    def take(self, rows: NDArray[np.intp]) -> WideCodes:
        """The rows at indices int (K,), in this order."""
        counts = self.counts[rows]
        ends = np.cumsum(self.counts, dtype=np.int64)[rows]
        within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts, dtype=np.int64) - counts, counts)
        places = np.repeat(ends - counts, counts) + within
        return WideCodes(counts, self.dimensions[places], self.weights[places])

    def starts(self) -> NDArray[np.int64]:
        """Where each row begins in ``dimensions``, and last where the last one ends; (N + 1,)."""
        return np.concatenate([[0], np.cumsum(self.counts, dtype=np.int64)])


def share_of_length(products: NDArray[np.float64]) -> NDArray[np.float64]:
    """From dot products of wide codes' weights, float of any shape, to cosines of the angle between them, 0–1."""
    return np.minimum(products / _WEIGHT_LEVELS**2, 1.0)
