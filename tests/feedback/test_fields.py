"""From a table's row to a report: what is taken, what is refused, and that nothing else can happen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.errors import UsageError
from recognizer.feedback.cases import Answer
from recognizer.feedback.fields import USED, Defaults, FieldError, label_text, parse_label, report_of

DEFAULTS = Defaults("forms", "ann")
SCORES = [0.0] * 9 + [0.75, 0.25]


def made(**fields):
    return report_of({"path": "a/b.png", "label": "3", **fields}, DEFAULTS)


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("0", 0),
        (" 9 ", 9),
        (7, 7),
        (3.0, 3),
        ("3.0", 3),
        ("reject", 10),
        ("Reject", 10),
        (10, 10),
        ("10", 10),
    ],
)
def test_labels(value, label):
    assert parse_label(value) == label


@pytest.mark.parametrize("value", ["11", "-1", "", "three", "3.5", True, None, [3], "²", "٣", "3 8"])
def test_what_is_no_label(value):
    with pytest.raises(FieldError):
        parse_label(value)


@pytest.mark.parametrize("label", range(11))
def test_a_label_that_was_written_is_read(label):
    assert parse_label(label_text(label)) == label


def test_what_a_row_does_not_tell_is_the_default():
    report = made()
    assert (report.label, report.source, report.reporter, report.name) == (3, "forms", "ann", "a/b.png")
    assert (report.answer, report.time, report.decision, report.key) == (None, "", False, "")


def test_defaults_keep_to_the_rules_of_rows():
    assert Defaults("J\udcfcrgen", "a\0b") == Defaults("J\\xfcrgen", "a\\0b")
    with pytest.raises(UsageError, match=r"^source is longer than 500 characters$"):
        Defaults("a" * 501, "ann")
    with pytest.raises(UsageError, match=r"^reporter is not valid text$"):
        Defaults("forms", "\ud800")


def test_any_path_is_a_name():
    longest = "/".join(["\udcfc" * 255] * 16)
    assert made(path=longest).name == "/".join(["\\xfc" * 255] * 16)
    assert made(path=longest, name=made(path=longest).name).name == made(path=longest).name


def test_what_a_row_tells_is_taken():
    report = made(
        **{"source": "meter-7", "reporter": "bob", "name": "x", "time": "2026-03-01T12:00:00+02:00"},
        **{"note": "n", "decision": "yes", "report": "k", "answer": "8", "best": "8", "confidence": "0.75"},
        **{"scores": " ".join(map(str, SCORES)), "model": "eleven@1, p"},
    )
    assert report.answer == Answer(8, 8, None, 0.75, tuple(SCORES), "eleven@1, p")
    assert (report.source, report.reporter, report.name, report.note) == ("meter-7", "bob", "x", "n")
    assert report.time == "2026-03-01T10:00:00.000000Z"
    assert (report.decision, report.key) == (True, "k")


@pytest.mark.parametrize("scores", [SCORES, str(SCORES), "; ".join(map(str, SCORES))])
def test_scores_may_be_written_as_a_list_is(scores):
    assert made(answer=9, scores=scores).answer.scores == tuple(SCORES)


def test_blanks_around_a_time_are_no_part_of_it():
    assert made(time=" 2026-03-01 ").time == made(time="2026-03-01").time


@pytest.mark.parametrize("answer", ["reject", "?", 10])
def test_a_refusal_is_an_answer(answer):
    assert made(answer=answer, best="8", reason="ambiguous").answer == Answer(10, 8, "ambiguous")


def test_what_recognize_writes_is_taken():
    from recognizer import Recognition

    accepted = Recognition(9, 9, None, 0.8, tuple(SCORES), model="m@1, p").to_dict()
    assert made(**accepted).answer == Answer(9, 9, None, 0.8, tuple(SCORES), "m@1, p")
    refused = Recognition(None, 9, "ambiguous", 0.5, tuple(SCORES), model="m@1, p").to_dict()
    assert made(**refused).answer.digit == 10


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"label": ""}, "has no label"),
        ({"label": "x" * 200}, "the label '"),
        ({"answer": "11"}, "the answer '11' is not 0 to 9 or reject"),
        ({"answer": "3", "scores": "1 2 3"}, "scores must be 11 numbers"),
        ({"answer": "3", "scores": [0.5] * 11}, "scores must be 11 numbers"),
        ({"answer": "3", "scores": [float("nan")] * 11}, "scores must be 11 numbers"),
        ({"answer": "3", "confidence": "1.5"}, "confidence must be a number from 0 to 1"),
        ({"answer": "3", "confidence": "nan"}, "confidence must be a number from 0 to 1"),
        ({"answer": "3", "best": "reject"}, "best must be a digit"),
        ({"scores": SCORES}, "need the answer"),
        ({"model": "eleven@1"}, "need the answer"),
        ({"confidence": 0.5}, "need the answer"),
        ({"answer": "3", "confidence": [0.5]}, "confidence must be a number from 0 to 1"),
        ({"time": "yesterday"}, "the time 'yesterday' is not written like"),
        ({"time": 5}, "the time 5 is not written like"),
        ({"source": ["a"]}, "source must be text"),
        ({"source": True}, "source must be text"),
        ({"source": "a" * 501}, "source is longer than 500 characters"),
        ({"note": "\ud800"}, "note is not valid text"),
        ({"path": "\ud800"}, "path is not valid text"),
        ({"decision": "maybe"}, "decision must be yes or no"),
    ],
)
def test_what_is_refused(fields, words):
    with pytest.raises(FieldError) as caught:
        made(**fields)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=12,
)


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
PLAUSIBLE = st.fixed_dictionaries(
    {"label": st.integers(0, 10)},
    optional=dict.fromkeys(("path", "source", "reporter", "name", "note", "report"), ANY_TEXT),
)


@given(PLAUSIBLE | st.dictionaries(st.sampled_from(sorted(USED)), JSON))
def test_any_row_is_taken_or_refused(fields):
    try:
        report = report_of(fields, DEFAULTS)
    except FieldError:
        return
    assert 0 <= report.label <= 10
    for text in (report.source, report.reporter, report.name, report.note, report.key):
        text.encode()
        assert "\0" not in text
