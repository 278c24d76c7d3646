"""Doubtful labels, patterns, and what to do about them: on cases whose answers are planted."""

import sys
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from recognizer.errors import UsageError
from recognizer.feedback.clusters import (
    FEWEST,
    NEAR,
    SIGNIFICANCE,
    Known,
    alike_within,
    common_source,
    find_clusters,
)
from recognizer.feedback.diagnosis import diagnose, examine
from recognizer.feedback.evidence import Evidence, nearest
from recognizer.feedback.learning import prepare
from recognizer.feedback.suspects import MOST, contradictions, find_suspects
from retrieval import Gallery

SIZE = 32


@pytest.fixture(scope="module")
def gallery(models):
    return Gallery.open()


def unit(codes):
    return (codes / np.linalg.norm(codes, axis=1, keepdims=True)).astype(np.float32)


def around(rng, centre, n, spread):
    return unit(centre + spread * rng.normal(size=(n, SIZE)) / np.sqrt(SIZE))


def population(n, seed=0, spread=0.6):
    """Cases of ten digits, each around its own place; the model is right about all of them."""
    rng = np.random.default_rng(seed)
    centres = unit(np.random.default_rng(99).normal(size=(10, SIZE)))
    labels = (np.arange(n) % 10).astype(np.uint8)
    codes = unit(centres[labels] + spread * rng.normal(size=(n, SIZE)) / np.sqrt(SIZE))
    return made(labels, labels.copy(), codes, np.array([f"form {i % 7}" for i in range(n)]))


def made(labels, read, codes, sources):
    scores = np.full((len(labels), 11), 0.01)
    scores[np.arange(len(labels)), read] = 0.9
    rng = np.random.default_rng(len(labels))
    return Evidence(
        np.arange(1, len(labels) + 1),
        rng.integers(0, 255, (len(labels), 28, 28), dtype=np.uint8),
        labels,
        read,
        labels == read,
        scores / scores.sum(axis=1, keepdims=True),
        sources,
        np.zeros(len(labels), bool),
        codes,
    )


def joined(one, other):
    parts = (np.concatenate([getattr(one, name), getattr(other, name)]) for name in vars(one))
    whole = Evidence(*parts)
    return replace(whole, ids=np.arange(1, len(whole) + 1))


def writer(n, seed=1):
    """A writer whose 8 is read as 3: alike, between both."""
    rng = np.random.default_rng(seed)
    centres = unit(np.random.default_rng(99).normal(size=(10, SIZE)))
    codes = around(rng, centres[8] + 0.4 * centres[3], n, 0.25)
    return made(np.full(n, 8, np.uint8), np.full(n, 3, np.uint8), codes, np.full(n, "writer 7"))


# Labels


def test_planted_label_errors_are_in_a_short_list():
    cases = population(400)
    rng = np.random.default_rng(2)
    wrong = rng.permutation(400)[:40]
    labels = cases.labels.copy()
    labels[wrong] = (labels[wrong] + rng.integers(1, 10, 40)) % 10
    found = find_suspects(replace(cases, labels=labels, right=labels == cases.read), None)
    assert len(found) <= MOST * len(cases)
    assert len({each.case - 1 for each in found} & set(wrong.tolist())) >= 0.8 * 40
    for each in found:
        if each.case - 1 in wrong:
            assert each.likely == cases.labels[each.case - 1]


def test_right_labels_are_hardly_ever_doubted():
    assert len(find_suspects(population(400), None)) <= 4


def test_what_someone_decided_is_not_doubted():
    cases = population(100)
    labels = cases.labels.copy()
    labels[:10] = (labels[:10] + 1) % 10
    doubtful = replace(cases, labels=labels)
    assert {each.case for each in find_suspects(doubtful, None)} >= set(range(1, 9))
    assert find_suspects(replace(doubtful, settled=np.ones(100, bool)), None) == []


def doubted(cases, known):
    return {each.case: each.odds for each in find_suspects(cases, known, most=1.0)}


