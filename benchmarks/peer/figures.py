"""How recognizers compare: pure functions from answers to figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.measure import metrics

COVERAGE = 0.99
POINTS = 200


@dataclass(frozen=True)
class Answers:
    """What a recognizer said of N images.

    Attributes:
        best: int (N,), the best guess, or -1.
        digit: int (N,), the answer as it comes, or -1.
        confidence: float (N,), in the best guess; higher is surer.
    """

    best: NDArray[np.int64]
    digit: NDArray[np.int64]
    confidence: NDArray[np.float64]

    @classmethod
    def read(cls, path: Path) -> Answers:
        """What `peer_process` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(
                stored["best"].astype(np.int64), stored["digit"].astype(np.int64), stored["confidence"]
            )

    def accepted(self, threshold: float | None) -> NDArray[np.bool_]:
        """Which are answered, bool (N,): as they come for None, otherwise guesses at least that sure."""
        if threshold is None:
            return self.digit >= 0
        sure: NDArray[np.bool_] = (self.best >= 0) & (self.confidence >= threshold)
        return sure

    def given(self, threshold: float | None) -> NDArray[np.int64]:
        """What an accepted answer says."""
        return self.digit if threshold is None else self.best


def level_at(sure: NDArray[np.float64], coverage: float = COVERAGE) -> float:
    """The value of float (N,) that a share ``coverage`` of them reach."""
    # Rounded, since (1 - 0.99) * 100 exceeds 1 by a little.
    return float(np.sort(sure)[int(round((1 - coverage) * len(sure), 6))])


def threshold_at(answers: Answers, coverage: float = COVERAGE) -> float:
    """The confidence from which on a share of all images is answered, or as many as have a guess if these are fewer."""
    sure = np.where(answers.best >= 0, answers.confidence, -np.inf)
    level = level_at(sure, coverage)
    return level if np.isfinite(level) else float(np.min(sure[np.isfinite(sure)], initial=0.0))


def right(answers: Answers, labels: NDArray[np.uint8], of: NDArray[np.bool_] | None = None) -> dict[str, Any]:
    """How many best guesses are right, of all or of some."""
    found = answers.best == labels
    found = found if of is None else found[of]
    return metrics.share_of(int(found.sum()), len(found))


def operation(
    by_set: Mapping[str, Answers], labels: NDArray[np.uint8], threshold: float | None
) -> dict[str, Any]:
    """What is answered at a threshold: of MNIST's digits, wrongly among these, and of what is no digit.

    Args:
        by_set: answers to "MNIST", "Omniglot" and "empty cells".
        labels: of MNIST's digits.
        threshold: see `Answers.accepted`.
    """
    digits = by_set["MNIST"]
    accepted = digits.accepted(threshold)
    wrong = accepted & (digits.given(threshold) != labels)
    found: dict[str, Any] = {
        "threshold": threshold,
        "coverage": metrics.share_of(int(accepted.sum()), len(accepted)),
        "wrong_accepted": metrics.share_of(int(wrong.sum()), int(accepted.sum())),
    }
    for name in ("Omniglot", "empty cells"):
        given = by_set[name].accepted(threshold)
        found[name] = metrics.share_of(int(given.sum()), len(given))
    return found


def curve(digits: Answers, others: Answers) -> list[list[float]]:
    """Coverage of digits and share of non-digits answered, over all thresholds, from strict to none at all."""
    sure = np.unique(digits.confidence[digits.best >= 0])[::-1]
    if not len(sure):
        return []
    # Close together where nearly all digits are answered: that is where operating points lie.
    places = (len(sure) - 1) * (1 - np.geomspace(1, 1e-4, POINTS))
    chosen = sure[np.unique(np.append(np.rint(places), len(sure) - 1).astype(int))]
    return [
        [float(digits.accepted(limit).mean()), float(others.accepted(limit).mean())]
        for limit in (*chosen.tolist(), -np.inf)
    ]
