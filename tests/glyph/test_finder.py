"""One image to its glyph, or to the line that says why not."""

import numpy as np
import pytest
from documents import ROOT

from recognizer.errors import ImageError
from recognizer.glyph import finder
from recognizer.glyph.finder import Finder, glyph_or_error
from recognizer.image.opening import MAX_PIXELS, describe

FILE = ROOT / "examples" / "photo-4.png"
IMAGES = [str(FILE), FILE, FILE.read_bytes(), np.eye(40), "no\tfile.png", b"no image", np.zeros((2, 3, 5)), 7]


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: describe(image)[-12:])
def test_one_image_is_found_as_many_are(image):
    (wanted,) = Finder(MAX_PIXELS).all([image])
    found = glyph_or_error(image)
    if isinstance(wanted, ImageError):
        assert str(found) == str(wanted)
        assert str(found).startswith(f"{describe(image)}: ")
    else:
        assert (found.image == wanted.image).all()
        assert found.kind == wanted.kind


def test_large_images_are_refused():
    assert "photo-4.png: " in str(glyph_or_error(FILE, max_pixels=10))


@pytest.mark.parametrize("image", [FILE, FILE.read_bytes(), np.eye(40)], ids=describe)
def test_what_nobody_foresaw_is_a_line_with_the_images_name(monkeypatch, image):
    def fail(page):
        raise ZeroDivisionError("of\n nothing")

    monkeypatch.setattr(finder, "find_glyph", fail)
    assert str(glyph_or_error(image)) == f"{describe(image)}: can't be read (ZeroDivisionError: of nothing)"
