"""The short cut for plain PNG files gives what the long way gives."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nasty import JPEG, PNG, chunk, encode, exif, five, with_alpha
from opening import GREY_PAGES
from PIL import Image

from recognizer.image.opening import MAX_PIXELS, open_page
from recognizer.image.png import plain_png


@pytest.mark.parametrize("mode", ["L", "RGB"])
@given(page=GREY_PAGES, level=st.integers(0, 9))
@settings(deadline=None, max_examples=30)
def test_plain_png_files_take_the_short_cut(mode, page, level):
    pixels = page if mode == "L" else np.dstack([page, page[::-1], 255 - page])
    found = plain_png(encode(pixels, "PNG", compress_level=level), MAX_PIXELS)
    assert np.array_equal(found, pixels)


UNUSUAL = {
    "palette": encode(Image.fromarray(five()).convert("P"), "PNG"),
    "one bit": encode(five() > 127, "PNG"),
    "16 bits": encode(five().astype(np.uint16), "PNG"),
    "alpha": encode(with_alpha(), "PNG"),
    "one transparent level": encode(five(), "PNG", transparency=240),
    "orientation": encode(five(), "PNG", exif=exif(6)),
    "resolution": encode(five(), "PNG", dpi=(300, 300)),
    "more behind its end": PNG + b"more",
    "JPEG": JPEG,
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_files_take_the_long_way(name):
    assert plain_png(UNUSUAL[name], MAX_PIXELS) is None
    assert open_page(UNUSUAL[name]).shape == (56, 56)


def test_the_short_cut_keeps_to_the_limit():
    assert plain_png(PNG, 56 * 56 - 1) is None


@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_damaged_pixels_mean_the_same_on_both_ways(data):
    """Checksums that are right again hide the damage from all but the decoders."""
    width, height = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 30))
    body = bytearray(zlib.compress(bytes(data.draw(st.integers(0, 1000)))))
    for _ in range(data.draw(st.integers(0, 2))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    header = struct.pack(">IIBBBBB", width, height, 8, data.draw(st.sampled_from([0, 2])), 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", bytes(body)) + chunk(b"IEND", b"")
    file = b"\x89PNG\r\n\x1a\n" + chunks
    found = plain_png(file, MAX_PIXELS)
    if found is not None:
        with Image.open(io.BytesIO(file)) as image:
            assert np.array_equal(found, np.asarray(image))
