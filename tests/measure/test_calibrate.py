"""Temperature and operating points do what their names say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognizer.measure import calibrate
from recognizer.measure.calibrate import (
    choose_by_error,
    choose_threshold,
    fit_temperature,
    images_needed,
    least_shown,
    risk_coverage,
)
from recognizer.stages.decide import softmax

seeds = st.integers(0, 2**32 - 1)


def drawn(seed, n, spread=2.0):
    """Logits (N, 11) whose softmax is exactly right: labels are drawn from it, among digits."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, spread, (n, 11)).astype(np.float32)
    logits[:, 10] = -9
    shares = softmax(logits[:, :10], 1.0).cumsum(axis=1)
    labels = (rng.random((n, 1)) > shares).sum(axis=1).clip(0, 9).astype(np.uint8)
    return logits, labels


def point_of(scores, labels, threshold):
    """Coverage and error at a threshold, counted one by one."""
    accepted = [i for i, row in enumerate(scores) if max(row[:10]) >= threshold and max(row[:10]) > 0]
    wrong = [i for i in accepted if int(np.argmax(scores[i][:10])) != labels[i]]
    return len(accepted) / len(scores), len(wrong) / len(accepted) if accepted else 0.0


# Temperature


@pytest.mark.parametrize("temperature", [0.3, 0.7, 1.0, 2.0, 5.0])
def test_a_known_temperature_is_found(temperature):
    logits, labels = drawn(0, 20_000)
    found = fit_temperature(logits[:, :10] * np.float32(temperature), labels)
    assert found == pytest.approx(temperature, rel=0.05)


@given(seeds, st.floats(0.2, 5))
@settings(deadline=None, max_examples=25)
def test_the_temperature_is_a_minimum(seed, stretch):
    logits, labels = drawn(seed, 300)
    logits = logits[:, :10] * np.float32(stretch)
    found = fit_temperature(logits, labels)
    assert found > 0

    def loss(temperature):
        return -np.log(softmax(logits, temperature)[np.arange(300), labels]).mean()

    assert loss(found) <= min(loss(found * 1.1), loss(found / 1.1), loss(1.0)) + 1e-9


def test_confidence_is_honest_after_calibration():
    """Among answers given 80 to 90 %, that share is right: an overconfident network was put right."""
    logits, labels = drawn(1, 40_000)
    stretched = logits[:, :10] * np.float32(3)
    scores = softmax(stretched, fit_temperature(stretched, labels))
    sure, best = scores.max(axis=1), scores.argmax(axis=1)
    chosen = (sure > 0.8) & (sure < 0.9)
    assert (best == labels)[chosen].mean() == pytest.approx(sure[chosen].mean(), abs=0.02)
    raw = softmax(stretched, 1.0)
    chosen = (raw.max(axis=1) > 0.8) & (raw.max(axis=1) < 0.9)
    assert (best == labels)[chosen].mean() < 0.75


@pytest.mark.parametrize("labels", [np.zeros(50, np.uint8), np.ones(50, np.uint8)])
def test_all_right_and_all_wrong_have_a_temperature(labels):
    logits = np.zeros((50, 10), np.float32)
    logits[:, 0] = 8
    assert np.exp(-3.01) < fit_temperature(logits, labels) < np.exp(3.01)


# The operating point


@given(seeds, st.integers(1, 400), st.floats(0.01, 1))
@settings(deadline=None)
def test_an_operating_point_honours_its_coverage(seed, n, coverage):
    logits, labels = drawn(seed, n)
    scores = softmax(logits, 1.0)
    point = choose_threshold(scores, labels, coverage)
    assert coverage - 1e-9 <= point["coverage"] <= coverage + 1.01 / n
    assert (point["coverage"], point["error"]) == pytest.approx(point_of(scores, labels, point["threshold"]))
    assert point["name"] == f"coverage {100 * coverage:g} %"


def test_equal_scores_are_accepted_together():
    scores = np.full((10, 11), 0.05)
    scores[:, 3] = 0.5
    point = choose_threshold(scores, np.full(10, 3, np.uint8), 0.5)
    assert (point["coverage"], point["error"], point["threshold"]) == (1, 0, 0.5)


