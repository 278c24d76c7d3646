"""The inverted index of recall mode: for each dimension of the wide code, the rows that have it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retrieval.codes import WideCodes, share_of_length
from retrieval.neighbours import Found, Keep, nothing, within


class InvertedIndex:
    """Scores all rows that share a dimension with the query in one pass over these dimensions' posting lists."""

    name = "inverted"

    def __init__(self, codes: WideCodes, dimensions: int) -> None:
        """Index the wide codes of all rows, which have this many dimensions."""
        self._rows = len(codes)
        order = np.argsort(codes.dimensions, kind="stable")  # stable: a radix sort on uint16
        owners = np.repeat(np.arange(len(codes), dtype=np.uint32), codes.counts)
        self._posted = owners[order]
        self._weights = codes.weights[order]
        lengths = np.bincount(codes.dimensions, minlength=dimensions)
        self._starts = np.concatenate([[0], np.cumsum(lengths)])

    def search(self, codes: WideCodes, k: int, keep: Keep = None) -> Found:
        """See `retrieval.neighbours.Index`; a distance is 1 minus the cosine of the angle, 0–1.

        A row that shares nothing with the query is at distance 1, and comes last.
        """
        k = within(k, self._rows, keep)
        if not k or not len(codes):
            return nothing(len(codes))
        starts = codes.starts()
        ids = np.empty((len(codes), k), np.int64)
        far = np.empty((len(codes), k), np.float32)
        for number in range(len(codes)):
            entries = slice(starts[number], starts[number + 1])
            products = self._products(codes.dimensions[entries], codes.weights[entries])
            if keep is not None:
                products[~keep] = -1
            ids[number] = _largest(products, k)
            far[number] = 1 - share_of_length(products[ids[number]])
        return ids, far

    def _products(self, dimensions: NDArray[np.uint16], weights: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Sums of products of whole numbers: equal rows get equal sums, in whatever order they are added."""
        lists = [slice(self._starts[d], self._starts[d + 1]) for d in dimensions.astype(np.intp)]
        if not lists:
            return np.zeros(self._rows)
        posted = np.concatenate([self._posted[part] for part in lists])
        products = np.concatenate(
            [self._weights[part] * np.float64(w) for part, w in zip(lists, weights, strict=True)]
        )
        return np.bincount(posted, products, self._rows).astype(np.float64, copy=False)


def _largest(values: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Where the k largest values are, largest first, and among equals in order."""
    limit = np.partition(values, len(values) - k)[len(values) - k]
    above = np.flatnonzero(values > limit)
    equal = np.flatnonzero(values == limit)[: k - len(above)]
    places = np.concatenate([above, equal])
    return places[np.lexsort((places, -values[places]))]
