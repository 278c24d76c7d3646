"""The comparison with detectors of unknown input: settings that are tried, thresholds, choice, the tables."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from recognizer.measure.record import read_record

pytestmark = pytest.mark.usefixtures("modules")


def seen(n, rejected=(), rng=None):
    from detectors import Seen

    rng = rng or np.random.default_rng(0)
    logits = rng.normal(size=(n, 11)).astype(np.float32)
    logits[:, 10] = -9
    logits[list(rejected), 10] = 9
    return Seen(logits, rng.normal(size=(n, 4)).astype(np.float32), logits)


def detector(name, setting="default", **shares):
    """Sure of all validation digits but one of a hundred; of other sets, the share that is told."""
    from detectors import VALIDATION, Detector

    sure = {
        part.replace("_", " "): np.repeat([1.0, 0.0], [round(100 * each), 100 - round(100 * each)])
        for part, each in shares.items()
    }
    sure[VALIDATION] = np.repeat([1.0, 0.0], [99, 1])
    return Detector(name, setting, sure)


def test_small_spaces_are_searched_whole_and_large_ones_setting_by_setting():
    from detector_process import MOST, settings

    assert list(settings({}, [])) == [{}]
    assert list(settings({"p": [1, 2]}, ["p"])) == [{"p": 1}, {"p": 2}]
    assert len(list(settings({"a": [1, 2], "b": [3, 4, 5]}, []))) == 7
    wide = list(settings({"a": list(range(MOST)), "b": [0, 1]}, []))
    assert len(wide) == 1 + MOST + 2
    assert all(len(each) <= 1 for each in wide)


def test_the_last_layer_is_found_again():
    from detectors import Seen, last_layer

    rng = np.random.default_rng(1)
    weights, bias = rng.normal(size=(11, 6)).astype(np.float32), rng.normal(size=11).astype(np.float32)
    features = rng.normal(size=(200, 6)).astype(np.float32)
    logits = features @ weights.T + bias
    found, offset, error = last_layer(Seen(logits, features, logits))
    assert np.allclose(found, weights[:10], atol=1e-5)
    assert np.allclose(offset, bias[:10], atol=1e-5)
    assert error < 1e-4


def test_the_class_for_non_digits_refuses_whatever_a_detector_says():
    from detectors import VALIDATION, Detector, with_reject

    by_set = {VALIDATION: seen(100), "Omniglot": seen(100, rejected=range(30))}
    joined = with_reject(Detector("any", "", {part: np.ones(100) for part in by_set}), by_set)
    assert joined.accepted("Omniglot")["count"] == 70
    assert joined.accepted(VALIDATION)["count"] == 100


def test_settings_are_chosen_on_families_of_training_alone():
    from detectors import best

    one = detector("d", "one", families_of_training=0.2, Omniglot=0.9)
    other = detector("d", "other", families_of_training=0.3, Omniglot=0.1)
    assert best([other, one]) is one


def test_ours_is_the_best_digit_among_eleven_classes():
    from detectors import VALIDATION, ours

    score, first, alone = ours({VALIDATION: seen(50, rejected=[0])}, 0.7)
    assert score.sure[VALIDATION][0] < 1e-3
    assert alone.sure[VALIDATION][0] < 1e-3
    assert (first.sure[VALIDATION][1:] > 0.1).all()


def test_a_run_of_other_digits_is_refused(tmp_path):
    from detectors import check

    from recognizer.errors import DataError
    from recognizer.training.config import TrainingConfig

    config = TrainingConfig().to_dict()
    (tmp_path / "config.json").write_text(json.dumps(config))
    bundle = SimpleNamespace(
        meta={"config": config, "data": {"split_sha256": "a"}}, folder=tmp_path, name="m@1"
    )
    check(SimpleNamespace(record={"split_sha256": "a"}), tmp_path, bundle)
    with pytest.raises(DataError, match="held out other digits"):
        check(SimpleNamespace(record={"split_sha256": "b"}), tmp_path, bundle)


def test_the_report_puts_ours_first_and_says_how_many_times(tmp_path):
    from detector_report import KNOWN, OMNIGLOT, SCORE, TEST, report
    from detectors import figures

    parts = (OMNIGLOT, "families held out", KNOWN, TEST)
    made = [
        {
            "name": name,
            **dict.fromkeys(
                ("alone", "with_reject"),
                figures(detector(name, "", **{p.replace(" ", "_"): share for p in parts})),
            ),
        }
        for name, share in (("ViM", 0.4), (SCORE, 0.1), ("KNN", 0.2))
    ]
    said = {
        "tried": {"GMM": {"settings": [], "problem": "ValueError: singular"}},
        "versions": {"pytorch-ood": "0"},
    }
    report(made, said, model="m@1", seed=0, error=1e-5, n={"Omniglot": 100})
    text = (tmp_path / "results" / "detectors.md").read_text()
    lines = [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| ")]
    assert lines[2:5] == ["| ours", "| KNN", "| ViM"]
    assert "the best of them, KNN, 20.00 %: 0.50 times as many" in text
    assert "GMM could not be run: ValueError: singular." in text
    assert read_record(tmp_path / "results" / "detectors.json")["figures"]["rows"][1]["name"] == SCORE
