import json
import sys
from pathlib import Path

import numpy as np
import pytest
from pages import DIGITS, LABELS
from PIL import Image

from recognizer import Recognizer
from recognizer.bundle import read_bundle
from recognizer.cli import main
from recognizer.measure import metrics
from recognizer.measure.record import read_record
from recognizer.results import REASONS
from reject_gen.typefaces import built_in

DATA = Path(__file__).parents[1] / "data" / "digits.npz"


def evaluated(capsys, *argv, code=0):
    assert main(["evaluate", "--json", "--data", *map(str, argv)]) == code
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def mixed(tmp_path):
    """Forty digits, three blank pages and two scrawls of noise."""
    noise = np.random.default_rng(0).integers(0, 256, (2, 28, 28), np.uint8)
    images = np.concatenate([DIGITS, np.zeros((3, 28, 28), np.uint8), noise])
    np.savez(tmp_path / "mixed.npz", images=images, labels=np.append(LABELS, [255] * 5))
    return tmp_path / "mixed.npz"


def test_figures_are_those_of_the_answers(capsys, mixed):
    record = evaluated(capsys, mixed)
    found = record["figures"]["sets"][str(mixed)]
    answers = list(Recognizer.load().recognize_many(list(DIGITS)))
    best, confidence = np.array([p.best for p in answers]), np.array([p.confidence for p in answers])
    accepted, right = np.array([p.digit is not None for p in answers]), best == LABELS
    digits = found["digits"]
    assert digits["forced"] == metrics.share_of(int(right.sum()), 40)
    assert digits["coverage"] == metrics.share_of(int(accepted.sum()), 40)
    assert digits["wrong_accepted"] == metrics.share_of(int((accepted & ~right).sum()), int(accepted.sum()))
    assert digits["ece"] == pytest.approx(metrics.ece(confidence, right))
    assert digits["aurc"] == pytest.approx(metrics.aurc(confidence, right, accepted))
    assert [row["digit"] for row in digits["classes"]] == list(range(10))
    assert sum(row["n"] for row in digits["classes"]) == 40
    assert found["non_digits"]["n"] == 5
    assert "families" not in found["non_digits"]
    assert found["reasons"]["blank"] == 3
    assert set(found["reasons"]) <= set(REASONS)
    refused = found["n"] - digits["coverage"]["count"] - found["non_digits"]["false_accepts"]["count"]
    assert sum(found["reasons"].values()) == refused
    assert found["per_second"] > 0
    assert (record["n"], record["model"]["name"]) == (45, read_bundle().name)


def test_the_same_again_gives_the_same(capsys, mixed):
    first, second = (evaluated(capsys, mixed, "--limit", 20, "--seed", 3) for _ in range(2))
    for record in (first, second):
        for name in ("seconds", "per_second"):
            del record["figures"]["sets"][str(mixed)][name]
        del record["date"]
    assert first == second


