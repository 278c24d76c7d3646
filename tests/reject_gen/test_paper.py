"""The acquisition simulation: sound, repeatable, and the ink survives it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from reject_gen.paper import PHONE, SCANNER, empty_cell, put_on_paper
from reject_gen.typefaces import BUILT_IN, render

CLEAN = replace(
    SCANNER, in_cell=0.0, rule=0.0, specks=0.0, neighbour=0.0, ramp=0.0, shadow=0.0, vignette=0.0, clouds=0.0,
    texture=(0.0, 0.0), noise=(0.0, 0.0), jpeg=0.0, light_on_dark=0.0, blur=(0.0, 0.0),
    paper_level=(200.0, 200.0), contrast=(0.5, 0.5), pen=(0.0, 0.0),
)  # fmt: skip
DIGIT = render("5", BUILT_IN, 40)


@pytest.mark.parametrize("settings", [PHONE, SCANNER])
def test_crops_are_sound_whatever_the_seed(settings):
    for seed in range(150):
        crop = put_on_paper(DIGIT, np.random.default_rng(seed), settings)
        assert crop.dtype == np.uint8
        assert crop.ndim == 2
        assert 8 <= min(crop.shape) <= max(crop.shape) <= settings.max_side


@pytest.mark.parametrize("shape", [(28, 28), (3, 200), (200, 3), (1, 1), (300, 300)])
def test_ink_of_any_shape_is_taken(shape):
    for seed in range(20):
        crop = put_on_paper(np.full(shape, 255, np.uint8), np.random.default_rng(seed))
        assert max(crop.shape) <= PHONE.max_side


def test_the_same_seed_gives_the_same_crop():
    crops = [put_on_paper(DIGIT, np.random.default_rng(4)) for _ in range(2)]
    assert np.array_equal(*crops)
    cells = [empty_cell(np.random.default_rng(4)) for _ in range(2)]
    assert np.array_equal(*cells)
    assert not np.array_equal(crops[0][:8, :8], put_on_paper(DIGIT, np.random.default_rng(5))[:8, :8])


def test_the_ink_is_not_changed():
    before = DIGIT.copy()
    put_on_paper(DIGIT, np.random.default_rng(0))
    assert np.array_equal(before, DIGIT)


def test_on_a_clean_page_ink_and_paper_have_the_levels_asked_for():
    for seed in range(30):
        crop = put_on_paper(DIGIT, np.random.default_rng(seed), CLEAN)
        assert np.median(np.concatenate([crop[0], crop[-1]])) == pytest.approx(200, abs=3)
        assert int(crop.min()) == pytest.approx(100, abs=12)


def test_the_digit_keeps_its_shape():
    """Straightened back to the ink's box, crops look like the ink: no cut strokes, no mirror image."""
    target = cv2.resize(render("5", BUILT_IN, 40, margin=0), (24, 32)).astype(float)
    others = [cv2.resize(render(d, BUILT_IN, 40, margin=0), (24, 32)).astype(float) for d in "2368"]
    right = 0
    for seed in range(60):
        crop = put_on_paper(DIGIT, np.random.default_rng(seed), CLEAN)
        ink = (200 - np.minimum(crop, 200)).astype(np.uint8)
        x, y, w, h = cv2.boundingRect((ink > 30).view(np.uint8))
        found = cv2.resize(ink[y : y + h, x : x + w], (24, 32)).astype(float)
        scores = [np.corrcoef(found.ravel(), model.ravel())[0, 1] for model in (target, *others)]
        right += int(np.argmax(scores) == 0)
    assert right >= 57


def test_contrast_is_there_in_nearly_every_crop():
    spread = []
    for seed in range(300):
        crop = put_on_paper(DIGIT, np.random.default_rng(seed)).astype(float)
        low, high = np.percentile(crop, (2, 98))
        spread.append(high - low)
    assert np.mean(np.array(spread) >= 8) > 0.97


def test_without_ink_the_page_stays_empty():
    bare = replace(CLEAN, contrast=(1.0, 1.0))
    for seed in range(20):
        for page in (
            put_on_paper(np.zeros((28, 28), np.uint8), np.random.default_rng(seed), bare),
            empty_cell(np.random.default_rng(seed), bare),
        ):
            assert np.ptp(page) <= 1


def test_cells_show_lines_when_told_to():
    lined = replace(CLEAN, in_cell=1.0, side_line=1.0, line_gap=0.0, line_contrast=(0.9, 1.0))
    dark = [empty_cell(np.random.default_rng(seed), lined).min() for seed in range(20)]
    assert np.mean(np.array(dark) < 80) > 0.9


def test_light_on_dark_turns_the_page_over():
    night = replace(CLEAN, light_on_dark=1.0)
    crop = put_on_paper(DIGIT, np.random.default_rng(0), night)
    assert np.median(np.concatenate([crop[0], crop[-1]])) < 60
    assert crop.max() > 90
