"""How good answers are: pure functions over arrays.

Throughout, ``confidence`` is float (N,), 0–1, the probability that the best guess is right; ``right`` is bool (N,),
whether it is; ``accepted`` is bool (N,), whether it was given as the answer. Blank pages count: confidence 0, wrong,
refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15
COVERAGES = (1.0, 0.995, 0.99, 0.98, 0.95, 0.9)
CURVE_POINTS = 50
Z_95 = 1.959963984540054
Mask = NDArray[np.bool_]
Values = NDArray[np.float64]


def ece(confidence: Values, right: Mask) -> float:
    """Expected calibration error, 0–1, over 15 equal bins (Naeini et al. 2015; Guo et al. 2017); 0 for N = 0."""
    return sum(
        row["n"] / len(right) * abs(row["confidence"] - row["right"])
        for row in reliability(confidence, right)
    )


def reliability(confidence: Values, right: Mask) -> list[dict[str, float]]:
    """The bins of `ece` that hold anything: "n", mean "confidence" and share "right" of each, in order."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    members = [bins == each for each in np.unique(bins)]
    return [
        {"n": int(of.sum()), "confidence": float(confidence[of].mean()), "right": float(right[of].mean())}
        for of in members
    ]


def brier(confidence: Values, right: Mask) -> float:
    """Mean squared difference between confidence and being right, 0–1 (Brier 1950); 0 for N = 0."""
    return float(((confidence - right) ** 2).mean()) if len(right) else 0.0


def risk_curve(confidence: Values, right: Mask, accepted: Mask) -> Values:
    """Share of errors among the first 1, 2, … N answers, float (N,): accepted ones first, then the surer ones."""
    wrong = ~right[np.lexsort((-confidence, ~accepted))]
    risk: Values = np.cumsum(wrong) / np.arange(1, len(wrong) + 1)
    return risk


def risk_coverage(confidence: Values, right: Mask, accepted: Mask) -> list[list[float]]:
    """Points of `risk_curve`: coverage and share of errors, from half of the answers to all, closer towards all."""
    curve = risk_curve(confidence, right, accepted)
    shares = 1 - 0.5 * np.linspace(1, 0, CURVE_POINTS) ** 2
    kept = np.unique(np.rint(shares * len(curve)).astype(int))
    return [[n / len(curve), float(curve[n - 1])] for n in kept.tolist() if n]


def aurc(confidence: Values, right: Mask, accepted: Mask) -> float:
    """Area under the risk-coverage curve, 0–1 (Geifman et al. 2019): the mean of `risk_curve`; 0 for N = 0."""
    return float(risk_curve(confidence, right, accepted).mean()) if len(right) else 0.0


def wilson(count: int, n: int) -> tuple[float, float]:
    """The 95 % interval (Wilson 1927) of a share that was ``count`` of ``n``; (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = count / n, Z_95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    # At the ends the formula gives 0 and 1 up to rounding.
    low = 0.0 if count == 0 else max(0.0, middle - half)
    high = 1.0 if count == n else min(1.0, middle + half)
    return low, high


def share_of(count: int, n: int) -> dict[str, Any]:
    """``count`` of ``n`` as figures: "count", "n", "share" (None for n = 0) and its 95 % interval "interval_95"."""
    return {
        "count": count,
        "n": n,
        "share": count / n if n else None,
        "interval_95": list(wilson(count, n)),
    }


def mcnemar(mended: int, broken: int) -> float:
    """Two-sided p-value of McNemar's exact test (McNemar 1947) of two answers to the same images.

    Args:
        mended: images that only the second answer has right.
        broken: images that only the first one has right.
    """
    n, fewer = mended + broken, min(mended, broken)
    ways = tail = 1
    for k in range(fewer):
        ways = ways * (n - k) // (k + 1)
        tail += ways
    return min(1.0, 2 * tail / (1 << n))


def selective_table(
    confidence: Values, right: Mask, accepted: Mask, coverages: Sequence[float] = COVERAGES
) -> list[dict[str, Any]]:
    """The errors that would be left if exactly a share of all answers were accepted, in the order of `risk_curve`.

    Args:
        confidence: see above.
        right: see above.
        accepted: see above.
        coverages: shares, 0–1.

    Returns:
        A row a coverage: "coverage", and `share_of` the wrong ones among the accepted.
    """
    wrong = np.cumsum(~right[np.lexsort((-confidence, ~accepted))])
    rows = []
    for coverage in coverages:
        kept = round(coverage * len(right))
        rows.append({"coverage": coverage, **share_of(int(wrong[kept - 1]) if kept else 0, kept)})
    return rows