def test_a_bad_file_is_counted_and_listed(capsys, tmp_path):
    (tmp_path / "4").mkdir()
    Image.fromarray(DIGITS[LABELS == 4][0]).save(tmp_path / "4" / "good.png")
    (tmp_path / "4" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    assert main(["evaluate", "--json", "--data", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    found = json.loads(out)["figures"]["sets"][str(tmp_path)]
    assert (found["n"], found["unusable"]["n"]) == (1, 1)
    assert found["unusable"]["first"][0].count("bad.png") == 1
    assert err.count("\n") == 1
    assert "bad.png" in err


def test_a_bad_image_of_an_array_is_named_by_its_place(capsys, tmp_path):
    images = DIGITS[:3].astype(np.float64) / 255
    images[1] *= np.nan
    np.savez(tmp_path / "a.npz", images=images, labels=LABELS[:3])
    record = evaluated(capsys, tmp_path / "a.npz", code=1)
    (line,) = record["figures"]["sets"][str(tmp_path / "a.npz")]["unusable"]["first"]
    assert "a.npz, image 1: " in line


def test_false_accepts_by_family_and_group(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("RECOGNIZER_DATA", str(tmp_path))
    monkeypatch.setattr("recognizer.measure.nondigits.find_typefaces", lambda: (built_in(),))
    (tmp_path / "scans").mkdir()
    Image.fromarray(255 - DIGITS[0]).save(tmp_path / "scans" / "a.png")
    own = f"scans = {{folder = '{tmp_path / 'scans'}', weight = 1.0}}"
    (tmp_path / "c.toml").write_text(f"[rejects]\nnoise = 1.0\ntick = 1.0\n{own}\n")
    record = evaluated(capsys, "rejects", "--limit", 30, "--config", tmp_path / "c.toml")
    found = record["figures"]["sets"]["rejects"]
    assert "digits" not in found
    assert "per_second" not in found
    groups, families = found["non_digits"]["groups"], found["non_digits"]["families"]
    assert set(groups) == {"noise", "strokes", "own"}
    for counts in (groups, families):
        assert sum(row["n"] for row in counts.values()) == 30
        assert sum(row["count"] for row in counts.values()) == found["non_digits"]["false_accepts"]["count"]
    assert families["tick"]["group"] == "strokes"
    assert families["scans"]["group"] == "own"


def test_a_long_note_stays_on_its_line(capsys, monkeypatch, tmp_path):
    """It names a file, which could not be copied from two lines."""
    missing = tmp_path / ("long" * 30)
    monkeypatch.setenv("RECOGNIZER_DATA", str(missing))
    (tmp_path / "c.toml").write_text("[rejects]\nnoise = 1.0\n")
    assert main(["evaluate", "--data", "rejects", "--limit", "3", "--config", str(tmp_path / "c.toml")]) == 0
    (note,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("made from"))
    assert str(missing) in note


def test_the_worst_mistakes_are_named(capsys, tmp_path):
    labels = LABELS.copy()
    labels[[3, 20]] = (labels[[3, 20]] + 1) % 10
    images = np.concatenate([DIGITS, 255 * np.ones((1, 28, 28), np.uint8)])
    np.savez(tmp_path / "a.npz", images=images, labels=np.append(labels, 10))
    name = str(tmp_path / "a.npz")
    found = evaluated(capsys, name, "--failures", 1)["figures"]["sets"][name]
    everything = evaluated(capsys, name, "--failures", 50)["figures"]["sets"][name]["failures"]
    plain = evaluated(capsys, name)["figures"]["sets"][name]
    assert "failures" not in plain
    digits = plain["digits"]
    assert everything["n"] == len(everything["worst"]) == digits["n"] - digits["forced"]["count"]
    answers = {each["image"]: each for each in everything["worst"]}
    assert {f"{name}, image 3", f"{name}, image 20"} <= set(answers)
    assert all(each["best"] != each["label"] for each in everything["worst"])
    order = [(not each["answered"], -each["confidence"]) for each in everything["worst"]]
    assert order == sorted(order)
    assert found["failures"] == {"n": everything["n"], "worst": everything["worst"][:1]}


def test_plots_and_the_metrics_file(capsys, tmp_path, mixed):
    out = tmp_path / "out"
    assert main(["evaluate", "--data", str(DATA), str(mixed), "--out", str(out)]) == 0
    names = ["calibration.png", "confusion.png", "metrics.json", "risk_coverage.png"]
    assert sorted(path.name for path in out.iterdir()) == names
    assert set(read_record(out / "metrics.json")["figures"]["sets"]) == {str(DATA), str(mixed)}
    for name in (name for name in names if name.endswith("png")):
        with Image.open(out / name) as plot:
            assert min(plot.size) > 400
    shown = capsys.readouterr().out
    for words in ("best guess right", "Each digit", "non-digits answered", "3 blank", str(DATA)[-20:]):
        assert words in shown.replace("\n", "")


def test_nothing_is_written_unless_asked_for(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", "--data", str(DATA), "--limit", "3"]) == 0
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err == ""


def test_without_matplotlib_plots_say_what_to_install(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["evaluate", "--data", str(DATA), "--out", str(tmp_path / "out")]) == 2
    assert "pip install" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main(["evaluate", "--data", str(DATA), "--limit", "3"]) == 0


def test_the_operating_point_for_an_error(capsys):
    record = evaluated(capsys, DATA, "--max-error", 0.05)
    answers = Recognizer.load(max_error=0.05).recognize_many(list(DIGITS))
    found = record["figures"]["sets"][str(DATA)]["digits"]
    assert found["coverage"]["count"] == sum(p.digit is not None for p in answers)
    assert record["figures"]["operating_point"]["name"] == "error 0.05"


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["--data", "nothing"], 2, "no such data set"),
        (["--data", "x.npz"], 3, "no such file"),
        (["--data", str(DATA), "--model", "nowhere"], 3, "no model there"),
        (["--data", "rejects", "--config", "no.toml"], 2, "no such configuration"),
    ],
)
def test_what_can_not_be_measured_is_one_line(capsys, argv, code, words):
    assert main(["evaluate", *argv]) == code
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1
