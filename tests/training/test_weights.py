"""The weights in a bundle: what is packed comes back, and what is damaged is told."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from recognizer.bundle import META, WEIGHTS, read_bundle, shipped_folder, write_bundle  # noqa: E402
from recognizer.errors import ModelError  # noqa: E402
from recognizer.training.config import NetworkConfig, TrainingConfig  # noqa: E402
from recognizer.training.loop import logits_of  # noqa: E402
from recognizer.training.model import GlyphClassifier  # noqa: E402
from recognizer.training.networks import Networks  # noqa: E402
from recognizer.training.weights import pack_weights  # noqa: E402

SMALL = NetworkConfig((4, 8), (16,))
GLYPHS = np.random.default_rng(0).integers(0, 255, (40, 28, 28), dtype=np.uint8)


def network():
    torch.manual_seed(0)
    made = GlyphClassifier(SMALL)
    for _ in range(3):  # so that normalisation has something to remember
        made.train()(torch.rand(32, 1, 28, 28))
    return made.eval()


def bundle(folder, weights):
    """A model with these bytes for weights."""
    shipped = read_bundle(shipped_folder())
    meta = {
        name: value
        for name, value in shipped.meta.items()
        if name not in ("files", "stage_two", "second_look")
    }
    meta["config"] = TrainingConfig(network=SMALL).to_dict()
    files = {"stage1.onnx": shipped.network}
    write_bundle(folder, meta, files if weights is None else files | {WEIGHTS: weights})
    return read_bundle(folder)


def test_the_network_comes_back(tmp_path):
    before = network()
    after = Networks.of(bundle(tmp_path, pack_weights(before))).first
    assert logits_of(after, GLYPHS) == pytest.approx(logits_of(before, GLYPHS), abs=2e-3)
    for name, value in after.state_dict().items():
        if value.dim() < 2:
            assert torch.equal(value, before.state_dict()[name])


def test_nothing_is_pickled_and_the_same_weights_are_the_same_bytes():
    packed = pack_weights(network())
    assert packed == pack_weights(network())
    with np.load(io.BytesIO(packed), allow_pickle=False) as stored:
        assert stored["format_version"] == 1
        assert all(stored[name].dtype != object for name in stored.files)


def other_format():
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, format_version=np.array(2))
    return file.getvalue()


def other_network():
    return pack_weights(GlyphClassifier(NetworkConfig((4,), (8,))))


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (lambda: None, "no stage1.weights.npz"),
        (lambda: b"PK no such thing", "can't be read"),
        (lambda: pack_weights(network())[:-200], "can't be read"),
        (other_format, "format"),
        (other_network, "not the weights of the model's network"),
    ],
)
def test_weights_that_can_not_be_used_are_one_line(tmp_path, weights, words):
    made = bundle(tmp_path, weights())
    with pytest.raises(ModelError, match=words) as told:
        Networks.of(made)
    assert "\n" not in str(told.value)


def test_weights_that_were_changed_are_told_when_the_model_is_read(tmp_path):
    bundle(tmp_path, pack_weights(network()))
    (tmp_path / WEIGHTS).write_bytes(b"else")
    assert WEIGHTS in json.loads((tmp_path / META).read_text(encoding="utf-8"))["files"]
    with pytest.raises(ModelError, match="checksum"):
        read_bundle(tmp_path)
