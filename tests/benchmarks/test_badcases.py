"""The simulated bad-case loop: what its rounds come to, and the images that it is made of."""

import json

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("modules")


def run(folder, *rounds):
    """A run's file: right on other sources, MNIST, false accepts, round by round."""
    folder.mkdir(parents=True)
    names = ("held_out", "mnist_forced", "false_accepts")
    lines = [{"round": number, **dict(zip(names, each, strict=True))} for number, each in rounds]
    lines[-1]["learn_seconds"] = 12.3
    (folder / "rounds.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture
def runs(tmp_path):
    for seed in range(2):
        run(
            tmp_path / "runs" / "fax" / "loop" / str(seed),
            (0, (0.80, 0.997, 0.020)),
            (1, (0.90, 0.9964 if seed else 0.9966, 0.021)),
            (2, (0.95, 0.9972, 0.0216)),
        )
    run(tmp_path / "runs" / "fax" / "scratch" / "0", (0, (0.8, 0.997, 0.02)), (2, (0.88, 0.990, 0.03)))
    return tmp_path / "runs"


def rows_of(table):
    return [dict(zip(range(len(row)), row, strict=True)) for row in table.rows]


def test_targets_are_told_met_or_not(runs):
    from bad_summary import targets_table

    loop, scratch = (list(row.values()) for row in rows_of(targets_table(runs)))
    assert loop[:2] == ["fax", "loop"]
    # Three in four errors are gone; in one round of one seed MNIST lost 0.06 points, though it came back; 8 % more.
    assert loop[2:] == ["75 ± 0", "yes", "-0.06", "no", "8.0 ± 0.0", "yes"]
    assert scratch[2:] == ["40 ± 0", "no", "-0.70", "no", "50.0 ± 0.0", "no"]


def test_rounds_are_summed_up_from_the_first_to_the_last(runs):
    from bad_summary import common_rounds, draw, gather, rounds_table

    loop, scratch = (list(row.values()) for row in rows_of(rounds_table(runs)))
    assert loop[:6] == ["fax", "loop", 2, 2, "80.00 ± 0.00", "95.00 ± 0.00"]
    assert loop[-2:] == ["75 ± 0", "12"]
    assert scratch[3] == 2
    assert common_rounds(gather(runs)["fax", "scratch"]) == [0, 2]
    draw(runs, runs / "plot.png")
    assert (runs / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_that_has_only_begun_is_left_out(runs):
    from bad_summary import gather

    run(runs / "meters" / "loop" / "0", (0, (0.4, 0.997, 0.02)))
    assert set(gather(runs)) == {("fax", "loop"), ("fax", "scratch")}


def test_from_scratch_is_learnt_once(tmp_path):
    from bad_ways import Setting
    from badcases import _rounds

    loop, scratch = (Setting(way, "base", None, 5, 200, False, tmp_path) for way in ("loop", "scratch"))
    assert list(_rounds(loop, 0)) == [1, 2, 3, 4, 5]
    assert list(_rounds(loop, 3)) == [4, 5]
    assert list(_rounds(scratch, 0)) == [5]
    assert list(_rounds(scratch, 5)) == []


def test_photographs_askew_are_the_same_each_time_and_each_its_own(tmp_path):
    from populations import sudoku

    cell = np.full((56, 56), 200, np.uint8)
    cell[14:42, 26:30] = 30
    file = tmp_path / "cells.npz"
    np.savez(
        file, images=np.stack([cell] * 4), labels=np.array([1, 1, 1, 255], np.uint8),
        photo=np.array(["a", "a", "b", "b"]),
    )  # fmt: skip
    one, other = sudoku(file), sudoku(file)
    assert all(np.array_equal(*pair) for pair in zip(one.images, other.images, strict=True))
    assert one.labels.tolist() == [1, 1, 1, 10]
    assert one.sources.tolist() == ["photo a", "photo a", "photo b", "photo b"]
    assert {image.shape for image in one.images} == {(56, 56)}
    tilts = []
    for image in one.images:
        down, across = np.nonzero(image < 110)
        assert len(down) > 60  # the stroke is still seen
        tilts.append(np.polyfit(down, across, 1)[0])
    assert tilts[0] == pytest.approx(tilts[1], abs=0.1)  # of one photograph
    assert abs(tilts[0] - tilts[2]) > 0.2


def test_sources_that_report_are_never_judged():
    from populations import meters

    reporting, held = meters(0, 2).halves(3)
    assert set(reporting.sources.tolist()).isdisjoint(held.sources.tolist())
    assert len(np.unique(reporting.sources)) == len(np.unique(held.sources)) == 30


def test_a_planted_eight_lacks_ink_on_its_left_alone():
    from planted import LIFTED, open_left

    image = np.zeros((28, 28), np.uint8)
    image[4:24, 8:20] = 200
    made = open_left(image, np.random.default_rng(0)).astype(int)
    assert np.array_equal(made[:, 15:], image[:, 15:])
    least = made[4:24, 8].min()
    assert round(200 * (1 - LIFTED[1])) <= least <= round(200 * (1 - LIFTED[0]))
    assert made[13, 8] == 200  # the waist stays


def test_planted_mistakes_are_told(runs):
    from planted import noise_table, writer_table

    wanted = {"proposal": "new specialist 3-8"}
    figures = {
        "proposals": [{"proposal": "fine-tune"}, wanted], "promoted": True, "n": 400, "wrong": [300, 60],
        "n_mnist": 10000, "other_pairs": [30, 31],
    }  # fmt: skip
    (row,) = writer_table([figures]).rows
    assert row == [0, "new specialist 3-8", "yes", 400, 300, 60, "80", "yes", 10000, 30, 31]
    measured = {"held_out": 0.9, "mnist_forced": 0.997, "false_accepts": 0.02}
    noisy = {
        "wrong_labels": 20,
        "found": 17,
        "listed": 36,
        "promoted": False,
        "before": measured,
        "after": measured,
    }
    (row,) = noise_table({"fax": [noisy]}).rows
    assert row[:6] == ["fax", 1, "85.0 ± 0.0", "18.0 ± 0.0", "yes", 0]
    (row,) = noise_table({"fax": [noisy | {"found": 15}]}).rows
    assert row[4] == "no"
