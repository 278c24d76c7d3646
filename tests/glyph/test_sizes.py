"""The same glyph whatever the size of the digit, its margins and the levels of ink and paper."""

from __future__ import annotations

import numpy as np
import pytest
from glyph_draws import QUICK, numbers, sides
from hypothesis import given
from hypothesis import strategies as st
from pages import CLOSE, DIGITS, enlarged, likeness, page_of, tight, written

from recognizer import to_glyph
from recognizer.glyph.normalise import find_glyph


@pytest.mark.parametrize("side", [28, 56, 112, 200])
@pytest.mark.parametrize(("dark", "light"), [(0, 255), (40, 200)])
def test_black_and_white_without_grey(side, dark, light):
    """What fax machines and scanners in line-art mode make, and bool arrays."""
    for digit in DIGITS:
        page = np.where(enlarged(digit, side) > 0.5, dark, light).astype(np.uint8)
        found = find_glyph(page)
        assert found.kind == "one"
        assert likeness(found.image, to_glyph(page_of(digit, side))) > CLOSE


@given(numbers, st.integers(28, 400))
@QUICK
def test_scale(number, side):
    assert likeness(to_glyph(page_of(DIGITS[number], side)), DIGITS[number]) > CLOSE


@pytest.mark.parametrize("side", range(20, 28))
def test_digits_of_few_pixels(side):
    """Fifteen pixels of ink were blurred on the way down, and once more on the way up: not all come close."""
    likenesses = [likeness(to_glyph(page_of(digit, side)), digit) for digit in DIGITS]
    assert np.percentile(likenesses, 20) > 0.7
    assert np.percentile(likenesses, 5) > 0.55


@given(numbers, sides, st.integers(0, 80), st.integers(170, 255))
@QUICK
def test_either_polarity(number, side, dark, light):
    bright_ink = to_glyph(page_of(DIGITS[number], side, light, dark))
    assert likeness(to_glyph(page_of(DIGITS[number], side, dark, light)), bright_ink) > 0.85


margins = st.floats(0.1, 3)


@given(numbers, st.integers(28, 160), st.tuples(margins, margins), st.tuples(margins, margins))
@QUICK
def test_margins_up_to_three_times_the_digit(number, side, above_below, left_right):
    coverage = enlarged(tight(DIGITS[number]), side)
    size = max(coverage.shape)
    around = [[round(margin * size) for margin in pair] for pair in (above_below, left_right)]
    even = to_glyph(written(np.pad(coverage, size // 4)))
    assert likeness(to_glyph(written(np.pad(coverage, around))), even) > CLOSE


@pytest.mark.parametrize("side", [28, 56, 112, 200])
def test_no_margin(side):
    for digit in DIGITS:
        coverage = enlarged(tight(digit), side)
        even = to_glyph(written(np.pad(coverage, max(coverage.shape) // 4)))
        assert likeness(to_glyph(written(coverage)), even) > CLOSE


@pytest.mark.parametrize(
    "edges", [((0, 1), (0, 1)), ((1, 0), (1, 0)), ((0, 0), (1, 1)), ((1, 1), (0, 0)), ((0, 0), (3, 0))]
)
@pytest.mark.parametrize("side", [28, 112])
def test_no_margin_on_some_edges(side, edges):
    """A bar of a tightly cropped five or seven can be taken for a border line, now and then."""
    close = 0
    for digit in DIGITS:
        coverage = enlarged(tight(digit), side)
        size = max(coverage.shape)
        even = to_glyph(written(np.pad(coverage, size // 4)))
        cropped = np.pad(coverage, [[margin * size for margin in pair] for pair in edges])
        close += likeness(to_glyph(written(cropped)), even) > CLOSE
    assert close >= 0.85 * len(DIGITS)


@pytest.mark.parametrize("number", range(0, 40, 4))
def test_a_small_digit_in_a_photo(number):
    digit = enlarged(tight(DIGITS[number]), 150)
    top, left = 1700 - 40 * number, 300 + 60 * number
    coverage = np.zeros((2000, 3000), np.float32)
    coverage[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    found = find_glyph(written(coverage))
    assert found.kind == "one"
    assert likeness(found.image, DIGITS[number]) > CLOSE
    wanted = left, top, left + digit.shape[1], top + digit.shape[0]
    assert np.abs(np.subtract(found.box, wanted)).max() <= 12
