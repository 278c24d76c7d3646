"""A network looks again where it is in doubt, and only there; a glyph gets the same answer alone and in a batch."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from bundles import copy_of_shipped
from pages import DIGITS

from recognizer import Recognizer
from recognizer.bundle import META, NETWORK, READER, read_bundle, shipped_folder, write_bundle
from recognizer.errors import ModelError
from recognizer.stages.network import Network
from recognizer.stages.second_look import READER_VIEWS, VIEWS, Reader, SecondLook, changed


def ink_of(glyphs):
    """Answers that depend on the glyph alone: the mean ink of its upper and of its lower half, in tens."""
    return ((glyphs.reshape(len(glyphs), 2, -1).mean(axis=2) / 10).astype(np.float32),)


def test_what_is_clear_stays_as_it_was():
    first = ink_of(DIGITS)
    looks = []
    seen = SecondLook(0.0).at(DIGITS, first, lambda views: looks.append(views) or ink_of(views))
    assert np.array_equal(seen[0], first[0])
    assert looks == []


def test_what_is_in_doubt_gets_the_mean_of_all_looks():
    first = ink_of(DIGITS)
    leads = np.abs(first[0][:, 0] - first[0][:, 1])
    lead = float(np.median(leads))
    asked = []
    (seen,) = SecondLook(lead).at(DIGITS, first, lambda views: asked.append(len(views)) or ink_of(views))
    doubtful = leads < lead
    assert asked == [doubtful.sum() * len(VIEWS)]
    assert np.array_equal(seen[~doubtful], first[0][~doubtful])
    one = np.flatnonzero(doubtful)[0]
    looks = np.concatenate([DIGITS[[one]], changed(DIGITS[[one]], VIEWS)])
    assert seen[one] == pytest.approx(ink_of(looks)[0].mean(axis=0), abs=1e-4)


def test_a_second_reader_counts_as_much_as_is_said_and_gives_logits_only():
    (ink,) = first = ink_of(DIGITS)
    look = SecondLook(np.inf, READER_VIEWS, Reader(weight=0.75, scale=2.0))
    features = ink + 1
    seen, kept = look.at(DIGITS, (ink, features), lambda views: (np.full((len(views), 2), 3.0, np.float32),))
    assert seen == pytest.approx(0.25 * ink + 0.75 * 2.0 * 3.0, abs=1e-5)
    assert kept is features
    assert np.array_equal(changed(DIGITS[:3], READER_VIEWS[:1]), DIGITS[:3])
    assert np.array_equal(ink, first[0])


def test_a_second_reader_is_loaded_when_something_is_in_doubt():
    how = Reader(0.5, 1.0)
    network = Network(read_bundle().network, "m", SecondLook(0.0, READER_VIEWS, how), b"no graph")
    assert network.logits(DIGITS[:2]).shape == (2, 11)
    network = Network(read_bundle().network, "m", SecondLook(1e9, READER_VIEWS, how), b"no graph")
    with pytest.raises(ModelError, match="m: ONNX Runtime can't load the network"):
        network.logits(DIGITS[:2])


def test_a_model_without_its_second_reader_is_refused(tmp_path):
    look = asdict(SecondLook(2.0, READER_VIEWS, Reader(0.5, 1.0)))
    meta = json.loads((shipped_folder() / META).read_text()) | {"second_look": look}
    files = {name: (shipped_folder() / name).read_bytes() for name in meta["files"] if name != READER}
    write_bundle(tmp_path, meta, files)
    with pytest.raises(ModelError, match=r"has no reader\.onnx"):
        Recognizer.load(tmp_path)
    write_bundle(tmp_path, meta, files | {READER: files[NETWORK]})
    assert Recognizer.load(tmp_path).recognize(DIGITS[0]).best is not None


def test_views_are_of_the_same_digit_a_little_changed():
    views = changed(DIGITS[:20], VIEWS).reshape(20, len(VIEWS), 28, 28).astype(float)
    for digit, own in zip(DIGITS[:20].astype(float), views, strict=True):
        for view in own:
            assert not np.array_equal(view, digit)
            assert np.corrcoef(view.ravel(), digit.ravel())[0, 1] > 0.5
            assert 0.7 < view.sum() / digit.sum() < 1.3


def middle(glyph):
    """Row and column of the ink's middle."""
    return np.array([np.average(places, weights=glyph) for places in np.indices(glyph.shape)])


def test_a_view_is_what_it_says():
    square = np.zeros((28, 28), np.uint8)
    square[8:20, 8:20] = 255
    views = ((0, 0, 1, 3, 0), (0, 0, 1, 0, 2), (0, 0.5, 1, 0, 0), (30, 0, 1, 0, 0), (0, 0, 1.5, 0, 0))
    right, down, sheared, turned, larger = changed(square[None], views).astype(float)
    assert np.array_equal(right, np.roll(square, 3, axis=1))
    assert np.array_equal(down, np.roll(square, 2, axis=0))
    for view in (sheared, turned, larger):
        assert middle(view) == pytest.approx([13.5, 13.5], abs=0.05)
    slant = np.abs(middle(sheared[8:10]) - middle(sheared[18:20]))[1]
    assert slant == pytest.approx(0.5 * 10, abs=0.05)
    assert (turned[13] > 0).sum() == pytest.approx(12 / np.cos(np.radians(30)), abs=1.5)
    assert larger.sum() / square.sum() == pytest.approx(1.5**2, abs=0.1)


def test_a_batch_changes_nothing():
    bundle = read_bundle()
    network = Network(bundle.network, look=SecondLook(6.0))
    together = network.logits(DIGITS[:40])
    assert not np.array_equal(together, network.first_logits(DIGITS[:40]))
    alone = np.concatenate([network.logits(DIGITS[i : i + 1]) for i in range(40)])
    assert together == pytest.approx(alone, abs=1e-4)


def test_no_glyphs_no_looks():
    network = Network(read_bundle().network, look=SecondLook(6.0))
    assert network.logits(DIGITS[:0]).shape == (0, 11)


def test_the_model_that_ships_looks_again():
    assert read_bundle().second_look is not None


@pytest.mark.parametrize(
    "look",
    [
        3,
        {"lead": 2.0},
        {"lead": "2", "views": []},
        {"lead": 2.0, "views": [[1, 2]]},
        {"lead": 2.0, "views": [], "reader": {"weight": 0.5}},
        {"lead": 2.0, "views": [], "reader": {"weight": "much", "scale": 1.0}},
    ],
)
def test_a_damaged_second_look_is_one_line(tmp_path, look):
    folder = copy_of_shipped(tmp_path / "model", second_look=look)
    assert json.loads((folder / META).read_text())["second_look"] == look
    with pytest.raises(ModelError, match=r"not valid: second_look"):
        Recognizer.load(folder)
