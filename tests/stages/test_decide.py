"""From logits to answers: what is accepted, and why the rest is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from recognizer.bundle import OperatingPoint
from recognizer.errors import UsageError
from recognizer.results import REJECT
from recognizer.stages.decide import Decision, allowed_mask, blank, decide, rule_out, softmax

POINT = OperatingPoint("coverage 99 %", 0.7, 0.99, 0.001)
DECISION = Decision(1.0, POINT, "eleven@1, coverage 99 %")

logits_of_one = hnp.arrays(np.float32, 11, elements=st.floats(-30, 30, width=32))
batches = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 8), st.just(11)), elements=st.floats(-30, 30, width=32)
)
temperatures = st.floats(0.1, 10)
digit_sets = st.sets(st.integers(0, 9), min_size=1)


def logits_for(**shares):
    """Logits of one page whose scores are these shares; what is left goes to the other classes evenly."""
    named = {REJECT if name == "reject" else int(name[1:]): share for name, share in shares.items()}
    scores = np.full(11, (1 - sum(named.values())) / (11 - len(named)))
    scores[list(named)] = list(named.values())
    return np.log(np.maximum(scores, 1e-9)).astype(np.float32)[None]


def decided(kind="one", allowed=None, decision=DECISION, **shares):
    (answer,) = decide(logits_for(**shares), [kind], decision, allowed_mask(allowed))
    return answer


# Reasons


def test_a_sure_digit_is_accepted():
    answer = decided(d3=0.95)
    assert (answer.digit, answer.best, answer.reason, answer.rejected) == (3, 3, None, False)
    assert answer.model == DECISION.model


def test_the_threshold_itself_is_accepted():
    logits = logits_for(d3=0.7)
    exact = float(softmax(logits, 1.0)[0, 3])
    for threshold, digit in ((exact, 3), (np.nextafter(exact, 1), None)):
        point = OperatingPoint("x", threshold, 1, 0)
        assert decide(logits, ["one"], Decision(1.0, point, "m"))[0].digit == digit


@pytest.mark.parametrize(
    ("shares", "reason"),
    [
        ({"d3": 0.03, "reject": 0.96}, "not_a_digit"),
        ({"d3": 0.3, "reject": 0.7}, "low_confidence"),
        ({"d3": 0.2, "d8": 0.15, "reject": 0.65}, "ambiguous"),
        ({"d3": 0.5, "d8": 0.4}, "ambiguous"),
        ({"d3": 0.5, "d8": 0.2, "reject": 0.3}, "low_confidence"),
        ({"d3": 0.6}, "low_confidence"),
    ],
)
def test_reasons(shares, reason):
    answer = decided(**shares)
    assert (answer.digit, answer.best, answer.reason, answer.rejected) == (None, 3, reason, True)


def test_two_characters_are_named_as_such():
    """Unless the network is sure: then the second mark was no character."""
    assert decided("several", d3=0.5, d8=0.4).reason == "several_glyphs"
    assert decided("several", reject=0.9).reason == "several_glyphs"


def test_a_blank_page_has_no_best():
    for answer in (blank("m"), decided("blank", d3=0.99)):
        assert (answer.digit, answer.best, answer.reason, answer.confidence) == (None, None, "blank", 0)
        assert answer.scores == (*[0.0] * 10, 1.0)


# Confidence


def test_confidence_is_among_digits():
    """A page that is half a non-digit, but if a digit then surely a 3."""
    answer = decided(d3=0.49, reject=0.5)
    assert answer.confidence == pytest.approx(0.49 / 0.5, abs=1e-4)


# All logits


@given(batches, temperatures)
def test_scores_are_probabilities(logits, temperature):
    scores = softmax(logits, temperature)
    assert scores.shape == logits.shape
    assert (scores >= 0).all()
    assert scores.sum(axis=1) == pytest.approx(np.ones(len(logits)))
    rows = np.arange(len(logits))
    assert logits[rows, scores.argmax(axis=1)] == pytest.approx(logits.max(axis=1), abs=1e-6)


@given(logits_of_one, temperatures, st.floats(-50, 50, width=32))
def test_a_constant_changes_no_probability(logits, temperature, constant):
    assert softmax((logits + constant)[None], temperature) == pytest.approx(
        softmax(logits[None], temperature), abs=1e-4
    )


@given(st.floats(0, 2.0**100, width=32))
def test_huge_logits_do_not_overflow(size):
    logits = np.zeros((1, 11), np.float32)
    logits[0, 4] = size
    (answer,) = decide(logits, ["one"], DECISION)
    assert np.isfinite(answer.scores).all()
    assert np.isfinite(answer.confidence)


@given(batches, temperatures, st.floats(0, 1), st.none() | digit_sets, st.data())
def test_answers_are_consistent(logits, temperature, threshold, allowed, data):
    kinds = data.draw(
        st.lists(st.sampled_from(["one", "several"]), min_size=len(logits), max_size=len(logits))
    )
    decision = Decision(temperature, OperatingPoint("p", threshold, 1, 0), "m")
    for answer in decide(logits, kinds, decision, allowed_mask(allowed)):
        assert sum(answer.scores) == pytest.approx(1)
        assert min(answer.scores) >= 0
        assert 0 <= answer.confidence <= 1
        assert answer.scores[answer.best] == max(answer.scores[:REJECT])
        assert (
            (answer.digit is None) == (answer.reason is not None) == (answer.scores[answer.best] < threshold)
        )
        assert answer.digit in (None, answer.best)
        assert allowed is None or answer.best in allowed


@given(batches, temperatures)
def test_a_batch_is_decided_one_by_one(logits, temperature):
    decision = Decision(temperature, POINT, "m")
    together = decide(logits, ["one"] * len(logits), decision)
    assert together == [decide(row[None], ["one"], decision)[0] for row in logits]


@given(logits_of_one, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_threshold_accepts_no_more(logits, one, other):
    low, high = sorted((one, other))
    strict, loose = (
        decide(logits[None], ["one"], Decision(1.0, OperatingPoint("p", threshold, 1, 0), "m"))[0]
        for threshold in (high, low)
    )
    assert strict.best == loose.best
    assert strict.digit in (None, loose.digit)


# Marks that are no digits


@given(batches, temperatures, st.data())
def test_what_is_known_to_be_no_digit_is_refused_and_all_else_stays(logits, temperature, data):
    mark = np.array(data.draw(st.lists(st.booleans(), min_size=len(logits), max_size=len(logits))))
    ruled = rule_out(logits, mark, temperature)
    assert (ruled[:, :REJECT] == logits[:, :REJECT]).all()
    assert (ruled[~mark] == logits[~mark]).all()
    assert (ruled[:, REJECT] >= logits[:, REJECT]).all()
    answers = decide(ruled[mark], ["one"] * mark.sum(), Decision(temperature, POINT, "m"))
    assert {answer.reason for answer in answers} <= {"not_a_digit"}


# Allowed digits


@given(digit_sets)
def test_the_mask_is_true_where_allowed(digits):
    for form in (set, list, tuple, frozenset, np.array):
        assert set(np.flatnonzero(allowed_mask(form(sorted(digits)))).tolist()) == digits


def test_all_are_allowed_by_default():
    assert allowed_mask(None) is None


@pytest.mark.parametrize(
    "digits", [[], [10], [-1], [1.5], [2.0], ["1"], [None], [True], [1, 99], "123", b"1", 3]
)
def test_what_is_no_set_of_digits(digits):
    with pytest.raises(UsageError) as caught:
        allowed_mask(digits)
    assert str(caught.value).isprintable()


@given(logits_of_one, digit_sets)
def test_what_others_score_is_reject(logits, allowed):
    (plain,) = decide(logits[None], ["one"], DECISION)
    (kept,) = decide(logits[None], ["one"], DECISION, allowed_mask(allowed))
    for digit in range(10):
        assert kept.scores[digit] == (plain.scores[digit] if digit in allowed else 0)
    others = sum(plain.scores[digit] for digit in set(range(10)) - allowed)
    assert kept.scores[REJECT] == pytest.approx(plain.scores[REJECT] + others)
    if plain.best not in allowed and plain.digit is not None:
        assert kept.digit is None


@pytest.mark.parametrize(
    ("shares", "reason"),
    [
        ({"d3": 0.9999}, "low_confidence"),
        ({"d3": 0.4, "d4": 0.05, "d5": 0.05, "reject": 0.45}, "low_confidence"),
        ({"d3": 0.03, "reject": 0.96}, "not_a_digit"),
        ({"d4": 0.4, "d5": 0.35, "d3": 0.1}, "ambiguous"),
        ({"d4": 0.5, "reject": 0.3, "d3": 0.15}, "low_confidence"),
    ],
)
def test_what_is_no_allowed_digit_is_called_no_digit_only_where_it_is_none(shares, reason):
    answer = decided(**shares, allowed={4, 5})
    assert answer.best in {4, 5}
    assert (answer.digit, answer.reason) == (None, reason)
    assert answer.confidence < 0.1 or "d4" in shares


def test_arguments_are_left_as_they_are():
    logits = logits_for(d3=0.6)
    before = logits.copy()
    mask = allowed_mask({1})
    decide(logits, ["one"], DECISION, mask)
    assert np.array_equal(logits, before)
    assert np.flatnonzero(mask).tolist() == [1]


def test_the_others_share_is_the_same_alone_and_in_a_batch():
    """To the last bit, as without a choice of digits."""
    logits = np.random.default_rng(0).normal(0, 4, (300, 11)).astype(np.float32)
    mask = allowed_mask({5})
    together = decide(logits, ["one"] * 300, DECISION, mask)
    assert together == [decide(row[None], ["one"], DECISION, mask)[0] for row in logits]
