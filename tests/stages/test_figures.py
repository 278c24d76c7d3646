"""What stage two changes, as figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pages import many_digits
from scipy.stats import binomtest
from two_stages import GLYPHS, OLD, TRUTH

from recognizer import Recognizer
from recognizer.bundle import read_bundle
from recognizer.cli import main
from recognizer.measure import metrics
from recognizer.measure.record import read_record
from recognizer.measure.stage_two import Stage, changes, compare
from recognizer.results import REJECT
from recognizer.stages.both_stages import Stages

QUICK = settings(deadline=None, max_examples=50)


@QUICK
@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_an_exact_binomial_test(mended, broken):
    wanted = binomtest(mended, mended + broken).pvalue if mended + broken else 1.0
    assert metrics.mcnemar(mended, broken) == pytest.approx(wanted, rel=1e-9)
    assert metrics.mcnemar(mended, broken) == metrics.mcnemar(broken, mended)


def test_mcnemar_of_many():
    assert metrics.mcnemar(3000, 2000) < 1e-40
    assert metrics.mcnemar(5000, 5000) == 1.0


masks = st.integers(1, 50).flatmap(lambda n: st.tuples(hnp.arrays(np.bool_, n), hnp.arrays(np.bool_, n)))


@QUICK
@given(masks)
def test_changes_add_up(before_and_after):
    before, after = before_and_after
    found = changes(before, after)
    assert found["before"] - found["mended"] + found["broken"] == found["after"]
    assert 0 <= found["p_value"] <= 1
    assert changes(before, before)["p_value"] == 1


def test_before_and_after_are_told_apart_by_pair(two_stages):
    read = Stages(read_bundle(two_stages)).read(GLYPHS)
    labels = TRUTH.astype(np.uint8)
    before, after = Stage.of(read.first, 1.0, 0.6), Stage.of(read.logits, 1.0, 0.6)
    found = compare(before, after, labels, read.specialists)
    assert sum(row["n"] for row in found["pairs"].values()) == found["routed"]["count"] > 0
    for name, row in found["pairs"].items():
        rows = np.array([each == name for each in read.specialists])
        assert row["after"] == (read.logits.argmax(axis=1) != labels)[rows].sum()
    overall = found["overall"]
    assert overall["before"] == (read.first.argmax(axis=1) != labels).sum()
    assert overall["mended"] == sum(row["mended"] for row in found["pairs"].values())


def test_a_blank_page_is_a_reject():
    logits = np.full((1, 11), np.nan, np.float32)
    stage = Stage.of(logits, 1.0, 0.0)
    assert (stage.answers.tolist(), stage.accepted.tolist()) == ([REJECT], [False])


def test_the_command_compares_stages(two_stages, tmp_path, capsys):
    np.savez(tmp_path / "own.npz", images=GLYPHS, labels=TRUTH)
    options = [
        "--data",
        str(tmp_path / "own.npz"),
        "--model",
        str(two_stages),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(["evaluate", "--stages", *options]) == 0
    shown = capsys.readouterr().out
    assert all(text in shown for text in ("out of fold", "own.npz", "mended", "3-8", "calibration error"))
    sets = read_record(tmp_path / "out" / "metrics.json")["figures"]["sets"]
    model = Recognizer.load(two_stages)
    answers = list(model.recognize_many(GLYPHS))
    found = sets[str(tmp_path / "own.npz")]
    assert found["routed"]["count"] == sum(answer.stage == 2 for answer in answers)
    wrong = sum(answer.best != label for answer, label in zip(answers, TRUTH, strict=True))
    assert found["after"]["forced_wrong"] == wrong


def test_a_model_with_one_stage_has_nothing_to_compare(capsys):
    assert main(["evaluate", "--stages", "--data", "mnist", "--model", str(OLD)]) == 2
    assert "has no specialists" in capsys.readouterr().err


def test_a_calibrated_copy_keeps_its_specialists(two_stages, tmp_path):
    images, labels = many_digits(400, seed=9)
    np.savez(tmp_path / "own.npz", images=images, labels=labels)
    options = ["--data", str(tmp_path / "own.npz"), "--model", str(two_stages), "--coverage", "0.9"]
    assert main(["calibrate", *options, "--out", str(tmp_path / "new")]) == 0
    old, new = Recognizer.load(two_stages), Recognizer.load(tmp_path / "new")
    assert new.bundle.temperature != old.bundle.temperature
    for one, other in zip(old.recognize_many(GLYPHS), new.recognize_many(GLYPHS), strict=True):
        assert (one.best, one.specialist) == (other.best, other.specialist)
