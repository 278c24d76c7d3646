"""The contract of every index, and the ranking they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from retrieval.codes import distances

Found = tuple[NDArray[np.int64], NDArray[np.float32]]
Keep = NDArray[np.bool_] | None

PAIRS_AT_ONCE = 1 << 12  # what fits into the cache is twice as quick


Codes_contra = TypeVar("Codes_contra", contravariant=True)


class Index(Protocol[Codes_contra]):
    """What can be searched."""

    def search(self, codes: Codes_contra, k: int, keep: Keep = None) -> Found:
        """The nearest rows of each query.

        Args:
            codes: N queries, as the index takes them.
            k: how many rows to find.
            keep: which rows may be found, bool (rows,); all of them by default.

        Returns:
            Row numbers int64 (N, k') and distances float32 (N, k'), nearest first and among equals by row
            number, where k' is the smaller of ``k`` and the number of rows kept. No row comes twice, none is
            missing, and every distance is finite.
        """
        ...


class Rows:
    """The packed dense codes of all rows, int8 (R, D), in one or several arrays that follow each other."""

    def __init__(self, parts: Sequence[NDArray[np.int8]]) -> None:
        """Take arrays int8 (R_i, D), which stay where they are."""
        self.parts = [part for part in parts if len(part)]
        self.dimensions = parts[0].shape[1] if parts else 0
        self._ends = np.cumsum([len(part) for part in self.parts], dtype=np.int64)

    def __len__(self) -> int:
        return int(self._ends[-1]) if self.parts else 0

    def blocks(self, size: int) -> Iterator[tuple[int, NDArray[np.int8]]]:
        """Blocks of at most ``size`` rows, int8 (B, D), each with the number of its first row."""
        first = 0
        for part in self.parts:
            for start in range(0, len(part), size):
                yield first + start, part[start : start + size]
            first += len(part)

    def first(self, count: int) -> Rows:
        """The rows before number ``count``."""
        starts = [end - len(part) for end, part in zip(self._ends.tolist(), self.parts, strict=True)]
        return Rows([part[: max(0, count - start)] for start, part in zip(starts, self.parts, strict=True)])

    def since(self, first: int) -> Rows:
        """The rows from number ``first`` on."""
        starts = [end - len(part) for end, part in zip(self._ends.tolist(), self.parts, strict=True)]
        cut = [part[max(0, first - start) :] for start, part in zip(starts, self.parts, strict=True)]
        return Rows(cut)

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.int8]:
        """The rows with these numbers, int (K,), in this order: int8 (K, D)."""
        found = np.empty((len(rows), self.dimensions), np.int8)
        part_of = np.searchsorted(self._ends, rows, side="right")
        for number, part in enumerate(self.parts):
            here = part_of == number
            if here.any():
                found[here] = part[rows[here] - (self._ends[number] - len(part))]
        return found

    def distances(
        self, codes: NDArray[np.int8], of: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Distances of P pairs of a query and a row, float32 (P,).

        Args:
            codes: packed queries, int8 (N, D).
            of: int64 (P,), the query of each pair.
            rows: int64 (P,), its row.
        """
        found = np.empty(len(rows), np.float32)
        for start in range(0, len(rows), PAIRS_AT_ONCE):
            part = slice(start, start + PAIRS_AT_ONCE)
            found[part] = distances(codes[of[part]], self.take(rows[part]))
        return found


def rank(
    of: NDArray[np.int64], rows: NDArray[np.int64], far: NDArray[np.float32], queries: int, k: int
) -> Found:
    """The k nearest of each query's candidates, nearest first and among equals by row number.

    Args:
        of: int64 (P,), the query that each candidate is for; each query has k candidates or more.
        rows: int64 (P,), the candidates.
        far: float32 (P,), their distances, not negative.
        queries: how many queries there are.
        k: how many rows to keep for each.

    Returns:
        Row numbers int64 (queries, k) and distances float32 (queries, k).
    """
    # Distances are not negative, so their bits are in their order: one key of both is sorted ten times as quickly.
    key = of.astype(np.int64) << 32 | far.view(np.int32)
    order = np.argsort(key, kind="stable")
    if (np.diff(key[order]) == 0).any():
        order = np.lexsort((rows, far, of))
    firsts = np.searchsorted(of[order], np.arange(queries))
    chosen = order[firsts[:, None] + np.arange(k)]
    return rows[chosen], far[chosen]


def within(k: int, rows: int, keep: Keep) -> int:
    """How many rows can be found when k are asked for: k, or as many as there are or ``keep`` lets pass."""
    return min(k, rows if keep is None else int(np.count_nonzero(keep)))


def nothing(queries: int) -> Found:
    """The answer when there is nothing to find."""
    return np.zeros((queries, 0), np.int64), np.zeros((queries, 0), np.float32)
