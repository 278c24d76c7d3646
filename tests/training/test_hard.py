"""The search for hard rejects, with stand-ins for the networks."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

pytest.importorskip("torch")

from recognizer.bundle import shipped_folder
from recognizer.errors import UsageError
from recognizer.results import REJECT
from recognizer.training import hard
from recognizer.training.config import DataConfig
from recognizer.training.hard import KINDRED, Search, Target, add_hard, spread
from recognizer.training.progress import Progress
from recognizer.training.samples import Pool, RejectSource, degrade
from recognizer.training.vary import Find, vary
from reject_gen.base import Material
from reject_gen.recipe import make_recipe

NOTHING = Material(np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8))
SOURCE = RejectSource(
    make_recipe({"strokes": 1.0}), NOTHING, partial(degrade, plain_share=0.5, scanner_share=0.5)
)


def ink_share(glyphs):
    return glyphs.mean(axis=(1, 2)) / 255


def scores_of(digit_share):
    """Probabilities of eleven classes with so much for the digit 1, and the rest for reject."""
    scores = np.zeros((len(digit_share), REJECT + 1))
    scores[:, 1], scores[:, REJECT] = digit_share, 1 - digit_share
    return scores


LIKES_INK = Target(lambda glyphs: scores_of(ink_share(glyphs)), 0.25)


def no_digit(glyphs):
    return np.full((len(glyphs), 10), 0.1)


def found(**settings):
    search = Search(**{"source": SOURCE, "plain": no_digit, "seed": 3} | settings)
    return search.find(LIKES_INK, 30, 0)


@pytest.fixture(scope="module")
def pool():
    return found()


def test_finds_what_the_target_accepts(pool):
    drawn = SOURCE.draw(300, 3, 0, 1).glyphs
    assert 0 < LIKES_INK.accepts(drawn).sum() < 30, "the search has something to do"
    assert len(pool) == 30
    assert LIKES_INK.accepts(pool.glyphs).all()
    assert set(pool.labels) == {REJECT}
    families = {family.name for family in SOURCE.recipe.families}
    assert {str(source).removeprefix("hard:") for source in pool.sources} <= families
    assert len(np.unique(pool.glyphs, axis=0)) == 30


def test_is_the_same_on_several_processes(pool, monkeypatch):
    monkeypatch.setattr(hard, "CHUNK", 2)
    again = found(workers=2)
    assert (again.glyphs == pool.glyphs).all()
    assert (again.sources == pool.sources).all()


def test_another_seed_finds_others(pool):
    assert not np.array_equal(found(seed=4).glyphs, pool.glyphs)


def test_what_is_a_digit_by_accident_stays_out(pool):
    def takes_the_thick(glyphs):
        return np.repeat(np.where(ink_share(glyphs) > 0.28, 0.99, 0.1)[:, None], 10, axis=1)

    assert (ink_share(pool.glyphs) > 0.3).any()
    audited = found(plain=takes_the_thick)
    assert len(audited)
    # Turned, a glyph may lose some of its ink: only steady digits go.
    assert (ink_share(audited.glyphs) < 0.3).all()


def test_everything_a_digit_or_nothing_accepted_gives_an_empty_pool():
    assert len(found(plain=lambda glyphs: np.ones((len(glyphs), 10)))) == 0
    none = Search(SOURCE, no_digit, 3).find(
        Target(lambda glyphs: scores_of(np.zeros(len(glyphs))), 0.5), 5, 0
    )
    assert none.glyphs.shape == (0, 28, 28)
    assert len(Pool.join([none, none])) == 0


def test_a_blank_glyph_is_never_accepted():
    easy = Target(lambda glyphs: scores_of(np.ones(len(glyphs))), 0.5)
    glyphs = np.zeros((2, 28, 28), np.uint8)
    glyphs[1, 5, 5] = 9
    assert easy.accepts(glyphs).tolist() == [False, True]


def test_the_first_of_each_ink_comes_before_the_second_of_any():
    def of(root, grey):
        glyph = np.full((28, 28), grey, np.uint8)
        return Find(glyph, glyph, "wave", root)

    finds = [of(root, grey) for grey, root in enumerate([7] * 20 + [8, 9, 8])]
    assert [find.root for find in spread(finds)] == [7, 8, 9, 7, 8] + [7] * (KINDRED - 2)
    assert len(spread([of(1, 50), of(1, 60), of(1, 50), of(2, 60)])) == 2, "a glyph is not taken twice"


def test_each_round_learns_from_those_before(monkeypatch):
    sizes = []

    def target(pool, seed, progress):
        sizes.append((len(pool), seed))
        return LIKES_INK

    monkeypatch.setattr(Target, "of_pool", staticmethod(target))
    start = Pool(np.ones((4, 28, 28), np.uint8), np.zeros(4, np.uint8), np.full(4, "mnist"))
    config = DataConfig(hard_rejects=19, hard_rounds=2)
    whole = add_hard(config, start, Search(SOURCE, no_digit, 3), Progress())
    assert sizes == [(4, 3), (14, 4)]
    assert len(whole) == 24
    assert len(np.unique(whole.glyphs[4:], axis=0)) == 20, "rounds draw from where the last one ended"
    assert whole.sources[:4].tolist() == ["mnist"] * 4


def test_searches_against_a_bundle(monkeypatch):
    monkeypatch.setattr(hard, "train_quickly", None)
    start = Pool(np.ones((4, 28, 28), np.uint8), np.zeros(4, np.uint8), np.full(4, "mnist"))
    config = DataConfig(hard_rejects=3, hard_rounds=1, hard_model=str(shipped_folder()))
    whole = add_hard(config, start, Search(SOURCE, no_digit, 3), Progress())
    assert Target.of_bundle(shipped_folder()).accepts(whole.glyphs[4:]).all()


def test_is_off_unless_asked_for():
    assert DataConfig().hard_rejects == 0
    with pytest.raises(UsageError, match="hard_rounds"):
        DataConfig(hard_rounds=0)


def test_changes_are_small_and_the_same_for_a_seed():
    ink = np.full((60, 40), 230, np.uint8)
    ink[10:50, 18:23] = 20
    changes = [vary(ink, np.random.default_rng(seed)) for seed in range(40)]
    again = [vary(ink, np.random.default_rng(seed)) for seed in range(40)]
    assert all(np.array_equal(a, b) for a, b in zip(changes, again, strict=True))
    assert 2 <= sum(np.array_equal(change, ink) for change in changes) <= 20
    for change in changes:
        assert change.dtype == np.uint8
        assert np.median(change) == 230, "paper stays paper, whatever its side of grey"
        assert (change < 120).sum() >= 30
