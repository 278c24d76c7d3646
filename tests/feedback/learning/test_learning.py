"""A candidate learns from bad cases, and nothing else changes."""

import json

import numpy as np
import pytest
from learning_cases import POOLS, QUIET, learnt
from tiny_model import INVERTED, QUICK, make_base, pictures

from recognizer import Recognizer
from recognizer.bundle import META, READER, READER_WEIGHTS, WEIGHTS, read_bundle
from recognizer.errors import ModelError, UsageError
from recognizer.feedback.cases import Chosen, Report
from recognizer.feedback.comparison import answers_of
from recognizer.feedback.ingest import make_sample
from recognizer.feedback.learning import candidate_folder, learn, prepare
from recognizer.feedback.store import Store
from recognizer.galleries import open_gallery
from recognizer.registry.versions import Registry
from recognizer.stages.network import Network
from recognizer.training.learn import _farthest


def test_a_candidate_learns_and_changes_nothing_else(store, home):
    before = Registry().current
    current, _, said = learnt(store)
    assert Registry().current == before
    candidate = read_bundle(candidate_folder())
    assert WEIGHTS in candidate.meta["files"]
    assert candidate.meta["learning"] == said
    assert said["from"] == current.name
    glyphs = np.stack([make_sample(image, Report(0, "", ""), Recognizer.load(current.folder)).glyph
                       for image, _ in pictures(30, 77)])  # fmt: skip
    wrong = [int((answers_of(bundle, glyphs).best != INVERTED).sum()) for bundle in (current, candidate)]
    assert wrong[0] > 15
    assert wrong[1] < 0.3 * wrong[0]
    assert not list(home.glob(".candidate-*"))


def test_a_second_reader_learns_as_well(store, tmp_path):
    current = read_bundle(make_base(tmp_path / "with a reader", POOLS, reader=True))
    material = prepare(store, Recognizer.load(), open_gallery())
    learn(current, material, POOLS, QUICK, QUIET, candidate_folder())
    candidate = read_bundle(candidate_folder())
    assert candidate.second_look.reader is not None
    for file in (READER, READER_WEIGHTS):
        assert candidate.meta["files"][file] != current.meta["files"][file]
    learnt_from = material.learn.take(material.learn.labels == INVERTED).glyphs
    before, after = (Network(bundle.reader).logits(learnt_from) for bundle in (current, candidate))
    assert (after.argmax(axis=1) == INVERTED).mean() > (before.argmax(axis=1) == INVERTED).mean() + 0.3


def test_what_is_learnt_from_never_judges(store):
    _, material, said = learnt(store)
    sources = {part: {case.source for case in store.cases(Chosen(part=part))} for part in ("learn", "judge")}
    assert sources["learn"].isdisjoint(sources["judge"])
    assert set(said["learn"]).isdisjoint(said["judge"])
    assert set(said["learn"]) == set(material.learn.ids.tolist())
    parts = {case.id: case.part for case in store.cases()}
    learnt(store)
    assert {case.id: case.part for case in store.cases()} == parts


def test_too_few_cases_are_told(home):
    with Store.open() as store, pytest.raises(UsageError, match="are needed"):
        prepare(store, Recognizer.load(), open_gallery())


def test_a_model_without_weights_can_not_go_on(store, tmp_path):
    recognizer = Recognizer.load()
    material = prepare(store, recognizer, open_gallery())
    meta = json.loads((recognizer.bundle.folder / META).read_text(encoding="utf-8"))
    del meta["files"][WEIGHTS]
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in meta["files"]:
        (bare / name).write_bytes((recognizer.bundle.folder / name).read_bytes())
    (bare / META).write_text(json.dumps(meta), encoding="utf-8")
    with pytest.raises(ModelError, match=WEIGHTS):
        learn(read_bundle(bare), material, POOLS, QUICK, QUIET, candidate_folder())
    assert not candidate_folder().exists()


def test_the_farthest_share_that_holds_is_found():
    asked = []

    def at(share):
        asked.append(share)
        return share, share <= 0.33

    assert _farthest(at, 20) == (0.3, 0.3)
    assert len(asked) <= 6
    assert _farthest(lambda share: (share, True), 20) == (1.0, 1.0)
    assert _farthest(lambda share: (share, False), 20) == (0.0, 0.0)
