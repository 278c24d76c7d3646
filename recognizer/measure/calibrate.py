"""Calibration and operating points, from scores on validation data.

A blank page has scores of 0 for all digits: it is never accepted, whatever the threshold.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.needs import need
from recognizer.results import REJECT

CURVE_POINTS = 200
_THREE = 3  # the rule of three (Hanley, Lippman-Hand 1983): about -ln(0.05)
Scores = NDArray[np.float64]


def fit_temperature(logits: NDArray[np.float32], labels: NDArray[np.uint8]) -> float:
    """The temperature (Guo et al. 2017) with the least negative log-likelihood.

    Args:
        logits: float32 (N, 10), of digits.
        labels: uint8 (N,), 0–9.

    Raises:
        UsageError: scipy is not installed.
    """
    need("fitting a temperature needs", "scipy")
    from scipy.optimize import minimize_scalar

    centred = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    right = centred[np.arange(len(labels)), labels]

    def loss(log_temperature: float) -> float:
        temperature = np.exp(log_temperature)
        return float((np.log(np.exp(centred / temperature).sum(axis=1)) - right / temperature).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded").x))


def _best(scores: Scores) -> tuple[NDArray[np.intp], Scores]:
    best = scores[:, :REJECT].argmax(axis=1)
    return best, scores[np.arange(len(best)), best]


def _point(scores: Scores, labels: NDArray[np.uint8], threshold: float) -> dict[str, float]:
    best, sure = _best(scores)
    accepted = (sure >= threshold) & (sure > 0)
    error = float((best != labels)[accepted].mean()) if accepted.any() else 0.0
    return {"threshold": float(threshold), "coverage": float(accepted.mean()), "error": error}


def choose_threshold(scores: Scores, labels: NDArray[np.uint8], coverage: float) -> dict[str, Any]:
    """The operating point that accepts ``coverage`` of digits with scores float (N, 11) and labels uint8 (N,)."""
    sure = np.sort(_best(scores)[1])
    # Rounded, since (1 - 0.9) * 120 falls short of 12 by a little.
    threshold = float(sure[int(round((1 - coverage) * len(sure), 6))])
    return {"name": f"coverage {100 * coverage:g} %", **_point(scores, labels, threshold)}


def choose_by_error(
    scores: Scores, labels: NDArray[np.uint8], max_error: float, fewest: int = 1
) -> dict[str, Any] | None:
    """The operating point that accepts most digits with a share of at most ``max_error`` wrong among them.

    Args:
        scores: float (N, 11).
        labels: uint8 (N,), 0–9.
        max_error: 0–1.
        fewest: accepted digits that such a point needs.

    Returns:
        The operating point; None where there is none.
    """
    best, sure = _best(scores)
    order = np.argsort(-sure, kind="stable")
    risk = np.cumsum((best != labels)[order]) / np.arange(1, len(order) + 1)
    # Of equal scores all are accepted or none: only the last of them is an end.
    ends = np.append(np.diff(sure[order]) < 0, True) & (sure[order] > 0)
    fitting = np.flatnonzero(ends & (risk <= max_error))
    if not len(fitting) or fitting[-1] + 1 < fewest:
        return None
    threshold = float(sure[order][fitting[-1]])
    return {"name": f"error {max_error:g}", **_point(scores, labels, threshold)}


def images_needed(share: float) -> int:
    """How many images without an error show that errors are rarer than ``share``, with 95 % confidence: 3 / share."""
    return math.ceil(round(_THREE / share, 6))


def least_shown(images: float) -> float:
    """The smallest share of errors that so many images without an error show, 0–1: `images_needed` inverted."""
    return _THREE / max(images, 1)


def risk_coverage(scores: Scores, labels: NDArray[np.uint8]) -> list[dict[str, float]]:
    """The risk-coverage curve, at about `CURVE_POINTS` thresholds, from one that accepts everything upwards.

    Args:
        scores: float (N, 11).
        labels: uint8 (N,), 0–9.

    Returns:
        For each threshold: "threshold", "coverage" (0–1), "accepted" (how many), and "error" (the share of wrong ones
        among the accepted, 0–1).
    """
    sure = np.sort(_best(scores)[1])
    # Close together where few are rejected: that is where operating points lie.
    shares = 1 - np.geomspace(1, 1e-4, CURVE_POINTS)
    thresholds = np.unique(sure[np.minimum((np.flip(1 - shares) * len(sure)).astype(int), len(sure) - 1)])
    points = [_point(scores, labels, threshold) for threshold in (0.0, *thresholds.tolist())]
    return [point | {"accepted": round(point["coverage"] * len(labels))} for point in points]
