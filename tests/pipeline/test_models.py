"""Models that can't be used."""

from __future__ import annotations

import json

import pytest
from answers import PAGES, same

from recognizer import Recognizer
from recognizer.bundle import LABELS as NAMES
from recognizer.bundle import META, NETWORK, PREPROCESSING, shipped_folder, write_bundle
from recognizer.errors import ModelError


@pytest.fixture
def bundle(tmp_path):
    """A copy of the shipped model, and its description."""
    folder = tmp_path / "model"
    folder.mkdir()
    for file in shipped_folder().iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def describe_otherwise(folder, **changes):
    meta = json.loads((folder / META).read_text(encoding="utf-8")) | changes
    (folder / META).write_text(json.dumps({k: v for k, v in meta.items() if v is not ...}), encoding="utf-8")


def refusal(folder):
    with pytest.raises(ModelError) as caught:
        Recognizer.load(folder)
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_copy_of_the_model_works(bundle, model):
    for folder in (bundle, str(bundle)):
        assert same(Recognizer.load(folder).recognize(PAGES[3]), model.recognize(PAGES[3]))


def test_no_model(tmp_path):
    assert "nowhere" in refusal(tmp_path / "nowhere")
    assert "no model" in refusal(tmp_path)
    (tmp_path / "file").write_text("x")
    refusal(tmp_path / "file")


@pytest.mark.parametrize("name", ["stage1.onnx", "golden.json"])
def test_one_changed_byte(bundle, name):
    content = bytearray((bundle / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / name).write_bytes(content)
    line = refusal(bundle)
    assert name in line
    assert "damaged" in line


def test_a_missing_network(bundle):
    (bundle / NETWORK).unlink()
    assert NETWORK in refusal(bundle)
    describe_otherwise(bundle, files={})
    assert NETWORK in refusal(bundle)


@pytest.mark.parametrize("version", [0, 4, "1", None])
def test_another_format(bundle, version):
    describe_otherwise(bundle, format_version=version)
    assert "format" in refusal(bundle)


def test_another_preprocessing_or_other_labels(bundle):
    describe_otherwise(bundle, preprocessing="glyph-28-mnist/0")
    assert "other glyphs" in refusal(bundle)
    describe_otherwise(bundle, preprocessing=PREPROCESSING, labels=NAMES[::-1])
    assert "labels" in refusal(bundle)


@pytest.mark.parametrize("name", ["../stage1.onnx", "/etc/hostname", "a/b", "..", ""])
def test_files_outside_of_the_folder(bundle, name):
    meta = json.loads((bundle / META).read_text(encoding="utf-8"))
    describe_otherwise(bundle, files={**meta["files"], name: "0" * 64})
    refusal(bundle)


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_a_truncated_description(bundle, share):
    text = (bundle / META).read_text(encoding="utf-8")
    (bundle / META).write_text(text[: int(share * len(text))], encoding="utf-8")
    assert META in refusal(bundle)


@pytest.mark.parametrize("content", [b"[]", b"null", b"\xff\xfe", b"{}", b"0", b'"text"', b"[[[["])
def test_a_description_that_is_none(bundle, content):
    (bundle / META).write_bytes(content)
    refusal(bundle)


@pytest.mark.parametrize(
    "key", ["name", "version", "temperature", "operating_point", "risk_coverage", "files"]
)
def test_a_description_that_lacks_something(bundle, key):
    describe_otherwise(bundle, **{key: ...})
    assert key in refusal(bundle)


def test_a_description_nested_too_deeply(bundle):
    (bundle / META).write_bytes(b"[" * 100_000)
    refusal(bundle)


def test_max_error_that_was_never_reached(bundle):
    curve = [
        {"threshold": 0.0, "coverage": 1.0, "error": 0.02},
        {"threshold": 0.9, "coverage": 0.5, "error": 0.01},
    ]
    describe_otherwise(bundle, risk_coverage=curve)
    with pytest.raises(ModelError, match=r"0\.01"):
        Recognizer.load(bundle, max_error=0.005)
    assert Recognizer.load(bundle, max_error=0.01).model.endswith("error 0.01")


def test_max_error_that_is_too_rare_to_be_seen(bundle):
    """No error among 900 digits says that errors are rarer than one in 300, and not one in 301."""
    curve = [
        {"threshold": 0.0, "coverage": 1.0, "error": 0.02, "accepted": 1800},
        {"threshold": 0.9, "coverage": 0.5, "error": 0.0, "accepted": 900},
    ]
    describe_otherwise(bundle, risk_coverage=curve)
    assert Recognizer.load(bundle, max_error=1 / 300).model.endswith("error 0.00333333")
    with pytest.raises(ModelError, match=r"can show is 0\.0033"):
        Recognizer.load(bundle, max_error=1 / 301)


@pytest.mark.parametrize(
    "changes",
    [
        {"temperature": "warm"},
        {"temperature": 0},
        {"operating_point": {"threshold": 0.5}},
        {"operating_point": 0.5},
        {"operating_point": {"name": 1, "threshold": 0.5, "coverage": 1.0, "error": 0.0}},
        {"name": "\ud800"},
        {"name": "a\nb"},
        {"name": "n" * 101},
        {"version": 1},
        {"files": ["stage1.onnx"]},
        {"risk_coverage": []},
    ],
)
def test_a_description_with_values_that_make_no_sense(bundle, changes):
    describe_otherwise(bundle, **changes)
    refusal(bundle)


def test_a_network_that_is_none(tmp_path):
    shipped = json.loads((shipped_folder() / META).read_text(encoding="utf-8"))
    write_bundle(tmp_path, shipped | {"second_look": None}, {NETWORK: b"no graph"})
    assert "ONNX" in refusal(tmp_path)
