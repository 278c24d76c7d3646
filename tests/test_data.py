"""Reading and checking MNIST, and where it is looked for."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from stand_in import FILES, LABELS, idx, packed, put

from recognizer import data
from recognizer.errors import DataError, UsageError
from recognizer.feedback.store import Store
from recognizer.galleries import gallery_address
from recognizer.places import home

# Reading


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=4, max_side=9)))
@settings(deadline=None)
def test_idx_files_give_their_array(tmp_path_factory, array):
    path = tmp_path_factory.mktemp("idx") / "a.gz"
    path.write_bytes(packed(idx(array)))
    assert np.array_equal(data.read_idx(path), array)


GOOD = packed(idx(LABELS))


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (b"", "damaged"),
        (b"text", "damaged"),
        (GOOD[:-9], "damaged"),
        (GOOD[:-8] + bytes(4) + GOOD[-4:], "damaged"),
        (packed(b"\0\0"), "damaged"),
        (packed(b"\0\0\x08\x03\0\0"), "damaged"),
        (packed(b"\0\0\x0d\x01\0\0\0\1abcd"), "unsigned bytes"),
        (packed(b"\0\0\x08\x09" + bytes(36)), "unsigned bytes"),
        (packed(b"\1\0\x08\x01\0\0\0\1a"), "unsigned bytes"),
        (packed(idx(LABELS) + b"more"), "as long as"),
        (packed(idx(LABELS)[:-1]), "as long as"),
        (packed(b"\0\0\x08\x04" + b"\xff" * 16), "over the limit"),
    ],
)
def test_bad_idx_files_are_refused_in_one_line(contents, words, tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(contents)
    with pytest.raises(DataError, match=words) as caught:
        data.read_idx(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_arbitrary_idx_contents_never_raise_anything_else(tmp_path_factory, contents):
    path = tmp_path_factory.mktemp("idx") / "a.gz"
    path.write_bytes(packed(b"\0\0\x08" + contents))
    with contextlib.suppress(DataError):
        assert data.read_idx(path).dtype == np.uint8


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("images-idx3-ubyte", np.zeros((7, 20, 20), np.uint8), "28 by 28"),
        ("images-idx3-ubyte", np.zeros(7, np.uint8), "28 by 28"),
        ("labels-idx1-ubyte", np.zeros(6, np.uint8), "a label for each"),
        ("labels-idx1-ubyte", np.full(7, 10, np.uint8), "not a digit"),
    ],
)
def test_files_that_do_not_fit_together(name, array, words, tmp_path):
    put(tmp_path, {**FILES, f"t10k-{name}": idx(array)})
    with pytest.raises(DataError, match=words):
        data.load_mnist(tmp_path, "test")


# Places


def test_find_data(tmp_path, monkeypatch):
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RECOGNIZER_DATA", raising=False)
    with pytest.raises(DataError, match="recognizer data fetch"):
        data.find_data()
    in_home = put(tmp_path / "home" / "data")
    assert data.find_data() == in_home
    monkeypatch.setenv("RECOGNIZER_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(DataError, match="elsewhere"):
        data.find_data()
    elsewhere = put(tmp_path / "elsewhere")
    assert data.find_data() == elsewhere
    assert data.find_data(in_home) == in_home


def test_home(tmp_path, monkeypatch):
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.setenv("RECOGNIZER_HOME", "~/x")
    assert home() == Path.home() / "x"


def test_the_home_of_a_user_that_there_is_not(monkeypatch):
    gone = "~no-such-user/x"
    monkeypatch.setenv("RECOGNIZER_HOME", gone)
    for look in (
        home,
        lambda: data.data_folder(gone),
        lambda: gallery_address(gone),
        lambda: Store.find(gone),
    ):
        with pytest.raises(UsageError, match=r"^'~no-such-user/x': no such home folder is known; write"):
            look()


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"HOME": "/home/ada"},
        {"HOME": "/home/ada/"},
        {"XDG_DATA_HOME": "/data"},
        {"XDG_DATA_HOME": "data"},
        {"HOME": ""},
        {"HOME": "ada"},
        {"HOME": "/"},
    ],
)
def test_home_is_the_users_data_folder_otherwise(variables, monkeypatch):
    for name in ("RECOGNIZER_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert home() == platformdirs.user_data_path("recognizer", appauthor=False)


@pytest.mark.skipif("RECOGNIZER_DATA" not in os.environ, reason="needs MNIST: set RECOGNIZER_DATA")
def test_the_real_files():
    root = data.find_data()
    assert set(data.verify(root).values()) == {"intact"}
    for part, count in {"train": 60_000, "test": 10_000}.items():
        images, labels = data.load_mnist(root, part)
        assert images.shape == (count, 28, 28)
        assert np.bincount(labels).size == 10
