"""The ladder: its rungs, what is measured of each, and the command."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from stand_in import put

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

import torch

from recognizer.cli import main
from recognizer.measure.record import read_record
from recognizer.results import REJECT
from recognizer.training.config import NetworkConfig, load_config
from recognizer.training.ladder import measure
from recognizer.training.pools import prepare_pools
from recognizer.training.rungs import SIGMOIDS, SOFTMAX, comparisons, make_rungs, sigmoid_loss
from recognizer.training.samples import Pool

RUNGS = make_rungs(NetworkConfig((4,), (8,)))
CONFIG = """
name = "tiny"
coverage = 0.9
[network]
half = [4]
quarter = [8]
[optimizer]
epochs = 2
batch = 20
"""


def blocks(n, seed=0):
    """A pool in which the place of a bright block tells the class."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) % 11).astype(np.uint8)
    glyphs = rng.integers(0, 30, (n, 28, 28), dtype=np.uint8)
    for glyph, label in zip(glyphs, labels, strict=True):
        top, left = 4 + 7 * (label // 4), 1 + 7 * (label % 4)
        glyph[top : top + 5, left : left + 5] = 255
    return Pool(glyphs, labels, np.where(labels == REJECT, "zigzag", np.where(labels % 2, "mnist", "page")))


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.name)
def test_a_new_network_guesses(rung):
    torch.manual_seed(0)
    pool = blocks(55)
    logits = rung.make(rung.output.classes)(torch.from_numpy(pool.glyphs)[:, None] / 255)
    loss = rung.output.loss(logits, torch.from_numpy(pool.labels.astype(int)), 0.0)
    assert logits.shape == (55, rung.output.classes)
    guess = math.log(11) if rung.output is SOFTMAX else 10 * math.log(2)
    assert float(loss.detach()) == pytest.approx(guess, abs=0.2)
    scores = rung.output.scores(logits.detach().numpy())
    assert scores.shape == (55, REJECT)
    assert 0 <= scores.min() <= scores.max() <= 1


def test_sigmoids_want_all_low_for_a_reject():
    low, one = torch.full((1, 10), -9.0), torch.full((1, 10), -9.0)
    one[0, 4] = 9.0
    labels = {"four": torch.tensor([4]), "reject": torch.tensor([REJECT])}
    assert sigmoid_loss(low, labels["reject"], 0.0) < 0.01
    assert sigmoid_loss(one, labels["reject"], 0.0) > 5
    assert sigmoid_loss(one, labels["four"], 0.0) < 0.01
    assert sigmoid_loss(low, labels["four"], 0.0) > 5


def test_sigmoids_are_smoothed_as_the_softmax_is():
    even = torch.full((1, 10), math.log((1 / 11) / (10 / 11)), requires_grad=True)
    sigmoid_loss(even, torch.tensor([REJECT]), 1.0).backward()
    assert even.grad.abs().max() < 1e-6


def test_rungs_are_compared_that_differ_in_one_thing():
    pairs = comparisons(RUNGS)
    assert len(pairs) == 5
    for high, low in pairs:
        assert RUNGS.index(low) < RUNGS.index(high)
        assert (high.network == low.network) != (high.output is low.output)


class Seer(torch.nn.Module):
    """Answers what the first pixel says, as sure as the second one."""

    def forward(self, glyphs):
        told = (glyphs[:, 0, 0, :2] * 255).round().long()
        return torch.nn.functional.one_hot(told[:, 0], 11) * told[:, 1:] / 10


def test_measures_at_the_coverage_of_digits():
    truth = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 10, 10], np.uint8)
    told = np.array([1, 2, 3, 4, 5, 6, 7, 8, 0, 3, 10, 6], np.uint8)
    sure = np.array([90, 90, 90, 90, 90, 90, 90, 90, 80, 10, 90, 85], np.uint8)
    glyphs = np.zeros((12, 28, 28), np.uint8)
    glyphs[:, 0, 0], glyphs[:, 0, 1] = told, sure
    sources = np.array(["mnist"] * 4 + ["page"] * 6 + ["zigzag"] * 2)
    found = measure(RUNGS[-1], Seer(), 1.0, Pool(glyphs, truth, sources), 0.9)
    assert found.coverage == pytest.approx(0.9)
    assert {name: (each["count"], each["n"]) for name, each in found.forced.items()} == {
        "mnist": (4, 4),
        "page": (4, 6),
    }
    assert {name: (each["count"], each["n"]) for name, each in found.refusal.items()} == {
        "false accepts": (1, 2),
        "wrong among accepted": (1, 9),
    }


def test_scores_of_sigmoids_need_no_sum():
    scores = SIGMOIDS.scores(np.array([[800.0, -800.0] + [0.0] * 8], np.float32))
    assert scores[0].tolist() == [1.0, 0.0] + [0.5] * 8


@pytest.fixture
def run(tmp_path):
    """A folder with a configuration, MNIST's stand-in, and pools that need not be made."""
    put(tmp_path / "data")
    file, out = tmp_path / "ladder.toml", tmp_path / "out"
    file.write_text(CONFIG)
    out.mkdir()
    train, validation = blocks(440), blocks(220, 1)
    parts = {f"train_{key}": value for key, value in vars(train).items()}
    parts |= {f"validation_{key}": value for key, value in vars(validation).items()}
    np.savez(out / "pools.npz", **parts)
    (out / "pools.json").write_text("{}")
    return file, out, tmp_path / "data"


def test_the_command_trains_every_rung_and_keeps_figures(run, capsys):
    file, out, data = run
    assert main(["ladder", "--config", str(file), "--out", str(out), "--data", str(data)]) == 0
    printed = capsys.readouterr().out
    assert all(rung.name in printed for rung in make_rungs(NetworkConfig()))
    record = read_record(out / "metrics.json")
    figures = record["figures"]
    assert record["command"] == "recognizer ladder"
    assert [each["n"] for each in record["data"]] == [440, 220]
    assert [each["rung"] for each in figures["rungs"]] == [rung.name for rung in RUNGS]
    assert figures["rungs"][1]["parameters"] == 785 * 11
    by_name = {each["rung"]: each for each in figures["rungs"]}
    for gain in figures["gains"]:
        high, low = by_name[gain["rung"]]["forced"]["mnist"], by_name[gain["over"]]["forced"]["mnist"]
        assert gain["gain"]["mnist"] == pytest.approx(high["share"] - low["share"])
    assert (out / "ladder.png").stat().st_size > 1000


def test_the_same_seed_climbs_the_same_ladder(run):
    file, out, data = run
    config = load_config(file)
    found = []
    for _ in range(2):
        assert main(["ladder", "--config", str(file), "--out", str(out), "--data", str(data)]) == 0
        rungs = json.loads((out / "metrics.json").read_text())["figures"]["rungs"]
        found.append([{key: value for key, value in rung.items() if key != "seconds"} for rung in rungs])
    assert found[0] == found[1]
    assert len(prepare_pools(config, out, data, 1, None).train) == 440
