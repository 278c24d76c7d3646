"""The rules by which reports make a case: in any order, repeated or not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.feedback.cases import Answer, Report, Sample, settled, state_of
from recognizer.feedback.ledger import Ledger
from recognizer.results import Recognition

GLYPH = np.zeros((28, 28), np.uint8)


def said(*labels):
    """Reports of these labels; a negative one is a decision, -1 for 0 and so on."""
    return [Report(x if x >= 0 else -1 - x, "s", "r", decision=x < 0) for x in labels]


@pytest.mark.parametrize(
    ("labels", "label"),
    [
        ([3], 3),
        ([3, 3], 3),
        ([3, 8], None),
        ([10, 3], None),
        ([3, 8, -4], 3),
        ([3, 8, -4, 3], 3),
        ([3, 8, -4, 8], None),
        ([3, 8, -4, 8, -9], 8),
        ([3, -9], 8),
    ],
)
def test_reports_agree_contradict_and_are_settled(labels, label):
    assert settled(said(*labels)) == label


@pytest.mark.parametrize(
    ("label", "digit", "used_for", "state"),
    [
        (None, 3, (), "disputed"),
        (None, 3, ("learn",), "disputed"),
        (3, 8, (), "bad"),
        (3, 10, (), "bad"),
        (3, 8, ("learn",), "bad"),
        (3, 3, (), "confirmed"),
        (10, 10, (), "confirmed"),
        (3, 3, ("learn",), "learnt"),
        (3, 3, ("judge",), "judged"),
    ],
)
def test_states(label, digit, used_for, state):
    assert state_of(label, Answer(digit), used_for) == state


def test_an_answer_is_that_of_the_recognizer():
    scores = (0.1, 0.85, *[0.0] * 8, 0.05)
    assert Answer.of(Recognition(1, 1, None, 0.9, scores, model="m@1, p")) == Answer(
        1, 1, None, 0.9, scores, "m@1, p"
    )
    assert Answer.of(Recognition(None, 1, "ambiguous", 0.5, scores)).digit == 10


REPORTS = st.builds(
    Report,
    label=st.integers(0, 10),
    source=st.sampled_from(["a", "b", "c"]),
    reporter=st.sampled_from(["ann", "bob"]),
    name=st.sampled_from(["x.png", "y.png"]),
    time=st.sampled_from(["", "2026-03-01T12:00:00.000000Z"]),
    answer=st.none() | st.builds(Answer, digit=st.integers(0, 10)),
)
# What the current model says of an image is always the same.
IMAGES = st.binary(min_size=1, max_size=1)
SAMPLES = st.lists(
    st.builds(lambda image, report: Sample(image, GLYPH, Answer(image[0] % 11), report), IMAGES, REPORTS),
    max_size=12,
)


def taken(batches):
    ledger = Ledger()
    for batch in batches:
        ledger.enter(batch)
    return {
        sha: (entry.label, entry.state, entry.source, sorted(report.key for report in entry.reports))
        for sha, entry in ledger.entries.items()
    }


@given(SAMPLES, st.randoms(use_true_random=False), st.integers(1, 5))
def test_any_order_and_repetition_gives_the_same_cases(samples, rng, size):
    again = samples + rng.choices(samples, k=3) if samples else []
    rng.shuffle(again)
    batches = [again[start : start + size] for start in range(0, len(again), size)]
    assert taken(batches) == taken([samples])


@given(SAMPLES)
def test_taken_twice_nothing_is_new(samples):
    ledger = Ledger()
    first = ledger.enter(samples)
    assert set(ledger.enter(samples)) <= {"known"}
    assert first.count("new") == len({sample.image for sample in samples})


def test_a_key_of_ones_own_tells_reports_apart_and_belongs_to_one_image():
    def sample(image, label, key):
        return Sample(image, GLYPH, Answer(0), Report(label, "s", "r", key=key))

    ledger = Ledger()
    samples = [sample(b"a", 1, "k1"), sample(b"a", 2, "k1"), sample(b"a", 1, "k2"), sample(b"b", 1, "k1")]
    assert ledger.enter(samples) == ["new", "known", "further", "refused"]
    *_, refused = outcomes = ledger.outcomes(samples, ["new", "known", "further", "refused"])
    assert "k1" in refused.problem
    assert [(each.case, each.state) for each in outcomes] == [(0, "bad")] * 3 + [(0, None)]
