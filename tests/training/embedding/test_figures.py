"""What codes are worth, as figures."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from pages import DIGITS

torch = pytest.importorskip("torch")
pytest.importorskip("matplotlib")
pytest.importorskip("onnxruntime")

from small_embedding import POOL, generator  # noqa: E402

from recognizer.training.embedding import figures  # noqa: E402
from recognizer.training.embedding.evaluation import Searched  # noqa: E402
from recognizer.training.embedding.plain import add_noise  # noqa: E402
from recognizer.training.embedding.trade_off import curve_of  # noqa: E402
from recognizer.training.loop import tensors  # noqa: E402


def random_rows(n, seed=0):
    return figures.unit(np.random.default_rng(seed).normal(size=(n, 8)).astype(np.float32))


def test_what_is_found_of_exact_copies_and_of_strangers():
    rows = random_rows(1200)
    chosen = np.arange(0, 1200, 2)
    assert set(figures.recall(rows, rows[chosen], chosen).values()) == {1.0}
    strangers = figures.recall(rows, random_rows(600, seed=1), chosen)
    assert strangers["R@1"] < 0.01
    assert strangers["R@100"] == pytest.approx(100 / 1200, abs=0.04)


def test_codes_that_are_all_the_same_find_nothing():
    same = np.repeat(random_rows(1), 200, axis=0)
    assert figures.recall(same, same[:10], np.arange(10)) == {"R@1": 0, "R@10": 0, "R@100": 0}


def test_precision_is_that_of_a_plain_search():
    rows, asked = random_rows(300), random_rows(40, seed=1)
    labels = np.random.default_rng(0).integers(0, 3, 340).astype(np.uint8)
    nearest = np.linalg.norm(asked[:, None] - rows[None], axis=2).argsort(axis=1)[:, :10]
    wanted = (labels[:300][nearest] == labels[300:, None]).mean()
    found = figures.precision(figures.Gallery(rows, labels[:300]), asked, labels[300:])
    assert found == pytest.approx(wanted)


def test_similarity_falls_with_distance():
    labels = np.repeat(np.arange(4), 50).astype(np.uint8)
    rows = figures.unit(np.eye(8, dtype=np.float32)[labels] + 0.3 * random_rows(200))
    table = figures.similarity_table(figures.Gallery(rows, labels), rows, labels)
    assert (np.diff(table["distance"]) > 0).all()
    assert (np.diff(table["share"]) <= 0).all()
    assert table["share"][0] == 1
    assert table["share"][-1] == 0


def test_duplicates_are_told_at_the_precision_asked_for():
    rows = random_rows(1000)
    near = figures.unit(rows[:200] + 0.05 * random_rows(200, seed=1))
    asked = np.concatenate([near, random_rows(200, seed=2)])
    originals = np.concatenate([np.arange(200), np.full(200, -1)])
    found = figures.duplicate_threshold(rows, asked, originals, 0.95)
    assert found["precision"] >= 0.95
    assert found["recall"] > 0.9
    distances = np.linalg.norm(asked[:, None] - rows[None], axis=2)
    within = distances <= found["distance"] + 1e-6
    right = within[np.arange(200), np.arange(200)].sum()
    assert right / within.sum() == pytest.approx(found["precision"], abs=0.01)


def test_the_share_of_queries_with_a_near_row():
    rows = random_rows(50)
    asked = np.concatenate([rows[:10], -rows[:30]])
    assert figures.share_within(rows, asked, 0.01) == pytest.approx(0.25)


def test_no_threshold_where_none_is_precise():
    rows = random_rows(50)
    found = figures.duplicate_threshold(rows, rows, np.full(50, -1), 0.9)
    assert found == {"distance": 0.0, "precision": 1.0, "recall": 0.0}


def test_the_digits_share_can_be_chosen_afterwards(learnt):
    """The curve of one network says what networks with other shares would give."""
    chosen = np.arange(60)
    curve = curve_of("x", Searched(learnt.trained, POOL, 0, 60), 60)
    for point in curve.points[1:]:
        other = copy.deepcopy(learnt.trained)
        other.shares = (point.share, 1 - point.share - other.shares[2], other.shares[2])
        searched = Searched(other, POOL, 0, 60)
        asked = searched.codes.dense[chosen]
        wanted = figures.precision(searched.gallery.after(60), asked, POOL.labels[chosen])
        assert point.precision == pytest.approx(wanted, abs=0.01)


def test_noise_is_really_added():
    glyphs = tensors(DIGITS)
    noisy = add_noise(glyphs, 0.3, generator())
    middling = (glyphs > 0.45) & (glyphs < 0.55)
    assert float((noisy - glyphs)[middling].std()) == pytest.approx(0.3, abs=0.05)
    assert torch.equal(add_noise(glyphs, 0.0, generator()), glyphs)
