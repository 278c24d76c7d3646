"""Pillow images, and the orientation that a camera noted."""

from __future__ import annotations

import io

import numpy as np
import pytest
from nasty import encode, exif, five
from opening import refusal
from PIL import Image, ImageOps

from recognizer.image.opening import open_page


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(form, orientation):
    page = np.dstack([five()[:, :40]] * 3)
    options = {"lossless": True} if form == "WEBP" else {}
    data = encode(page, form, exif=exif(orientation), **options)
    with Image.open(io.BytesIO(data)) as image:
        upright = np.asarray(ImageOps.exif_transpose(image).convert("L"))
        unturned = open_page(image)
    assert np.array_equal(open_page(data), upright)
    assert np.array_equal(unturned, upright)


def test_pillow_images_are_left_as_they_were(folder):
    with Image.open(folder["palette-transparent.png"][0]) as picture:
        mode, info = picture.mode, dict(picture.info)
        open_page(picture)
        assert (picture.mode, picture.size) == (mode, (56, 56))
        assert picture.info == info


def test_a_closed_or_broken_pillow_image_is_refused(folder):
    picture = Image.open(folder["plain.png"][0])
    picture.close()
    assert "plain.png" in refusal(picture)
    with Image.open(folder["cut-60.png"][0]) as cut:
        assert "cut-60.png" in refusal(cut)