def test_a_model_that_is_boundlessly_sure_is_believed_no_more_than_others():
    """Scores are stored with six places: many are 0."""
    cases = population(100)
    scores = np.eye(11)[(cases.read + 1) % 10]
    scores[0] = np.eye(11)[cases.read[0]]
    odds = doubted(replace(cases, scores=scores), None)
    assert len(odds) < 10
    assert 1 not in odds
    assert np.isfinite(list(odds.values())).all()


def test_known_digits_that_look_alike_bear_out_or_refute_a_label(gallery):
    digits = gallery.labelled()
    cases = population(100)
    glyphs = np.array([digits.glyphs[digits.labels == label][0] for label in cases.read])
    labels = cases.labels.copy()
    labels[:10] = (labels[:10] + 1) % 10
    doubtful = replace(cases, glyphs=glyphs, labels=labels)
    alone, borne_out = doubted(doubtful, None), doubted(doubtful, gallery)
    assert all(borne_out[case] > alone[case] for case in range(1, 11))


def test_a_pattern_that_cases_agree_on_is_no_label_error():
    """Though the model says otherwise of every one of them."""
    cases = joined(population(300), writer(60))
    assert sum(each.case > 300 for each in find_suspects(cases, None)) <= 3


def test_no_case_is_its_own_neighbour():
    codes = population(50).codes
    places, far = nearest(codes, codes, 5, alone=True)
    assert not (places == np.arange(50)[:, None]).any()
    assert (np.diff(far, axis=1) >= 0).all()
    assert np.allclose(far, np.linalg.norm(codes[:, None] - codes[places], axis=2), atol=1e-3)


def test_the_same_image_with_two_labels_is_told():
    cases = population(60)
    codes = cases.codes.copy()
    codes[11] = codes[0]
    assert contradictions(replace(cases, codes=codes), 1e-3) == [1, 12]
    assert contradictions(cases, 1e-3) == []


def test_of_many_that_are_the_same_the_odd_one_out_is_told():
    cases = population(60)
    codes, labels = cases.codes.copy(), cases.labels.copy()
    codes[:6], labels[:6] = codes[0], 4
    labels[5] = 9
    assert contradictions(replace(cases, codes=codes, labels=labels), 1e-3) == [cases.ids[5]]
    labels[3:6] = 9  # three against three: nobody is right by numbers
    assert contradictions(replace(cases, codes=codes, labels=labels), 1e-3) == cases.ids[:6].tolist()
    labels[:6], labels[2], codes[3:6] = 4, 9, cases.codes[3:6]  # nor is one of two, where a third agrees
    assert contradictions(replace(cases, codes=codes, labels=labels), 1e-3) == cases.ids[:3].tolist()


# Clusters


def test_a_planted_cluster_is_found_and_chance_is_not():
    known = population(1000, seed=5)
    reference = Known(known.codes, known.labels)
    rng = np.random.default_rng(6)
    scattered = population(150, seed=7)
    clump = around(rng, scattered.codes[3], 30, 0.05)
    codes = np.concatenate([scattered.codes, clump])
    labels = np.concatenate([scattered.labels, np.full(30, scattered.labels[3], np.uint8)])
    (found,) = find_clusters(codes, labels, reference)
    assert set(range(150, 180)) <= set(found.rows.tolist())
    assert len(found.rows) <= 40
    assert found.p_value <= SIGNIFICANCE
    for seed in range(3):
        chance = population(180, seed=20 + seed)
        assert find_clusters(chance.codes, chance.labels, reference) == []


def test_a_handful_is_no_cluster():
    known = population(100)
    few = known.codes[: FEWEST - 1]
    reference = Known(known.codes, known.labels)
    assert find_clusters(few, known.labels[: FEWEST - 1], reference) == []
    alike = np.repeat(few[:1], FEWEST, axis=0)
    assert len(find_clusters(alike, np.zeros(FEWEST, np.uint8), reference)) == 1


