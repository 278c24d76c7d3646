"""The same glyph whatever the light and the camera: slopes, shadows, blur, noise."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from glyph_draws import QUICK, numbers, sides
from hypothesis import given
from hypothesis import strategies as st
from pages import CLOSE, DIGITS, coded, likeness, noisy, page_of, ramp

from recognizer import to_glyph

angles = st.floats(0, 2 * math.pi)


@given(numbers, sides, angles, st.floats(0.6, 1))
@QUICK
def test_light_that_falls_off(number, side, angle, low):
    light = ramp(side, angle, low)
    page = page_of(DIGITS[number], side, 30 * light, 225 * light)
    assert likeness(to_glyph(page), to_glyph(page_of(DIGITS[number], side))) > CLOSE


def shadowed(digit, where, depth, soft):
    """A page of 112 pixels, in shade left of ``where``; ``soft`` pixels is the blur of its edge."""
    light = np.where(np.arange(112) < where, depth, 1).astype(np.float32)[None].repeat(112, axis=0)
    if soft:
        light = cv2.GaussianBlur(light, (0, 0), soft, borderType=cv2.BORDER_REPLICATE)
    return page_of(digit, 112, 30 * light, 225 * light)


@given(numbers, st.integers(40, 100), st.floats(0.6, 0.95))
@QUICK
def test_a_shadow_with_a_soft_edge(number, where, depth):
    shade = to_glyph(shadowed(DIGITS[number], where, depth, soft=12))
    assert likeness(shade, to_glyph(page_of(DIGITS[number]))) > CLOSE


def share_close_in_shadow(where, depth, soft):
    return np.mean(
        [
            likeness(to_glyph(shadowed(digit, where, depth, soft)), to_glyph(page_of(digit))) > CLOSE
            for digit in DIGITS
        ]
    )


@pytest.mark.parametrize("where", [10, 20, 30])
def test_the_shadow_of_a_finger_at_the_edge(where):
    assert share_close_in_shadow(where, 0.7, soft=12) >= 0.9


@pytest.mark.parametrize("depth", [0.5, 0.6, 0.75])
def test_a_hard_shadow_across_the_digit(depth):
    assert share_close_in_shadow(50, depth, soft=0) >= 0.9


@given(numbers, sides, st.floats(0, 0.5))
@QUICK
def test_blur(number, side, blur):
    """Up to half a pixel of MNIST: strokes are two to three pixels broad there."""
    page = page_of(DIGITS[number], side)
    soft = cv2.GaussianBlur(page, (0, 0), max(0.1, blur * side / 28))
    assert likeness(to_glyph(soft), to_glyph(page)) > CLOSE


@given(numbers, sides, st.integers(100, 255), st.floats(0.3, 1))
@QUICK
def test_contrast_from_thirty_percent(number, side, paper, contrast):
    page = page_of(DIGITS[number], side, paper * (1 - contrast), paper)
    assert likeness(to_glyph(page), to_glyph(page_of(DIGITS[number], side))) > CLOSE


@given(numbers, st.integers(56, 200), st.floats(0, 10), st.integers(0, 99))
@QUICK
def test_noise(number, side, sigma, seed):
    page = page_of(DIGITS[number], side)
    assert likeness(to_glyph(noisy(page, sigma, seed)), to_glyph(page)) > CLOSE


@given(numbers, st.integers(56, 200), st.integers(50, 95))
@QUICK
def test_jpeg(number, side, quality):
    page = page_of(DIGITS[number], side)
    assert likeness(to_glyph(coded(page, "JPEG", quality=quality)), to_glyph(page)) > CLOSE
