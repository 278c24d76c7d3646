"""Approximate search over a graph of near neighbours: the engine for many questions and large galleries.

What was appended since the graph was built is searched exactly beside it; what was removed is passed over. Wherever
the graph can't give k answers, the question is answered exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retrieval.exact import ExactIndex
from retrieval.graph import Graph
from retrieval.neighbours import Found, Keep, Rows, nothing, within

LEAST_ROWS = 1000
MOST_ASKED = 1000


class ApproximateIndex:
    """A graph over the first rows, and exact search of those that came later."""

    def __init__(self, rows: Rows, graph: Graph | None, covered: int) -> None:
        """Take a graph over the first ``covered`` rows; without one, all rows are searched exactly."""
        self.rows = rows
        self.covered = covered if graph else 0
        self._graph = graph
        self.name = "pynndescent" if graph else ExactIndex.name  # what an answer says that ran
        self._all = ExactIndex(rows)
        self._tail = ExactIndex(rows.since(self.covered))

    def search(self, codes: NDArray[np.int8], k: int, keep: Keep = None) -> Found:
        """See `retrieval.neighbours.Index`; ``codes`` are packed, int8 (N, D)."""
        k = within(k, len(self.rows), keep)
        if not k or not len(codes):
            return nothing(len(codes))
        if self._graph is None or self._reaches(k, keep) > MOST_ASKED:
            return self._all.search(codes, k, keep)
        ids, far = self._graph.query(codes, k, None if keep is None else keep[: self.covered])
        if len(self._tail.rows):
            later = self._tail.search(codes, k, None if keep is None else keep[self.covered :])
            ids, far = _nearest(ids, far, later[0] + self.covered, later[1])
        missing = np.isinf(far[:, -1])
        if missing.any():
            ids[missing], far[missing] = self._all.search(codes[missing], k, keep)
        return ids, far

    def _reaches(self, k: int, keep: Keep) -> float:
        """How many rows of the graph are likely nearer than the k-th that may be found."""
        if keep is None:
            return k
        return k / max(float(keep[: self.covered].mean()), 1e-9)


def _nearest(
    ids: NDArray[np.int64], far: NDArray[np.float32], later: NDArray[np.int64], later_far: NDArray[np.float32]
) -> Found:
    """The nearest of both, as many as ``ids`` (N, k) has; those of ``later`` have higher numbers than all others."""
    both, distances = np.concatenate([ids, later], axis=1), np.concatenate([far, later_far], axis=1)
    order = np.argsort(distances, axis=1, kind="stable")[:, : ids.shape[1]]
    return np.take_along_axis(both, order, axis=1), np.take_along_axis(distances, order, axis=1)
