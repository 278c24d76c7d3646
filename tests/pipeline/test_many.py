"""Many images, by several threads and processes."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from answers import PAGES, same
from nasty import encode
from pages import DIGITS, page_of
from PIL import Image

from recognizer import Recognizer
from recognizer.errors import UsageError

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


@pytest.mark.parametrize(
    "one",
    [
        "my-images",
        b"bytes of a file",
        bytearray(b"bytes of a file"),
        memoryview(b"bytes of a file"),
        Path("7.png"),
        PAGES[0],
        np.array("7.png"),
        np.zeros((28, 28)),
        *(np.zeros((28, 28, colours), np.uint8) for colours in (1, 3, 4)),
        Image.new("L", (28, 28)),
        None,
        7,
    ],
)
def test_one_image_is_not_taken_for_many(model, one):
    """A string is characters, and an array rows, to whoever goes through it."""
    for read in (model.recognize_many, model.read_many):
        with pytest.raises(UsageError, match="pass a list of images") as caught:
            read(one)
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("kind", [tuple, iter, np.array, dict.fromkeys])
def test_any_source_of_several_images_will_do(model, kind, tmp_path):
    path = tmp_path / "page.png"
    path.write_bytes(encode(page_of(DIGITS[0]), "PNG"))
    assert [answer.error for answer in model.recognize_many(kind([str(path)]))] == [None]
    assert [answer.error for answer in model.recognize_many(np.stack(DIGITS[:3]))] == [None] * 3


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


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("depth", [(), (1,)])
def test_a_source_may_use_one_array_again(threads, depth):
    """What a camera's loop does: each frame lands in the array that held the one before."""
    pages = [
        page for page in PAGES if isinstance(page, np.ndarray) and page.dtype == np.uint8 and page.ndim == 2
    ]
    shape = pages[0].shape
    pages = [page for page in pages if page.shape == shape]
    assert len(pages) > 1
    array = np.empty((*shape, *depth), np.uint8)

    def source():
        for page in pages * 40:
            array[...] = page.reshape(array.shape)
            yield array

    model = Recognizer.load(threads=threads)
    wanted = [model.recognize(page) for page in pages] * 40
    assert all(same(a, b) for a, b in zip(model.recognize_many(source()), wanted, strict=True))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_source_may_write_one_file_again(tmp_path, threads):
    path = tmp_path / "page.png"

    def source():
        for digit in [*DIGITS[:20]] * 8:
            path.write_bytes(encode(page_of(digit), "PNG"))
            yield path

    model = Recognizer.load(threads=threads)
    wanted = [model.recognize(page_of(digit)).best for digit in DIGITS[:20]] * 8
    assert [answer.best for answer in model.recognize_many(source())] == wanted


def test_large_pages_and_files_are_as_alone(model):
    pages = [np.pad(page_of(digit, 300), 100, constant_values=225) for digit in DIGITS[:3]]
    images = [each for page in pages for each in (page, encode(page, "BMP"), page_of(DIGITS[5]))]
    many = list(model.recognize_many(images))
    assert all(same(answer, model.recognize(image)) for answer, image in zip(many, images, strict=True))


def test_a_source_that_breaks_says_so(model):
    """An error of the caller's own generator is the caller's, and is not hidden."""

    def source():
        yield PAGES[0]
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        list(model.recognize_many(source()))


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("given", [0, 1, 63, 64, 300])
def test_what_a_source_gave_before_it_broke_is_answered(threads, given):
    """A folder that goes away takes none of the answers along that were due."""

    def source():
        for i in range(given):
            yield PAGES[i % len(PAGES)]
        raise LookupError("mine")

    found = []
    with pytest.raises(LookupError, match="mine"):
        deque(map(found.append, Recognizer.load(threads=threads).recognize_many(source())))
    assert len(found) == given


# Threads and processes


@pytest.mark.parametrize("other", [pickle.dumps, copy.deepcopy])
def test_it_is_loaded_in_each_process_and_not_sent_there(model, other):
    with pytest.raises(UsageError, match=r"call Recognizer.load\(\) in each process"):
        other(model)


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
