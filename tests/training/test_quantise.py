"""Integers instead of floats: the same answers from a smaller graph."""

from __future__ import annotations

import numpy as np
import pytest
from pages import DIGITS, LABELS

pytest.importorskip("torch")
pytest.importorskip("onnx")

from recognizer.bundle import read_bundle
from recognizer.stages.network import Network
from recognizer.training.config import AugmentConfig, NetworkConfig, OptimizerConfig
from recognizer.training.export import to_onnx
from recognizer.training.loop import Trainer
from recognizer.training.model import GlyphClassifier
from recognizer.training.quantise import quantise
from recognizer.training.samples import Pool


@pytest.fixture(scope="module")
def graphs():
    pool = Pool(DIGITS, LABELS, np.full(len(LABELS), "mnist"))
    network = GlyphClassifier(NetworkConfig((16, 24), (32, 32)))
    trainer = Trainer(network, pool, OptimizerConfig(epochs=30, batch=32), AugmentConfig(), 0)
    plain = to_onnx(trainer.run(lambda _: {}, lambda *_: None, None))
    return plain, quantise(plain, DIGITS, 0)


def test_answers_stay(graphs):
    plain, small = (Network(graph) for graph in graphs)
    expected = plain.logits(DIGITS)
    assert (expected.argmax(axis=1) == LABELS).mean() > 0.8  # it has learnt something that could be lost
    assert (small.logits(DIGITS).argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.97
    assert np.abs(small.logits(DIGITS) - expected).mean() < 0.1 * expected.std()


def test_features_stay_an_output(graphs):
    (_, expected), (_, found) = (Network(graph).outputs(DIGITS) for graph in graphs)
    assert found.shape == expected.shape
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.99


def test_the_same_seed_gives_the_same_graph(graphs):
    assert quantise(graphs[0], DIGITS, 0) == graphs[1]


def test_weights_leave_room_for_processors_without_wide_sums(graphs):
    import onnx

    weights = [
        onnx.numpy_helper.to_array(each)
        for each in onnx.load_from_string(graphs[1]).graph.initializer
        if each.data_type == onnx.TensorProto.INT8 and len(each.dims) == 4
    ]
    assert weights
    assert max(int(np.abs(each.astype(int)).max()) for each in weights) <= 64


def test_what_ships_fits_in_half_a_megabyte():
    assert len(read_bundle(None).network) < 500_000
