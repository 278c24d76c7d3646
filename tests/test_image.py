"""Whatever a user has becomes a grey page, or one clear line."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import subprocess
import sys
import threading
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from nasty import COLOUR, JPEG, NASTY, PNG, chunk, encode, exif, five, make_folder, with_alpha
from PIL import Image, ImageOps, TiffImagePlugin

from recognizer.errors import ImageError
from recognizer.image import MAX_PIXELS, describe, open_page
from recognizer.png import plain_png

GREY_PAGES = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40))


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("nasty")
    return {path.name: (path, expected) for path, expected in make_folder(root).items()}


def refusal(image, **options):
    with pytest.raises(ImageError) as caught:
        open_page(image, **options)
    line = str(caught.value)
    assert line.isprintable()
    return line


# Files


@pytest.mark.parametrize("name", list(NASTY), ids=ascii)
def test_every_nasty_file_is_read_or_refused_in_one_line(folder, name):
    if name not in folder:
        pytest.skip("this system cannot make such a file")
    path, expected = folder[name]
    for image in (path, str(path)):
        if expected == "error":
            line = refusal(image)
            assert line.startswith(f"{describe(path)}: ")
            assert len(line) < 500
        else:
            page = open_page(image)
            assert page.dtype == np.uint8
            assert page.ndim == 2
            assert page.flags.c_contiguous
            assert page.size


@pytest.mark.parametrize("name", list(NASTY), ids=ascii)
def test_bytes_and_file_agree(folder, name):
    path, expected = folder.get(name, (None, None))
    if path is None or not path.is_file() or name == "unreadable.png":
        pytest.skip("no bytes to pass")
    if expected == "error":
        assert refusal(path.read_bytes()).startswith("bytes: ")
    else:
        assert np.array_equal(open_page(path.read_bytes()), open_page(path))


def test_the_folder_is_large_and_has_both_kinds(folder):
    assert len(folder) >= 45
    assert {expected for _, expected in folder.values()} == {"answer", "error"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("text.png", "is text"),
        ("empty.png", "is empty"),
        ("page.jpg", "a web page"),
        ("document.pdf", "PDF"),
        ("drawing.svg", "SVG"),
        ("phone.heic", "HEIC"),
        ("folder.png", "is a folder"),
        ("pipe.png", "not a regular file"),
        ("broken-link.png", "link"),
        ("bomb.png", "over the limit"),
        ("claims-much.png", "over the limit"),
        ("cut-60.png", "ends too early"),
        ("not-a-number.tif", "NaN"),
    ],
)
def test_refusals_name_the_cause(folder, name, words):
    if name not in folder:
        pytest.skip("this system cannot make such a file")
    assert words in refusal(folder[name][0])


def test_missing_file_and_impossible_names(tmp_path):
    assert "no such file" in refusal(tmp_path / "nowhere.png")
    refusal("")
    refusal("null\0byte.png")
    refusal("x" * 5000)
    refusal("line\nbreak.png")
    refusal("surrogate\udc80.png")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_permission(folder):
    assert "permission" in refusal(folder["unreadable.png"][0])


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices here")
def test_devices_are_not_read():
    assert "not a regular file" in refusal("/dev/zero")


def test_a_bomb_is_refused_before_it_is_decoded(folder):
    path = folder["bomb.png"][0]
    code = (
        "import resource, sys; from recognizer.image import open_page\n"
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


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "GIF"])
@given(page=GREY_PAGES)
@settings(deadline=None, max_examples=30)
def test_lossless_files_give_their_pixels(form, page):
    assert np.array_equal(open_page(encode(page, form)), page)


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


@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_damaged_files_never_raise_anything_else(data):
    seed = bytearray(data.draw(st.sampled_from([PNG, JPEG, encode(COLOUR, "GIF"), encode(COLOUR, "BMP")])))
    for _ in range(data.draw(st.integers(1, 4))):
        seed[data.draw(st.integers(0, len(seed) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ImageError):
        assert open_page(bytes(seed), max_pixels=1 << 20).size


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(junk):
    refusal(junk)


def test_threads_agree_and_leave_the_warning_filters_alone(folder):
    readable = [path for path, expected in folder.values() if expected == "answer"]
    alone = [open_page(path) for path in readable]
    before, threads = list(warnings.filters), threading.active_count()
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(open_page, readable * 8))
    assert warnings.filters == before
    assert all(np.array_equal(page, alone[i % len(alone)]) for i, page in enumerate(together))
    assert threading.active_count() <= threads


# Arrays


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


class BytesPath:
    def __fspath__(self):
        return b"digit.png"


@pytest.mark.parametrize("path", [BytesPath(), Path("x" * 300), Path("\udc80")])
def test_odd_paths_are_refused(path):
    refusal(path)


@pytest.mark.parametrize("other", [None, 5, 2.5, [[1, 2]], io.BytesIO(PNG), object()])
def test_other_things_are_refused(other):
    assert "pass a path" in refusal(other)


# Orientation


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


# Pillow images


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


# Names


def test_describe():
    assert describe(five()) == "array"
    assert describe(PNG) == "bytes"
    assert describe(Image.fromarray(five())) == "image"
    assert describe("a/b.png") == describe(Path("a/b.png")) == "a/b.png"
    assert describe("two\nlines\x1b[31m.png") == "two\\nlines\\x1b[31m.png"
    assert describe(None) == "NoneType"
    assert len(describe("x" * 9999)) < 250


@given(st.text())
def test_a_name_is_one_printable_line(name):
    assert describe(name).isprintable()
    assert describe(name)
