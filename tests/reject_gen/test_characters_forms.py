"""Families of characters and of what stands on forms: sound images, repeatable, no digits among them."""

import pickle

import numpy as np
import pytest

from reject_gen import characters, forms, marks, penned  # noqa: F401  (importing registers the families)
from reject_gen.alphabets import ROMAN_NUMERALS, WORDS, alphabets
from reject_gen.base import FAMILIES, Material
from reject_gen.characters import covered_scripts

OURS = sorted(name for name, kind in FAMILIES.items() if kind.group in {"characters", "forms", "penned"})
BARE = Material(np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8))


@pytest.mark.parametrize("name", OURS)
def test_every_family_draws_sound_images(name):
    images = FAMILIES[name].sample(np.random.default_rng(3), 40, BARE)
    for image in images:
        assert image.dtype == np.uint8
        assert image.ndim == 2
        assert 4 <= min(image.shape) <= max(image.shape) <= 800
    if name != "empty_cell":
        # A faint stain may miss the page; most images must show something.
        assert sum(image.max() >= 60 for image in images) >= 36


@pytest.mark.parametrize("name", OURS)
def test_every_family_repeats_under_a_seed(name):
    first, again = (FAMILIES[name].sample(np.random.default_rng(11), 8, BARE) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_families_can_be_sent_to_other_processes():
    for name in OURS:
        assert pickle.loads(pickle.dumps(FAMILIES[name])) == FAMILIES[name]  # noqa: S301


def test_images_of_a_family_differ():
    for name in set(OURS) - {"empty_cell"}:
        images = FAMILIES[name].sample(np.random.default_rng(5), 10, BARE)
        assert len({image.tobytes() for image in images}) >= 8, name


def test_no_digit_and_no_double_of_one_is_among_the_characters():
    everything = set("".join(alphabets().values()))
    assert not everything & set("0123456789OolI|/°1ОоΟοІі")
    assert not any(character.isdigit() for character in everything)
    assert "I" not in ROMAN_NUMERALS
    assert not any(word.isdigit() for word in WORDS)


def test_each_script_is_a_family_of_its_own():
    assert set(alphabets()) <= set(OURS)
    assert {"letter_pairs", "words", "lookalike_letters"} <= set(OURS)
    assert not set(alphabets()["lookalike_letters"]) & set(alphabets()["latin_capitals"])


def test_latin_is_covered_without_any_font():
    assert {"latin_capitals", "latin_small"} <= covered_scripts(())
    assert "kanji" not in covered_scripts(())
