"""The compiled search for a page's character says what the one in Python says, of any page."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from compiled_parts import compiled_only, going
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from ink_maps import ink_map_of

from recognizer import glyph
from recognizer.compiled import native
from recognizer.glyph import SIDE, clean, components, lines, marks
from recognizer.glyph.clean_stack import centre_all, clean_all

pytestmark = compiled_only


def assert_same(inks):
    for ink, found, expected in zip(inks, clean_all(inks), map(clean.clean, inks), strict=True):
        assert plain(found) == plain(expected), ink.shape


def plain(found):
    """As something that can be compared: the image as bytes."""
    return found and found._replace(image=found.image.tobytes())


@pytest.mark.parametrize("seed", range(8))
def test_drawn_pages(seed):
    rng = np.random.default_rng(seed)
    inks = [ink_map_of(rng) for _ in range(500)]
    found = [page for page in map(clean.clean, inks) if page]
    assert len(found) > 300
    assert {page.kind for page in found} == {"one", "several"}
    with going("compiled"):
        assert_same(inks)


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=60)))
@settings(deadline=None, max_examples=300)
@example(np.zeros((1, 1), np.uint8))
@example(np.full((1, 1), 255, np.uint8))
@example(np.eye(60, dtype=np.uint8) * 255)
@example(np.tile(np.uint8([[255, 0], [0, 0]]), (120, 120)))  # as many components as fit
@example(np.uint8([[0, 32, 3], [3, 40, 1], [56, 56, 54]]))  # two thresholds that are as good
@example(np.pad(np.full((20, 1), 255, np.uint8), ((60_000, 60_000), (0, 0))))  # narrower than what is spread
@example(np.tile(np.uint8([0, 255, 0, 0, 255, 0]), (40, 10)))  # bars that weigh the same
@example(np.tile(np.uint8([0, 255, 0, 255, 0, 255, 0]), (56, 8)))  # more equal marks than are looked at
def test_any_array(ink):
    with going("compiled"):
        assert_same([ink])


@given(
    hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=SIDE)),
    st.booleans(),
    st.booleans(),
)
@settings(deadline=None, max_examples=500)
@example(np.zeros((3, 4), np.uint8), True, False)
@example(np.full((SIDE, SIDE), 255, np.uint8), True, True)
@example(np.uint8([[0, 1], [1, 0]]), True, False)
@example(np.uint8([[200] * 5]), False, False)  # its middle lies between two pixels
def test_any_cut(cut, to_peak, turned):
    cut = cut[::-1] if turned else cut
    expected = clean.centre(np.ascontiguousarray(cut), to_peak)
    with going("compiled"):
        (found,) = centre_all([cut], [to_peak])
    assert np.array_equal(found, expected)


CUT = np.zeros((5, 4), np.uint8)
GLYPHS = np.zeros((1, SIDE, SIDE), np.uint8)
FIXED = GLYPHS.copy()
FIXED.flags.writeable = False


@pytest.mark.parametrize(
    ("cuts", "to_peak", "glyphs", "error"),
    [
        ([CUT], b"", GLYPHS, ValueError),
        ([CUT], b"\0\0", GLYPHS, ValueError),
        ([CUT, CUT], b"\0\0", GLYPHS, ValueError),
        ([CUT], b"\0", GLYPHS[0], ValueError),
        ([CUT], b"\0", GLYPHS[:, 1:], ValueError),
        ([CUT], b"\0", GLYPHS.astype(np.int8), ValueError),
        ([CUT], b"\0", FIXED, ValueError),
        ([CUT.ravel()], b"\0", GLYPHS, ValueError),
        ([CUT.T], b"\0", GLYPHS, ValueError),
        ([CUT.astype(np.int8)], b"\0", GLYPHS, ValueError),
        ([np.zeros((SIDE + 1, 1), np.uint8)], b"\0", GLYPHS, ValueError),
        ([np.zeros((1, SIDE + 1), np.uint8)], b"\0", GLYPHS, ValueError),
        ([None], b"\0", GLYPHS, TypeError),
        ((CUT,), b"\0", GLYPHS, TypeError),
        ([CUT], "0", None, TypeError),
    ],
)
def test_what_is_no_cut_is_an_error(cuts, to_peak, glyphs, error):
    with pytest.raises(error):
        native.centre(cuts, to_peak, glyphs)


def test_no_cuts_are_no_glyphs():
    assert list(centre_all([], [])) == []


def test_constants_are_those_of_the_modules():
    owners = (glyph, clean, components, lines, marks)
    for name, value in native.CONSTANTS.items():
        (found,) = [
            getattr(module, name) for module in owners if hasattr(module, name) and _defines(module, name)
        ]
        assert found == value, name
    assert {"RIM", "THICKEST", "MOST_LINES", "SOFT", "SIDE"} <= set(native.CONSTANTS)


def _defines(module, name):
    lines = Path(module.__file__).read_text("utf-8").splitlines()
    return any(line.startswith(f"{name} = ") for line in lines)


def test_threads_may_search_at_once():
    rng = np.random.default_rng(3)
    parts = [[ink_map_of(rng) for _ in range(64)] for _ in range(8)]
    with going("compiled"):
        alone = [clean_all(part) for part in parts]
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(clean_all, parts * 4))
    for found, expected in zip(together, alone * 4, strict=True):
        assert list(map(plain, found)) == list(map(plain, expected))


PAGE = np.zeros((5, 4), np.uint8)
READ_ONLY = PAGE.copy()
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize(
    ("inks", "cleaned", "error"),
    [
        ([PAGE], [], ValueError),
        ([PAGE], [PAGE[:4]], ValueError),
        ([PAGE], [np.empty((4, 5), np.uint8)], ValueError),
        ([PAGE.astype(np.int8)], [PAGE.copy()], ValueError),
        ([PAGE.astype(np.uint16)], [PAGE.copy()], ValueError),
        ([PAGE.ravel()], [PAGE.ravel().copy()], ValueError),
        ([PAGE[:0]], [PAGE[:0].copy()], ValueError),
        ([np.zeros((513, 512), np.uint8)], [np.zeros((513, 512), np.uint8)], ValueError),
        ([PAGE.T], [np.empty((4, 5), np.uint8)], ValueError),
        ([PAGE], [READ_ONLY], ValueError),
        ([PAGE, None], [PAGE.copy(), PAGE.copy()], TypeError),
        ((PAGE,), (PAGE.copy(),), TypeError),
    ],
)
def test_anything_else_is_an_error(inks, cleaned, error):
    with pytest.raises(error):
        native.clean(inks, cleaned)


def test_nothing_is_nothing():
    assert native.clean([], []) == []


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are set as Linux has them")
def test_too_little_memory_is_an_error():
    code = """
import resource
import numpy as np
from recognizer.compiled import native
ink = np.tile(np.uint8([[255, 0], [0, 0]]), (256, 256))
image = np.empty_like(ink)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 20),) * 2)
try:
    native.clean([ink], [image])
except MemoryError:
    print("told")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "told\n"), done.stderr
