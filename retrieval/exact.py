"""Exact search, block by block: the engine for a few questions, and what the others are held to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retrieval.codes import inverse_lengths, unpack
from retrieval.neighbours import Found, Keep, Rows, nothing, rank, within

BLOCK = 8192
QUERIES = 128
SAMPLE = 2048
# Scores are float32 sums whose last bits depend on how many queries are asked at once. What lies this close to
# the limit stays a candidate, and true distances, which don't depend on that, decide.
SLACK = np.float32(1e-5)


class ExactIndex:
    """Compares every query with every row."""

    name = "exact"

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def search(self, codes: NDArray[np.int8], k: int, keep: Keep = None) -> Found:
        """See `retrieval.neighbours.Index`; ``codes`` are packed, int8 (N, D)."""
        k = within(k, len(self.rows), keep)
        if not k or not len(codes):
            return nothing(len(codes))
        parts = [
            self._search(codes[start : start + QUERIES], k, keep) for start in range(0, len(codes), QUERIES)
        ]
        return np.concatenate([ids for ids, _ in parts]), np.concatenate([far for _, far in parts])

    def _search(self, codes: NDArray[np.int8], k: int, keep: Keep) -> Found:
        queries = unpack(codes)
        candidates = _Candidates(len(queries), k, self._limit(queries, k, keep))
        for start, block in self.rows.blocks(BLOCK):
            scores = _scores(queries, block)
            if keep is not None:
                scores[:, ~keep[start : start + len(block)]] = -np.inf
            candidates.add(scores, start)
        of, rows = candidates.best()
        return rank(of, rows, self.rows.distances(codes, of, rows), len(codes), k)

    def within(self, codes: NDArray[np.int8], distance: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All pairs of a query, packed (N, D), and a row at most ``distance`` apart: both numbers, int64 (P,)."""
        queries = unpack(codes)
        limit = np.float32(1 - distance**2 / 2) - SLACK
        of, rows = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for start, block in self.rows.blocks(BLOCK):
            query, row = np.nonzero(_scores(queries, block) >= limit)
            of.append(query)
            rows.append(row + start)
        found_of, found_rows = np.concatenate(of), np.concatenate(rows)
        near = self.rows.distances(codes, found_of, found_rows) <= distance
        return found_of[near], found_rows[near]

    def _limit(self, queries: NDArray[np.float32], k: int, keep: Keep) -> NDArray[np.float32]:
        """A score that at least k rows of each query reach, from a sample of rows spread over all of them."""
        among = np.arange(len(self.rows)) if keep is None else np.flatnonzero(keep)
        sample = among[:: max(1, len(among) // max(SAMPLE, k))]
        scores = _scores(queries, self.rows.take(sample))
        limit: NDArray[np.float32] = np.partition(scores, len(sample) - k, axis=1)[:, len(sample) - k]
        return limit


def _scores(queries: NDArray[np.float32], block: NDArray[np.int8]) -> NDArray[np.float32]:
    """Cosine of the angle between each query, float32 (N, D), and each packed row; float32 (N, rows)."""
    rows = block.astype(np.float32)
    scores = queries @ rows.T
    scores *= inverse_lengths(rows)
    return scores


class _Candidates:
    """Rows that may be among the k best of their query."""

    def __init__(self, queries: int, k: int, limit: NDArray[np.float32]) -> None:
        self._k = k
        self._limit = limit
        self._most = queries * (8 * k + 256)
        self._of = np.zeros(0, np.int64)
        self._rows = np.zeros(0, np.int64)
        self._scores = np.zeros(0, np.float32)

    def add(self, scores: NDArray[np.float32], first: int) -> None:
        """Look at the scores (N, rows) of the rows that begin with ``first``."""
        of, rows = np.nonzero(scores >= self._limit[:, None] - SLACK)
        self._of = np.concatenate([self._of, of])
        self._rows = np.concatenate([self._rows, rows + first])
        self._scores = np.concatenate([self._scores, scores[of, rows]])
        if len(self._of) > self._most:
            self._prune()

    def best(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Queries and their rows: the k best of each query, and all that could be as good."""
        self._prune()
        return self._of, self._rows

    def _prune(self) -> None:
        order = np.lexsort((-self._scores, self._of))
        of, scores = self._of[order], self._scores[order]
        queries = np.arange(len(self._limit))
        firsts = np.searchsorted(of, queries)
        counts = np.searchsorted(of, queries, side="right") - firsts
        full = counts >= self._k
        self._limit[full] = np.maximum(self._limit[full], scores[(firsts + self._k - 1)[full]])
        kept = scores >= self._limit[of] - SLACK
        self._of, self._rows, self._scores = of[kept], self._rows[order][kept], scores[kept]