def test_alike_is_what_hardly_two_known_digits_of_a_class_are():
    known = population(600)
    odd = np.arange(600) < 10  # the first of each class is like nothing else
    codes = np.where(odd[:, None], -known.codes, known.codes)
    limit = alike_within(Known(codes, known.labels), np.random.default_rng(0))
    far = [
        np.linalg.norm(codes[a] - codes[b])
        for a, b in combinations(range(600), 2)
        if known.labels[a] == known.labels[b]
    ]
    assert np.mean(np.array(far) < limit) == pytest.approx(NEAR, rel=0.5)


def test_a_source_is_named_if_it_is_no_accident():
    sources = np.array(["a"] * 90 + ["b"] * 10)
    name, chance = common_source(sources, np.arange(90, 100))
    assert name == "b"
    assert chance < 1e-9
    assert common_source(sources, np.arange(10))[1] > 0.1


# Groups


def by_kind(diagnosis, kind):
    return [group for group in diagnosis.groups if group.kind == kind]


def test_a_writer_whose_8_looks_like_3_is_a_pair_that_needs_a_specialist(gallery, monkeypatch):
    monkeypatch.setattr("recognizer.feedback.suspects.gallery_votes", lambda *_: np.ones((1, 11)))
    cases = joined(population(400), writer(60))
    found = examine(cases, gallery, frozenset())
    pair = by_kind(found, "pair")[0]
    assert pair.pair == (3, 8)
    assert pair.proposal == "new specialist 3-8"
    assert len(set(pair.cases) & set(range(401, 461))) >= 57
    assert pair.p_value < 1e-6
    assert found.specialists == ((3, 8),)
    again = examine(cases, gallery, frozenset({(3, 8)}))
    assert by_kind(again, "pair")[0].proposal == "retrain specialist 3-8"


def test_non_digits_taken_for_digits_go_to_the_reject_class(gallery):
    rng = np.random.default_rng(3)
    stamps = made(
        np.full(40, 10, np.uint8), np.full(40, 0, np.uint8), around(rng, rng.normal(size=SIZE), 40, 0.1),
        np.full(40, "stamps"),
    )  # fmt: skip
    found = examine(joined(population(300), stamps), gallery, frozenset())
    (pair,) = by_kind(found, "pair")
    assert pair.action == "add to the reject class"
    assert "40 times reject read as 0" in pair.name


def test_mistakes_without_a_pattern_are_irregular(gallery):
    cases = population(300)
    read = cases.read.copy()
    rows = np.arange(5, 300, 29)
    read[rows] = (read[rows] + 1 + np.arange(len(rows))) % 10
    odd = replace(cases, read=read, right=cases.labels == read)
    odd = replace(odd, right=odd.labels == odd.read)
    found = examine(odd, gallery, frozenset())
    bad = set(odd.ids[~odd.right].tolist())
    told = {case for group in found.groups for case in group.cases}
    assert bad <= told
    assert not by_kind(found, "pair")
    assert found.bad == len(bad)


def test_disputed_cases_are_to_be_looked_at(gallery):
    found = examine(population(50), gallery, frozenset(), disputed=(77, 78))
    assert [(group.name, group.cases, group.action) for group in found.groups if group.cases[0] > 50] == [
        ("disputed", (77, 78), "look")
    ]


def test_no_cases_no_groups(gallery):
    empty = population(10).take(np.zeros(10, bool))
    found = examine(empty, gallery, frozenset())
    assert (found.cases, found.bad, found.suspects, found.groups) == (0, 0, (), ())


@pytest.mark.parametrize(
    "ask",
    [
        lambda: diagnose(None, None, None),
        lambda: prepare(None, None, None),
        lambda: examine(None, None, None),
    ],
)
def test_what_is_missing_is_told_before_a_case_is_looked_at(monkeypatch, ask):
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(UsageError, match=r"^a diagnosis needs scipy: pip install scipy$"):
        ask()
