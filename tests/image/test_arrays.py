"""Arrays of all types become a grey page; those that are no image, and other things, one clear line."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from nasty import PNG, five
from opening import GREY_PAGES, refusal

from recognizer.image.opening import open_page


def test_a_grey_array_is_taken_as_it_is():
    page = five()
    assert open_page(page) is page
    assert np.array_equal(open_page(page[..., None]), page)
    assert open_page(page.T).flags.c_contiguous


@given(GREY_PAGES)
def test_the_same_pixels_in_other_types_are_the_same_page(page):
    assert np.array_equal(open_page(page / 255), page)
    assert np.array_equal(open_page((page / 255).astype(np.float32)), page)
    assert np.array_equal(open_page(np.dstack([page] * 3)), page)
    assert np.array_equal(open_page(np.dstack([page] * 3 + [np.full_like(page, 255)])), page)
    assert np.array_equal(open_page(page > 127), np.where(page > 127, 255, 0))
    if page.max() > 1:
        assert np.array_equal(open_page(page.astype(np.int64)), page)
        assert np.array_equal(open_page(page.astype(np.uint16)), page)


def test_an_integer_mask_is_a_mask():
    assert np.array_equal(open_page(np.eye(9, dtype=int)), np.eye(9) * 255)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((0, 5), np.uint8), "nothing in it"),
        (np.zeros((5, 0, 3), np.uint8), "nothing in it"),
        (np.zeros(5, np.uint8), "shape"),
        (np.zeros((), np.uint8), "shape"),
        (np.zeros((3, 28, 28), np.uint8), "shape"),
        (np.zeros((28, 28, 2), np.uint8), "shape"),
        (np.zeros((2, 28, 28, 3), np.uint8), "shape"),
        (np.full((5, 5), np.nan), "NaN"),
        (np.full((5, 5), np.inf, np.float32), "NaN"),
        (np.full((5, 5), 255.0), "floats"),
        (np.full((5, 5), -0.5), "floats"),
        (np.full((5, 5), -1), "below 0"),
        (np.zeros((5, 5), complex), "type complex128"),
        (np.zeros((5, 5), object), "type object"),
        (np.full((5, 5), "x"), "type"),
        (np.zeros((5, 5), "m8[s]"), "type timedelta64"),
    ],
)
def test_arrays_that_are_no_images(array, words):
    line = refusal(array)
    assert line.startswith("array: ")
    assert words in line


@pytest.mark.parametrize("other", [None, 5, 2.5, [[1, 2]], io.BytesIO(PNG), object()])
def test_other_things_are_refused(other):
    assert "pass a path" in refusal(other)
