"""Print copied with a pen: strokes of the pen's width in the places of the print's, bent by hand."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reject_gen.alphabets import alphabets
from reject_gen.base import FAMILIES
from reject_gen.penned import copied, middle_of_strokes, penned_name
from reject_gen.recipe import make_recipe
from reject_gen.typefaces import BUILT_IN, render


def _parts(ink: np.ndarray) -> int:
    return cv2.connectedComponents((ink > 0).astype(np.uint8))[0] - 1


def _holes(ink: np.ndarray) -> int:
    return cv2.connectedComponents((ink == 0).astype(np.uint8), connectivity=4)[0] - 2


def test_each_script_has_a_family():
    assert {penned_name(script) for script in alphabets()} <= set(FAMILIES)


@pytest.mark.parametrize("character", ["A", "E", "R", "H", "W", "B", "i"])
def test_thinned_ink_has_the_parts_and_holes_of_the_print_and_lies_within_it(character):
    ink = render(character, BUILT_IN, 72, margin=8) > 100
    line = middle_of_strokes(ink)
    assert _parts(line) == _parts(ink)
    assert _holes(line) == _holes(ink)
    assert ink[line > 0].all()
    # No square of four pixels is left but for a few where strokes meet.
    squares = line[:-1, :-1] & line[1:, :-1] & line[:-1, 1:] & line[1:, 1:]
    assert 4 * squares.sum() < 0.05 * line.sum()


@given(st.integers(0, 2**32 - 1), st.integers(4, 40), st.integers(4, 40))
def test_thinning_ends_and_only_takes_away(seed, height, width):
    ink = cv2.GaussianBlur(np.random.default_rng(seed).random((height, width)), (0, 0), 2) > 0.5
    line = middle_of_strokes(ink)
    assert not line[~ink].any()
    assert bool(line.any()) == bool(ink.any())
    assert np.array_equal(middle_of_strokes(line > 0), line)


def test_copies_of_one_letter_have_thin_and_thick_pens():
    ink = render("K", BUILT_IN, 72, margin=14)
    shares = [
        (copied(ink, np.random.default_rng(seed)) > 128).sum() / (ink > 128).sum() for seed in range(40)
    ]
    assert min(shares) < 0.5
    assert max(shares) > 0.9


def test_a_page_without_ink_stays_as_it_is():
    empty = np.zeros((30, 30), np.uint8)
    assert np.array_equal(copied(empty, np.random.default_rng(0)), empty)


def test_scripts_that_no_typeface_has_are_not_copied_either():
    names = {family.name for family in make_recipe({"penned": 1}, typefaces=()).families}
    assert penned_name("latin_small") in names
    assert penned_name("kanji") not in names


def test_a_script_that_is_held_out_is_not_copied_either():
    names = {
        family.name for family in make_recipe({"characters": 1, "penned": 1}, exclude=["greek"]).families
    }
    assert not {"greek", penned_name("greek")} & names
    assert {"cyrillic", penned_name("cyrillic"), penned_name("hebrew")} <= names
