"""Approximate search over a graph of near neighbours: the engine for many questions and large galleries.

What was appended since the graph was built is searched exactly beside it; what was removed is passed over. Wherever
the graph can't give k answers, the question is answered exactly.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from retrieval.codes import unpack
from retrieval.exact import ExactIndex
from retrieval.graph import LEAST_ASKED, Graph
from retrieval.neighbours import Found, Keep, Rows, nothing, rank, within

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
        asked = self._asked(k, keep)
        if self._graph is None or asked > MOST_ASKED:
            return self._all.search(codes, k, keep)
        queries = unpack(codes)
        of, rows = self._from_graph(self._graph, queries, asked, keep)
        later, _ = self._tail.search(codes, k, None if keep is None else keep[self.covered :])
        of = np.concatenate([of, np.repeat(np.arange(len(codes)), later.shape[1])])
        rows = np.concatenate([rows, later.ravel() + self.covered])
        enough = np.bincount(of, minlength=len(codes)) >= k
        ids, far = np.empty((len(codes), k), np.int64), np.empty((len(codes), k), np.float32)
        if not enough.all():
            ids[~enough], far[~enough] = self._all.search(codes[~enough], k, keep)
            of, rows = of[enough[of]], rows[enough[of]]
        if enough.any():
            number = np.cumsum(enough) - 1
            measured = self.rows.distances(queries, of, rows)
            ids[enough], far[enough] = rank(number[of], rows, measured, int(enough.sum()), k)
        return ids, far

    def _asked(self, k: int, keep: Keep) -> int:
        """How many rows to ask the graph for, so that k of those kept are likely among them."""
        if not self._graph:
            return k
        kept = 1.0 if keep is None else float(keep[: self.covered].mean())
        # Two standard deviations more than what contains k kept ones on average.
        wanted = k if kept == 1 else (k + 2 * math.sqrt(k) + 4) / max(kept, 1e-9)
        return min(max(math.ceil(wanted), LEAST_ASKED), max(self.covered, 1))

    def _from_graph(
        self, graph: Graph, queries: NDArray[np.float32], asked: int, keep: Keep
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Queries and the rows that the graph finds for them, of those kept."""
        rows, far = graph.query(queries, asked)
        usable = np.isfinite(far)
        if keep is not None:
            usable &= keep[np.where(usable, rows, 0)]
        of, place = np.nonzero(usable)
        return of, rows[of, place].astype(np.int64)
