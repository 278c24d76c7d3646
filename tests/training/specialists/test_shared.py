"""Specialists of one trunk: what they learn from, what they begin as, and what ships."""

from __future__ import annotations

import numpy as np
import pytest
from pages import many_digits

pytest.importorskip("torch")

import torch

from recognizer.results import REJECT
from recognizer.training.config import NetworkConfig
from recognizer.training.export import SHIFTS, only_output, specialists_to_onnx
from recognizer.training.loop import logits_of
from recognizer.training.model import GlyphClassifier
from recognizer.training.specialists.config import FitConfig
from recognizer.training.specialists.fit import NETWORK, NETWORK_VIEWS, Start
from recognizer.training.specialists.shared import (
    PAIRS,
    Doubts,
    find_doubts,
    fit_shared,
    pair_loss,
    ship_shared,
    specialist_of,
)
from retrieval.runtime import open_session

SIZE = NetworkConfig((4, 8), (16,), int8=False)


def saying(*classes, lead=1.0):
    """Logits whose two best classes these are."""
    logits = np.zeros(11, np.float32)
    for rank, each in enumerate(classes):
        logits[each] = 9 - lead * rank
    return logits


def test_doubts_are_between_the_classes_of_a_pair_and_one_of_them_is_right():
    told = [
        (saying(3, 8), 8, (PAIRS.index((3, 8)), False)),
        (saying(8, 3), 3, (PAIRS.index((3, 8)), True)),
        (saying(REJECT, 0), 0, (PAIRS.index((0, REJECT)), True)),
        (saying(3, 8), 5, None),  # neither is right
        (saying(4, 9, lead=2.5), 4, None),  # no doubt
    ]
    logits, labels = np.stack([each[0] for each in told]), np.array([each[1] for each in told], np.uint8)
    glyphs = np.arange(len(told), dtype=np.uint8)[:, None, None] * np.ones((1, 28, 28), np.uint8)
    found = find_doubts(glyphs, labels, logits, 2.0)
    expected = [each[2] for each in told if each[2] is not None]
    assert list(zip(found.asked.tolist(), found.first.tolist(), strict=True)) == expected
    assert found.glyphs[:, 0, 0].tolist() == [0, 1, 2]


def test_only_the_output_that_is_asked_learns():
    logits = torch.tensor([[0.5, -1.0, 2.0]], requires_grad=True)
    for label, sign in ((2, -1), (3, 1)):  # the second pair: its first class is right, its second
        (slope,) = torch.autograd.grad(pair_loss(logits, torch.tensor([label]), 0.0), logits)
        assert slope[0, [0, 2]].tolist() == [0.0, 0.0]
        assert np.sign(slope[0, 1].item()) == sign


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    torch.manual_seed(1)
    network = GlyphClassifier(SIZE).eval()
    torch.nn.init.normal_(network.head.weight)
    file = tmp_path_factory.mktemp("start") / "start.pt"
    torch.save(network.state_dict(), file)
    return network, Start(file, SIZE)


def doubts_of(n=300, seed=0):
    """Threes against eights, fours against nines."""
    glyphs, labels = many_digits(n * 3, seed)
    chosen = np.isin(labels, (3, 8, 4, 9))
    glyphs, labels = glyphs[chosen][:n], labels[chosen][:n]
    asked = np.where(np.isin(labels, (3, 8)), PAIRS.index((3, 8)), PAIRS.index((4, 9)))
    return Doubts(glyphs, asked, np.isin(labels, (3, 4)))


def test_an_output_begins_as_the_log_odds_of_the_network_that_it_starts_from(start):
    network, begun = start
    made = fit_shared(doubts_of(64), begun, FitConfig(epochs=1, rate=1e-12, batch=64), seed=0)
    old, new = (each.head.weight.detach().numpy() for each in (network, made))
    assert new == pytest.approx(np.stack([old[one] - old[other] for one, other in PAIRS]), abs=1e-5)


def test_they_learn_to_tell_the_classes_of_their_pairs_apart(start):
    made = fit_shared(doubts_of(), start[1], FitConfig(epochs=12, rate=0.01, batch=32), seed=0)
    new = doubts_of(100, seed=5)
    verdict = logits_of(made, new.glyphs)[np.arange(len(new)), new.asked]
    assert ((verdict > 0) == new.first).mean() > 0.9


def test_each_ships_with_its_own_output_and_several_views_are_a_mean(start):
    torch.manual_seed(2)
    network, doubts = GlyphClassifier(SIZE, len(PAIRS)).eval(), doubts_of(20)
    torch.nn.init.normal_(network.head.weight)
    shipped = ship_shared(network, doubts.glyphs, SIZE, len(SHIFTS), 0)
    none = np.zeros((len(doubts), 0), np.float32)
    padded = np.pad(doubts.glyphs, ((0, 0), (1, 1), (1, 1)))
    moved = [padded[:, 1 + down : 29 + down, 1 + right : 29 + right] for down, right in SHIFTS]
    views = np.mean([logits_of(network, glyphs) for glyphs in moved], axis=0)
    for pair in ((3, 8), (0, REJECT)):
        place = PAIRS.index(pair)
        once, often = (
            specialist_of(shipped[kind], pair, "").log_odds(doubts.glyphs, none)
            for kind in (NETWORK, NETWORK_VIEWS)
        )
        assert once == pytest.approx(logits_of(network, doubts.glyphs)[:, place], abs=1e-4)
        assert often == pytest.approx(views[:, place], abs=1e-4)


def test_a_column_of_a_graph_is_cut_out():
    torch.manual_seed(3)
    graph = specialists_to_onnx(GlyphClassifier(SIZE, 4).eval())
    glyphs = many_digits(7)[0]
    whole = open_session(graph).run(None, {"glyphs": glyphs})[0]
    assert whole.shape == (7, 4)
    for place in range(4):
        cut = open_session(only_output(graph, place)).run(None, {"glyphs": glyphs})[0]
        assert cut == pytest.approx(whole[:, place])
