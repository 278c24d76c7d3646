"""Which specialists pay: of what kind, how much they have a say, how near a decision must be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from recognizer.stages.specialists import Blend
from recognizer.training.specialists.choice import Asked, Budget, choose, choose_kind, fit_blend
from recognizer.training.specialists.fit import LOGISTIC, NETWORK, NETWORK_VIEWS

QUICK = settings(deadline=None, max_examples=30)
PAIR = (3, 8)


def asked_about(n=3000, skill=2.0, seed=0, pair=PAIR, names=(LOGISTIC, NETWORK)):
    """Near decisions, on which the second kind knows more than stage one, and the first nothing."""
    rng = np.random.default_rng(seed)
    first = rng.random(n) < 0.5
    sign = np.where(first, 1, -1)
    own = 0.8 * sign + rng.normal(0, 1, n)
    verdicts = {names[0]: rng.normal(0, 1, n), names[1]: skill * sign + rng.normal(0, 2, n)}
    labels = np.where(first, *pair).astype(np.uint8)
    return Asked(pair, np.arange(n), (np.arange(n) % 2).astype(np.int8), labels, own, verdicts)


def test_the_better_kind_is_chosen_and_pays():
    choice = choose_kind(asked_about())
    assert choice.kind == NETWORK
    assert choice.pays
    assert choice.gain["after"] < choice.gain["before"]


def test_the_simplest_of_equals_is_chosen():
    asked = asked_about()
    same = dict.fromkeys((NETWORK_VIEWS, NETWORK, LOGISTIC), asked.verdicts[NETWORK])
    assert choose_kind(Asked(**{**vars(asked), "verdicts": same})).kind == LOGISTIC


@pytest.mark.parametrize("seed", range(5))
def test_a_specialist_that_knows_nothing_does_not_pay(seed):
    asked = asked_about(skill=0.0, seed=seed)
    plan = choose({PAIR: asked})
    assert not plan.enabled
    assert plan.curve[0]["errors"] == plan.curve[-1]["errors"] == 0


def test_the_margin_is_no_wider_than_needed():
    """Beyond a lead of two, stage one is right: to ask there costs time and mends nothing."""
    asked = asked_about()
    far = np.abs(asked.own) > 2
    sure = Asked(**{**vars(asked), "own": np.where(far, 6 * np.where(asked.labels == 3, 1, -1), asked.own)})
    plan = choose({PAIR: sure})
    assert plan.enabled
    assert plan.margin <= 2.0
    curve = {point["margin"]: point for point in plan.curve}
    asked_counts = [curve[margin]["asked"] for margin in sorted(curve)]
    assert asked_counts == sorted(asked_counts)
    assert curve[plan.margin]["errors"] < curve[0.0]["errors"]


def some_cost(most):
    """A budget: a second kind that costs one, and a third that costs five."""
    return Budget(most, {NETWORK: 1.0, NETWORK_VIEWS: 5.0}, 3000)


def three_kinds():
    """The third kind knows a little more than the second, and the first nothing."""
    asked = asked_about()
    sign = np.where(asked.labels == PAIR[0], 1.0, -1.0)
    more = asked.verdicts[NETWORK] + 0.6 * sign
    return {PAIR: replace(asked, verdicts={**asked.verdicts, NETWORK_VIEWS: more})}


@pytest.mark.parametrize("most", [0.0, 0.05, 0.3, 0.6, 2.0, 10.0])
def test_specialists_cost_no_more_than_they_may(most):
    asked, budget = three_kinds(), some_cost(most)
    plan = choose(asked, budget)
    assert budget.total(asked, plan) <= most * budget.n
    assert set(plan.choices[PAIR].errors) == {"none", LOGISTIC, NETWORK, NETWORK_VIEWS}


def test_a_cheap_kind_that_is_asked_often_beats_a_dear_one_that_is_asked_seldom():
    asked = three_kinds()
    plenty, scarce, little = (choose(asked, some_cost(most)) for most in (10.0, 0.9, 0.3))
    assert plenty.choices[PAIR].kind == NETWORK_VIEWS
    assert scarce.choices[PAIR].kind == NETWORK
    assert plenty.margin >= scarce.margin > little.margin
    assert plenty.errors <= scarce.errors < little.errors
    each = some_cost(0.9).each(asked, scarce)
    assert each == 1.0


def test_labels_of_a_third_class_stay_wrong():
    asked = asked_about()
    other = Asked(**{**vars(asked), "labels": np.full(len(asked), 5, np.uint8)})
    assert other.wrong(other.own).all()
    assert other.wrong(-other.own).all()


@QUICK
@given(st.floats(0.3, 2), st.floats(-1.5, 1.5), st.integers(0, 1000))
def test_blends_find_the_weights_that_made_the_labels(weight, bias, seed):
    rng = np.random.default_rng(seed)
    own, verdict = rng.normal(0, 2, 6000), rng.normal(0, 2, 6000)
    first = rng.random(6000) < 1 / (1 + np.exp(-(0.5 * own + weight * verdict + bias)))
    found = fit_blend(own, verdict, first, biased=True)
    assert (found.first, found.second, found.bias) == pytest.approx((0.5, weight, bias), abs=0.2)
    assert fit_blend(own, verdict, first, biased=False).bias == 0


def test_a_strong_prior_holds_and_nothing_seen_keeps_it():
    prior = Blend(0.4, 0.7, 0.1)
    none, mask = np.zeros(0), np.zeros(0, bool)
    assert fit_blend(none, none, mask, biased=True, prior=prior) == prior
    asked = asked_about(200)
    held = fit_blend(asked.own, asked.verdicts[NETWORK], asked.labels == 3, True, prior, strength=1e9)
    assert (held.first, held.second, held.bias) == pytest.approx((0.4, 0.7, 0.1), abs=1e-3)


def test_separable_verdicts_have_finite_weights():
    sign = np.where(np.arange(100) % 2, 1.0, -1.0)
    found = fit_blend(sign, 100 * sign, sign > 0, biased=False)
    assert np.isfinite([found.first, found.second]).all()
