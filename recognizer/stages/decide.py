"""From a network's logits to an answer: pure functions."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recognizer.bundle import OperatingPoint
from recognizer.errors import UsageError
from recognizer.glyph.normalise import Kind
from recognizer.results import REJECT, Reason, Recognition

Pair: TypeAlias = tuple[int, int]
NO_SPECIALIST = -1
NO_DIGIT = 0.95  # of reject's score: on validation data 94 % of refused non-digits reach it, and 20 % of MNIST's digits
NO_DOUBT = 10.0  # of the logit of reject above the best digit's, as calibrated, where it is known to be none
RIVAL = 0.5  # a second digit with this share of the best one's score makes an answer ambiguous


class Decision(NamedTuple):
    """What turns logits into answers: temperature, operating point, and the model's name for the record."""

    temperature: float
    point: OperatingPoint
    model: str


class Routing(NamedTuple):
    """Which answers of stage one go to a specialist.

    Attributes:
        pairs: the two classes of each specialist, ascending; 10 is reject.
        margin: the greatest lead, in logits, of the answer over its rival.
        by_answer: whether every answer goes that is a member of a pair, with the likeliest partner as its rival,
            whatever the lead; otherwise the two best classes must be the pair.
    """

    pairs: tuple[Pair, ...]
    margin: float
    by_answer: bool = False


