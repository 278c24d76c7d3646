"""Specialists at work: kinds of models, bundles with and without."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pages import DIGITS, LABELS, page_of
from two_stages import GLYPHS, OLD, PAIRS, give_specialists

from recognizer import Recognizer
from recognizer.bundle import GOLDEN, META
from recognizer.errors import ModelError
from recognizer.stages.both_stages import Stages
from recognizer.stages.decide import pair_name, softmax
from recognizer.stages.pair_models import PIXELS, Boosting, Logistic, SupportVectors, load_pair_model
from recognizer.stages.specialists import LIMIT, Blend

# Kinds of models


def two_classes(n=120, seed=0):
    rng = np.random.default_rng(seed)
    first = rng.random(n) < 0.5
    features = rng.normal(0, 1, (n, 6)).astype(np.float32)
    features[:, 2] += 2 * first
    return features, first


def some_models():
    rng = np.random.default_rng(1)
    vectors = SupportVectors(
        rng.random(6), 1 + rng.random(6), rng.random((9, 6)), rng.normal(0, 1, 9), 0.3, 0.1, 2.0, -0.2
    )
    trees = Boosting(
        np.array([[2, 0, 0]]), np.array([[0.5, -1, -1]]), np.array([[1, -1, -1]]), np.array([[2, -1, -1]]),
        np.array([[0.0, -0.7, 0.9]]), 0.1,
    )  # fmt: skip
    return [Logistic(rng.random(6), 0.25), vectors, trees]


@pytest.mark.parametrize("model", some_models(), ids=lambda model: model.kind)
def test_arrays_come_back_as_they_were(model):
    features, _ = two_classes()
    again = load_pair_model(model.to_bytes(), "specialist-3-8.npz")
    assert type(again) is type(model)
    assert (again.log_odds(GLYPHS[:120], features) == model.log_odds(GLYPHS[:120], features)).all()
    assert again.log_odds(GLYPHS[:0], features[:0]).shape == (0,)
    on_pixels = Logistic(np.ones(784), 0.0, PIXELS)
    assert on_pixels.log_odds(GLYPHS[:0], features[:0]).shape == (0,)
    with np.load(io.BytesIO(model.to_bytes()), allow_pickle=False) as stored:
        assert str(stored["kind"]) == model.kind


def test_a_tree_is_walked():
    tree = some_models()[2]
    features = np.zeros((2, 6), np.float32)
    features[1, 2] = 0.6
    assert tree.log_odds(GLYPHS[:2], features) == pytest.approx([0.1 - 0.7, 0.1 + 0.9])


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", Logistic(np.ones(3), 0.0).to_bytes()[:-40]],
    ids=["empty", "no archive", "cut off"],
)
def test_a_damaged_file_is_refused(content):
    with pytest.raises(ModelError, match=r"specialist-3-8\.npz: not a specialist"):
        load_pair_model(content, "specialist-3-8.npz")


def test_pickles_are_never_loaded():
    file = io.BytesIO()
    np.savez(file, kind=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ModelError):
        load_pair_model(file.getvalue(), "x.npz")


# Bundles


def plain(answer):
    return answer.digit, answer.reason, answer.stage, answer.specialist, round(answer.confidence, 4)


def test_a_model_without_specialists_still_works():
    model = Recognizer.load(OLD)
    golden = json.loads((OLD / GOLDEN).read_text())
    glyphs = np.array([each["glyph"] for each in golden], np.uint8).reshape(-1, 28, 28)
    read = Stages(model.bundle).read(glyphs)
    scores = np.array([each["scores"] for each in golden])
    assert softmax(read.logits, model.bundle.temperature) == pytest.approx(scores, abs=1e-4)
    answers = list(model.recognize_many(list(GLYPHS)))
    assert {(answer.stage, answer.specialist) for answer in answers} == {(1, None)}
    assert model.bundle.meta["format_version"] == 1


def test_a_specialist_decides_and_is_named(two_stages):
    first, both = Recognizer.load(OLD), Recognizer.load(two_stages)
    assert both.bundle.meta["format_version"] == 2
    routed = changed = 0
    for before, after in zip(first.recognize_many(GLYPHS), both.recognize_many(GLYPHS), strict=True):
        if after.stage == 1:
            assert plain(before) == plain(after)
            continue
        routed += 1
        changed += before.best != after.best
        pair = {*after.specialist.split("-")}
        assert pair in [{*pair_name(each).split("-")} for each in PAIRS]
        if "reject" in pair:
            assert (before.best, round(before.confidence, 5)) == (after.best, round(after.confidence, 5))
        else:
            assert {str(before.best), str(after.best)} <= pair
        assert sum(after.scores) == pytest.approx(1)
    assert routed > 20
    assert changed > 3


@pytest.mark.parametrize("by_answer", [False, True])
def test_the_same_alone_in_a_batch_and_in_threads(tmp_path, by_answer):
    model = Recognizer.load(give_specialists(tmp_path / "m", by_answer=by_answer), threads=2)
    together = [plain(answer) for answer in model.recognize_many(GLYPHS)]
    assert [plain(model.recognize(glyph)) for glyph in GLYPHS] == together
    with ThreadPoolExecutor(4) as workers:
        assert [plain(answer) for answer in workers.map(model.recognize, GLYPHS)] == together


def test_a_reading_tells_what_each_stage_says(two_stages):
    model = Recognizer.load(two_stages)
    reading, _ = model.read_many(list(GLYPHS))
    before, _ = Recognizer.load(OLD).read_many(list(GLYPHS))
    decided = np.array([name is not None for name in reading.specialists])
    assert 0 < decided.sum() < len(GLYPHS)
    assert reading.first == pytest.approx(before.logits, abs=1e-4)
    assert (reading.logits != reading.first).any(axis=1)[decided].all()
    assert np.array_equal(reading.logits[~decided], reading.first[~decided])


def test_a_digit_that_is_not_allowed_is_not_answered(two_stages):
    model = Recognizer.load(two_stages)
    assert all(answer.digit != 8 for answer in model.recognize_many(GLYPHS, allowed=set(range(10)) - {8}))


def test_rows_are_read_in_two_stages(two_stages):
    model = Recognizer.load(two_stages)
    found = []
    for digit in (1, 7, 4, 9, 3, 8):
        for image in DIGITS[digit == LABELS]:
            (answer,) = model.recognize_field(page_of(image), length=1)
            found.append(answer)
    assert {answer.stage for answer in found} == {1, 2}
    assert all((answer.stage == 2) == (answer.specialist is not None) for answer in found)


def test_no_margin_routes_nothing(tmp_path):
    model = Recognizer.load(give_specialists(tmp_path / "m", margin=0.0))
    assert {answer.stage for answer in model.recognize_many(GLYPHS)} == {1}


def test_by_answer_routes_more(tmp_path, two_stages):
    def routed(model):
        return sum(answer.stage == 2 for answer in Recognizer.load(model).recognize_many(GLYPHS))

    assert routed(give_specialists(tmp_path / "m", by_answer=True)) > routed(two_stages)


BLEND = {"first": 1.0, "second": 1.0, "bias": 0.0}


@pytest.mark.parametrize(
    "changes",
    [
        {"specialists": None},
        {"specialists": [{"pair": [8, 3], "file": "specialist-3-8.npz", "blend": BLEND}]},
        {"specialists": [{"pair": [3, 11], "file": "specialist-3-8.npz", "blend": BLEND}]},
        {"specialists": [{"pair": [3, 8], "file": "specialist-3-8.npz", "blend": {"first": 1.0}}]},
        {"routing": {"margin": "wide", "by_answer": False}},
        {"stage_one": {"temperature": 0}},
    ],
)
def test_a_description_that_makes_no_sense_is_refused(tmp_path, changes):
    with pytest.raises(ModelError, match="not valid: stage_two"):
        Recognizer.load(give_specialists(tmp_path / "m", **changes))


def test_a_specialist_without_a_checksum_is_refused(tmp_path):
    other = {"pair": [3, 8], "file": "other.npz", "blend": BLEND}
    with pytest.raises(ModelError, match=r"no checksum of other\.npz"):
        Recognizer.load(give_specialists(tmp_path / "m", specialists=[other]))


def test_a_changed_specialist_is_refused(tmp_path):
    folder = give_specialists(tmp_path / "m")
    (folder / "specialist-3-8.npz").write_bytes(Logistic(np.ones(784), 9.0, PIXELS).to_bytes())
    with pytest.raises(ModelError, match=r"specialist-3-8\.npz: damaged, its checksum differs"):
        Recognizer.load(folder)


def test_an_older_version_would_refuse_it(two_stages):
    """Thresholds chosen for two stages are not those of one: the format says so."""
    assert json.loads((two_stages / META).read_text())["format_version"] == 2
    assert json.loads((OLD / META).read_text())["format_version"] == 1


def test_blends_weigh_both_stages():
    logits = np.zeros((1, 11), np.float32)
    logits[0, 3], logits[0, 8] = 2.0, 1.0
    assert Blend(0.5, 2.0, 0.25).of(logits, (3, 8), np.array([-0.5])) == pytest.approx([0.5 - 1.0 + 0.25])


def test_a_specialist_can_be_only_so_sure():
    """Whatever its kind: one far off all that it learnt from doesn't outvote everything else."""
    logits = np.zeros((2, 11), np.float32)
    assert Blend(1.0, 0.5).of(logits, (3, 8), np.array([1e9, -np.inf])) == pytest.approx(
        [LIMIT / 2, -LIMIT / 2]
    )
