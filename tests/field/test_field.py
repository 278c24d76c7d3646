"""Rows of digits: spaced, touching, dark or bright, of known and unknown length; letters, blanks, boxes."""

import json
from itertools import pairwise

import cv2
import numpy as np
import pytest

from recognizer import Recognizer
from recognizer.cli.recognize import main
from recognizer.errors import ImageError, UsageError
from reject_gen.typefaces import BUILT_IN, render


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer.load(threads=1)


def row(text, *, gap=6, size=30, margin=8, jitter=0):
    """Printed characters side by side, dark on light, ``gap`` columns apart (negative: they overlap)."""
    rng = np.random.default_rng(0)
    inks = [cropped(render(character, BUILT_IN, size)) for character in text]
    tall = max(ink.shape[0] for ink in inks)
    wide = sum(ink.shape[1] + gap for ink in inks) - gap
    page = np.zeros((tall + 2 * (margin + jitter), wide + 2 * margin), np.uint8)
    x = margin
    for ink in inks:
        height, width = ink.shape
        y = margin + jitter + tall - height + int(rng.integers(-jitter, jitter + 1))
        spot = page[y : y + height, x : x + width]
        np.maximum(spot, ink, out=spot)
        x += width + gap
    return 240 - np.minimum(page, 220)


def cropped(ink):
    left, top, width, height = cv2.boundingRect((ink > 60).astype(np.uint8))
    return ink[top : top + height, left : left + width]


def text(answers):
    return "".join("?" if p.digit is None else str(p.digit) for p in answers)


def best(answers):
    return "".join(str(p.best) for p in answers)


def assert_in_order(answers, page):
    height, width = page.shape[:2]
    for p in answers:
        left, top, right, bottom = p.box
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
    middles = [(p.box[0] + p.box[2]) / 2 for p in answers]
    assert middles == sorted(middles)


@pytest.mark.parametrize("digits", ["7", "40", "318", "2025", "86420", "0123456789", "13579", "314159265358"])
@pytest.mark.parametrize("known", [False, True])
def test_spaced_digits(recognizer, digits, known):
    page = row(digits, jitter=2)
    answers = recognizer.recognize_field(page, length=len(digits) if known else None)
    assert best(answers) == digits
    assert_in_order(answers, page)


@pytest.mark.parametrize("gap", [30, 60, 120])
@pytest.mark.parametrize("known", [False, True])
def test_digits_far_apart(recognizer, gap, known):
    """In boxes of their own a gap may be wider than any digit: it is no part of one."""
    for digits in ("270618", "4096"):
        page = row(digits, gap=gap, jitter=2)
        answers = recognizer.recognize_field(page, length=len(digits) if known else None)
        assert text(answers) == digits


@pytest.mark.parametrize(
    ("digits", "gap"),
    [("23", 0), ("23", -1), ("85", 0), ("85", -1), ("60", 0), ("352", 0), ("352", -1), ("4096", 0)],
)
def test_touching_digits(recognizer, digits, gap):
    page = row(digits, gap=gap)
    answers = recognizer.recognize_field(page)
    assert best(answers) == digits
    assert best(recognizer.recognize_field(page, length=len(digits))) == digits
    assert_in_order(answers, page)


