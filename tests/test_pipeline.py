"""`Recognizer`, as other programs rely on it."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from nasty import encode
from pages import DIGITS, LABELS, enlarged, noisy, page_of, tight, written
from PIL import Image

import recognizer
from recognizer import Recognition, Recognizer, RecognizerError, to_glyph
from recognizer.bundle import LABELS as NAMES
from recognizer.bundle import META, NETWORK, PREPROCESSING, shipped_folder, write_bundle
from recognizer.errors import ImageError, ModelError, UsageError
from recognizer.results import REASONS

BLANK = np.full((50, 60), 235, np.uint8)


def side_by_side(left, right, gap=20):
    parts = [enlarged(tight(digit), 90) for digit in (left, right)]
    height = max(map(len, parts))
    parts = [np.pad(part, ((height - len(part), 0), (0, 0))) for part in parts]
    return written(np.pad(np.hstack([parts[0], np.zeros((height, gap)), parts[1]]), 25))


SEVERAL = side_by_side(DIGITS[8], DIGITS[12])
SCRIBBLE = np.random.default_rng(3).integers(0, 2, (9, 9)).repeat(9, 0).repeat(9, 1).astype(np.uint8) * 255
PAGES = [*map(page_of, DIGITS), BLANK, SEVERAL, noisy(page_of(DIGITS[5], 60, 120, 180), 25), SCRIBBLE]


@pytest.fixture(scope="module")
def model():
    return Recognizer.load(threads=2)


@pytest.fixture(scope="module")
def answers(model):
    return [model.recognize(page) for page in PAGES]


def same(one, other):
    """Equal answers; scores may differ in the last digits, since batches are computed in another order."""
    plain, again = one.to_dict(), other.to_dict()
    close = pytest.approx(again.pop("scores"), abs=1e-5), pytest.approx(again.pop("confidence"), abs=1e-5)
    return (plain.pop("scores"), plain.pop("confidence")) == close and plain == again


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


# Many


def test_many_are_as_one_by_one_in_order(model, answers):
    many = list(model.recognize_many(PAGES * 5))
    assert len(many) == 5 * len(PAGES)
    assert all(same(answer, answers[i % len(answers)]) for i, answer in enumerate(many))


@pytest.mark.parametrize("batch_size", [1, 3, 64, 1000])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_batches_and_threads_change_nothing(answers, batch_size, threads):
    model = Recognizer.load(threads=threads)
    many = list(model.recognize_many(PAGES * 2, batch_size=batch_size))
    assert len(many) == 2 * len(answers)
    assert all(same(answer, answers[i % len(answers)]) for i, answer in enumerate(many))


class Unexpected:
    """What breaks in a way that nobody foresaw."""

    def __fspath__(self):
        raise ZeroDivisionError("surprise")


def test_bad_inputs_in_the_middle_are_answers(model, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(encode(page_of(DIGITS[0]), "PNG")[:200])
    bad = [
        b"",
        "nowhere.png",
        broken,
        tmp_path,
        None,
        7,
        np.zeros((2, 2, 2, 2)),
        np.full((4, 4), np.nan),
        Unexpected(),
    ]
    mixed = [image for pair in zip(PAGES, bad, strict=False) for image in pair]
    many = list(model.recognize_many(mixed, batch_size=4))
    assert [answer.error is not None for answer in many] == [False, True] * len(bad)
    assert all(str(answer.error).isprintable() for answer in many[1::2])
    assert [answer.best for answer in many[::2]] == [model.recognize(page).best for page in PAGES[: len(bad)]]


def test_nothing_gives_nothing(model):
    assert list(model.recognize_many([])) == []
    assert model.recognize_boxes(PAGES[0], []) == ()


class Counted:
    """An endless source that counts what was taken from it."""

    def __init__(self):
        self.taken = 0

    def __iter__(self):
        while True:
            self.taken += 1
            yield PAGES[0]


def most_ahead(threads, batch_size):
    """The most images that were taken and not answered yet, over thirty answers."""
    source = Counted()
    many = Recognizer.load(threads=threads).recognize_many(source, batch_size=batch_size)
    assert source.taken == 0
    ahead = []
    for given in range(30):
        next(many)
        ahead.append(source.taken - given)
    many.close()
    return max(ahead)


@pytest.mark.parametrize("batch_size", [1, 7, 256])
def test_no_more_is_taken_than_a_batch(batch_size):
    assert most_ahead(1, batch_size) <= batch_size


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_no_more_is_taken_than_a_batch_with_threads(batch_size):
    assert most_ahead(3, batch_size) <= batch_size


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_an_endless_source_is_read_as_needed(threads):
    """However many threads: each has a batch of its own in hand."""
    source = Counted()
    many = Recognizer.load(threads=threads).recognize_many(source, batch_size=10)
    for given in range(100):
        next(many)
        assert source.taken <= given + 10 * (threads + 1)
    many.close()
    assert source.taken < 150


def test_a_source_that_breaks_says_so(model):
    """An error of the caller's own generator is the caller's, and is not hidden."""

    def source():
        yield PAGES[0]
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        list(model.recognize_many(source()))


# Threads and processes


def test_threads_share_one_recognizer(model, answers):
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(model.recognize, PAGES * 6))
        lists = list(pool.map(lambda _: list(model.recognize_many(PAGES)), range(6)))
    assert all(same(answer, answers[i % len(answers)]) for i, answer in enumerate(together))
    assert all(same(a, b) for many in lists for a, b in zip(many, answers, strict=True))


def _bests(model, queue):
    queue.put([model.recognize(page).best for page in PAGES[:5]])
    queue.put([answer.best for answer in model.recognize_many(PAGES[:5])])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_after_loading_works_on_both_sides(model, answers):
    wanted = [answer.best for answer in answers[:5]]
    assert [answer.best for answer in model.recognize_many(PAGES[:5])] == wanted
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_bests, args=(model, queue))
    child.start()
    try:
        assert queue.get(timeout=60) == wanted
        assert queue.get(timeout=60) == wanted
        child.join(20)
        assert child.exitcode == 0
    finally:
        child.kill()
    assert [answer.best for answer in model.recognize_many(PAGES[:5])] == wanted


HEAVY = ("torch", "sklearn", "pynndescent", "onnxruntime", "rich", "scipy", "matplotlib", "PIL.Image")


def test_importing_costs_little():
    code = f"import recognizer, sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


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
    [{"max_error": 0}, {"max_error": -1}, {"max_error": 1.5}, {"max_error": float("nan")}, {"threads": 0}],
)
def test_wrong_options_of_load(options):
    with pytest.raises(UsageError) as caught:
        Recognizer.load(**options)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "options",
    [
        {"explain": -1},
        {"allowed": []},
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


# Boxes


def test_boxes_of_a_page(model):
    chosen = [4, 13, 30]
    page = np.full((200, 400), 225, np.uint8)
    boxes = []
    for place, number in enumerate(chosen):
        left, top = 10 + 120 * place, 20 + 10 * place
        page[top : top + 112, left : left + 112] = page_of(DIGITS[number])
        boxes.append((left, top, left + 112, top + 112))
    found = model.recognize_boxes(page, boxes)
    assert [answer.box for answer in found] == boxes
    assert [answer.best for answer in found] == [model.recognize(PAGES[number]).best for number in chosen]
    again = model.recognize_boxes(encode(page, "PNG"), (np.array(box) for box in boxes))
    assert all(same(a, b) for a, b in zip(again, found, strict=True))
    assert json.dumps(again[0].to_dict())


def test_boxes_that_reach_beyond_the_page(model):
    page = PAGES[7]
    inside, over, blank, outside, inverted = model.recognize_boxes(
        page,
        [(0, 0, 112, 112), (-50, -50, 300, 300), (0, 0, 5, 5), (500, 500, 600, 600), (50, 50, 20, 20)],
    )
    assert over.best == inside.best
    assert over.box == (-50, -50, 300, 300)
    assert blank.reason == "blank"
    for answer in (outside, inverted):
        assert "box" in str(answer.error)
        assert answer.rejected is False


def test_the_page_of_boxes_must_be_readable(model):
    with pytest.raises(ImageError):
        model.recognize_boxes("nowhere.png", [(0, 0, 5, 5)])


@pytest.mark.parametrize(
    "box", [(1, 2, 3), (1, 2, 3, 4, 5), ("a", 1, 2, 3), 7, (0, 0, float("nan"), 5), None]
)
def test_boxes_that_are_none(model, box):
    with pytest.raises(UsageError):
        model.recognize_boxes(PAGES[0], [box])


# Models that can't be used


@pytest.fixture
def bundle(tmp_path):
    """A copy of the shipped model, and its description."""
    folder = tmp_path / "model"
    folder.mkdir()
    for file in shipped_folder().iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def describe_otherwise(folder, **changes):
    meta = json.loads((folder / META).read_text(encoding="utf-8")) | changes
    (folder / META).write_text(json.dumps({k: v for k, v in meta.items() if v is not ...}), encoding="utf-8")


def refusal(folder):
    with pytest.raises(ModelError) as caught:
        Recognizer.load(folder)
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_copy_of_the_model_works(bundle, model):
    for folder in (bundle, str(bundle)):
        assert same(Recognizer.load(folder).recognize(PAGES[3]), model.recognize(PAGES[3]))


def test_no_model(tmp_path):
    assert "nowhere" in refusal(tmp_path / "nowhere")
    assert "no model" in refusal(tmp_path)
    (tmp_path / "file").write_text("x")
    refusal(tmp_path / "file")


@pytest.mark.parametrize("name", ["stage1.onnx", "golden.json"])
def test_one_changed_byte(bundle, name):
    content = bytearray((bundle / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / name).write_bytes(content)
    line = refusal(bundle)
    assert name in line
    assert "damaged" in line


def test_a_missing_network(bundle):
    (bundle / NETWORK).unlink()
    assert NETWORK in refusal(bundle)
    describe_otherwise(bundle, files={})
    assert NETWORK in refusal(bundle)


@pytest.mark.parametrize("version", [0, 4, "1", None])
def test_another_format(bundle, version):
    describe_otherwise(bundle, format_version=version)
    assert "format" in refusal(bundle)


def test_another_preprocessing_or_other_labels(bundle):
    describe_otherwise(bundle, preprocessing="glyph-28-mnist/0")
    assert "other glyphs" in refusal(bundle)
    describe_otherwise(bundle, preprocessing=PREPROCESSING, labels=NAMES[::-1])
    assert "labels" in refusal(bundle)


@pytest.mark.parametrize("name", ["../stage1.onnx", "/etc/hostname", "a/b", "..", ""])
def test_files_outside_of_the_folder(bundle, name):
    meta = json.loads((bundle / META).read_text(encoding="utf-8"))
    describe_otherwise(bundle, files={**meta["files"], name: "0" * 64})
    refusal(bundle)


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_a_truncated_description(bundle, share):
    text = (bundle / META).read_text(encoding="utf-8")
    (bundle / META).write_text(text[: int(share * len(text))], encoding="utf-8")
    assert META in refusal(bundle)


@pytest.mark.parametrize("content", [b"[]", b"null", b"\xff\xfe", b"{}", b"0", b'"text"', b"[[[["])
def test_a_description_that_is_none(bundle, content):
    (bundle / META).write_bytes(content)
    refusal(bundle)


@pytest.mark.parametrize(
    "key", ["name", "version", "temperature", "operating_point", "risk_coverage", "files"]
)
def test_a_description_that_lacks_something(bundle, key):
    describe_otherwise(bundle, **{key: ...})
    assert key in refusal(bundle)


def test_a_description_nested_too_deeply(bundle):
    (bundle / META).write_bytes(b"[" * 100_000)
    refusal(bundle)


def test_max_error_that_was_never_reached(bundle):
    curve = [
        {"threshold": 0.0, "coverage": 1.0, "error": 0.02},
        {"threshold": 0.9, "coverage": 0.5, "error": 0.01},
    ]
    describe_otherwise(bundle, risk_coverage=curve)
    with pytest.raises(ModelError, match=r"0\.01"):
        Recognizer.load(bundle, max_error=0.005)
    assert Recognizer.load(bundle, max_error=0.01).model.endswith("error 0.01")


@pytest.mark.parametrize(
    "changes",
    [
        {"temperature": "warm"},
        {"temperature": 0},
        {"operating_point": {"threshold": 0.5}},
        {"operating_point": 0.5},
        {"files": ["stage1.onnx"]},
    ],
)
def test_a_description_with_values_that_make_no_sense(bundle, changes):
    describe_otherwise(bundle, **changes)
    refusal(bundle)


def test_a_network_that_is_none(tmp_path):
    shipped = json.loads((shipped_folder() / META).read_text(encoding="utf-8"))
    write_bundle(tmp_path, shipped, {NETWORK: b"no graph"})
    assert "ONNX" in refusal(tmp_path)
