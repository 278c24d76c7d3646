"""Clusters of bad cases that look alike: larger than chance would make them among known digits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.feedback.evidence import Rows
from recognizer.results import REJECT

NEAR = 0.01  # share of pairs of known digits of the same class that are nearer than what counts as alike
FEWEST = 5  # cases of a cluster
DRAWS = 199
SIGNIFICANCE = 0.01  # of all pairs together, and of all clusters together
_PAIRS = 4000
Codes = NDArray[np.float32]


@dataclass(frozen=True)
class Known:
    """Known digits to compare with: unit codes float32 (M, D), and labels uint8 (M,)."""

    codes: Codes
    labels: NDArray[np.uint8]


@dataclass(frozen=True)
class Cluster:
    """Cases that look alike.

    Attributes:
        rows: their indices among the cases, int (K,).
        p_value: the chance that as many known digits of the same classes have a cluster this large or larger anywhere.
    """

    rows: Rows
    p_value: float


def find_clusters(codes: Codes, labels: NDArray[np.uint8], known: Known, seed: int = 0) -> list[Cluster]:
    """Clusters of cases that are larger than chance would make them, the largest first.

    They are found by density (DBSCAN, Ester et al. 1996). Chance is measured on known digits of the same classes, drawn
    again and again. The largest cluster of each draw counts, so the test holds for all clusters together (a scan
    statistic, Kulldorff 1997).

    Args:
        codes: float32 (N, D), of unit length.
        labels: uint8 (N,), 0–10.
        known: what chance is measured on.
        seed: of the draws.

    Returns:
        Clusters of `FEWEST` or more cases, with a p-value of at most `SIGNIFICANCE`.
    """
    if len(codes) < FEWEST or len(known.labels) < 2:
        return []
    rng = np.random.default_rng(seed)
    limit = alike_within(known, rng)
    found = _dense(codes, limit)
    if not found:
        return []
    largest = np.array([_largest(known.codes[_draw(labels, known, rng)], limit) for _ in range(DRAWS)])
    tested = [Cluster(rows, (1 + int((largest >= len(rows)).sum())) / (DRAWS + 1)) for rows in found]
    return [each for each in tested if each.p_value <= SIGNIFICANCE]


def alike_within(known: Known, rng: np.random.Generator) -> float:
    """The distance of codes, 0–2, below which a share ``NEAR`` of the pairs of known digits of a class lie."""
    first = rng.integers(0, len(known.labels), _PAIRS)
    order = np.argsort(known.labels, kind="stable")
    start = np.searchsorted(known.labels[order], known.labels[first])
    size = np.bincount(known.labels, minlength=REJECT + 1)[known.labels[first]]
    second = order[start + (rng.random(_PAIRS) * size).astype(int)]
    different = first != second
    far = np.linalg.norm(known.codes[first[different]] - known.codes[second[different]], axis=1)
    return float(np.quantile(far, NEAR)) if len(far) else 0.0


def _dense(codes: Codes, limit: float) -> list[Rows]:
    from sklearn.cluster import DBSCAN

    found = DBSCAN(eps=max(limit, 1e-6), min_samples=FEWEST).fit_predict(codes)
    counts = Counter(found[found >= 0].tolist())
    return [np.flatnonzero(found == name) for name, _ in counts.most_common()]


def _largest(codes: Codes, limit: float) -> int:
    return max(map(len, _dense(codes, limit)), default=0)


def _draw(labels: NDArray[np.uint8], known: Known, rng: np.random.Generator) -> Rows:
    """As many known digits of each class; for what is no known digit, any."""
    parts = []
    for label, count in zip(*np.unique(labels, return_counts=True), strict=True):
        members = np.flatnonzero(known.labels == label)
        if not len(members):
            members = np.arange(len(known.labels))
        parts.append(rng.choice(members, min(count, len(members)), replace=False))
    return np.concatenate(parts)


def common_source(sources: NDArray[np.str_], rows: Rows) -> tuple[str, float]:
    """The source that most cases of a cluster come from, and how likely so many are by chance.

    Args:
        sources: text (N,), the source of every case.
        rows: int (K,), the cases of the cluster.

    Returns:
        The source, and the p-value of the hypergeometric test.
    """
    from scipy.stats import hypergeom

    name, count = Counter(sources[rows].tolist()).most_common(1)[0]
    chance = hypergeom.sf(count - 1, len(sources), int((sources == name).sum()), len(rows))
    return str(name), float(chance)
