"""The model that ships is whole, says what it was made from, and answers here as it did where it was made."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from recognizer import Recognizer
from recognizer.bundle import (
    GOLDEN,
    LABELS,
    META,
    NETWORK,
    PLAIN,
    PREPROCESSING,
    WITH_READER,
    WITH_SPECIALISTS,
    read_bundle,
    shipped_folder,
)
from recognizer.stages.both_stages import Stages
from recognizer.stages.decide import softmax

TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def meta():
    return json.loads((shipped_folder() / META).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def golden():
    pairs = json.loads((shipped_folder() / GOLDEN).read_text(encoding="utf-8"))
    glyphs = np.array([pair["glyph"] for pair in pairs], np.uint8).reshape(-1, 28, 28)
    return glyphs, np.array([pair["scores"] for pair in pairs])


def test_golden_scores_are_reproduced(golden):
    glyphs, scores = golden
    bundle = read_bundle()
    stages = Stages(bundle)
    assert softmax(stages.read(glyphs).logits, bundle.temperature) == pytest.approx(scores, abs=TOLERANCE)
    alone = np.concatenate([stages.read(glyph[None]).logits for glyph in glyphs])
    assert softmax(alone, bundle.temperature) == pytest.approx(scores, abs=TOLERANCE)


def test_golden_glyphs_are_of_many_kinds(golden):
    glyphs, scores = golden
    assert len(glyphs) >= 16
    assert len(set(scores.argmax(axis=1).tolist())) >= 6
    assert glyphs.any(axis=(1, 2)).all()
    assert scores.sum(axis=1) == pytest.approx(np.ones(len(scores)), abs=1e-5)


def test_every_file_has_the_checksum_that_the_description_gives(meta):
    found = {file.name for file in shipped_folder().iterdir()} - {META}
    assert found == set(meta["files"]) >= {NETWORK, GOLDEN}
    for name, digest in meta["files"].items():
        assert hashlib.sha256((shipped_folder() / name).read_bytes()).hexdigest() == digest


def test_the_description_is_complete(meta):
    without_reader = WITH_SPECIALISTS if meta.get("stage_two") else PLAIN
    assert meta["format_version"] == (WITH_READER if meta["second_look"].get("reader") else without_reader)
    assert meta["preprocessing"] == PREPROCESSING
    assert meta["labels"] == LABELS
    assert meta["name"] == "eleven"
    assert isinstance(meta["version"], str)
    assert 0.05 < meta["temperature"] < 20
    assert {"seed", "data", "network", "optimizer", "augment", "rejects"} <= meta["config"].keys()
    assert {"python", "numpy", "torch", "onnx", "opencv-python-headless", "pillow"} <= meta["versions"].keys()
    point = meta["operating_point"]
    assert point["name"]
    assert 0 < point["threshold"] < 1
    assert 0.9 < point["coverage"] <= 1
    assert 0 <= point["error"] < 0.02


def test_figures_say_how_many_images_they_are_of(meta):
    for source, figures in meta["validation"].items():
        assert figures["n"] > 0, source
        assert 0 <= figures["accepted"] <= 1
    assert meta["validation"]["mnist"]["n"] >= 1000
    assert meta["validation"]["mnist"]["forced"] > 0.98


def test_the_data_are_named_by_their_hashes(meta):
    for key in ("split_sha256", "mnist_train_sha256"):
        assert len(meta["data"][key]) == 64


def test_the_curve_reaches_from_all_digits_to_few(meta):
    curve = meta["risk_coverage"]
    coverages = [point["coverage"] for point in curve]
    assert coverages[0] == 1
    assert coverages == sorted(coverages, reverse=True)
    assert coverages[-1] < 0.5
    assert min(point["error"] for point in curve) < 0.002


def test_an_operating_point_for_one_error_in_a_thousand():
    loose, strict = (read_bundle().operating_point(share) for share in (0.01, 0.001))
    assert strict.error <= 0.001
    assert strict.coverage <= loose.coverage
    assert "error 0.001" in Recognizer.load(max_error=0.001).model


def test_the_description_names_no_place_on_a_disk(meta):
    text = json.dumps(meta)
    assert "/home/" not in text
    assert "/tmp/" not in text  # noqa: S108
