"""Any page has a glyph, and always the same: alone, among many, in several threads."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pages import DIGITS, noisy, page_of

from recognizer import to_glyph
from recognizer.glyph.normalise import find_glyph, find_glyphs


def test_many_pages_are_as_one_by_one():
    blank, large = np.full((56, 56), 200, np.uint8), np.pad(page_of(DIGITS[5], 300), 200, constant_values=225)
    pages = [*DIGITS[:3], blank, page_of(DIGITS[4], 90), large, blank[:1], np.hstack([large, large])]
    for page, found in zip(pages, find_glyphs(pages), strict=True):
        alone = find_glyph(page)
        assert np.array_equal(found.image, alone.image)
        assert (found.kind, found.box) == (alone.kind, alone.box)
    assert find_glyphs([]) == []


def test_a_stack_of_pages_of_one_size_is_as_one_by_one():
    """Clean and noisy, dark and bright, sloped and flat, black and blank: stacked, and of sizes that don't halve."""
    for shape in ((28, 28), (56, 56), (57, 39), (20, 61), (3, 3), (1, 9)):
        pages = [
            cv2.resize(page_of(digit, 56), shape[::-1], interpolation=cv2.INTER_AREA) for digit in DIGITS
        ]
        pages = [page.reshape(shape) for page in pages]
        light = np.linspace(0.05, 1, shape[1])
        pages += [255 - page for page in pages]
        pages += [noisy(page, 20, seed) for seed, page in enumerate(pages)]
        pages += [(page * light).astype(np.uint8) for page in pages]
        pages += [np.full(shape, level, np.uint8) for level in (0, 1, 128, 255)]
        for page, found in zip(pages, find_glyphs(pages), strict=True):
            assert np.array_equal(found.image, find_glyph(page).image)


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=300)))
@settings(deadline=None, max_examples=150)
@example(np.zeros((1, 1), np.uint8))
@example(np.eye(300, dtype=np.uint8) * 255)
@example(np.full((1, 300), 255, np.uint8))
def test_any_array_has_a_glyph(page):
    found = find_glyph(page)
    assert (found.image.dtype, found.image.shape) == (np.uint8, (28, 28))
    assert found.kind in ("one", "blank", "several")
    assert (found.kind == "blank") == (not found.image.any())
    left, top, right, bottom = found.box
    height, width = page.shape
    assert 0 <= left <= right <= width
    assert 0 <= top <= bottom <= height


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 2**32 - 1), st.sampled_from([2, 20, 256]))
@settings(deadline=None, max_examples=150)
def test_noise_of_any_shape_has_a_glyph(height, width, seed, levels):
    page = np.random.default_rng(seed).integers(0, levels, (height, width)).astype(np.uint8)
    assert find_glyph(page).image.shape == (28, 28)


def test_the_page_is_not_changed():
    for page in (page_of(DIGITS[0]), page_of(DIGITS[0], 400), DIGITS[0].copy()):
        before = page.copy()
        to_glyph(page)[:] = 7
        assert np.array_equal(page, before)


def test_writing_into_a_blank_glyph_changes_no_other():
    glyph = to_glyph(np.zeros((9, 9), np.uint8)).view()
    with contextlib.suppress(ValueError):  # it may be read-only
        glyph[:] = 7
    another = to_glyph(np.zeros((9, 9), np.uint8)).copy()
    with contextlib.suppress(ValueError):
        glyph[:] = 0
    assert not another.any()


def test_threads_agree_with_one():
    pages = [noisy(page_of(digit, 60 + 3 * number), 6, number) for number, digit in enumerate(DIGITS)]
    alone = [to_glyph(page) for page in pages]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(to_glyph, pages * 5))
    assert all(np.array_equal(glyph, alone[i % len(alone)]) for i, glyph in enumerate(together))
