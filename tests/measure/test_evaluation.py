"""What the answers to a data set are summed up to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.measure.evaluation import Columns, Measured, figures, worst_failures
from recognizer.results import REJECT, Recognition

SCORES = (*[0.0] * REJECT, 1.0)


def answered(label, best, given, confidence):
    """A label and an answer to it: ``best`` is given, or refused."""
    reason = None if given else "low_confidence"
    return label, Recognition(best if given else None, best, reason, confidence, SCORES)


def measured(*rows):
    labels, answers = zip(*rows, strict=True)
    columns = Columns.of(answers, labels, [""] * len(rows))
    return Measured("set", "", columns, [], {}, None, tuple(f"image {i}" for i in range(len(rows))))


def test_the_worst_mistakes_are_answers_then_wrong_guesses_each_the_surest_first():
    """A non-digit that was refused is no mistake, whatever was guessed; nor is a right guess that was refused."""
    found = measured(
        answered(3, 8, False, 0.9),
        answered(3, 3, False, 0.4),
        answered(3, 8, True, 0.7),
        answered(REJECT, 8, False, 0.8),
        answered(REJECT, 8, True, 0.8),
        answered(5, 5, True, 0.9),
        answered(5, 6, False, 0.95),
    )
    worst = worst_failures(found, 3)
    assert worst["n"] == 4
    assert [each["image"] for each in worst["worst"]] == ["image 4", "image 2", "image 6"]
    assert worst["worst"][1] == {
        "image": "image 2", "family": "", "label": 3, "best": 8, "confidence": 0.7, "answered": True, "reason": "",
    }  # fmt: skip


rows = st.builds(answered, st.integers(0, 10), st.integers(0, 9), st.booleans(), st.floats(0, 1))


@given(st.lists(rows, min_size=1, max_size=30))
def test_every_image_is_counted_once(drawn):
    told = figures(measured(*drawn))
    digits = [(label, p) for label, p in drawn if label < REJECT]
    assert told["n"] == len(drawn)
    assert ("digits" in told) == bool(digits)
    assert ("non_digits" in told) == (len(digits) < len(drawn))
    assert sum(told["reasons"].values()) == sum(p.rejected for _, p in drawn)
    if digits:
        classes = told["digits"]["classes"]
        assert {each["digit"]: each["n"] for each in classes} == {
            label: sum(other == label for other, _ in digits) for label, _ in digits
        }
        for count, of in (("forced", "forced"), ("coverage", "coverage")):
            total = sum(each[of] * each["n"] for each in classes)
            assert total == pytest.approx(told["digits"][count]["count"])
        assert sum(each["wrong_accepted"] for each in classes) == told["digits"]["wrong_accepted"]["count"]
        assert told["digits"]["wrong_accepted"]["n"] == told["digits"]["coverage"]["count"]


def test_what_a_digit_is_confused_with_is_its_most_frequent_wrong_guess():
    blank = 4, Recognition(None, None, "blank", 0.0, SCORES)
    wrong = [answered(4, best, False, 0.5) for best in (9, 7, 9, 4, 4, 4)]
    found = measured(*wrong, *[blank] * 3, answered(2, 2, True, 1.0))
    two, four = figures(found)["digits"]["classes"]
    assert four["confused_with"] == {"digit": 9, "n": 2}
    assert two["confused_with"] is None
    assert four["forced"] == pytest.approx(3 / 9)


def test_no_images_no_figures():
    empty = Measured("set", "", Columns.of([], [], []), [], {}, None, ())
    assert {"digits", "non_digits"}.isdisjoint(figures(empty))
    assert np.isfinite(figures(empty)["stage_two"])
