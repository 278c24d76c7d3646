"""What stage two changes: answers before and after it, for each pair and overall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.bundle import Bundle, OperatingPoint
from recognizer.measure import metrics
from recognizer.measure.recalibrate import Seen
from recognizer.results import REJECT
from recognizer.stages.decide import softmax

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Stage:
    """Answers of one stage to N images.

    Attributes:
        scores: float (N, 11), calibrated; a blank page has 1 for reject.
        threshold: the least score of a digit that is accepted.
    """

    scores: NDArray[np.float64]
    threshold: float

    @staticmethod
    def of(logits: NDArray[np.float32], temperature: float, threshold: float) -> Stage:
        """The scores of logits float32 (N, 11), NaN for blank pages."""
        scores = softmax(logits, temperature)
        scores[np.isnan(logits).any(axis=1)] = np.eye(REJECT + 1)[REJECT]
        return Stage(scores, threshold)

    @property
    def answers(self) -> NDArray[np.intp]:
        """The likeliest of eleven classes, int (N,)."""
        found: NDArray[np.intp] = self.scores.argmax(axis=1)
        return found

    @property
    def best(self) -> NDArray[np.intp]:
        """The likeliest digit, int (N,)."""
        found: NDArray[np.intp] = self.scores[:, :REJECT].argmax(axis=1)
        return found

    @property
    def confidence(self) -> NDArray[np.float64]:
        """The share of the likeliest digit among all digits, float (N,)."""
        digits = self.scores[:, :REJECT]
        share: NDArray[np.float64] = digits.max(axis=1) / np.maximum(digits.sum(axis=1), 1e-12)
        return np.minimum(share, 1.0)

    @property
    def accepted(self) -> Mask:
        """Whether a digit is answered at the operating point, bool (N,)."""
        highest = self.scores[:, :REJECT].max(axis=1)
        taken: Mask = (highest >= self.threshold) & (highest > 0)
        return taken


def compare(
    before: Stage, after: Stage, labels: NDArray[np.uint8], specialists: Sequence[str | None]
) -> dict[str, Any]:
    """Errors before and after stage two, JSON-ready.

    An error is an answer among eleven classes, without a threshold, that is not the label.

    Args:
        before: stage one alone, at its own calibration.
        after: both stages.
        labels: uint8 (N,), 0–10.
        specialists: which specialist decided each image, or None.

    Returns:
        "n"; "routed"; "pairs", by name, and "overall": changes as `changes` gives them, those of "overall" being
        over all images; and "before" and "after": figures of each stage.
    """
    names = np.array([name or "" for name in specialists], np.str_)
    wrong = before.answers != labels, after.answers != labels
    pairs = {
        name: changes(wrong[0][names == name], wrong[1][names == name])
        for name in sorted(set(names.tolist()) - {""})
    }
    routed = names != ""
    return {
        "n": len(labels),
        "routed": metrics.share_of(int(routed.sum()), len(labels)),
        "pairs": pairs,
        "routed_all": changes(wrong[0][routed], wrong[1][routed]),
        "overall": changes(*wrong),
        "before": stage_figures(before, labels),
        "after": stage_figures(after, labels),
    }


def changes(before: Mask, after: Mask) -> dict[str, Any]:
    """What became of mistakes, from bool (N,) before and after: counts, and McNemar's exact test."""
    mended, broken = int((before & ~after).sum()), int((after & ~before).sum())
    errors = int(before.sum())
    return {
        "n": len(before),
        "before": errors,
        "after": int(after.sum()),
        "mended": mended,
        "broken": broken,
        "change": (broken - mended) / errors if errors else None,
        "p_value": metrics.mcnemar(mended, broken),
    }


def stage_figures(stage: Stage, labels: NDArray[np.uint8]) -> dict[str, Any]:
    """Calibration and refusal figures of one stage, JSON-ready; ``labels`` are uint8 (N,), 0–10."""
    digit = labels < REJECT
    right = stage.best[digit] == labels[digit]
    confidence, accepted = stage.confidence[digit], stage.accepted[digit]
    wrong = int((accepted & ~right).sum())
    return {
        "forced_wrong": int((~right).sum()),
        "ece": metrics.ece(confidence, right),
        "brier": metrics.brier(confidence, right),
        "aurc": metrics.aurc(confidence, right, accepted),
        "coverage": metrics.share_of(int(accepted.sum()), int(digit.sum())),
        "wrong_accepted": metrics.share_of(wrong, int(accepted.sum())),
        "false_accepts": metrics.share_of(int(stage.accepted[~digit].sum()), int((~digit).sum())),
    }


def compare_seen(seen: Seen, bundle: Bundle, point: OperatingPoint) -> dict[str, dict[str, Any]]:
    """`compare` for each data set of labelled images.

    Args:
        seen: what the model says of them.
        bundle: a model with specialists.
        point: its operating point; that of stage one alone is the one that it had without them.
    """
    if bundle.stage_two is None:
        return {}
    alone = bundle.stage_two["stage_one"]
    found = {}
    for name in dict.fromkeys(seen.sources.tolist()):
        of = seen.take(seen.sources == name)
        before = Stage.of(of.first, alone["temperature"], alone["operating_point"]["threshold"])
        after = Stage.of(of.logits, bundle.temperature, point.threshold)
        found[name] = compare(before, after, of.labels, [each or None for each in of.specialists.tolist()])
    return found
