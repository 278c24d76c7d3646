"""Pairs by a test, folds, and kinds of specialists."""

from __future__ import annotations

import time

import numpy as np
import pytest
from pages import many_digits
from scipy.stats import binomtest
from two_stages import OLD

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from recognizer.bundle import read_bundle
from recognizer.errors import UsageError
from recognizer.results import REJECT
from recognizer.stages.network import Network
from recognizer.stages.pair_models import load_pair_model
from recognizer.training.config import NetworkConfig, load_config
from recognizer.training.export import to_onnx, with_features
from recognizer.training.loop import logits_of, tensors
from recognizer.training.model import GlyphClassifier, multiplications
from recognizer.training.samples import Pool
from recognizer.training.specialists.config import FitConfig
from recognizer.training.specialists.fit import KINDS, NETWORK, NETWORK_VIEWS, train_specialist
from recognizer.training.specialists.folds import NOWHERE, assign_folds, outputs_of
from recognizer.training.specialists.pairs import mine

PAIR = (3, 8)


# Pairs


def answers_with(confused, n=2000, seed=0, rate=0.002):
    """Labels and answers, mostly right; the pairs in ``confused`` are taken for each other at a share of their own."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 11, n * 11).astype(np.uint8)
    answers = np.where(rng.random(len(labels)) < rate, rng.integers(0, 11, len(labels)), labels)
    for (one, other), share in confused.items():
        for label, taken_for in ((one, other), (other, one)):
            answers[(labels == label) & (rng.random(len(labels)) < share)] = taken_for
    return labels, answers


def test_pairs_that_are_confused_more_often_are_found():
    labels, answers = answers_with({(4, 9): 0.02, (3, 8): 0.01, (0, REJECT): 0.03})
    sources = np.where(labels == REJECT, "zigzag", np.where(labels % 2, "page", "printed"))
    found = mine(labels, answers.astype(np.intp), sources)
    assert [each.pair for each in found if each.p_value < 0.01] == [(0, REJECT), (4, 9), (3, 8)]
    for each in found:
        wrong = np.isin(labels, each.pair) & np.isin(answers, each.pair) & (labels != answers)
        assert each.confused == wrong.sum() == sum(each.by_kind.values())
        raw = binomtest(each.confused, each.of, each.base, "greater").pvalue
        assert raw <= each.p_value * 1.000001
        assert each.p_value <= raw * 55 * 1.000001


@pytest.mark.parametrize("seed", range(5))
def test_even_confusion_has_no_pairs(seed):
    labels, answers = answers_with({}, seed=seed, rate=0.02)
    found = mine(labels, answers.astype(np.intp), np.full(len(labels), "mnist"))
    assert min(each.p_value for each in found) > 0.001
    assert len(found) == 55


def test_no_mistakes_no_pairs():
    labels = np.arange(11, dtype=np.uint8)
    assert {each.p_value for each in mine(labels, labels.astype(np.intp), np.full(11, "mnist"))} == {1.0}


# Folds


def pool_of(n, copies, lost, seed=0):
    """A pool in a run's order, with some photographs lost; and the place in MNIST of each glyph, or -1."""
    rng = np.random.default_rng(seed)
    kept = [np.arange(n), *(np.flatnonzero(rng.random(n) >= lost) for _ in range(copies))]
    sources = ["mnist"] * n + ["page"] * sum(map(len, kept[1:])) + ["printed"] * n + ["hard:wave"] * 50
    places = np.concatenate([*kept, np.full(n + 50, -1)])
    glyphs = np.zeros((len(sources), 1, 1), np.uint8)
    return Pool(glyphs, np.zeros(len(sources), np.uint8), np.array(sources)), places


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_a_digit_and_its_photographs_share_a_fold(count, seed):
    pool, places = pool_of(20000, 2, 0.04, seed)
    folds = assign_folds(pool, 2, count, seed)
    for fold in range(count):
        inside = set(places[(folds == fold) & (places >= 0)].tolist())
        outside = set(places[(folds != fold) & (folds != NOWHERE) & (places >= 0)].tolist())
        assert not inside & outside
        assert (folds == fold).mean() == pytest.approx(1 / count, abs=0.02)
    assert (folds == NOWHERE).mean() < 0.05
    assert (folds[pool.sources == "hard:wave"] == NOWHERE).all()


# Kinds


