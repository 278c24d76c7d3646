"""What is done to trained networks before they ship."""

from __future__ import annotations

import numpy as np
import pytest
from pages import DIGITS, LABELS

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from tiny_model import SIZE  # noqa: E402

from recognizer.measure.calibrate import fit_temperature  # noqa: E402
from recognizer.results import REJECT  # noqa: E402
from recognizer.stages.network import Network  # noqa: E402
from recognizer.training.export import to_onnx  # noqa: E402
from recognizer.training.loop import logits_of, tensors  # noqa: E402
from recognizer.training.model import GlyphClassifier  # noqa: E402
from recognizer.training.networks import Networks  # noqa: E402
from recognizer.training.samples import Pool  # noqa: E402

POOL = Pool(DIGITS, LABELS, np.full(len(DIGITS), "mnist"))


def test_a_bias_makes_reject_likelier_by_calibrated_log_odds():
    networks = Networks(GlyphClassifier(SIZE), GlyphClassifier(SIZE))
    before = [logits_of(each, DIGITS) for each in (networks.first, networks.reader)]
    networks.bias_reject(1.5, POOL)
    for logits, each in zip(before, (networks.first, networks.reader), strict=True):
        change = logits_of(each, DIGITS) - logits
        assert change[:, :REJECT] == pytest.approx(0, abs=1e-6)
        assert change[:, REJECT] == pytest.approx(1.5 * fit_temperature(logits[:, :REJECT], LABELS), abs=1e-4)


def test_no_bias_changes_nothing():
    networks = Networks(GlyphClassifier(SIZE))
    before = logits_of(networks.first, DIGITS)
    networks.bias_reject(0.0, POOL)
    assert np.array_equal(logits_of(networks.first, DIGITS), before)


def test_the_graph_says_what_the_network_says():
    network = GlyphClassifier(SIZE).train()
    network(tensors(DIGITS))  # normalisation that has seen something
    graph = Network(to_onnx(network))
    assert graph.logits(DIGITS) == pytest.approx(logits_of(network, DIGITS), abs=1e-4)
