"""Colour, depth and transparency become grey without losing the ink."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from nasty import COLOUR, encode, five, sixteen, with_alpha
from PIL import Image, ImageDraw

from recognizer.image.opening import open_page

COLOUR_PAGES = hnp.arrays(np.uint8, st.tuples(st.integers(1, 30), st.integers(1, 30), st.just(3)))
COLOURS = st.tuples(*[st.integers(0, 255)] * 3)


def contrast(page):
    """The step from paper (the corner) to the ink, signed: dark ink is negative."""
    away = page.astype(int) - int(page[0, 0])
    return int(away.flat[np.abs(away).argmax()])


# Depth


@pytest.mark.parametrize("high", [255, 1023, 4095, 16383, 65535])
def test_any_depth_keeps_the_contrast(high):
    for image in (sixteen(high), encode(sixteen(high), "PNG"), encode(sixteen(high), "TIFF")):
        assert np.abs(open_page(image).astype(int) - five()).max() <= 1


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.uint16, np.int64])
def test_whole_numbers_of_zero_and_one_are_a_mask(kind):
    mask = five() < 128
    assert np.array_equal(open_page(mask.astype(kind)), open_page(mask))


def test_a_narrow_band_of_sixteen_bits_keeps_its_shape():
    page = open_page(sixteen(2000) + np.uint16(30000))
    assert len(np.unique(page)) > 16
    assert contrast(page) < 0


def test_the_noise_of_an_empty_scan_stays_small():
    scan = 40000 + np.random.default_rng(0).integers(-60, 60, (56, 56))
    assert np.ptp(open_page(scan.astype(np.uint16))) <= 8


@given(hnp.arrays(np.uint16, hnp.array_shapes(min_dims=2, max_dims=2, max_side=20)))
def test_deeper_values_keep_their_order(values):
    page = open_page(values).astype(int)
    order = np.argsort(values, axis=None)
    assert (np.diff(page.flat[order]) >= 0).all()


@pytest.mark.parametrize(("factor", "shift"), [(1 / 255, 0), (1, 0), (100, -3000)])
def test_float_tiff_of_any_range(factor, shift):
    page = open_page(encode(five().astype(np.float32) * np.float32(factor) + np.float32(shift), "TIFF"))
    assert contrast(page) < -200


# Transparency


@pytest.mark.parametrize("ground", [0, 255])
def test_ink_only_in_alpha(ground):
    for image in (with_alpha(ground), encode(with_alpha(ground), "PNG"), Image.fromarray(with_alpha(ground))):
        page = open_page(image)
        assert page[0, 0] == 255 - ground
        assert abs(contrast(page)) > 200


def test_coloured_ink_in_alpha_gets_a_ground_it_shows_on():
    ink = with_alpha()
    for colour, sign in {(200, 30, 40): -1, (250, 240, 60): 1}.items():
        ink[..., :3] = colour
        ink[30:, :, 1] += 40  # shaded: not one colour
        page = open_page(ink)
        assert contrast(page) * sign > 100


def test_opaque_alpha_is_ignored_and_full_transparency_is_blank():
    rgba = np.dstack([COLOUR, np.full((56, 56), 255, np.uint8)])
    assert np.array_equal(open_page(rgba), open_page(COLOUR))
    rgba[..., 3] = 0
    assert np.ptp(open_page(rgba)) == 0


def test_a_sheet_with_transparent_corners_stays_a_sheet():
    sheet = np.dstack([five()] * 3 + [np.full((56, 56), 255, np.uint8)])
    sheet[:8, :8] = 0
    assert np.abs(open_page(sheet).astype(int) - five()).max() <= 1


def test_grey_with_alpha():
    picture = Image.fromarray(five())
    picture.putalpha(255)
    assert np.array_equal(open_page(picture), five())
    assert np.array_equal(open_page(encode(picture, "PNG")), five())


# Colour


def written(ink, paper):
    picture = Image.new("RGB", (56, 56), paper)
    ImageDraw.Draw(picture).line([(15, 12), (40, 12), (20, 46)], fill=ink, width=5)
    return picture


@pytest.mark.parametrize(
    ("ink", "paper", "least"),
    [
        ("yellow", "white", -240),
        ("red", "white", -240),
        ("blue", "white", -240),
        ("lightblue", "white", -50),
        ("black", "white", -240),
        ("black", "khaki", -150),
        ("white", "navy", 150),
        ("yellow", "black", 240),
        ("blue", "black", 240),
        ("white", "green", 150),
        ("orange", "black", 150),
    ],
)
def test_pens_of_every_colour_stay_strong(ink, paper, least):
    picture = written(ink, paper)
    for image in (picture, np.asarray(picture), encode(picture, "PNG"), encode(picture, "JPEG", quality=95)):
        step = contrast(open_page(image))
        assert step / least > 0.85
        plain = contrast(np.asarray(picture.convert("L")))
        assert abs(step) > abs(plain) - 12


def test_ink_as_bright_as_its_paper_can_still_be_seen():
    assert abs(contrast(open_page(written((200, 30, 30), (20, 130, 20))))) > 120


@given(COLOUR_PAGES)
def test_colour_is_deterministic_and_in_range(pixels):
    page = open_page(pixels)
    assert page.shape == pixels.shape[:2]
    assert np.array_equal(page, open_page(pixels.copy()))
    assert np.array_equal(page, open_page(Image.fromarray(pixels)))


@given(COLOURS, COLOURS)
def test_any_ink_keeps_its_side_and_most_of_its_contrast(ink, paper):
    picture = written(ink, paper)
    plain = contrast(np.asarray(picture.convert("L")))
    step = contrast(open_page(picture))
    assert abs(step) >= 0.85 * abs(plain) - 2
    if abs(plain) > 3:
        assert step * plain > 0


# Pillow images


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "HSV", "I", "F", "I;16"]
)
def test_pillow_modes(mode):
    grey = Image.fromarray(five())
    picture = (
        grey
        if mode == "L"
        else grey.convert("RGB" if mode in {"CMYK", "YCbCr", "HSV"} else "L").convert(mode)
    )
    page = open_page(picture)
    assert page.shape == (56, 56)
    assert contrast(page) < -200
