import json
import re

import numpy as np
import pytest
from pages import DIGITS, LABELS

from recognizer import Recognizer
from recognizer.bundle import read_bundle
from recognizer.cli import main
from recognizer.measure.record import read_record
from recognizer.stages.decide import softmax
from recognizer.stages.network import Network


def save(path, labels=None, extra=0):
    """The forty digits three times, with ``extra`` blank pages that are no digits."""
    images = np.concatenate([np.tile(DIGITS, (3, 1, 1)), np.zeros((extra, 28, 28), np.uint8)])
    labels = np.tile(LABELS, 3) if labels is None else labels
    np.savez(path, images=images, labels=np.append(labels, [10] * extra).astype(np.uint8))
    return path


@pytest.fixture
def own(tmp_path):
    return save(tmp_path / "own.npz", extra=4)


def calibrate(*argv):
    return main(["calibrate", *map(str, argv)])


def test_the_new_model_has_the_operating_point_that_was_asked_for(capsys, tmp_path, own):
    folder = tmp_path / "new"
    assert calibrate("--data", own, "--coverage", 0.9, "--out", folder) == 0
    old, new = read_bundle(), read_bundle(folder)
    answers = list(Recognizer.load(folder).recognize_many(list(DIGITS)))
    assert sum(p.digit is not None for p in answers) == 36
    assert answers[0].model == f"{new.name}, coverage 90 %"
    assert re.fullmatch(re.escape(old.name) + "-own-[0-9a-f]{8}", new.name)
    assert new.network == old.network
    # Hardly a mistake among these: the model's own temperature is kept.
    assert new.temperature == old.temperature
    shown = capsys.readouterr().out
    assert "before" in shown
    assert "cross-checked" in shown
    assert shown.endswith(f"{folder}\n")


def test_the_new_model_tells_where_it_comes_from(tmp_path, own):
    folder = tmp_path / "new"
    calibrate("--data", own, "--coverage", 0.9, "--out", folder, "--seed", 4)
    meta, old, record = read_bundle(folder).meta, read_bundle(), read_record(folder / "metrics.json")
    told = meta["calibration"]
    assert told["from"]["name"] == old.name
    assert told["from"]["files"]["stage1.onnx"] == old.meta["files"]["stage1.onnx"]
    assert (told["n"], told["seed"], told["goal"]) == (124, 4, "a coverage of 0.9")
    assert told["data"] == record["data"]
    assert record["figures"]["after"]["operating_point"] == meta["operating_point"]
    assert record["figures"]["after"]["digits"]["coverage"]["count"] == 108
    assert record["figures"]["after"]["non_digits"]["false_accepts"]["count"] == 0
    assert meta["validation"][str(own)]["n"] == 124
    assert meta["data"] == old.meta["data"]


def test_a_calibrated_model_can_be_calibrated_again(tmp_path, own):
    assert calibrate("--data", own, "--coverage", 0.9, "--out", tmp_path / "a") == 0
    assert (
        calibrate("--data", own, "--model", tmp_path / "a", "--coverage", 0.95, "--out", tmp_path / "b") == 0
    )
    assert read_bundle(tmp_path / "b").name.count("-own-") == 1


def test_many_mistakes_make_the_model_less_certain(tmp_path):
    labels = np.tile(LABELS, 3)
    labels[::8] = (labels[::8] + 1) % 10
    own = save(tmp_path / "own.npz", labels)
    assert calibrate("--data", own, "--coverage", 0.9, "--out", tmp_path / "new") == 0
    bundle = read_bundle(tmp_path / "new")
    assert bundle.temperature > read_bundle().temperature
    figures = read_record(tmp_path / "new" / "metrics.json")["figures"]
    assert figures["after"]["digits"]["ece"] < figures["before"]["digits"]["ece"]
    pairs = json.loads((tmp_path / "new" / "golden.json").read_text())
    glyphs = np.array([pair["glyph"] for pair in pairs], np.uint8).reshape(-1, 28, 28)
    scores = softmax(Network(bundle.network).logits(glyphs), bundle.temperature)
    assert np.array([pair["scores"] for pair in pairs]) == pytest.approx(scores, abs=1e-5)


def test_an_operating_point_for_an_error(capsys, tmp_path):
    labels = np.tile(LABELS, 3)
    # Each of these is right in two of its copies: refusing it costs three images.
    labels[:12] = (labels[:12] + 1) % 10
    own = save(tmp_path / "own.npz", labels)
    assert calibrate("--data", own, "--max-error", 0.05, "--out", tmp_path / "new") == 3
    assert "no operating point reaches an error of 0.05" in capsys.readouterr().err
    assert calibrate("--data", own, "--max-error", 0.2, "--out", tmp_path / "new") == 0
    point = read_bundle(tmp_path / "new").operating_point()
    assert point.name == "error 0.2"
    assert point.error <= 0.2


@pytest.mark.parametrize(
    ("goal", "needed"), [((), 300), (("--coverage", 0.98), 150), (("--max-error", 0.002), 1500)]
)
def test_too_few_images_are_refused_with_how_many_are_needed(capsys, tmp_path, own, goal, needed):
    assert calibrate("--data", own, *goal, "--out", tmp_path / "new") == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert f"{needed} are needed" in err
    assert not (tmp_path / "new").exists()


def test_a_folder_that_holds_something_is_kept(capsys, tmp_path, own):
    assert calibrate("--data", own, "--coverage", 0.9, "--out", tmp_path) == 2
    assert "is not empty" in capsys.readouterr().err
    assert calibrate("--data", own, "--coverage", 0.9, "--out", own) == 2


def test_an_unreadable_image_is_passed_over(capsys, tmp_path, own):
    (tmp_path / "own" / "3").mkdir(parents=True)
    (tmp_path / "own" / "3" / "bad.png").write_bytes(b"no")
    folder = tmp_path / "new"
    assert calibrate("--data", own, tmp_path / "own", "--coverage", 0.9, "--out", folder) == 1
    assert "bad.png" in capsys.readouterr().err
    assert read_bundle(folder).meta["calibration"]["n"] == 124
    only = tmp_path / "own"
    assert calibrate("--data", only, "--out", tmp_path / "other") == 3
    assert "none of the images" in capsys.readouterr().err


def test_wrong_usage(capsys, tmp_path, own):
    for argv in (
        ["--data", own],
        ["--data", own, "--out", tmp_path / "x", "--coverage", "0.9", "--max-error", "0.1"],
    ):
        with pytest.raises(SystemExit) as caught:
            calibrate(*argv)
        assert caught.value.code == 2
