"""One normaliser for everything: however a digit was written and photographed, its glyph is MNIST's.

Glyphs are compared by ``likeness``, a correlation. No two of the forty digits with different labels are more
alike than 0.761; so a glyph within CLOSE of its original can't have turned into another digit. Measured minima
over some thousand draws lie between 0.79 (enlarged by half) and 0.95 (colours).
"""

from __future__ import annotations

import contextlib
import itertools
import math
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pages import (
    CLOSE,
    DIGITS,
    LABELS,
    coded,
    enlarged,
    likeness,
    noisy,
    page_of,
    ramp,
    tight,
    written,
)

from recognizer import to_glyph
from recognizer.glyph import find_glyph, find_glyphs

QUICK = settings(deadline=None, max_examples=60)

numbers = st.integers(0, len(DIGITS) - 1)
sides = st.integers(40, 200)
angles = st.floats(0, 2 * math.pi)


# MNIST comes through as it is


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


# Whatever the size and the ground


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


# Whatever the light, the pen, the camera


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


PENS = {
    "blue": (30, 40, 160),
    "red": (200, 30, 30),
    "green": (20, 120, 40),
    "yellow": (230, 200, 20),
    "pencil": (120, 120, 120),
}
PAPERS = {
    "white": (250, 250, 248),
    "cream": (240, 230, 200),
    "pink": (250, 200, 210),
    "light blue": (190, 210, 245),
    "kraft": (190, 150, 110),
}


def in_colour(digit, pen, paper):
    return np.dstack([page_of(digit, 112, ink, ground) for ink, ground in zip(pen, paper, strict=True)])


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("pen", PENS)
def test_coloured_pens_on_coloured_paper(pen, paper):
    for digit in DIGITS[::5]:
        glyph = to_glyph(in_colour(digit, PENS[pen], PAPERS[paper]))
        assert likeness(glyph, to_glyph(page_of(digit))) > 0.9


def test_chalk():
    for digit in DIGITS[::5]:
        glyph = to_glyph(in_colour(digit, (235, 235, 230), (40, 70, 50)))
        assert likeness(glyph, to_glyph(page_of(digit))) > 0.9


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (20, 40, 180)])
def test_ink_in_the_alpha_channel(colour):
    for digit in DIGITS[::5]:
        ink = [np.full((112, 112), value, np.uint8) for value in colour]
        page = np.dstack([*ink, page_of(digit, 112, 255, 0)])
        plain = to_glyph(page_of(digit))
        assert likeness(to_glyph(page), plain) > 0.9
        assert likeness(to_glyph(coded(page, "PNG")), plain) > 0.9


# MNIST's convention


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


# Always an answer, always the same


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
