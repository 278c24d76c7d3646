"""What explains an answer: the nearest known digits."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import DIGITS, LABELS, page_of
from shipped_stand_in import NAMES, SOURCE, glyphs
from small_graphs import worth

from recognizer import Recognizer, RecognizerError, to_glyph
from recognizer.errors import GalleryError
from recognizer.explain import disagreement, remembered
from recognizer.galleries import galleries_folder
from recognizer.results import Recognition
from retrieval import Gallery, Hit

BLANK = np.full((50, 60), 235, np.uint8)
PAGES = [*map(page_of, DIGITS[:12]), BLANK, b"no image", *map(page_of, DIGITS[12:20])]
K = 3
pytestmark = pytest.mark.usefixtures("models")


@pytest.fixture(scope="module")
def model():
    return Recognizer.load(threads=2)


@pytest.fixture(scope="module")
def explained(model):
    return list(model.recognize_many(PAGES, explain=K))


def own_gallery(folder, label):
    """A gallery in which everything shows ``label``."""
    made = Gallery.create(folder)
    made.append(glyphs()[:8], labels=[label] * 8, sources="mine")
    return made


def test_neighbours_are_the_nearest_known_digits_nearest_first(model):
    gallery = Gallery.open()
    for number in (0, 7, 21):
        answer = model.recognize(DIGITS[number], explain=K)
        assert list(answer.neighbors) == gallery.search(to_glyph(DIGITS[number])[None], K)[0]
        assert len(answer.neighbors) == K
        nearest = answer.neighbors[0]
        assert (nearest.id, nearest.label, nearest.source) == (NAMES[number], LABELS[number], SOURCE)
        assert [hit.distance for hit in answer.neighbors] == sorted(hit.distance for hit in answer.neighbors)


def test_nothing_else_changes(model, explained):
    for plain, answer in zip(model.recognize_many(PAGES), explained, strict=True):
        assert plain.neighbors == ()
        again, once = replace(answer, neighbors=()).to_dict(), plain.to_dict()
        assert again.pop("scores") == pytest.approx(once.pop("scores"), abs=1e-5)
        assert again.pop("confidence") == pytest.approx(once.pop("confidence"), abs=1e-5)
        assert again == once


def test_what_shows_nothing_has_no_neighbours(explained):
    for page, answer in zip(PAGES, explained, strict=True):
        shows_something = page is not BLANK and not isinstance(page, bytes)
        assert len(answer.neighbors) == (K if shows_something else 0)


def test_alone_and_in_a_batch_and_in_threads(model, explained):
    with ThreadPoolExecutor(4) as pool:
        threaded = list(pool.map(lambda page: next(model.recognize_many([page], explain=K)), PAGES))
    for answer, alone in zip(explained, threaded, strict=True):
        assert alone.neighbors == answer.neighbors


def test_boxes_and_rows_are_explained_too(model):
    page = np.full((130, 260), 225, np.uint8)
    page[10:122, 10:122], page[10:122, 135:247] = page_of(DIGITS[4]), page_of(DIGITS[8])
    boxes = [(10, 10, 122, 122), (135, 10, 247, 122), (300, 0, 310, 9)]
    found = model.recognize_boxes(page, boxes, explain=2)
    assert [len(answer.neighbors) for answer in found] == [2, 2, 0]
    row = model.recognize_field(page, length=2, explain=2)
    assert [len(answer.neighbors) for answer in row] == [2, 2]
    assert all(not answer.neighbors for answer in model.recognize_field(page))


def test_json_has_the_neighbours_as_objects(explained):
    plain = json.loads(json.dumps(explained[0].to_dict()))
    assert [Hit(**hit) for hit in plain["neighbors"]] == list(explained[0].neighbors)


@pytest.mark.parametrize("given_as", ["folder", "text", "name", "open"])
def test_another_gallery_can_be_named_or_handed_over(given_as, tmp_path):
    kept = galleries_folder() / "mine"
    folder = kept if given_as == "name" else tmp_path / "mine"
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = own_gallery(folder, 6)
    asked = {"folder": folder, "text": str(folder), "name": "mine", "open": made}[given_as]
    model = Recognizer.load(gallery=asked)
    assert {hit.label for hit in model.recognize(PAGES[0], explain=4).neighbors} == {6}
    assert model.gallery.path == folder
    shutil.rmtree(folder)


def test_a_kept_gallery_does_not_take_the_place_of_the_one_that_ships(model):
    folder = galleries_folder() / "mnist"
    folder.parent.mkdir(parents=True, exist_ok=True)
    own_gallery(folder, 6)
    assert Recognizer.load().recognize(PAGES[0], explain=1).neighbors[0].source == SOURCE
    shutil.rmtree(folder)


def test_the_gallery_is_not_asked_for_until_it_is_needed(tmp_path):
    model = Recognizer.load(gallery=tmp_path / "nowhere")
    assert model.recognize(PAGES[0]).best is not None
    with pytest.raises(GalleryError, match="nowhere") as caught:
        model.recognize(PAGES[0], explain=1)
    assert isinstance(caught.value, RecognizerError)
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    with pytest.raises(GalleryError):
        model.recognize_many([], explain=1)


def neighbours_of(model, page):
    return [hit.id for hit in model.recognize(page, explain=K).neighbors]


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("opened_before", [True, False])
def test_a_process_that_forks_explains_on_both_sides(opened_before):
    model = Recognizer.load(threads=1)
    if opened_before:
        neighbours_of(model, PAGES[1])
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe()
    process = fork.Process(target=lambda: theirs.send(neighbours_of(model, PAGES[0])))
    process.start()
    assert ours.poll(60)
    assert ours.recv() == neighbours_of(model, PAGES[0])
    process.join(60)


def explained_elsewhere(asked, send):
    """What a forked process gets from a model, and from one of its own."""
    ids = [neighbours_of(asked, PAGES[1])]
    own = Recognizer.load(threads=1)
    ids += [neighbours_of(own, PAGES[1]) for _ in range(3)]
    send((ids, own.gallery.plan(1)))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_process_forked_after_a_graph_was_built_goes_on(monkeypatch):
    """It inherits the graph. To build another would end it, so what it asks of its own gallery is exact."""
    worth(monkeypatch, 2)
    model = Recognizer.load(threads=1)
    model.gallery.prepare()
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe()
    process = fork.Process(target=explained_elsewhere, args=(model, theirs.send))
    process.start()
    assert ours.poll(60)
    found, plan = ours.recv()
    process.join(60)
    assert found == [neighbours_of(model, PAGES[1])] * 4
    assert plan.engine == "exact"
    assert "can't be used" in plan.why


def test_what_the_code_remembers_is_a_glyph():
    seen = remembered(Gallery.open(), glyphs()[3])
    assert (seen.shape, seen.dtype) == ((28, 28), np.uint8)


def answer_with(best, labels, reason=None):
    hits = tuple(Hit(str(n), label, 0.1, 0.9, "here") for n, label in enumerate(labels))
    digit = None if reason else best
    return Recognition(digit, best, reason, 0.9, (1 / 11,) * 11, neighbors=hits)


def test_a_disagreement_is_said_in_words():
    said = disagreement(answer_with(4, [9, 9, 4, None]))
    assert said == "the answer is 4, but 2 of 3 similar known digits show 9"
    refused = disagreement(answer_with(4, [9], reason="ambiguous"))
    assert refused == "the best guess is 4, but 1 of 1 similar known digits show 9"


@pytest.mark.parametrize("labels", [[], [None, None], [4], [9, 4], [4, 9], [9, 4, 4]])
def test_agreement_needs_no_words(labels):
    assert disagreement(answer_with(4, labels)) is None
    assert disagreement(answer_with(None, [1], reason="blank")) is None


@given(st.integers(0, 9), st.lists(st.integers(0, 9) | st.none(), max_size=12))
def test_the_answer_is_contradicted_only_by_more_neighbours_than_support_it(best, labels):
    said = disagreement(answer_with(best, labels))
    votes = Counter(label for label in labels if label is not None)
    assert (said is not None) == (max(votes.values(), default=0) > votes[best])


@pytest.fixture
def ran(monkeypatch):
    """The engines that answered, where the graph of the forty images is worth ten questions."""
    return worth(monkeypatch, 10)


def test_one_image_is_explained_exactly_and_a_loop_ends_on_the_graph(ran):
    model = Recognizer.load()
    for page in PAGES[:12]:
        assert len(model.recognize(page, explain=K).neighbors) == K
    assert ran == ["exact"] * 9 + ["pynndescent"] * 3
    Recognizer.load().recognize(PAGES[0], explain=K)
    assert ran[-1] == "exact", "a new process, or model, begins anew"


def test_a_batch_is_explained_by_the_graph(ran):
    model = Recognizer.load()
    assert all(answer.neighbors for answer in model.recognize_many(PAGES[:12] * 30, explain=K))
    assert ran[-1] == "pynndescent"
    model.recognize(PAGES[0], explain=K)
    assert ran[-1] == "pynndescent", "it is built once, and used from then on"


def test_explanations_are_alike_by_either_engine(ran):
    model = Recognizer.load()
    exact = model.recognize(PAGES[0], explain=K)
    model.gallery.prepare()
    graph = model.recognize(PAGES[0], explain=K)
    assert ran == ["exact", "pynndescent"]
    assert graph.neighbors == exact.neighbors
