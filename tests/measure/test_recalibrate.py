"""A temperature and an operating point from what a model says of labelled images."""

import numpy as np
import pytest

from recognizer.bundle import OperatingPoint
from recognizer.errors import DataError
from recognizer.measure.recalibrate import Fitted, Goal, Seen, cross_check, fit
from recognizer.results import REJECT

BEFORE = Fitted(1.5, OperatingPoint("coverage 99 %", 0.7, 0.99, 0.001))


def seen(labels, best, leads, reject=-9.0):
    """A model's guesses: each leads the other digits so far, in logits; ``reject`` is the logit of no digit."""
    labels = np.array(labels)
    logits = np.zeros((len(labels), REJECT + 1), np.float32)
    logits[np.arange(len(labels)), best] = leads
    logits[:, REJECT] = reject
    texts = np.full(len(labels), "one", "U7"), np.full(len(labels), "set"), np.full(len(labels), "")
    return Seen(logits, texts[0], labels.astype(np.uint8), texts[1], texts[2], logits)


def many(n, wrong, reject=-9.0):
    """n digits, surer and surer, of which the first are wrong."""
    labels = np.arange(n) % 10
    return seen(
        labels, np.where(np.arange(n) < wrong, (labels + 1) % 10, labels), np.linspace(2, 8, n), reject
    )


def test_without_enough_mistakes_the_temperature_stays():
    for data in (many(400, 9), many(400, 0, reject=20.0)):  # refused, but among digits the guess is right
        assert fit(data, Goal(coverage=0.9), BEFORE).temperature == 1.5
    assert fit(many(400, 10), Goal(coverage=0.9), BEFORE).temperature != 1.5


def test_the_temperature_is_that_of_digits_among_each_other():
    one, other = (fit(many(400, 40, reject), Goal(coverage=0.9), BEFORE) for reject in (-9.0, 5.0))
    assert one.temperature == pytest.approx(other.temperature)


def test_what_is_no_digit_is_not_fitted_to():
    digits, stamps = many(400, 40), seen([REJECT] * 50, 3, 9.0)
    both = Seen(*(np.concatenate([getattr(digits, name), getattr(stamps, name)])
                  for name in ("logits", "kinds", "labels", "sources", "specialists", "first")))  # fmt: skip
    assert fit(both, Goal(coverage=0.9), BEFORE) == fit(digits, Goal(coverage=0.9), BEFORE)


def test_blank_pages_teach_nothing_and_are_never_accepted():
    data = many(400, 60)
    data.kinds[:40] = "blank"
    data.logits[:40] = np.nan
    fitted = fit(data, Goal(max_error=0.2), BEFORE)
    assert fitted.point.coverage == pytest.approx(0.9)
    assert fitted.temperature == fit(data.take(data.kinds == "one"), Goal(max_error=0.2), BEFORE).temperature


@pytest.mark.parametrize(
    ("goal", "n"), [(Goal(coverage=0.99), 300), (Goal(max_error=0.02), 150), (Goal(coverage=0.5), 100)]
)
def test_so_many_digits_are_enough_and_one_fewer_is_not(goal, n):
    fit(many(n, 0), goal, BEFORE)
    with pytest.raises(DataError, match=f"{n - 1} readable images .* {n} are needed"):
        fit(many(n - 1, 0), goal, BEFORE)


def test_an_error_is_shown_by_as_many_accepted_digits():
    """200 of which the surest 150 are right show an error of 2 %; 149 of them don't."""
    assert fit(many(200, 50), Goal(max_error=0.02), BEFORE).point.coverage >= 0.75
    with pytest.raises(DataError, match="none accepts 150 digits"):
        fit(many(200, 54), Goal(max_error=0.02), BEFORE)


def test_each_half_is_answered_by_what_the_other_taught():
    data = many(401, 40)
    columns = cross_check(data, Goal(coverage=0.9), BEFORE, 3)
    assert sorted(columns.labels.tolist()) == sorted(data.labels.tolist())
    assert columns.accepted.mean() == pytest.approx(0.9, abs=0.07)
    again = cross_check(data, Goal(coverage=0.9), BEFORE, 3)
    assert all(np.array_equal(vars(columns)[name], vars(again)[name]) for name in vars(columns))
    assert cross_check(many(1, 0), Goal(coverage=0.9), BEFORE, 0) is None


def test_what_new_images_will_do_is_not_told_by_those_that_were_fitted_to():
    """Mistakes that no score foretells: a threshold that keeps to an error in one half fails in the other."""
    rng = np.random.default_rng(0)
    data = seen(np.zeros(400, int), (rng.random(400) < 0.1).astype(int), rng.uniform(2, 8, 400))
    errors = []
    for seed in range(10):
        columns = cross_check(data, Goal(max_error=0.1), BEFORE, seed)
        errors.append((~columns.right)[columns.accepted].mean())
    assert max(errors) > 0.1
