"""The short cut for plain PNG files gives what the long way gives."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from compiled_parts import both_ways, compiled_only, going
from hypothesis import given, settings
from hypothesis import strategies as st
from nasty import JPEG, PNG, chunk, encode, exif, five, with_alpha
from opening import GREY_PAGES
from PIL import Image

from recognizer.compiled import native
from recognizer.image.opening import MAX_PIXELS, open_page
from recognizer.image.png import plain_png


@both_ways
@pytest.mark.parametrize("mode", ["L", "RGB"])
@given(page=GREY_PAGES, level=st.integers(0, 9))
@settings(deadline=None, max_examples=30)
def test_plain_png_files_take_the_short_cut(way, mode, page, level):
    pixels = page if mode == "L" else np.dstack([page, page[::-1], 255 - page])
    with going(way):
        found = plain_png(encode(pixels, "PNG", compress_level=level), MAX_PIXELS)
    assert np.array_equal(found, pixels)


@both_ways
@pytest.mark.parametrize("channels", [1, 3])
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_rows_may_have_any_filters(way, channels, data):
    """Any bytes are the filtered rows of some picture: both ways and Pillow find the same one."""
    width, height = data.draw(st.integers(1, 20)), data.draw(st.integers(1, 20))
    length = width * channels
    rows = [
        bytes([data.draw(st.integers(0, 4))]) + data.draw(st.binary(min_size=length, max_size=length))
        for _ in range(height)
    ]
    file = png_file(width, height, zlib.compress(b"".join(rows)), kind=0 if channels == 1 else 2)
    with going(way):
        found = plain_png(file, MAX_PIXELS)
    with Image.open(io.BytesIO(file)) as image:
        assert np.array_equal(found, np.asarray(image))


def png_file(width, height, *streams, kind=0):
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    chunks = [chunk(b"IHDR", header), *(chunk(b"IDAT", part) for part in streams), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@both_ways
def test_pixels_may_be_divided(way):
    stream = zlib.compress(b"".join(b"\0" + bytes(row) for row in five()))
    with going(way):
        found = plain_png(png_file(56, 56, stream[:1], b"", stream[1:100], stream[100:]), MAX_PIXELS)
    assert np.array_equal(found, five())


@compiled_only
@pytest.mark.parametrize(
    ("stream", "why"),
    [
        (zlib.compress(b"\0\1\2" * 2)[:-1], "not to its end"),
        (zlib.compress(b"\0\1\2" * 2)[:-4] + b"\0\0\0\0", "its checksum is another"),
        (zlib.compress(b"\0\1\2" * 2) + b"more", "more behind it"),
        (zlib.compress(b"\0\1\2"), "a row too few"),
        (zlib.compress(b"\0\1\2" * 3), "a row too many"),
        (zlib.compress(bytes(1 << 27)), "very many rows"),
        (zlib.compress(b"\5\1\2" * 2), "a filter that there is not"),
        (b"", "nothing"),
        (b"nothing of the kind", "no stream"),
    ],
)
def test_other_streams_are_left_to_pillow(stream, why):
    with going("compiled"):
        assert plain_png(png_file(2, 2, stream), MAX_PIXELS) is None, why


@compiled_only
@pytest.mark.parametrize(
    ("stream", "pixels", "error"),
    [
        (b"\0\1\2\0\1\2", np.empty((2, 3), np.uint8), ValueError),
        (b"\0\1\2\0\1\2", np.empty((2, 2), np.int8), ValueError),
        (b"\0\1\2\0\1\2", np.empty(4, np.uint8), ValueError),
        (b"\0\1\2\0\1\2", np.empty((4, 4), np.uint8)[::2, ::2], ValueError),
        (b"", np.empty((0, 2), np.uint8), ValueError),
        ("text", np.empty((2, 2), np.uint8), TypeError),
        (b"\0\1\2\0\1\2", None, TypeError),
    ],
)
def test_what_does_not_fit_is_an_error(stream, pixels, error):
    with pytest.raises(error):
        native.unfilter(stream, pixels)


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


@both_ways
@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_damaged_pixels_mean_the_same_to_pillow(way, data):
    """Checksums that are right again hide the damage from all but the decoders."""
    width, height = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 30))
    body = bytearray(zlib.compress(bytes(data.draw(st.integers(0, 1000)))))
    for _ in range(data.draw(st.integers(0, 2))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    file = png_file(width, height, bytes(body), kind=data.draw(st.sampled_from([0, 2])))
    with going(way):
        found = plain_png(file, MAX_PIXELS)
    if found is not None:
        with Image.open(io.BytesIO(file)) as image:
            assert np.array_equal(found, np.asarray(image))