def threes_and_eights(n=400, seed=0):
    images, labels = many_digits(n * 5, seed)
    chosen = np.isin(labels, PAIR)
    glyphs, labels = images[chosen][:n], labels[chosen][:n]
    # What a network's features might be: pixels, seen coarsely.
    features = glyphs.reshape(len(glyphs), 14, 2, 14, 2).mean(axis=(2, 4)).reshape(len(glyphs), -1) / 255
    return glyphs, labels, features.astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_learns_from_some_hundred_glyphs_within_a_minute(kind):
    glyphs, labels, features = threes_and_eights()
    start = time.process_time()
    config = FitConfig(epochs=8, batch=32)
    model = train_specialist(PAIR, glyphs[:300], labels[:300], features[:300], kind, config=config)
    assert time.process_time() - start < 60
    verdict = model.log_odds(glyphs[300:], features[300:])
    assert ((verdict > 0) == (labels[300:] == 3)).mean() > 0.9
    again = load_pair_model(model.to_bytes(), f"specialist-3-8{model.suffix}")
    assert again.log_odds(glyphs[300:], features[300:]) == pytest.approx(verdict)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in (NETWORK, NETWORK_VIEWS)])
def test_arrays_say_what_scikit_learn_says(kind, monkeypatch):
    """The arrays are walked by code of our own: it must not differ from that of the model they were taken from."""
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    fitted = []
    for sort in (GradientBoostingClassifier, LogisticRegression, SVC):

        def fit(self, seen, right, original=sort.fit):
            fitted.append((self, seen))
            return original(self, seen, right)

        monkeypatch.setattr(sort, "fit", fit)
    glyphs, labels, features = threes_and_eights(200)
    model = train_specialist(PAIR, glyphs, labels, features, kind)
    theirs, seen = fitted[-1]
    ours = model.log_odds(glyphs, features)
    if isinstance(theirs, SVC):
        ours = (ours - model.offset) / model.slope
    assert ours == pytest.approx(theirs.decision_function(seen), rel=1e-4, abs=1e-6)


def test_the_same_seed_gives_the_same_specialist():
    glyphs, labels, features = threes_and_eights(120)
    for kind in (KINDS[1], KINDS[2], NETWORK):
        one, other = (train_specialist(PAIR, glyphs, labels, features, kind, seed=3) for _ in range(2))
        assert one.log_odds(glyphs, features) == pytest.approx(other.log_odds(glyphs, features), abs=1e-4)


def test_other_labels_are_passed_over():
    glyphs, labels, features = threes_and_eights(200)
    mixed = np.append(labels, np.full(50, 5, np.uint8))
    more = np.concatenate([glyphs, glyphs[:50]]), np.concatenate([features, features[:50]])
    one = train_specialist(PAIR, glyphs, labels, features)
    other = train_specialist(PAIR, more[0], mixed, more[1])
    assert one.log_odds(glyphs, features) == pytest.approx(other.log_odds(glyphs, features))


def test_what_can_not_be_fitted_is_refused():
    glyphs, labels, features = threes_and_eights(60)
    with pytest.raises(UsageError, match="no specialist of the kind 'oracle'"):
        train_specialist(PAIR, glyphs, labels, features, "oracle")
    with pytest.raises(UsageError, match="needs the features"):
        train_specialist(PAIR, glyphs, labels)
    with pytest.raises(UsageError, match="0 glyphs of a class are too few"):
        train_specialist((3, 9), glyphs, labels, features)


# Features and cost


def test_features_are_what_the_head_weighs():
    model = GlyphClassifier(NetworkConfig((4, 8), (16,))).eval()
    glyphs = many_digits(40)[0]
    network = Network(to_onnx(model))
    logits, features = network.outputs(glyphs)
    assert logits == pytest.approx(logits_of(model, glyphs), abs=1e-4)
    assert features == pytest.approx(model.embed(tensors(glyphs)).detach().numpy(), abs=1e-4)
    weights, bias = model.head.weight.detach().numpy(), model.head.bias.detach().numpy()
    assert features @ weights.T + bias == pytest.approx(logits, abs=1e-4)


def test_an_older_graph_is_given_features():
    bundle = read_bundle(OLD)
    assert not Network(bundle.network).has_features
    graph = with_features(bundle.network)
    assert with_features(graph) == graph
    glyphs = many_digits(40)[0]
    found = outputs_of(Network(graph), glyphs)
    assert (found.logits == Network(bundle.network).logits(glyphs)).all()
    assert found.features.shape == (40, 8)


def test_multiplications_are_counted():
    config = NetworkConfig((2, 3), (4,))
    by_hand = 14 * 14 * 25 * 2 + 14 * 14 * 9 * 2 * 3 + 7 * 7 * 9 * 3 * 4 + 4 * 49 + 4 * 11
    assert multiplications(config) == by_hand
    light, full = load_config("configs/light.toml").network, NetworkConfig()
    assert multiplications(light) < 0.27 * multiplications(full)
