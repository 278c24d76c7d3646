"""The encoder: what it makes of glyphs, and what it refuses."""

from __future__ import annotations

import json
import shutil
import threading

import numpy as np
import pytest
from stand_in_encoder import DENSE, LARGEST, WIDE, write_encoder

from retrieval import Encoder
from retrieval.codes import unpack
from retrieval.errors import EncoderError, QueryError


def test_codes_of_glyphs(encoder, images):
    dense, wide = encoder.dense(images), encoder.wide(images)
    assert dense.shape == (40, DENSE)
    assert dense.dtype == np.int8
    assert np.abs(np.linalg.norm(unpack(dense), axis=1) - 1).max() < 1e-6
    assert len(wide) == 40
    assert (wide.counts <= LARGEST).all()
    assert wide.dimensions.max() < WIDE
    assert (wide.weights > 0).all()
    nearest = np.argsort(-(unpack(dense[20:]) @ unpack(dense[:20]).T), axis=1)[:, 0]
    assert nearest.tolist() == list(range(20))


def test_many_glyphs_are_encoded_as_few_are(encoder, images):
    many = np.tile(images, (8, 1, 1))
    assert np.array_equal(encoder.dense(many)[280:], encoder.dense(images))
    assert np.array_equal(encoder.wide(many).take(np.arange(280, 320)).weights, encoder.wide(images).weights)


def test_no_glyphs(encoder):
    none = np.zeros((0, 28, 28), np.uint8)
    assert encoder.dense(none).shape == (0, DENSE)
    assert len(encoder.wide(none)) == 0


def test_the_decoder_draws_what_the_code_remembers(encoder, images):
    drawn = encoder.reconstruct(images[:3])
    assert drawn.shape == (3, 28, 28)
    assert drawn.dtype == np.float32
    assert ((drawn >= 0) & (drawn <= 1)).all()


def test_similarity_comes_from_the_table(encoder):
    assert encoder.similarity(np.array([0, 0.25, 0.5, 2, 9])) == pytest.approx([1, 0.9, 0.8, 0.1, 0.1])
    assert encoder.duplicate_distance == 0.05


@pytest.mark.parametrize(
    "glyphs", [np.zeros((2, 28, 28)), np.zeros((28, 28), np.uint8), np.zeros((1, 28, 27), np.uint8), []]
)
def test_other_arrays_are_refused(encoder, glyphs):
    with pytest.raises(QueryError, match=r"uint8 \(N, 28, 28\)"):
        encoder.dense(glyphs)


def test_threads_share_an_encoder(encoder_folder, images):
    encoder = Encoder.open(encoder_folder)
    expected, found = Encoder.open(encoder_folder).dense(images), []
    threads = [threading.Thread(target=lambda: found.append(encoder.dense(images))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(np.array_equal(one, expected) for one in found)


def change(meta, key, value):
    content = json.loads(meta.read_text())
    content[key] = value
    meta.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format_version", 2),
        ("dense", 0),
        ("dense", "many"),
        ("wide", 1 << 20),
        ("name", None),
        ("files", {}),
        ("files", []),
        ("similarity", {"distance": [0, 1]}),
        ("similarity", {"distance": [0, 1], "share": [0.1, 0.9]}),
        ("similarity", {"distance": [1, 0], "share": [0.9, 0.1]}),
        ("similarity", {"distance": [], "share": []}),
        ("similarity", {"distance": [0, 1], "share": [0.9, float("nan")]}),
        ("duplicates", {}),
        ("duplicates", {"distance": -1}),
    ],
)
def test_a_description_that_makes_no_sense(tmp_path, encoder_folder, key, value):
    folder = shutil.copytree(encoder_folder, tmp_path / "encoder")
    change(folder / "encoder.json", key, value)
    with pytest.raises(EncoderError) as caught:
        Encoder.open(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 3


def test_missing_and_damaged_files(tmp_path, encoder_folder):
    with pytest.raises(EncoderError, match="no encoder there"):
        Encoder.open(tmp_path)
    folder = shutil.copytree(encoder_folder, tmp_path / "encoder")
    (folder / "decoder.onnx").write_bytes(b"nothing")
    with pytest.raises(EncoderError, match=r"decoder\.onnx: damaged"):
        Encoder.open(folder).decode(np.zeros((1, DENSE)))
    graph = bytearray((folder / "encoder.onnx").read_bytes())
    graph[100] ^= 1
    (folder / "encoder.onnx").write_bytes(graph)
    with pytest.raises(EncoderError, match=r"encoder\.onnx: damaged"):
        Encoder.open(folder)
    (folder / "encoder.onnx").unlink()
    with pytest.raises(EncoderError, match="can't be read"):
        Encoder.open(folder)
    (folder / "encoder.json").write_text("{")
    with pytest.raises(EncoderError, match="can't be read"):
        Encoder.open(folder)


def test_a_network_that_is_none(tmp_path):
    import hashlib

    folder = write_encoder(tmp_path / "encoder")
    (folder / "encoder.onnx").write_bytes(b"not a network")
    files = {"encoder.onnx": hashlib.sha256(b"not a network").hexdigest()}
    change(folder / "encoder.json", "files", files)
    with pytest.raises(EncoderError, match="ONNX Runtime can't load") as caught:
        Encoder.open(folder).dense(np.zeros((1, 28, 28), np.uint8))
    assert "\n" not in str(caught.value)
