"""`Recognizer`, as other programs rely on it: what is in an answer, and what may be asked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from answers import BLANK, PAGES, SEVERAL, same
from nasty import encode
from pages import DIGITS, LABELS, page_of
from PIL import Image

import recognizer
from recognizer import Recognition, Recognizer, RecognizerError, to_glyph
from recognizer.bundle import META, shipped_folder
from recognizer.errors import ImageError, UsageError
from recognizer.results import REASONS

# What is in an answer


def test_the_parts_that_are_promised():
    assert set(recognizer.__all__) >= {"Recognizer", "Recognition", "RecognizerError", "to_glyph"}


def test_most_digits_are_read(answers):
    right = [answer.best == label for answer, label in zip(answers, LABELS, strict=False)]
    assert np.mean(right) >= 0.9


def test_every_answer_is_consistent(model, answers):
    for answer in answers:
        assert len(answer.scores) == 11
        assert sum(answer.scores) == pytest.approx(1)
        assert all(0 <= score <= 1 for score in answer.scores)
        assert 0 <= answer.confidence <= 1
        assert answer.rejected == (answer.digit is None) == (answer.reason is not None)
        assert answer.reason is None or answer.reason in REASONS
        assert answer.digit in (None, answer.best)
        assert (answer.best is None) == (answer.reason == "blank")
        if answer.best is not None:
            assert answer.scores[answer.best] == max(answer.scores[:10])
            assert isinstance(answer.best, int)
        assert answer.stage in (1, 2)
        assert (answer.specialist is None) == (answer.stage == 1)
        assert (answer.neighbors, answer.box, answer.error) == ((), None, None)
        assert answer.model == model.model


def test_a_blank_page(model):
    for blank in (BLANK, np.zeros((28, 28), np.uint8), np.ones((1, 1)), np.full((20, 20, 3), 200, np.uint8)):
        answer = model.recognize(blank)
        assert (answer.digit, answer.best, answer.reason, answer.rejected) == (None, None, "blank", True)
        assert answer.confidence == 0
        assert answer.scores == (*[0] * 10, 1)


def test_two_digits_are_several(model):
    answer = model.recognize(SEVERAL)
    assert answer.reason == "several_glyphs"


def test_an_error(model):
    (answer,) = model.recognize_many([b"no image"])
    assert (answer.digit, answer.best, answer.reason, answer.rejected) == (None, None, None, False)
    assert (answer.confidence, answer.scores, answer.box) == (0, (), None)
    assert isinstance(answer.error, RecognizerError)
    assert answer.model == model.model
    with pytest.raises(ImageError) as caught:
        model.recognize(b"no image")
    assert str(caught.value) == str(answer.error)


def test_to_dict_is_json(model, answers):
    (failed,) = model.recognize_many([Path("nowhere.png")])
    (boxed,) = model.recognize_boxes(PAGES[0], [(0, 0, 112, 112)])
    for answer in [*answers, failed, boxed]:
        plain = json.loads(json.dumps(answer.to_dict(), allow_nan=False))
        assert plain["digit"] == answer.digit
        assert plain["best"] == answer.best
        assert plain["rejected"] == answer.rejected
        assert plain["reason"] == answer.reason
        assert plain["scores"] == pytest.approx(answer.scores, abs=1e-6)
        assert plain["confidence"] == pytest.approx(answer.confidence, abs=1e-6)
        assert plain["box"] == (None if answer.box is None else list(answer.box))
        assert plain["error"] == (None if answer.error is None else str(answer.error))
        assert plain["model"] == answer.model
        assert plain["neighbors"] == []
    assert "nowhere.png" in failed.to_dict()["error"]


def test_answers_are_values(answers):
    with pytest.raises(AttributeError):
        answers[0].digit = 3
    assert Recognition(None, None, None, 0.0, (), error=ImageError("x")).rejected is False


def test_the_model_string_names_version_and_operating_point(model):
    meta = json.loads((shipped_folder() / META).read_text(encoding="utf-8"))
    assert model.model == f"{meta['name']}@{meta['version']}, {meta['operating_point']['name']}"
    assert Recognizer.load(max_error=0.01).model.endswith(", error 0.01")


# Every way of passing an image


def test_every_kind_of_input_gives_the_same_answer(model, tmp_path):
    page = page_of(DIGITS[13])
    png = encode(page, "PNG")
    file = tmp_path / "digit.png"
    file.write_bytes(png)
    with Image.open(file) as opened:
        inputs = [
            page,
            str(file),
            file,
            png,
            bytearray(png),
            memoryview(png),
            opened,
            Image.fromarray(page),
            Image.fromarray(page).convert("RGB"),
            page[..., None],
            np.dstack([page] * 3),
            np.dstack([page] * 3 + [np.full_like(page, 255)]),
            page / 255,
            (page / 255).astype(np.float32),
            page.astype(np.int64),
            np.asfortranarray(page),
            encode(page, "BMP"),
            encode(page, "TIFF"),
        ]
        wanted = model.recognize(page)
        for image in inputs:
            assert same(model.recognize(image), wanted)
    assert same(model.recognize(page > 128), model.recognize(np.where(page > 128, 255, 0).astype(np.uint8)))


def test_twenty_eight_pixels_take_the_same_way_as_others(model):
    """MNIST's own form, its negative, and the same moved in its frame."""
    for digit in DIGITS[::4]:
        wanted = model.recognize(digit)
        assert model.recognize(255 - digit).best == wanted.best
        assert model.recognize(np.pad(digit, 8)).best == wanted.best
        assert same(model.recognize(to_glyph(digit)), model.recognize(to_glyph(to_glyph(digit))))


