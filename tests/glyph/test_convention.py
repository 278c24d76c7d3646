"""The convention is MNIST's: its digits come through as they are, and others are scaled and centred as they were."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from glyph_draws import QUICK, numbers
from hypothesis import given
from hypothesis import strategies as st
from pages import CLOSE, DIGITS, LABELS, likeness, page_of, tight, written

from recognizer import to_glyph
from recognizer.glyph.normalise import find_glyph


def test_the_bound_tells_digits_apart():
    pairs = itertools.combinations(range(len(DIGITS)), 2)
    alike = [likeness(DIGITS[a], DIGITS[b]) for a, b in pairs if LABELS[a] != LABELS[b]]
    assert max(alike) < CLOSE


@pytest.mark.parametrize("number", range(len(DIGITS)))
def test_mnist_loses_nothing(number):
    """What is lost is the faint noise around the strokes: at most 3 of 255 levels on these forty."""
    found = find_glyph(DIGITS[number])
    assert found.kind == "one"
    assert np.abs(found.image.astype(int) - DIGITS[number]).max() <= 8


@given(numbers, st.integers(-4, 4), st.integers(-4, 4))
@QUICK
def test_mnist_moved_within_its_frame_is_centred_again(number, x, y):
    moved = np.pad(DIGITS[number], 8)[8 + y : 36 + y, 8 + x : 36 + x]
    if np.count_nonzero(moved) == np.count_nonzero(DIGITS[number]):
        assert likeness(to_glyph(moved), DIGITS[number]) > 0.98


def test_glyphs_of_glyphs_are_the_same():
    for digit in DIGITS:
        once = to_glyph(page_of(digit))
        assert likeness(to_glyph(once), once) > 0.98


def extent(glyph):
    """Width and height of the ink, without most of the soft rim."""
    ys, xs = np.nonzero(glyph > 127)
    return np.ptp(xs) + 1, np.ptp(ys) + 1


@given(numbers, st.integers(20, 400))
@QUICK
def test_the_convention(number, side):
    digit = DIGITS[number]
    glyph = to_glyph(page_of(digit, side))
    assert (glyph.dtype, glyph.shape) == (np.uint8, (28, 28))
    assert glyph.max() > 200
    assert 13 <= max(extent(glyph)) <= 21
    moments = cv2.moments(glyph)
    assert abs(moments["m10"] / moments["m00"] - 14) <= 1
    assert abs(moments["m01"] / moments["m00"] - 14) <= 1


@given(numbers, st.floats(1, 2), st.booleans())
@QUICK
def test_the_aspect_is_kept(number, stretch, upright):
    """A digit drawn broad stays broad. A pixel of soft rim on ten of breadth is a tenth; a quarter is allowed."""
    size = (112, round(112 * stretch)) if upright else (round(112 * stretch), 112)
    coverage = cv2.resize(tight(DIGITS[number]), size).astype(np.float32) / 255
    width, height = extent(to_glyph(written(np.pad(coverage, 40))))
    wanted_width, wanted_height = extent((coverage * 255).astype(np.uint8))
    assert width / height == pytest.approx(wanted_width / wanted_height, rel=0.25)
