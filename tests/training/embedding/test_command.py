"""The command that trains the embedding, its configuration, and the encoder that ships."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from pages import DIGITS, many_digits
from PIL import Image
from stand_in import idx, put

from recognizer import data

pytest.importorskip("torch")
pytest.importorskip("matplotlib")
pytest.importorskip("onnxruntime")

from small_embedding import CONFIG, run_graph

from recognizer.cli import main
from recognizer.errors import UsageError
from recognizer.measure.record import read_record
from recognizer.training.embedding import figures, queries
from recognizer.training.embedding.config import (
    LossConfig,
    load_embedding_config,
    make_embedding_config,
)
from retrieval.encoder import Encoder, shipped_folder

# The configuration


def test_a_configuration_survives_json():
    values = json.loads(json.dumps(CONFIG.to_dict()))
    assert make_embedding_config(values, "here") == CONFIG


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "kind"),
        ({"kind": "classifier"}, "kind"),
        ({"kind": "embedding", "epochs": 3}, "'epochs'"),
        ({"kind": "embedding", "loss": {"temperature": 0.0}}, "temperature"),
        ({"kind": "embedding", "loss": {"digit_share": 1.0}}, "digit_share"),
        ({"kind": "embedding", "loss": {"digit_share": 0.5, "detail_share": 0.5}}, "detail_share"),
        ({"kind": "embedding", "network": {"digit": 100}}, "digit"),
        ({"kind": "embedding", "trade_off": {"weights": ["a"]}}, "weights"),
    ],
)
def test_mistakes_are_named(values, words):
    with pytest.raises(UsageError, match=words):
        make_embedding_config(values, "here")


# The command

TOML = """
kind = "embedding"
name = "tiny"
[data]
validation = 60
limit = 300
queries = 40
[network]
half = [4, 8]
quarter = [8, 16]
squeezed = 4
hidden = 32
dense = 24
digit = 6
detail = 6
wide = 200
decoder = 32
[optimizer]
epochs = 2
batch = 60
[finish]
epochs = 2
batch = 60
[plain]
epochs = 2
hidden = 20
[trade_off]
weights = [0.0, 0.5]
limit = 120
epochs = 1
"""


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    images, labels = many_digits(320, seed=3)
    files = {name: idx(images if "images" in name else labels) for name in data.MNIST}
    return put(tmp_path_factory.mktemp("data"), files)


def train(config, mnist, out):
    return main(["train", "--config", str(config), "--data", str(mnist), "--out", str(out)])


@pytest.fixture(scope="module")
def run_folder(mnist, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    (folder / "tiny.toml").write_text(TOML, encoding="utf-8")
    assert train(folder / "tiny.toml", mnist, folder / "out") == 0
    return folder


def test_a_run_makes_an_encoder_that_the_search_opens(run_folder):
    encoder = Encoder.open(run_folder / "out" / "encoder")
    assert (encoder.name, encoder.dense_dimensions, encoder.wide_dimensions) == ("tiny", 24, 200)
    assert encoder.dense(DIGITS).shape == (40, 24)
    assert encoder.decode(np.eye(24, dtype=np.float32)).shape == (24, 28, 28)


def test_an_encoder_says_what_it_was_made_from(run_folder):
    folder = run_folder / "out" / "encoder"
    meta = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    for name, digest in meta["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert meta["config"]["seed"] == 0
    assert [part["n"] for part in meta["data"]] == [240, 60]
    assert meta["metrics"]["n"] == 40
    assert meta["versions"]["torch"]


def test_a_run_leaves_its_figures_and_pictures_behind(run_folder):
    found = read_record(run_folder / "out" / "metrics.json")["figures"]
    assert len(found["history"]["loss"]) == 2
    assert {curve["name"] for curve in found["trade_off"]} == {"weight 0", "weight 0.5", "the whole training"}
    assert found["test"]["gallery"] == 300
    assert found["test"]["decoding"]["rungs"].keys() == {
        "not decoded", "plain, clean", "plain, noisy", "embedding"
    }  # fmt: skip
    for name in ("curves.png", "trade_off.png", "reconstructions.png"):
        with Image.open(run_folder / "out" / name) as picture:
            assert min(picture.size) > 200


def golden_pairs(folder):
    pairs = json.loads((folder / "golden.json").read_text(encoding="utf-8"))
    return np.array([pair["glyph"] for pair in pairs], np.uint8).reshape(-1, 28, 28), pairs


def check_golden(folder):
    glyphs, pairs = golden_pairs(folder)
    dense, wide = run_graph((folder / "encoder.onnx").read_bytes(), glyphs)
    assert dense == pytest.approx(np.array([pair["dense"] for pair in pairs]), abs=0.01)
    wanted = np.zeros_like(wide)
    for row, pair in zip(wanted, pairs, strict=True):
        row[[int(at) for at in pair["wide"]]] = list(pair["wide"].values())
    assert figures.unit(wide) == pytest.approx(wanted, abs=0.02)


def test_the_golden_codes_are_those_of_the_encoder(run_folder):
    check_golden(run_folder / "out" / "encoder")


def test_a_finished_run_is_found_again(run_folder, mnist, capsys):
    out = run_folder / "out"
    before = {name: (out / "encoder" / name).read_bytes() for name in ("encoder.onnx", "decoder.onnx")}
    assert train(run_folder / "tiny.toml", mnist, out) == 0
    assert capsys.readouterr().out.strip() == str(out / "encoder")
    assert {name: (out / "encoder" / name).read_bytes() for name in before} == before


def test_a_folder_with_another_run_is_refused(run_folder, mnist, capsys):
    other = run_folder / "other.toml"
    other.write_text(TOML.replace('name = "tiny"', 'name = "other"'), encoding="utf-8")
    assert train(other, mnist, run_folder / "out") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "another configuration" in said.err


# What ships


def test_the_shipped_encoder_gives_its_golden_codes():
    check_golden(shipped_folder())


def test_the_shipped_encoder_is_small_and_its_codes_are_as_promised():
    folder = shipped_folder()
    assert sum((folder / name).stat().st_size for name in ("encoder.onnx", "decoder.onnx")) < 3.2e6
    dense, wide = run_graph((folder / "encoder.onnx").read_bytes(), DIGITS)
    assert dense.shape[1] <= 128
    assert 1000 <= wide.shape[1] <= 4000
    assert np.linalg.norm(dense, axis=1) == pytest.approx(1, abs=1e-4)
    assert wide.min() == 0
    assert 10 < (wide > 0).sum(1).mean() < 100


def test_the_shipped_encoder_knows_a_disturbed_digit_again():
    encoder = Encoder.open()
    gallery = run_graph((shipped_folder() / "encoder.onnx").read_bytes(), DIGITS)[0]
    asked = queries.copies(DIGITS, 5, queries.usual)
    found = run_graph((shipped_folder() / "encoder.onnx").read_bytes(), asked)[0]
    assert ((found @ gallery.T).argmax(1) == np.arange(len(DIGITS))).mean() > 0.95
    restored = encoder.decode(found)
    assert figures.squared_error(restored, DIGITS) < 0.5 * figures.squared_error(asked / 255, DIGITS)


@pytest.mark.parametrize("name", ["embedding", "embedding-smoke"])
def test_the_configurations_are_sound(name):
    from pathlib import Path

    config = load_embedding_config(Path(__file__).parents[3] / "configs" / f"{name}.toml")
    assert isinstance(config.loss, LossConfig)
    assert config.network.dense <= 128