@pytest.mark.parametrize("image", [None, 5, [[1, 2]], np.zeros((2, 2, 2)), "", Path("nowhere"), b""])
def test_what_is_no_image_is_one_line(model, image):
    with pytest.raises(ImageError) as caught:
        model.recognize(image)
    assert str(caught.value).isprintable()
    assert caught.value.exit_code == 1


def test_max_pixels():
    small = Recognizer.load(max_pixels=100)
    with pytest.raises(ImageError, match="max_pixels"):
        small.recognize(page_of(DIGITS[0]))


# Restrictions


def test_allowed_keeps_to_these_digits(model, answers):
    for page, answer in zip(PAGES[:40], answers, strict=False):
        others = set(range(10)) - {answer.best}
        restricted = model.recognize(page, allowed=others)
        assert restricted.best in others
        assert restricted.scores[answer.best] == 0
        assert sum(restricted.scores) == pytest.approx(1)
        assert 0 <= restricted.confidence <= 1
        if answer.digit is not None:  # what it is, is now a reject
            assert restricted.digit is None
        alone = model.recognize(page, allowed=[answer.best])
        assert (alone.best, alone.digit) == (answer.best, answer.digit)
        assert same(model.recognize(page, allowed=range(10)), answer)


def test_allowed_holds_for_many(model):
    many = list(model.recognize_many(PAGES, allowed={1, 7}))
    assert {answer.best for answer in many} <= {1, 7, None}
    assert all(
        same(answer, model.recognize(page, allowed=(7, 1))) for answer, page in zip(many, PAGES, strict=True)
    )


def test_max_error_accepts_less_for_a_smaller_error(model):
    strict, loose = Recognizer.load(max_error=0.001), Recognizer.load(max_error=0.02)
    for page in PAGES:
        one, other = strict.recognize(page), loose.recognize(page)
        assert one.scores == other.scores
        assert one.best == other.best
        if one.digit is not None:
            assert other.digit == one.digit


@pytest.mark.parametrize(
    "options",
    [
        {"max_error": 0},
        {"max_error": -1},
        {"max_error": 1.5},
        {"max_error": float("nan")},
        {"max_error": "0.01"},
        {"max_error": True},
        {"threads": 0},
        {"threads": "2"},
        {"threads": 1.0},
        {"threads": True},
        {"model": 5},
        {"model": "a\0b"},
    ],
)
def test_wrong_options_of_load(options):
    with pytest.raises(UsageError) as caught:
        Recognizer.load(**options)
    assert caught.value.exit_code == 2


def test_numbers_may_be_numpy_s():
    loaded = Recognizer.load(threads=np.int64(1), max_error=np.float32(0.25))
    assert loaded.model.endswith(", error 0.25")
    assert len(list(loaded.recognize_many(PAGES[:3], batch_size=np.int32(2)))) == 3


def test_with_every_error_allowed_every_guess_is_an_answer():
    answers = list(Recognizer.load(max_error=1).recognize_many(PAGES))
    assert [answer.digit for answer in answers] == [answer.best for answer in answers]


@pytest.mark.parametrize(
    "options",
    [
        {"explain": -1},
        {"explain": 2.0},
        {"allowed": []},
        {"allowed": [[1]]},
        {"allowed": {10}},
        {"allowed": {-1}},
        {"allowed": "12"},
        {"allowed": [True]},
        {"allowed": [1.0]},
        {"allowed": 5},
    ],
)
def test_wrong_arguments(model, options):
    with pytest.raises(UsageError) as caught:
        model.recognize(PAGES[0], **options)
    assert str(caught.value).isprintable()
    with pytest.raises(UsageError):
        model.recognize_many([], **options)


@pytest.mark.parametrize("batch_size", [0, -5])
def test_wrong_batch_sizes_are_refused_at_once(model, batch_size):
    with pytest.raises(UsageError):
        model.recognize_many([], batch_size=batch_size)
