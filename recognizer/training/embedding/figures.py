"""What codes are worth, as pure functions of codes: recall, precision, similarity by distance, duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.float32]
RANKS = (1, 10, 100)
NEIGHBOURS = 10
BLOCK = 500
BINS = 200
LONGEST = 2.0  # the distance of opposite unit vectors
FEWEST = 50  # pairs in a bin of the similarity table


@dataclass(frozen=True)
class Gallery:
    """What is searched.

    Attributes:
        codes: float32 (M, D) of unit length.
        labels: uint8 (M,).
    """

    codes: Codes
    labels: NDArray[np.uint8]

    def after(self, first: int) -> Gallery:
        """The gallery without its first rows."""
        return Gallery(self.codes[first:], self.labels[first:])


def recall(gallery: Codes, queries: Codes, originals: NDArray[np.intp]) -> dict[str, float]:
    """The share of queries whose original is the first, among the first 10, and among the first 100, as ``R@1`` etc.

    Args:
        gallery: float32 (M, D); higher inner products are nearer.
        queries: float32 (N, D).
        originals: int (N,), the row of the gallery that each query is a copy of.
    """
    ranks = np.concatenate(
        [
            (scores >= scores[np.arange(len(scores)), originals[rows], None]).sum(1)
            for rows, scores in _scores(gallery, queries)
        ]
    )
    return {f"R@{k}": float((ranks <= k).mean()) for k in RANKS}


def precision(gallery: Gallery, queries: Codes, labels: NDArray[np.uint8]) -> float:
    """The mean share of the ten nearest that show the query's digit, P@10."""
    shares = [
        (gallery.labels[_nearest(scores, NEIGHBOURS)] == labels[rows, None]).mean(1)
        for rows, scores in _scores(gallery.codes, queries)
    ]
    return float(np.concatenate(shares).mean())


def similarity_table(gallery: Gallery, queries: Codes, labels: NDArray[np.uint8]) -> dict[str, list[float]]:
    """The share of pairs of a query and a row of the gallery that show the same digit, by their distance.

    Returns:
        ``distance``, increasing, and ``share``, never increasing (isotonic regression).
    """
    from sklearn.isotonic import IsotonicRegression

    same, pairs = np.zeros(BINS), np.zeros(BINS)
    for rows, scores in _scores(gallery.codes, queries):
        bins = np.minimum((_distance(scores) * (BINS / LONGEST)).astype(np.int64), BINS - 1)
        alike = gallery.labels == labels[rows, None]
        pairs += np.bincount(bins.ravel(), minlength=BINS)
        same += np.bincount(bins[alike], minlength=BINS)
    enough = pairs >= FEWEST
    middles = ((np.arange(BINS) + 0.5) * LONGEST / BINS)[enough]
    regression = IsotonicRegression(increasing=False)
    shares = regression.fit(middles, same[enough] / pairs[enough], pairs[enough]).predict(middles)
    return {
        "distance": [round(float(each), 4) for each in middles],
        "share": [round(float(each), 5) for each in shares],
    }


def duplicate_threshold(
    gallery: Codes, queries: Codes, originals: NDArray[np.intp], wanted: float
) -> dict[str, float]:
    """The largest distance up to which at least the share ``wanted`` of what is found is the query's original.

    Args:
        gallery: float32 (M, D).
        queries: float32 (N, D), copies.
        originals: int (N,), the row of each query's original; -1 where there is none.
        wanted: the precision, 0–1.

    Returns:
        ``distance``, and the ``precision`` and ``recall`` reached; a distance of 0 where none reaches it.
    """
    far, right = [], []
    for rows, scores in _scores(gallery, queries):
        nearest = _nearest(scores, min(NEIGHBOURS, len(gallery)))
        far.append(_distance(np.take_along_axis(scores, nearest, 1)).ravel())
        right.append((nearest == originals[rows, None]).ravel())
    distances, hits = np.concatenate(far), np.concatenate(right)
    order = np.argsort(distances, kind="stable")
    found = np.cumsum(hits[order])
    precise = found / np.arange(1, len(found) + 1)
    reached = np.flatnonzero(precise >= wanted)
    if not len(reached):
        return {"distance": 0.0, "precision": 1.0, "recall": 0.0}
    last = reached[-1]
    return {
        "distance": float(distances[order[last]]),
        "precision": float(precise[last]),
        "recall": float(found[last] / max(1, (originals >= 0).sum())),
    }


def share_within(gallery: Codes, queries: Codes, distance: float) -> float:
    """The share of the queries that have a row of the gallery within the distance."""
    near = [(_distance(scores.max(1)) <= distance) for _, scores in _scores(gallery, queries)]
    return float(np.concatenate(near).mean())


def squared_error(decoded: NDArray[np.floating[Any]], glyphs: NDArray[np.uint8]) -> float:
    """The mean squared error a pixel, of glyphs 0–1, against uint8 ones."""
    return float(np.square(decoded - glyphs / 255).mean())


def sparsity(wide: Codes) -> dict[str, float]:
    """How sparse wide codes are: mean non-zeros a row, and the share of the rows in the longest posting list."""
    used = wide > 0
    return {
        "non_zeros": float(used.sum(1).mean()),
        "longest_list": float(used.mean(0).max()),
        "unused_dimensions": int((~used.any(0)).sum()),
    }


def unit(rows: Codes) -> Codes:
    """Rows brought to unit length; rows of zeros stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Codes = (rows / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled


def _scores(gallery: Codes, queries: Codes) -> Iterator[tuple[NDArray[np.intp], Codes]]:
    for start in range(0, len(queries), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(queries)))
        yield rows, queries[rows] @ gallery.T


def _nearest(scores: Codes, k: int) -> NDArray[np.intp]:
    return np.argpartition(-scores, k - 1, axis=1)[:, :k]


def _distance(scores: Codes) -> Codes:
    distances: Codes = np.sqrt(np.maximum(2 - 2 * scores, 0))
    return distances
