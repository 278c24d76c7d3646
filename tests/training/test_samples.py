"""The split, the pools, and how digits get onto paper."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import DIGITS, LABELS, many_digits

from recognizer import to_glyph
from recognizer.errors import UsageError
from recognizer.results import REJECT
from recognizer.training import samples
from recognizer.training.config import make_config
from recognizer.training.samples import Pool, PoolMaker, degrade, found_or_blank, likeness, stratified_split
from reject_gen.typefaces import BUILT_IN, find_typefaces

IMAGES, MANY_LABELS = many_digits(240)
CONFIG = make_config(
    {
        "data": {"validation": 60, "page_copies": 2, "printed": 30, "rejects": 40, "validation_rejects": 20},
        "rejects": {"noise": 1.0, "fragments": 1.0, "strokes": 1.0},
    },
    "here",
)


@pytest.fixture(scope="module", autouse=True)
def only_the_built_in_typeface(tmp_path_factory):
    """Whatever this machine has: a pool made here is the same everywhere."""
    faces = find_typefaces([tmp_path_factory.mktemp("fonts")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samples, "find_typefaces", lambda: faces)
        yield


# The split

labels_of_some = st.lists(st.integers(0, 9), min_size=20, max_size=300).map(lambda v: np.array(v, np.uint8))


@given(labels_of_some, st.floats(0.05, 0.9), st.integers(0, 99))
def test_the_split_is_disjoint_complete_and_in_proportion(labels, share, seed):
    held_out = round(share * len(labels))
    train, validation = stratified_split(labels, held_out, seed)
    assert sorted([*train.tolist(), *validation.tolist()]) == list(range(len(labels)))
    for digit in np.unique(labels):
        members = int((labels == digit).sum())
        kept = int((labels[validation] == digit).sum())
        assert abs(kept - held_out * members / len(labels)) <= 0.5


@given(labels_of_some, st.integers(0, 99))
def test_the_split_depends_on_the_seed_alone(labels, seed):
    one, other = (stratified_split(labels, len(labels) // 3, seed) for _ in range(2))
    assert np.array_equal(one[0], other[0])
    assert np.array_equal(one[1], other[1])


def test_another_seed_splits_otherwise():
    labels = np.repeat(np.arange(10, dtype=np.uint8), 50)
    assert not np.array_equal(stratified_split(labels, 100, 0)[1], stratified_split(labels, 100, 1)[1])


# The pools


@pytest.fixture(scope="module")
def pools():
    return PoolMaker(CONFIG, IMAGES, MANY_LABELS, workers=1).make(lambda *_: None)


def test_samples_are_glyphs_with_labels_and_sources(pools):
    for pool in (pools.train, pools.validation):
        assert (pool.glyphs.dtype, pool.glyphs.shape[1:]) == (np.uint8, (28, 28))
        assert len(pool.glyphs) == len(pool.labels) == len(pool.sources) == len(pool)
        assert pool.labels.max() == REJECT
        assert pool.glyphs.any(axis=(1, 2)).all()
        digit = pool.labels < REJECT
        assert {"mnist", "page", "printed"} == set(pool.sources[digit].tolist())
        assert not {"mnist", "page", "printed"} & set(pool.sources[~digit].tolist())


def test_pools_are_as_large_as_asked_for(pools):
    """Less what the normaliser found blank, or lost on a photographed page."""
    train, validation = pools.train.sources, pools.validation.sources
    assert (train == "mnist").sum() == 180
    assert (validation == "mnist").sum() == 60
    assert 0.9 * 360 <= (train == "page").sum() <= 360
    assert 0.9 * 60 <= (validation == "page").sum() <= 60
    assert 0.8 * 30 <= (train == "printed").sum() <= 30
    assert 20 <= (pools.train.labels == REJECT).sum() <= 40


def test_no_image_is_on_both_sides(pools):
    train, validation = (
        {glyph.tobytes() for glyph in pool.glyphs[pool.sources == "mnist"]}
        for pool in (pools.train, pools.validation)
    )
    assert not train & validation


def test_digits_keep_their_labels(pools):
    """Glyphs of training are those of the images, in the split's order."""
    chosen = stratified_split(MANY_LABELS, 60, CONFIG.seed)[0]
    plain = pools.train.take(pools.train.sources == "mnist")
    assert np.array_equal(plain.labels, MANY_LABELS[chosen])
    for number in range(0, len(plain), 17):
        assert np.array_equal(plain.glyphs[number], to_glyph(IMAGES[chosen[number]]))