def softmax(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Probabilities (N, C) of logits (N, C)."""
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    powers = np.exp(scaled)
    probabilities: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


def allowed_digits(text: str) -> frozenset[int]:
    """A set of digits as people write it: ``1-9``, ``0,1,5``, ``1-3,7``.

    Raises:
        UsageError: it is none.
    """
    found: set[int] = set()
    for part in text.replace(" ", "").split(","):
        match = re.fullmatch(r"([0-9])(?:-([0-9]))?", part)
        if not match or match[1] > (match[2] or match[1]):
            raise UsageError(f"{text!r} is not a set of digits such as 1-9 or 0,1,5")
        found.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    return frozenset(found)


def allowed_mask(allowed: Collection[int] | None) -> NDArray[np.bool_] | None:
    """Which of the ten digits may be an answer, bool (10,); None for all.

    Raises:
        UsageError: not a collection of digits, or an empty one.
    """
    if allowed is None:
        return None
    if not isinstance(allowed, Collection) or isinstance(allowed, str | bytes):
        raise UsageError(f"allowed must be a set of digits from 0 to 9, not {allowed!r}")
    digits = list(allowed)
    if not digits or any(
        isinstance(d, bool) or not isinstance(d, int | np.integer) or not 0 <= d <= 9 for d in digits
    ):
        raise UsageError(f"allowed must hold digits from 0 to 9, not {sorted(digits, key=str)}")
    mask = np.zeros(REJECT, bool)
    mask[digits] = True
    return mask


def pair_name(pair: Pair) -> str:
    """A pair as answers name it: "3-8", "0-reject"."""
    return "-".join("reject" if each == REJECT else str(each) for each in pair)


def route(logits: NDArray[np.float32], routing: Routing) -> NDArray[np.intp]:
    """Which specialist each answer of stage one goes to: int (N,), a place in ``routing.pairs``, or -1.

    Args:
        logits: float32 (N, 11).
        routing: the rule.
    """
    specialist = np.full((REJECT + 1, REJECT + 1), NO_SPECIALIST)
    for i, (one, other) in enumerate(routing.pairs):
        specialist[one, other] = specialist[other, one] = i
    rows = np.arange(len(logits))
    best = logits.argmax(axis=1)
    rivals = logits.copy()
    rivals[rows, best] = -np.inf
    if routing.by_answer:
        # What is no digit keeps its best digit, so that a specialist can't make it another one.
        other_digit = (best == REJECT)[:, None] & (rivals < rivals.max(axis=1, keepdims=True))
        rivals[(specialist[best] == NO_SPECIALIST) | other_digit] = -np.inf
    rival = rivals.argmax(axis=1)
    lead = logits[rows, best] - rivals[rows, rival]
    near = np.isfinite(lead) & (routing.by_answer | (lead <= routing.margin))
    chosen: NDArray[np.intp] = np.where(near, specialist[best, rival], NO_SPECIALIST)
    return chosen


def settle(logits: NDArray[np.float32], pair: Pair, log_odds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Logits with a specialist's verdict: they differ by its log-odds between the two classes of its pair.

    The answer stays within the pair. Two digits keep the probability that they had together. Against reject, only the
    logit of reject moves: the digits stay as they were to each other, and so do the best guess and its confidence.

    Args:
        logits: float32 (N, 11); the answer of each is a member of the pair.
        pair: the two classes, ascending.
        log_odds: float (N,), of the first against the second.
    """
    settled = logits.astype(np.float64)
    one, other = pair
    if other == REJECT:
        settled[:, REJECT] = settled[:, one] - log_odds
        return settled.astype(np.float32)
    both = settled[:, [one, other]]
    strongest = np.delete(settled, pair, axis=1).max(axis=1)
    winner = np.logaddexp(*both.T) - np.log1p(np.exp(-np.abs(log_odds)))
    # A third class that lay between the two is not to gain from their dispute.
    winner = np.maximum(
        winner, np.where(both.max(axis=1) > strongest, (both.max(axis=1) + strongest) / 2, winner)
    )
    loser = winner - np.abs(log_odds)
    settled[:, one] = np.where(log_odds >= 0, winner, loser)
    settled[:, other] = np.where(log_odds >= 0, loser, winner)
    return settled.astype(np.float32)


def rule_out(
    logits: NDArray[np.float32], marks: NDArray[np.bool_], temperature: float
) -> NDArray[np.float32]:
    """Logits (N, 11) in which ``marks``, bool (N,), are no digits; the digits stay as they were to each other."""
    ruled = logits.copy()
    certain = logits[:, :REJECT].max(axis=1) + NO_DOUBT * temperature
    ruled[:, REJECT] = np.where(marks, np.maximum(logits[:, REJECT], certain), logits[:, REJECT])
    return ruled


def decide(
    logits: NDArray[np.float32],
    kinds: Sequence[Kind],
    decision: Decision,
    allowed: NDArray[np.bool_] | None = None,
    specialists: Sequence[str | None] | None = None,
) -> list[Recognition]:
    """Answers for a batch.

    Args:
        logits: float32 (N, 11), ten digits and reject; rows of blank pages are not looked at.
        kinds: what the page held, N of "one", "blank", "several".
        decision: the model's calibration and operating point.
        allowed: bool (10,); the scores of other digits count as reject. A page that looks most like one of them, unless
            it is clearly no digit, is refused as `low_confidence`.
        specialists: the name of the specialist whose verdict is in the logits, N of them; None where there was none.
    """
    scores = softmax(logits, decision.temperature)
    digit_share = scores[:, :REJECT].sum(axis=1)
    no_digit, excluded = scores[:, REJECT] >= NO_DIGIT, np.zeros(len(scores), bool)
    if allowed is not None:
        excluded = ~allowed[scores[:, :REJECT].argmax(axis=1)]
        # Summed in one order, however many rows there are: an answer is the same alone and in a batch, to the last bit.
        scores[:, REJECT] += np.where(allowed, 0, scores[:, :REJECT]).sum(axis=1)
        scores[:, :REJECT][:, ~allowed] = 0
    best = scores[:, :REJECT].argmax(axis=1)
    confidence = scores[np.arange(len(best)), best] / np.maximum(digit_share, 1e-12)
    names = [None] * len(best) if specialists is None else specialists
    columns = (scores, best, confidence, no_digit, excluded)
    rows = zip(*(column.tolist() for column in columns), kinds, names, strict=True)
    return [_answer(_Row(*row), decision) for row in rows]


class _Row(NamedTuple):
    """What one answer is made from: ``no_digit`` and ``excluded`` tell what was so before digits were left out."""

    scores: list[float]
    best: int
    confidence: float
    no_digit: bool
    excluded: bool
    kind: Kind
    specialist: str | None


def _answer(row: _Row, decision: Decision) -> Recognition:
    if row.kind == "blank":
        return blank(decision.model)
    reason = None if row.scores[row.best] >= decision.point.threshold else _reason(row)
    return Recognition(
        row.best if reason is None else None,
        row.best,
        reason,
        min(1.0, row.confidence),
        tuple(row.scores),
        2 if row.specialist else 1,
        row.specialist,
        model=decision.model,
    )


def blank(model: str) -> Recognition:
    """The answer for a page without ink."""
    return Recognition(None, None, "blank", 0.0, (*[0.0] * REJECT, 1.0), model=model)


def _reason(row: _Row) -> Reason:
    if row.kind == "several":
        return "several_glyphs"
    if row.no_digit:
        return "not_a_digit"
    if row.excluded:
        return "low_confidence"
    rival = max(score for digit, score in enumerate(row.scores[:REJECT]) if digit != row.best)
    return "ambiguous" if rival >= RIVAL * row.scores[row.best] else "low_confidence"
