"""Which answers are routed to a specialist, and what its verdict changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from recognizer.results import REJECT
from recognizer.stages.decide import NO_SPECIALIST, Routing, route, settle, softmax

QUICK = settings(deadline=None, max_examples=50)
batches = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 8), st.just(11)), elements=st.floats(-30, 30, width=32), unique=True
)
odds = st.floats(-40, 40)
digit_pairs = st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1])
pairs = digit_pairs | st.integers(0, 9).map(lambda digit: (digit, REJECT))
routings = st.builds(
    Routing,
    st.lists(pairs, unique=True, max_size=12).map(tuple),
    st.floats(0, 20),
    st.booleans(),
)


def answered(logits, routing, log_odds):
    """The routed rows, and logits after the verdicts."""
    chosen, final = route(logits, routing), logits.copy()
    for i, pair in enumerate(routing.pairs):
        rows = np.flatnonzero(chosen == i)
        if len(rows):
            final[rows] = settle(logits[rows], pair, np.full(len(rows), log_odds))
    return chosen, final


@QUICK
@given(batches, routings, odds)
def test_an_answer_stays_within_its_pair(logits, routing, log_odds):
    chosen, final = answered(logits, routing, log_odds)
    for before, after, i in zip(logits, final, chosen, strict=True):
        if i == NO_SPECIALIST:
            assert (before == after).all()
        else:
            pair = routing.pairs[i]
            assert before.argmax() in pair
            assert after.argmax() in pair


@QUICK
@given(batches, routings, odds)
def test_a_verdict_against_reject_leaves_the_digits_as_they_were(logits, routing, log_odds):
    chosen, final = answered(logits, routing, log_odds)
    for before, after, i in zip(logits, final, chosen, strict=True):
        if i != NO_SPECIALIST and routing.pairs[i][1] == REJECT:
            assert (before[:REJECT] == after[:REJECT]).all()
            digit = routing.pairs[i][0]
            assert after[digit] - after[REJECT] == pytest.approx(log_odds, abs=1e-4)


@QUICK
@given(batches, pairs, odds)
def test_the_logits_of_a_pair_differ_by_the_verdict(logits, pair, log_odds):
    final = settle(logits, pair, np.full(len(logits), log_odds))
    assert final[:, pair[0]] - final[:, pair[1]] == pytest.approx(np.full(len(logits), log_odds), abs=1e-4)
    others = np.delete(np.arange(11), pair)
    assert (final[:, others] == logits[:, others]).all()


@QUICK
@given(batches, digit_pairs, odds)
def test_two_best_digits_share_what_they_had(logits, pair, log_odds):
    routing = Routing((pair,), 50.0)
    rows = route(logits, routing) != NO_SPECIALIST
    before, after = softmax(logits, 1.0)[rows], softmax(answered(logits, routing, log_odds)[1], 1.0)[rows]
    both, third = before[:, pair].sum(axis=1), np.delete(before, pair, axis=1).max(axis=1, initial=0)
    # Unless an even share of it would be less than a third class has.
    shared = both / 2 > third * 1.001
    assert after[shared][:, pair].sum(axis=1) == pytest.approx(both[shared], abs=1e-4)


@QUICK
@given(batches, routings)
@example(np.array([[-1, -2, 0, 5, 1, 2, -3, -4, 3, -5, -6]], np.float32), Routing(((3, 8),), 2.0))
def test_only_near_decisions_between_a_pair_are_routed(logits, routing):
    routing = Routing(routing.pairs, routing.margin)
    for row, i in zip(logits, route(logits, routing), strict=True):
        second, first = np.sort(row)[-2:]
        two = tuple(sorted(np.argsort(row)[-2:].tolist()))
        wanted = two in routing.pairs and first - second <= routing.margin
        assert (i != NO_SPECIALIST) == wanted
        if wanted:
            assert routing.pairs[i] == two


@QUICK
@given(batches, routings)
def test_by_answer_every_digit_of_a_pair_is_routed(logits, routing):
    routing = Routing(routing.pairs, routing.margin, by_answer=True)
    members = {each for pair in routing.pairs for each in pair}
    for row, i in zip(logits, route(logits, routing), strict=True):
        best = int(row.argmax())
        if best < REJECT:
            assert (i != NO_SPECIALIST) == (best in members)
        elif i != NO_SPECIALIST:
            assert routing.pairs[i] == (int(row[:REJECT].argmax()), REJECT)


@QUICK
@given(batches, routings, odds)
def test_what_is_sure_and_confirmed_stays_right(logits, routing, log_odds):
    """A verdict for a class makes it the answer, and so one for what stage one answered changes nothing."""
    chosen, final = answered(logits, routing, log_odds)
    for after, i in zip(final, chosen, strict=True):
        if i != NO_SPECIALIST:
            supported = routing.pairs[i][0 if log_odds >= 0 else 1]
            assert int(after.argmax()) == supported or log_odds == pytest.approx(0, abs=1e-5)


@QUICK
@given(batches, digit_pairs)
def test_an_undecided_pair_is_left_undecided(logits, pair):
    """An even verdict gives both digits the same score: below any threshold above one half it is ambiguous."""
    scores = softmax(settle(logits, pair, np.zeros(len(logits))), 1.0)
    assert scores[:, pair[0]] == pytest.approx(scores[:, pair[1]], rel=1e-4, abs=1e-12)
