"""Files of all kinds become a grey page, or one clear line."""

from __future__ import annotations

import contextlib
import os
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nasty import COLOUR, JPEG, NASTY, PNG, encode
from opening import GREY_PAGES, refusal

from recognizer.errors import ImageError
from recognizer.image.opening import describe, open_page


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


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_permission(folder):
    assert "permission" in refusal(folder["unreadable.png"][0])


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices here")
def test_devices_are_not_read():
    assert "not a regular file" in refusal("/dev/zero")


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "GIF"])
@given(page=GREY_PAGES)
@settings(deadline=None, max_examples=30)
def test_lossless_files_give_their_pixels(form, page):
    assert np.array_equal(open_page(encode(page, form)), page)


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