def scores_of(sure, labels, right):
    """Scores (N, 11) whose best digit has the score ``sure``, and is the label where ``right``."""
    scores = np.zeros((len(sure), 11))
    best = np.where(right, labels, (labels + 1) % 10)
    scores[np.arange(len(sure)), best] = sure
    scores[:, 10] = 1 - sure
    return scores


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.3, 0.5, 0.7, 0.9, 0.99]), st.booleans()), min_size=1, max_size=40
    ),
    st.floats(0.01, 0.9),
)
@settings(deadline=None, max_examples=60)
def test_operating_point_by_error_is_the_widest_that_holds(rows, max_error):
    sure, right = (np.array(column) for column in zip(*rows, strict=True))
    labels = np.arange(len(rows)).astype(np.uint8) % 10
    scores = scores_of(sure, labels, right)
    found = choose_by_error(scores, labels, max_error)
    fitting = []
    for threshold in set(sure[sure > 0].tolist()):
        accepted = sure >= threshold
        if (~right)[accepted].mean() <= max_error:
            fitting.append((accepted.mean(), threshold))
    if not fitting:
        assert found is None
        return
    coverage, threshold = max(fitting)
    assert (found["coverage"], found["threshold"]) == (pytest.approx(coverage), threshold)
    assert found["error"] <= max_error
    accepted = round(coverage * len(rows))
    assert choose_by_error(scores, labels, max_error, fewest=accepted) == found
    assert choose_by_error(scores, labels, max_error, fewest=accepted + 1) is None


def test_blank_pages_are_never_accepted():
    scores = np.zeros((4, 11))
    scores[:, 10] = 1
    scores[0, 3], scores[0, 10] = 0.9, 0.1
    labels = np.full(4, 3, np.uint8)
    assert choose_by_error(scores, labels, 0.5)["coverage"] == 0.25
    assert risk_coverage(scores, labels)[0]["coverage"] == 0.25
    assert choose_by_error(scores[1:], labels[1:], 1.0) is None


@pytest.mark.parametrize(
    ("share", "images"),
    [(0.001, 3000), (0.002, 1500), (1 - 0.99, 300), (1 - 0.9, 30), (0.3, 10), (0.0003, 10_000), (0.7, 5)],
)
def test_images_that_show_an_error_rate(share, images):
    """Without an error among these, it is rarer with 95 % confidence: the rule of three."""
    assert images_needed(share) == images
    assert (1 - 3 / images) ** images <= math.exp(-3) <= 0.05


@given(st.integers(3, 10**7))
def test_what_images_show_takes_as_many_images(images):
    assert images_needed(least_shown(images)) == images


# The curve


@given(seeds, st.integers(1, 400))
@settings(deadline=None, max_examples=50)
def test_the_curve_of_risk_over_coverage(seed, n):
    logits, labels = drawn(seed, n)
    scores = softmax(logits, 1.0)
    curve = risk_coverage(scores, labels)
    thresholds = [point["threshold"] for point in curve]
    coverages = [point["coverage"] for point in curve]
    assert thresholds == sorted(set(thresholds))
    assert coverages == sorted(coverages, reverse=True)
    assert (thresholds[0], coverages[0]) == (0, 1)
    assert len(curve) <= calibrate.CURVE_POINTS + 1
    for point in curve[:: max(1, len(curve) // 7)]:
        assert (point["coverage"], point["error"]) == pytest.approx(
            point_of(scores, labels, point["threshold"])
        )
        assert point["accepted"] == (scores[:, :10].max(axis=1) >= point["threshold"]).sum()


def test_the_curve_is_fine_where_few_are_rejected():
    """Operating points lie between 95 and 100 % of coverage: steps of at most a third of what is rejected."""
    logits, labels = drawn(2, 20_000)
    coverages = np.array([point["coverage"] for point in risk_coverage(softmax(logits, 1.0), labels)])
    rejected = 1 - coverages[coverages > 0.5]
    rejected = rejected[rejected > 0.002]
    assert np.diff(rejected).max() < 0.1
    assert (rejected[1:] / rejected[:-1]).max() < 1.34
