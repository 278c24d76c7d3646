"""Images that are too large are refused before they are decoded."""

from __future__ import annotations

import subprocess
import sys

import pytest
from nasty import PNG, encode, five
from opening import refusal
from PIL import Image, TiffImagePlugin

from recognizer.image.opening import open_page


def test_a_bomb_is_refused_before_it_is_decoded(folder):
    path = folder["bomb.png"][0]
    code = (
        "import resource, sys; from recognizer.image.opening import open_page\n"
        "from recognizer.errors import ImageError\n"
        "import PIL.PngImagePlugin, cv2\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: open_page(sys.argv[1])\n"
        "except ImageError: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    pytest.importorskip("resource")
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 10_000


def test_the_pixel_limit_is_an_option():
    limits = {"array": five(), "bytes": PNG, "image": Image.fromarray(five())}
    for name, image in limits.items():
        assert open_page(image, max_pixels=56 * 56).shape == (56, 56)
        line = refusal(image, max_pixels=56 * 56 - 1)
        assert line.startswith(f"{name}: ")
        assert "max_pixels" in line


def test_the_limit_of_pillow_does_not_warn_and_is_named_where_it_holds(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert open_page(PNG).shape == (56, 56)

    def load(image):  # as newer versions do for TIFF
        Image._decompression_bomb_check(image.size)

    monkeypatch.setattr(TiffImagePlugin.TiffImageFile, "load", load)
    assert "MAX_IMAGE_PIXELS" in refusal(encode(five(), "TIFF"))