def test_the_same_seed_makes_the_same_pools_on_any_number_of_workers(pools):
    again = PoolMaker(CONFIG, IMAGES, MANY_LABELS, workers=2).make(lambda *_: None)
    for one, other in ((pools.train, again.train), (pools.validation, again.validation)):
        assert np.array_equal(one.glyphs, other.glyphs)
        assert np.array_equal(one.labels, other.labels)
        assert np.array_equal(one.sources, other.sources)
    assert again.record == pools.record


def test_the_record_names_split_and_typefaces(pools):
    assert len(pools.record["split_sha256"]) == 64
    faces = pools.record["train_typefaces"] | pools.record["validation_typefaces"]
    assert len(faces) == 1
    assert all(len(digest) == samples.SHORT_HASH for digest in faces.values())
    assert find_typefaces.__module__ == "reject_gen.typefaces"
    assert samples.find_typefaces()[0].path == BUILT_IN


def test_held_out_families_are_in_validation_only():
    config = make_config(
        {"data": {**CONFIG.to_dict()["data"], "held_out_families": ["strokes"]}, "rejects": CONFIG.rejects},
        "here",
    )
    maker = PoolMaker(config, IMAGES, MANY_LABELS, workers=1)
    train, validation = ({family.group for family in recipe.families} for recipe in maker.recipes)
    assert train == {"noise", "fragments"}
    assert "strokes" in validation


@pytest.mark.parametrize("rejects", [{"doodels": 1.0}, {"noise": -1}, {}, {"own": {"folder": "nowhere"}}])
def test_unknown_rejects_are_one_line_before_anything_is_made(rejects):
    config = make_config({"data": CONFIG.to_dict()["data"], "rejects": rejects}, "here")
    with pytest.raises(UsageError) as caught:
        PoolMaker(config, IMAGES, MANY_LABELS, workers=1)
    assert str(caught.value).isprintable()
    assert "[rejects]" in str(caught.value)


def test_pools_can_be_taken_apart_and_joined():
    pool = Pool(DIGITS, LABELS, np.full(40, "mnist"))
    halves = [pool.take(LABELS < 5), pool.take(np.flatnonzero(LABELS >= 5))]
    joined = Pool.join(halves)
    assert np.array_equal(joined.glyphs, DIGITS)
    assert np.array_equal(joined.labels, LABELS)
    assert len(halves[0]) == 20


# On paper


@given(st.integers(0, 39), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=20)
def test_paper_is_the_same_for_a_seed(number, seed):
    one, other = (degrade(DIGITS[number], np.random.default_rng(seed), 0.0, 0.5) for _ in range(2))
    assert np.array_equal(one, other)
    assert one.dtype == np.uint8
    assert one.ndim == 2


def test_a_plain_share_of_one_leaves_the_image():
    image = DIGITS[0]
    assert degrade(image, np.random.default_rng(0), 1.0, 0.5) is image


def test_a_digit_that_was_lost_on_the_page_is_left_out():
    """A border that the normaliser takes for the character must not be learnt as that character."""
    page = np.full((60, 60), 230, np.uint8)
    page[20:40, 28:32] = 20
    assert likeness(to_glyph(page), to_glyph(DIGITS[0])) < samples.LEAST_LIKENESS
    assert not found_or_blank(page, DIGITS[0]).any()
    assert np.array_equal(found_or_blank(DIGITS[0], DIGITS[0]), to_glyph(DIGITS[0]))


def test_likeness_is_one_for_the_same_and_none_for_blank():
    for digit in DIGITS:
        assert likeness(digit, digit) == pytest.approx(1, abs=1e-3)
        assert likeness(digit, np.zeros_like(digit)) == 0
