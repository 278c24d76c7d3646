"""From a network's logits to an answer: pure functions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognizer.bundle import OperatingPoint
from recognizer.errors import UsageError
from recognizer.glyph import Kind
from recognizer.results import REJECT, Reason, Recognition

RIVAL = 0.5  # a second digit with this share of the best one's score makes an answer ambiguous


@dataclass(frozen=True)
class Decision:
    """What turns logits into answers: temperature, operating point, and the model's name for the record."""

    temperature: float
    point: OperatingPoint
    model: str


def softmax(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Probabilities (N, C) of logits (N, C)."""
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    powers = np.exp(scaled)
    probabilities: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def allowed_mask(allowed: Collection[int] | None) -> NDArray[np.bool_] | None:
    """Which of the ten digits may be an answer, bool (10,); None for all.

    Raises:
        UsageError: not a collection of digits, or an empty one.
    """
    if allowed is None:
        return None
    if not isinstance(allowed, Collection) or isinstance(allowed, str | bytes):
        raise UsageError(f"allowed must be a set of digits from 0 to 9, not {allowed!r}")
    digits = set(allowed)
    if not digits or any(
        isinstance(d, bool) or not isinstance(d, int | np.integer) or not 0 <= d <= 9 for d in digits
    ):
        raise UsageError(f"allowed must hold digits from 0 to 9, not {sorted(digits, key=str)}")
    mask = np.zeros(REJECT, bool)
    mask[list(digits)] = True
    return mask


def decide(
    logits: NDArray[np.float32],
    kinds: Sequence[Kind],
    decision: Decision,
    allowed: NDArray[np.bool_] | None = None,
) -> list[Recognition]:
    """Answers for a batch.

    Args:
        logits: float32 (N, 11), ten digits and reject; rows of blank pages are not looked at.
        kinds: what the page held, N of "one", "blank", "several".
        decision: the model's calibration and operating point.
        allowed: bool (10,); the scores of other digits count as reject.
    """
    scores = softmax(logits, decision.temperature)
    digit_share = scores[:, :REJECT].sum(axis=1)
    if allowed is not None:
        scores[:, REJECT] += scores[:, :REJECT][:, ~allowed].sum(axis=1)
        scores[:, :REJECT][:, ~allowed] = 0
    best = scores[:, :REJECT].argmax(axis=1)
    confidence = scores[np.arange(len(best)), best] / np.maximum(digit_share, 1e-12)
    rows = zip(scores.tolist(), best.tolist(), confidence.tolist(), kinds, strict=True)
    return [_answer(row, digit, sure, kind, decision) for row, digit, sure, kind in rows]


def _answer(scores: list[float], best: int, confidence: float, kind: Kind, decision: Decision) -> Recognition:
    if kind == "blank":
        return blank(decision.model)
    reason = None if scores[best] >= decision.point.threshold else _reason(scores, best, kind)
    return Recognition(
        best if reason is None else None,
        best,
        reason,
        min(1.0, confidence),
        tuple(scores),
        model=decision.model,
    )


def blank(model: str) -> Recognition:
    """The answer for a page without ink."""
    return Recognition(None, None, "blank", 0.0, (*[0.0] * REJECT, 1.0), model=model)


def _reason(scores: list[float], best: int, kind: Kind) -> Reason:
    if kind == "several":
        return "several_glyphs"
    if scores[REJECT] >= scores[best]:
        return "not_a_digit"
    rival = max(score for digit, score in enumerate(scores[:REJECT]) if digit != best)
    return "ambiguous" if rival >= RIVAL * scores[best] else "low_confidence"
