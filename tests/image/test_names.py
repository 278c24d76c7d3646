"""Odd paths are refused, and any name is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty import PNG, five
from opening import refusal
from PIL import Image

from recognizer.image.opening import describe


def test_missing_file_and_impossible_names(tmp_path):
    assert "no such file" in refusal(tmp_path / "nowhere.png")
    refusal("")
    refusal("null\0byte.png")
    refusal("x" * 5000)
    refusal("line\nbreak.png")
    refusal("surrogate\udc80.png")


class BytesPath:
    def __fspath__(self):
        return b"digit.png"


@pytest.mark.parametrize("path", [BytesPath(), Path("x" * 300), Path("\udc80")])
def test_odd_paths_are_refused(path):
    refusal(path)


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
