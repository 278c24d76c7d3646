"""The command that makes specialists."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pages import many_digits

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from recognizer import Recognizer
from recognizer.bundle import read_bundle
from recognizer.cli import main
from recognizer.errors import DataError, UsageError
from recognizer.measure.record import read_record
from recognizer.results import REJECT
from recognizer.training.config import NetworkConfig, OptimizerConfig, TrainingConfig
from recognizer.training.pools import _pack
from recognizer.training.progress import Progress
from recognizer.training.run import Run
from recognizer.training.samples import Pool
from recognizer.training.specialists.config import load_specialist_config
from recognizer.training.specialists.fit import KINDS


def pool_with(n, seed):
    """Digits as written, "photographed" and "printed", and non-digits: fours that are nines, and scrawls."""
    rng = np.random.default_rng(seed)
    parts = []
    for i, source in enumerate(("mnist", "page", "printed")):
        glyphs, labels = many_digits(n, seed * 7 + i)
        noise = rng.normal(0, 45, glyphs.shape)
        parts.append(Pool((glyphs + noise).clip(0, 255).astype(np.uint8), labels, np.full(n, source)))
    rejects = rng.permutation(many_digits(n, seed)[0].reshape(n, -1), axis=1).reshape(n, 28, 28)
    parts.append(Pool(rejects, np.full(n, REJECT, np.uint8), np.full(n, "zigzag")))
    whole = Pool.join(parts)
    nines = np.flatnonzero((whole.labels == 9) & (rng.random(len(whole)) < 0.3))
    whole.glyphs[nines] = whole.glyphs[rng.choice(np.flatnonzero(whole.labels == 4), len(nines))]
    return whole


SETTINGS = """
[folds]
epochs = 3
small_epochs = 3
[pairs]
significance = 0.9
most = 2
[fit]
epochs = 1
batch = 32
simple_samples = 60
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Training runs of a full and a light model, and the settings."""
    folder = tmp_path_factory.mktemp("runs")
    pools = _pack(pool_with(300, 1), "train") | _pack(pool_with(150, 2), "validation")
    for name, half, quarter in (("full", (6,), (12,)), ("light", (4,), (8,))):
        (folder / name).mkdir()
        np.savez(folder / name / "pools.npz", **pools)
        (folder / name / "pools.json").write_text('{"split_sha256": "0"}')
        network = NetworkConfig(half, quarter, int8=False)
        optimizer = OptimizerConfig(epochs=3, batch=32, sanity=False)
        config = TrainingConfig(name=name, network=network, optimizer=optimizer)
        Run(config, folder / name, folder, 1).train(Progress())
    (folder / "specialists.toml").write_text(SETTINGS)
    return folder


def make(runs, out, *more):
    folders = [*("--run", runs / "full"), *("--light", runs / "light"), *("--out", out)]
    return main(["specialists", "--config", str(runs / "specialists.toml"), *map(str, [*folders, *more])])


@pytest.fixture(scope="module")
def made(runs):
    assert make(runs, runs / "out") == 0
    return runs / "out"


def test_the_command_leaves_models_figures_and_pictures(made):
    assert {file.name for file in made.iterdir()} >= {
        "bundle", "bundle-light", "metrics.json", "pairs.png", "confusion.png", "cascade.png",
    }  # fmt: skip
    figures = read_record(made / "metrics.json")["figures"]
    for name in ("full", "light"):
        found = figures[name]
        evidence = found["out_of_fold"]
        assert evidence["overall"]["n"] == evidence["n"] > 1000
        assert len(found["pairs"]) == 55
        assert {each["kind"] for each in found["choices"]} <= set(KINDS)
        assert set(found["choices"][0]["errors"]) == {"none", *KINDS}
        enabled = [each for each in found["choices"] if each["enabled"]]
        assert all(each["gain"]["mended"] > each["gain"]["broken"] for each in enabled)
        errors = [point["error"] for point in found["cost"]["curve"]]
        assert errors[0] == pytest.approx(evidence["overall"]["before"] / evidence["n"])
    rows = {(row["model"], row["specialists"]): row["out_of_fold"] for row in figures["cascade"]}
    assert list(rows) == [(name, both) for name in ("full", "light") for both in (False, True)]
    assert rows["full", False]["of_full"] == 1
    assert rows["light", False]["of_full"] <= rows["light", True]["of_full"]
    for (name, both), row in rows.items():
        assert row["errors"] == figures[name]["out_of_fold"]["overall"]["after" if both else "before"]


def test_the_models_answer_and_are_what_was_measured(made, runs):
    for name, bundle in (("full", "bundle"), ("light", "bundle-light")):
        model = Recognizer.load(made / bundle)
        described = model.bundle.stage_two
        assert described["stage_one"]["temperature"] == read_bundle(runs / name / "bundle").temperature
        assert len(described["pairs"]) == 55
        answers = list(model.recognize_many(many_digits(60)[0]))
        assert all(answer.error is None for answer in answers)
        names = {each["file"] for each in described["specialists"]}
        assert {file.name for file in (made / bundle).iterdir()} == names | {
            "stage1.onnx", "stage1.weights.npz", "golden.json", "meta.json",
        }  # fmt: skip


def test_what_is_finished_is_found_again(made, runs, tmp_path, monkeypatch):
    kept = [file for file in (made / "folds").iterdir() if file.name not in ("light.pt", "full.pt")]
    before = {file: file.stat().st_mtime_ns for file in (*kept, *(made / "specialists").iterdir())}
    meta = json.loads((made / "bundle" / "meta.json").read_text())
    assert make(runs, made) == 0
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert json.loads((made / "bundle" / "meta.json").read_text()) == meta


def test_a_run_without_pools_is_refused(runs, tmp_path, capsys):
    model = ["--model", str(runs / "full" / "bundle")]
    options = ["--run", str(tmp_path), "--light", str(runs / "light"), "--out", str(tmp_path / "out"), *model]
    assert main(["specialists", "--config", str(runs / "specialists.toml"), *options]) == DataError.exit_code
    assert "no pools" in capsys.readouterr().err


def test_settings_that_make_no_sense_are_refused(tmp_path):
    for text in ("[folds]\ncount = 1\n", "[fit]\nrates = 1\n", "[network]\nhalf = [0]\n", "seed = -1\n"):
        (tmp_path / "s.toml").write_text(text)
        with pytest.raises(UsageError):
            load_specialist_config(tmp_path / "s.toml")
