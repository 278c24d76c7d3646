"""The checks of a candidate, and the ancestor that they go back to."""

import json

import numpy as np
from learning_cases import KNOWN, POOLS, QUIET, learnt, verdict_of
from tiny_model import QUICK

from recognizer import Recognizer
from recognizer.bundle import META, read_bundle
from recognizer.feedback.comparison import Answers, Known, ancestor_of, answers_of, better, known_checks
from recognizer.feedback.learning import candidate_folder, learn
from recognizer.feedback.promotion import promote


def test_the_same_model_passes_all_but_being_better(base):
    bundle = read_bundle(base)
    answers = answers_of(bundle, KNOWN.glyphs)
    checks = known_checks(KNOWN, answers, answers, ancestor_of(bundle, KNOWN, answers))
    assert [each.passed for each in checks] == [True, True]
    right = answers.right(KNOWN.labels)
    assert not better("", right, right).passed


def test_a_model_that_learnt_tells_its_first_ancestor(store):
    base, material, said = learnt(store)
    assert said["ancestor"]["model"] == base.name
    promote(store, verdict_of(store, base), "first")
    current = Recognizer.load().bundle
    assert current.name != base.name
    again = learn(current, material, POOLS, QUICK, QUIET, candidate_folder())
    assert again["ancestor"] == said["ancestor"]
    fewer = Known(KNOWN.glyphs[1:], KNOWN.labels[1:], KNOWN.sources[1:])
    silent = Answers(np.zeros(len(fewer.labels), np.intp), np.zeros(len(fewer.labels), bool))
    anew = ancestor_of(current, fewer, silent)  # measured on other images: the current model is the first
    assert (anew.model, anew.validation) == (current.name, fewer.identity)
    assert anew.refused == (fewer.labels == 10).sum()
    assert anew.written == (fewer.labels == 0).sum()


def test_what_all_learning_lost_is_told_when_it_is_judged(store, base):
    """A candidate is judged by its first ancestor's figures, whatever its own ancestor's are."""
    current, _, said = learnt(store)
    meta = json.loads((current.folder / META).read_text(encoding="utf-8"))
    meta["learning"] = {"ancestor": said["ancestor"] | {"written": said["ancestor"]["written"] + 50}}
    (current.folder / META).write_text(json.dumps(meta), encoding="utf-8")
    verdict = verdict_of(store, read_bundle(current.folder))
    assert [each.name for each in verdict.checks if not each.passed] == ["written digits, best guess"]
