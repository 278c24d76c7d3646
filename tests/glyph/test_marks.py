"""What is kept of a page's marks, and what a page is told to hold: nothing, one character, or several."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from pages import (
    CLOSE,
    DIGITS,
    enlarged,
    likeness,
    page_of,
    ramp,
    tight,
    written,
)

from recognizer import to_glyph
from recognizer.glyph.normalise import find_glyph

# What belongs to the digit stays, what does not is dropped


def loose_five(gap):
    """Coverage of a five whose bar hangs ``gap`` pixels off its stem, and of the same without the bar."""
    ink = np.zeros((112, 112), np.uint8)
    cv2.ellipse(ink, (54, 66), (20, 20), 0, -120, 140, 255, 7, cv2.LINE_AA)
    cv2.line(ink, (40, 26), (40, 52), 255, 7, cv2.LINE_AA)
    bare = ink.astype(np.float32) / 255
    cv2.line(ink, (47 + gap, 26), (82, 24), 255, 7, cv2.LINE_AA)
    return ink.astype(np.float32) / 255, bare


@pytest.mark.parametrize("gap", [2, 4, 6, 8])
def test_a_five_keeps_its_loose_bar(gap):
    whole, bare = loose_five(gap)
    found = find_glyph(written(whole))
    assert found.kind == "one"
    assert found.box[1] <= 24
    assert found.box[2] >= 82
    joined = to_glyph(written(loose_five(-6)[0]))
    assert likeness(found.image, joined) > CLOSE
    assert likeness(found.image, joined) > likeness(to_glyph(written(bare)), joined)


def cut_across(coverage, gap, tilt):
    """The digit torn apart about its middle: ``gap`` pixels wide, ``tilt`` pixels lower at the right."""
    height, width = coverage.shape
    torn = coverage.copy()
    line = height / 2 + tilt * (np.arange(width) / width - 0.5)
    torn[np.abs(np.arange(height)[:, None] - line[None]) < gap / 2] = 0
    return torn


@pytest.mark.parametrize("gap", [2, 4, 6])
def test_a_torn_digit_keeps_both_parts(gap):
    likenesses = []
    for number, digit in enumerate(DIGITS):
        torn = cut_across(enlarged(digit, 112), gap, tilt=number - 20)
        likenesses.append(likeness(to_glyph(written(torn)), to_glyph(page_of(digit))))
    assert np.mean(np.array(likenesses) > 0.7) >= 0.95


def undisturbed(coverage, disturbed):
    """How many of the digits keep their glyphs when something is drawn beside them."""
    pages = [(coverage(digit), disturbed(coverage(digit), number)) for number, digit in enumerate(DIGITS)]
    glyphs = [(to_glyph(written(plain)), to_glyph(written(other))) for plain, other in pages]
    return np.mean([other.any() and likeness(other, plain) > CLOSE for plain, other in glyphs])


def roomy(digit):
    return np.pad(enlarged(tight(digit), 84), 28)


def test_specks_are_dropped():
    def speckled(coverage, number):
        rng = np.random.default_rng(number)
        height, width = coverage.shape
        for _ in range(4):
            x, y = (int(rng.integers(3, side - 3)) for side in (width, height))
            coverage[y : y + 2, x : x + 2] = 1
        return coverage

    assert undisturbed(roomy, speckled) >= 0.95


def bordered(sides, thickness, insets):
    def draw(coverage, number):
        inset = insets[number % len(insets)]
        strip = slice(inset, inset + thickness)
        for side in sides.split():
            view = {"top": coverage, "bottom": coverage[::-1], "left": coverage.T, "right": coverage.T[::-1]}
            view[side][strip] = 1
        return coverage

    return draw


@pytest.mark.parametrize("thickness", [1, 2, 4])
@pytest.mark.parametrize("sides", ["top", "bottom left", "left right", "top bottom left right"])
def test_cell_border_lines_are_dropped(sides, thickness):
    assert undisturbed(roomy, bordered(sides, thickness, range(1, 8))) >= 0.95


@pytest.mark.parametrize("thickness", [1, 2, 4])
def test_a_frame_at_the_very_edge_is_dropped(thickness):
    assert undisturbed(roomy, bordered("top bottom left right", thickness, [0])) >= 0.95


def test_the_ruled_line_that_a_digit_stands_above_is_dropped():
    def ruled(coverage, number):
        y = coverage.shape[0] - 14 + number % 5
        coverage[y : y + 2] = np.maximum(coverage[y : y + 2], 0.6)
        return coverage

    assert undisturbed(roomy, ruled) >= 0.95


def test_bits_of_a_neighbour_at_the_edge_are_dropped():
    def beside(coverage, number):
        other = enlarged(tight(DIGITS[(number + 7) % 40]), 84)
        rows = min(len(other), len(coverage) - 28)
        coverage[20 : 20 + rows, -8:] = np.maximum(coverage[20 : 20 + rows, -8:], other[:rows, :8])
        return coverage

    assert undisturbed(roomy, beside) >= 0.95


# Blank, one, several


def paper(rng):
    side = int(rng.integers(40, 200))
    return np.full((side, int(rng.integers(40, 200))), float(rng.integers(60, 250)))


def noise(rng):
    page = paper(rng)
    return page * rng.normal(1, rng.uniform(0, 0.03), page.shape)


def much_noise(rng):
    page = paper(rng)
    return page * rng.normal(1, rng.uniform(0.03, 0.08), page.shape)


def texture(rng):
    page = paper(rng)
    rough = cv2.GaussianBlur(rng.normal(0, 1, page.shape), (0, 0), rng.uniform(1, 6))
    return page + rough * rng.uniform(1, 5) / rough.std() + rng.normal(0, 1, page.shape)


def gradient(rng):
    page = paper(rng)
    side = max(page.shape)
    light = ramp(side, rng.uniform(0, 2 * math.pi), rng.uniform(0.5, 1))
    return page * light[: page.shape[0], : page.shape[1]] + rng.normal(0, 1, page.shape)


def empty_cell(rng):
    height = int(rng.integers(40, 160))
    page = np.full((height, round(height * rng.uniform(0.5, 2))), float(rng.integers(120, 250)))
    page += rng.normal(0, 1, page.shape)
    thickness, inset = int(rng.integers(1, 4)), int(rng.integers(0, 4))
    strip = slice(inset, inset + thickness)
    for view in (page, page[::-1], page.T, page.T[::-1]):
        if rng.random() < 0.6:
            view[strip] *= 0.3
    return page


def specks(rng):
    page = paper(rng)
    page += rng.normal(0, 2, page.shape)
    for _ in range(int(rng.integers(1, 5))):
        y, x = (int(rng.integers(2, side - 2)) for side in page.shape)
        page[y, x] *= rng.uniform(0.3, 0.8)
    return page


def any_digit(rng):
    digit = DIGITS[int(rng.integers(len(DIGITS)))]
    return enlarged(tight(digit), int(rng.integers(28, 140)))


def laid(rng, coverage):
    margin = round(max(coverage.shape) * rng.uniform(0.1, 1))
    page = written(np.pad(coverage, margin), float(rng.integers(0, 100)), float(rng.integers(180, 255)))
    page = page + rng.normal(0, 2, page.shape)
    return 255 - page if rng.random() < 0.3 else page


def one(rng):
    return laid(rng, any_digit(rng))


def torn(rng):
    coverage = any_digit(rng)
    size = max(coverage.shape)
    return laid(
        rng, cut_across(coverage, max(2, size * rng.uniform(0.03, 0.08)), size * rng.uniform(-0.2, 0.2))
    )


def several(rng):
    """Two digits of one hand side by side, at least 2 pixels between their inks."""
    side = int(rng.integers(28, 140))
    left, right = (enlarged(tight(DIGITS[int(rng.integers(len(DIGITS)))]), side) for _ in range(2))
    height = max(len(left), len(right))
    gap = np.zeros((height, int(rng.integers(2, max(3, side // 3)))))
    stand = [np.pad(part, ((height - len(part), 0), (0, 0))) for part in (left, right)]
    return laid(rng, np.hstack([stand[0], gap, stand[1]]))


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (noise, "blank"),
        (much_noise, "blank"),
        (texture, "blank"),
        (gradient, "blank"),
        (empty_cell, "blank"),
        (specks, "blank"),
        (one, "one"),
        (torn, "one"),
        (several, "several"),
    ],
)
def test_blank_one_or_several(make, kind):
    rng = np.random.default_rng(20)
    pages = [make(rng).round().clip(0, 255).astype(np.uint8) for _ in range(200)]
    found = [find_glyph(page).kind for page in pages]
    assert found.count(kind) >= 0.95 * len(found), {kind: found.count(kind) for kind in set(found)}


def test_a_blank_page_gives_a_black_glyph():
    blank = find_glyph(np.full((50, 70), 230, np.uint8))
    assert (blank.kind, blank.box) == ("blank", (0, 0, 0, 0))
    assert not blank.image.any()