@pytest.mark.parametrize("size", [18, 60, 150, 260])
@pytest.mark.parametrize("inverted", [False, True])
def test_any_size_and_polarity(recognizer, size, inverted):
    page = row("20531", gap=size // 5, size=size, margin=size // 4)
    page = 255 - page if inverted else page
    answers = recognizer.recognize_field(page)
    assert best(answers) == "20531"
    assert_in_order(answers, page)


def test_boxes_hold_the_ink_at_its_own_height(recognizer):
    page = np.full((60, 150), 230, np.uint8)
    ink = cropped(render("5", BUILT_IN, 26))
    height, width = ink.shape
    places = [(10, 4), (60, 20), (110, 34)]
    for x, y in places:
        page[y : y + height, x : x + width] -= np.minimum(ink, 200)
    for p, (x, y) in zip(recognizer.recognize_field(page), places, strict=True):
        assert np.abs(np.subtract(p.box, (x, y, x + width, y + height))).max() <= 2


def test_wide_margins(recognizer):
    page = np.full((400, 900), 235, np.uint8)
    small = row("60718")
    page[180 : 180 + small.shape[0], 500 : 500 + small.shape[1]] = np.minimum(small, 235)
    answers = recognizer.recognize_field(page)
    assert best(answers) == "60718"
    assert all(p.box[0] >= 500 and p.box[2] <= 500 + small.shape[1] for p in answers)


def test_uneven_light_and_a_ruled_line(recognizer):
    page = row("41736", margin=14).astype(float)
    page *= np.linspace(1.0, 0.55, page.shape[1])
    page[-5:-3] = 60
    assert best(recognizer.recognize_field(page.astype(np.uint8))) == "41736"


def test_a_frame_is_no_digit(recognizer):
    page = row("52096", gap=8, margin=14)
    cv2.rectangle(page, (1, 1), (page.shape[1] - 2, page.shape[0] - 2), 40, 2)
    assert best(recognizer.recognize_field(page)) == "52096"


@pytest.mark.parametrize("length", range(1, 13))
def test_length_is_honoured(recognizer, length):
    for page in (row("35802"), row("35802", gap=-1)):
        answers = recognizer.recognize_field(page, length=length)
        assert len(answers) == length
        assert_in_order(answers, page)


def test_more_than_the_ink_can_make(recognizer):
    page = np.full((30, 30), 255, np.uint8)
    page[14:16, 14:16] = 0
    assert 1 <= len(recognizer.recognize_field(page, length=500)) < 500


@pytest.mark.parametrize("level", [0, 128, 255])
def test_blank(recognizer, level):
    assert recognizer.recognize_field(np.full((28, 140), level, np.uint8)) == ()
    assert recognizer.recognize_field(np.full((28, 140), level, np.uint8), length=4) == ()


def test_blank_paper_with_noise(recognizer):
    rng = np.random.default_rng(0)
    for _ in range(5):
        page = np.clip(rng.normal(200, 6, (60, 400)), 0, 255).astype(np.uint8)
        assert recognizer.recognize_field(page) == ()


@pytest.mark.parametrize("letters", ["2E7", "A04", "65T"])
def test_letters_are_rejected_and_not_dropped(recognizer, letters):
    answers = recognizer.recognize_field(row(letters, gap=8))
    assert text(answers) == "".join(c if c.isdigit() else "?" for c in letters)
    assert all(p.reason for p in answers if p.rejected)


def printed(line, size=40, margin=8):
    """A line as the typeface sets it, dark on light: points at the foot, signs at their own height."""
    ink = render(line, BUILT_IN, size, margin=margin)
    return 240 - np.minimum(ink, 220)


@pytest.mark.parametrize(
    "line",
    [
        "1.5",
        "12,50",
        "1,234.56",
        "-42",
        "3-8",
        "0.007",
        "12:45",
        "12A4",
        "$12",
        "7A80",
        "205-3",
        "3.14",
        "90:15",
    ],
)
@pytest.mark.parametrize("inverted", [False, True])
def test_marks_between_digits_are_refused_and_not_dropped(recognizer, line, inverted):
    page = printed(line)
    answers = recognizer.recognize_field(255 - page if inverted else page)
    assert text(answers) == "".join(c if c.isdigit() else "?" for c in line)
    assert {p.reason for p in answers if p.rejected} == {"not_a_digit"}
    assert_in_order(answers, page)


@pytest.mark.parametrize("line", ["12%", "(12)", "12|34"])
def test_signs_as_high_as_digits_leave_a_question_mark(recognizer, line):
    assert "?" in text(recognizer.recognize_field(printed(line)))


def test_a_mark_is_refused_whatever_it_looks_like(recognizer):
    page = printed("8,3")
    comma = recognizer.recognize_field(page)[1]
    left, top, right, bottom = comma.box
    assert comma.reason == "not_a_digit"
    assert 0.99 < sum(comma.scores) < 1.01
    assert comma.scores[10] > 0.95
    assert 0 < comma.confidence <= 1
    assert bottom - top < 0.4 * page.shape[0]
    assert right - left < 0.2 * page.shape[1]


@pytest.mark.parametrize(
    ("line", "digits"),
    [("1.5", "15"), ("12,50", "1250"), ("-42", "42"), ("12:45", "1245"), ("1,234.56", "123456")],
)
def test_a_known_length_leaves_marks_out(recognizer, line, digits):
    assert text(recognizer.recognize_field(printed(line), length=len(digits))) == digits


def test_specks_are_no_marks(recognizer):
    page = printed("40817", size=60)
    clean = recognizer.recognize_field(page)
    dots = [(c.box[2] + n.box[0]) // 2 for c, n in pairwise(clean)]
    for x, y in zip(dots, (20, 30, 40, 25), strict=True):
        page[y : y + 2, x : x + 2] = 40
    page[2:4, 30:60] = 60
    assert text(recognizer.recognize_field(page)) == "40817"


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 2), (5, 900), (900, 5)])
def test_any_shape(recognizer, shape):
    rng = np.random.default_rng(1)
    for page in (rng.integers(0, 256, shape, dtype=np.uint8), np.eye(*shape, dtype=np.uint8) * 255):
        for length in (None, 1, 3):
            assert_in_order(recognizer.recognize_field(page, length=length), page)


def test_the_same_row_gets_the_same_answer(recognizer):
    page = row("90210", gap=-1)
    assert recognizer.recognize_field(page) == recognizer.recognize_field(page)


def test_what_is_not_allowed_is_refused_in_its_place(recognizer):
    """The row is cut as it would be otherwise."""
    free, kept = (recognizer.recognize_field(row("40816"), allowed=a) for a in (None, {0, 1, 4, 6}))
    assert [p.digit for p in kept] == [4, 0, None, 1, 6]
    assert kept[2].reason == "low_confidence"
    assert [p.box for p in kept] == [p.box for p in free]
    with pytest.raises(UsageError, match="allowed"):
        recognizer.recognize_field(row("12"), allowed="12")


@pytest.mark.parametrize("length", [0, -1, 2.0, "3", True])
def test_a_length_that_is_none(recognizer, length):
    with pytest.raises(UsageError, match="length"):
        recognizer.recognize_field(row("12"), length=length)


def test_what_can_not_be_read(recognizer, tmp_path):
    with pytest.raises(ImageError, match=r"missing\.png"):
        recognizer.recognize_field(tmp_path / "missing.png")


def test_the_command(tmp_path, capsys):
    file = tmp_path / "row.png"
    cv2.imwrite(str(file), row("40816"))
    assert main(["--field", "--allowed", "2-9", str(file)]) == 0
    assert capsys.readouterr().out.split("\t")[1] == "4?8?6"
    assert main(["--field", "--json", "--length", "5", str(file)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["text"] == "40816"
    assert [p["digit"] for p in answer["digits"]] == [4, 0, 8, 1, 6]
    assert all(len(p["box"]) == 4 for p in answer["digits"])
