"""Searching a collection in Milvus: its answers are measured here, and completed where they fall short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from retrieval.codes import distances
from retrieval.exact import ExactIndex
from retrieval.milvus_collection import Collection
from retrieval.milvus_indexes import MOST, looking
from retrieval.milvus_rows import DENSE, WIDE, Row, Wanted, codes_of
from retrieval.neighbours import Rows
from retrieval.question import CANDIDATES

_KEPT = 10_000  # rows in memory while all of them are looked at

Codes = NDArray[np.int8]


class Near(NamedTuple):
    """A row, and how far its dense code is from the query's."""

    distance: float
    row: Row


class Searcher:
    """Answers questions from a collection.

    Args:
        collection: the collection.
        index: the index of its dense codes.
    """

    def __init__(self, collection: Collection, index: str) -> None:
        self._collection = collection
        self._index = index

    def nearest(self, codes: Codes, k: int, wanted: Wanted) -> list[list[Near]]:
        """The k nearest rows of each query, packed int8 (N, D), by the dense code; as many as there are.

        Where the index gives fewer, as it may when few rows pass a filter, all rows are looked at.
        """
        top = min(k, MOST)
        lists = self._collection.nearest(
            DENSE, list(codes.astype(np.float32)), top, wanted.filter, looking(self._index, top)
        )
        found, short = self._kept(codes, lists, k, wanted)
        if short:
            for query, rows in zip(short, self._scanned(codes[short], k, wanted), strict=True):
                found[query] = rows
        return [_ranked(rows)[:k] for rows in found]

    def recalled(
        self, codes: Codes, wide: Sequence[dict[int, float]], k: int, wanted: Wanted, rerank: bool
    ) -> list[list[Near]]:
        """The same from candidates by the wide code; those that share nothing with it fill up what is missing."""
        top = min(max(k, CANDIDATES) if rerank else k, MOST)
        lists = self._collection.nearest(WIDE, wide, top, wanted.filter, {})
        found, short = self._kept(codes, lists, k, wanted)
        if short:
            for query, rows in zip(short, self.nearest(codes[short], k, wanted), strict=True):
                there = {near.row.id for near in found[query]}
                found[query] += [near for near in rows if near.row.id not in there]
        return [_ranked(rows)[:k] for rows in found]

    def _kept(
        self, codes: Codes, lists: Sequence[list[Row]], k: int, wanted: Wanted
    ) -> tuple[list[list[Near]], list[int]]:
        """The rows that are wanted, measured; and which of the queries have fewer than there may be."""
        found = _measured(codes, [[row for row in rows if wanted.fits(row)] for rows in lists])
        few = [query for query, rows in enumerate(found) if len(rows) < k]
        total = self._collection.count(wanted.filter) if few else 0
        return found, [query for query in few if len(lists[query]) < total]

    def _scanned(self, codes: Codes, k: int, wanted: Wanted) -> list[list[Near]]:
        kept: list[Row] = []
        for piece in self._collection.scan(wanted.filter):
            rows = [Row.of(fields) for fields in piece]
            kept += [row for row in rows if wanted.fits(row)]
            if len(kept) > max(_KEPT, 2 * k * len(codes)):
                best = _exactly(codes, kept, k)
                kept = list({near.row.id: near.row for rows in best for near in rows}.values())
        return _exactly(codes, kept, k)


def _exactly(codes: Codes, rows: list[Row], k: int) -> list[list[Near]]:
    if not rows:
        return [[] for _ in codes]
    rows.sort(key=lambda row: row.arrived)
    ids, far = ExactIndex(Rows([codes_of(rows)])).search(codes, k)
    return [
        [Near(distance, rows[place]) for place, distance in zip(*lists, strict=True)]
        for lists in zip(ids.tolist(), far.tolist(), strict=True)
    ]


def _measured(codes: Codes, lists: Sequence[list[Row]]) -> list[list[Near]]:
    """Rows with their distances, which are those that every other engine gives."""
    rows = [row for each in lists for row in each]
    if not rows:
        return [[] for _ in lists]
    of = np.repeat(np.arange(len(lists)), [len(each) for each in lists])
    far = iter(distances(codes[of], codes_of(rows)).tolist())
    return [[Near(next(far), row) for row in each] for each in lists]


def _ranked(rows: list[Near]) -> list[Near]:
    return sorted(rows, key=lambda near: (near.distance, near.row.arrived))
