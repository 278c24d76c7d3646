"""The short trainings behind the report: what shuffling and each group of non-digits is worth."""

import json

import numpy as np
import pytest
from report_files import DIGITS, LABELS, benchmarks, mnist, pools, run_benchmark, study

from recognizer.measure.record import read_record


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return pools(tmp_path_factory.mktemp("run"))


def test_each_order_is_trained_and_a_second_run_trains_nothing(run, tmp_path, monkeypatch):
    printed = study(tmp_path, run, "shuffling")
    record = read_record(tmp_path / "shuffling.json")
    orders = record["figures"]["orders"]
    names = ["reshuffled each epoch", "shuffled once", "never shuffled", "sorted by class"]
    assert [each["order"] for each in orders] == names
    assert all(name in printed for name in names)
    for each in orders:
        assert each["right"]["least"] <= each["right"]["mean"] <= each["right"]["most"]
        assert each["right"]["n"] == 60
        assert len(each["epochs"]) == len(each["loss"]) == 1
    monkeypatch.setattr("recognizer.training.loop.Loop.run", None)
    study(tmp_path, run, "shuffling")
    assert read_record(tmp_path / "shuffling.json")["figures"] == record["figures"]


def test_another_setting_is_trained_anew(run, tmp_path, monkeypatch):
    study(tmp_path, run, "rejects")
    monkeypatch.setattr("recognizer.training.loop.Loop.run", None)
    with pytest.raises(TypeError):
        study(tmp_path, run, "rejects", "--digits", 50)


def test_each_group_is_left_out_in_turn(run, tmp_path):
    study(tmp_path, run, "rejects")
    record = read_record(tmp_path / "rejects.json")
    rows = record["figures"]["groups"]
    assert [row["left_out"] for row in rows] == ["none", "noise", "strokes"]
    assert "own" not in rows[0]
    assert all(row["own"]["n"] == row["own_with"]["n"] == 15 for row in rows[1:])
    kept = {
        file.stem: json.loads(file.read_text())["figures"] for file in (tmp_path / "cells").rglob("*.json")
    }
    whole = kept["without-none-0"]["groups"]["noise"]
    assert rows[1]["own_with"]["mean"] == whole["share"]
    assert rows[1]["own"]["mean"] == kept["without-noise-0"]["groups"]["noise"]["share"]


def test_a_part_of_the_pool_has_as_many_non_digits_and_none_of_the_group(run, tmp_path):
    from recognizer.training.pools import read_pools

    pool = read_pools(run).train
    with benchmarks(tmp_path):
        from studies import ORDERS, drawn, groups_of

        part = drawn(pool, 30, 0, "noise")
        assert (part.labels < 10).sum() == (part.labels == 10).sum() == 30
        assert set(groups_of(part).tolist()) == {"", "strokes"}
        by_class = ORDERS["sorted by class"](part, 0)
        assert (np.diff(part.labels[by_class].astype(int)) >= 0).all()
        for order in ("shuffled once", "never shuffled", "sorted by class"):
            assert sorted(ORDERS[order](part, 0).tolist()) == list(range(60))


def test_robustness_is_measured(tmp_path):
    images = np.repeat(DIGITS[:, ::4, ::4], 2, axis=1)
    np.savez(tmp_path / "usps.npz", images=images, labels=LABELS)
    part = np.arange(40) < 20
    labels = np.where(np.arange(40) % 4 == 3, 255, LABELS)
    np.savez(
        tmp_path / "cells.npz", images=DIGITS, labels=labels, report=part, printed=part & (labels == LABELS)
    )
    packed = np.packbits(np.ones((4, 105, 105), bool), axis=-1)
    np.savez(tmp_path / "omniglot.npz", images=packed)
    others = [f"--{name}={tmp_path / name}.npz" for name in ("usps", "cells", "omniglot")]
    run_benchmark(tmp_path, "robustness", "--n", 5, "--data", mnist(tmp_path), *others)
    figures = read_record(tmp_path / "robustness.json")["figures"]
    sets = figures["sets"]
    assert sets["plain"]["digits"]["forced"]["share"] == 1
    sizes = {"USPS": 40, "cells, printed": 15, "cells, handwritten": 0, "cells, empty": 5, "Omniglot": 4}
    assert {name: sets[name]["n"] for name in sizes} == sizes
    assert sets["Omniglot"]["non_digits"]["false_accepts"]["count"] == 0
    for each in figures["series"].values():
        levels = [point["level"] for point in each["points"]]
        assert levels == sorted(levels)
        assert all(point["forced"]["n"] == 5 for point in each["points"])
    assert {"turned", "noisy"} <= set(figures["series"])
