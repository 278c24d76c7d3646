"""Making specialists: pairs by a test, folds, kinds and their choice, and the command."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import many_digits
from scipy.stats import binomtest

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from recognizer import Recognizer
from recognizer.bundle import read_bundle
from recognizer.cli import main
from recognizer.errors import DataError, UsageError
from recognizer.network import Network
from recognizer.pair_models import load_pair_model
from recognizer.record import read_record
from recognizer.results import REJECT
from recognizer.specialists import Blend
from recognizer.training.config import NetworkConfig, OptimizerConfig, TrainingConfig
from recognizer.training.export import to_onnx, with_features
from recognizer.training.loop import logits_of, tensors
from recognizer.training.model import GlyphClassifier, multiplications
from recognizer.training.pools import _pack
from recognizer.training.progress import Progress
from recognizer.training.run import Run
from recognizer.training.samples import Pool
from recognizer.training.specialists.choice import Asked, choose, choose_kind, fit_blend
from recognizer.training.specialists.config import FitConfig, load_specialist_config
from recognizer.training.specialists.fit import KINDS, LOGISTIC, NETWORK, NETWORK_VIEWS, train_specialist
from recognizer.training.specialists.folds import NOWHERE, assign_folds, outputs_of
from recognizer.training.specialists.pairs import mine

QUICK = settings(deadline=None, max_examples=30)
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
    from test_specialists import OLD

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
    light, full = load_specialist_config("configs/specialists.toml").network, NetworkConfig()
    assert multiplications(light) < 0.27 * multiplications(full)


# The choice


def asked_about(n=3000, skill=2.0, seed=0, pair=PAIR, names=(LOGISTIC, NETWORK)):
    """Near decisions, on which the second kind knows more than stage one, and the first nothing."""
    rng = np.random.default_rng(seed)
    first = rng.random(n) < 0.5
    sign = np.where(first, 1, -1)
    own = 0.8 * sign + rng.normal(0, 1, n)
    verdicts = {names[0]: rng.normal(0, 1, n), names[1]: skill * sign + rng.normal(0, 2, n)}
    labels = np.where(first, *pair).astype(np.uint8)
    return Asked(pair, np.arange(n), (np.arange(n) % 2).astype(np.int8), labels, own, verdicts)


def test_the_better_kind_is_chosen_and_pays():
    choice = choose_kind(asked_about())
    assert choice.kind == NETWORK
    assert choice.pays
    assert choice.gain["after"] < choice.gain["before"]


def test_the_simplest_of_equals_is_chosen():
    asked = asked_about()
    same = dict.fromkeys((NETWORK_VIEWS, NETWORK, LOGISTIC), asked.verdicts[NETWORK])
    assert choose_kind(Asked(**{**vars(asked), "verdicts": same})).kind == LOGISTIC


@pytest.mark.parametrize("seed", range(5))
def test_a_specialist_that_knows_nothing_does_not_pay(seed):
    asked = asked_about(skill=0.0, seed=seed)
    plan = choose({PAIR: asked})
    assert not plan.enabled
    assert plan.curve[0]["errors"] == plan.curve[-1]["errors"] == 0


def test_the_margin_is_no_wider_than_needed():
    """Beyond a lead of two, stage one is right: to ask there costs time and mends nothing."""
    asked = asked_about()
    far = np.abs(asked.own) > 2
    sure = Asked(**{**vars(asked), "own": np.where(far, 6 * np.where(asked.labels == 3, 1, -1), asked.own)})
    plan = choose({PAIR: sure})
    assert plan.enabled
    assert plan.margin <= 2.0
    curve = {point["margin"]: point for point in plan.curve}
    asked_counts = [curve[margin]["asked"] for margin in sorted(curve)]
    assert asked_counts == sorted(asked_counts)
    assert curve[plan.margin]["errors"] < curve[0.0]["errors"]


def test_labels_of_a_third_class_stay_wrong():
    asked = asked_about()
    other = Asked(**{**vars(asked), "labels": np.full(len(asked), 5, np.uint8)})
    assert other.wrong(other.own).all()
    assert other.wrong(-other.own).all()


@QUICK
@given(st.floats(0.3, 2), st.floats(-1.5, 1.5), st.integers(0, 1000))
def test_blends_find_the_weights_that_made_the_labels(weight, bias, seed):
    rng = np.random.default_rng(seed)
    own, verdict = rng.normal(0, 2, 6000), rng.normal(0, 2, 6000)
    first = rng.random(6000) < 1 / (1 + np.exp(-(0.5 * own + weight * verdict + bias)))
    found = fit_blend(own, verdict, first, biased=True)
    assert (found.first, found.second, found.bias) == pytest.approx((0.5, weight, bias), abs=0.2)
    assert fit_blend(own, verdict, first, biased=False).bias == 0


def test_a_strong_prior_holds_and_nothing_seen_keeps_it():
    prior = Blend(0.4, 0.7, 0.1)
    none, mask = np.zeros(0), np.zeros(0, bool)
    assert fit_blend(none, none, mask, biased=True, prior=prior) == prior
    asked = asked_about(200)
    held = fit_blend(asked.own, asked.verdicts[NETWORK], asked.labels == 3, True, prior, strength=1e9)
    assert (held.first, held.second, held.bias) == pytest.approx((0.4, 0.7, 0.1), abs=1e-3)


def test_separable_verdicts_have_finite_weights():
    sign = np.where(np.arange(100) % 2, 1.0, -1.0)
    found = fit_blend(sign, 100 * sign, sign > 0, biased=False)
    assert np.isfinite([found.first, found.second]).all()


# The whole run


def pool_with(n, seed):
    """Digits as written, "photographed" and "printed", and non-digits: fours that are nines, and scrawls."""
    rng = np.random.default_rng(seed)
    parts = []
    for i, source in enumerate(("mnist", "page", "printed")):
        glyphs, labels = many_digits(n, seed * 7 + i)
        noise = rng.normal(0, 45, glyphs.shape)
        parts.append(Pool((glyphs + noise).clip(0, 255).astype(np.uint8), labels, np.full(n, source)))
    rejects = rng.permutation(many_digits(n, seed)[0].reshape(n, -1), axis=1).reshape(n, 28, 28)
    parts.append(Pool(rejects, np.full(n, REJECT, np.uint8), np.full(n, "zigzag")))
    whole = Pool.join(parts)
    nines = np.flatnonzero((whole.labels == 9) & (rng.random(len(whole)) < 0.3))
    whole.glyphs[nines] = whole.glyphs[rng.choice(np.flatnonzero(whole.labels == 4), len(nines))]
    return whole


SETTINGS = """
[folds]
epochs = 3
small_epochs = 3
[pairs]
significance = 0.9
most = 2
[fit]
epochs = 1
batch = 32
simple_samples = 60
[network]
half = [4]
quarter = [8]
int8 = false
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Training runs of a full and a light model, and the settings."""
    folder = tmp_path_factory.mktemp("runs")
    pools = _pack(pool_with(300, 1), "train") | _pack(pool_with(150, 2), "validation")
    for name, half, quarter in (("full", (6,), (12,)), ("light", (4,), (8,))):
        (folder / name).mkdir()
        np.savez(folder / name / "pools.npz", **pools)
        (folder / name / "pools.json").write_text('{"split_sha256": "0"}')
        network = NetworkConfig(half, quarter, int8=False)
        optimizer = OptimizerConfig(epochs=3, batch=32, sanity=False)
        config = TrainingConfig(name=name, network=network, optimizer=optimizer)
        Run(config, folder / name, folder, 1).train(Progress())
    (folder / "specialists.toml").write_text(SETTINGS)
    return folder


def make(runs, out, *more):
    folders = [*("--run", runs / "full"), *("--light", runs / "light"), *("--out", out)]
    return main(["specialists", "--config", str(runs / "specialists.toml"), *map(str, [*folders, *more])])


@pytest.fixture(scope="module")
def made(runs):
    assert make(runs, runs / "out") == 0
    return runs / "out"


def test_the_command_leaves_models_figures_and_pictures(made):
    assert {file.name for file in made.iterdir()} >= {
        "bundle", "bundle-light", "metrics.json", "pairs.png", "confusion.png", "cascade.png",
    }  # fmt: skip
    figures = read_record(made / "metrics.json")["figures"]
    for name in ("full", "light"):
        found = figures[name]
        evidence = found["out_of_fold"]
        assert evidence["overall"]["n"] == evidence["n"] > 1000
        assert len(found["pairs"]) == 55
        assert {each["kind"] for each in found["choices"]} <= set(KINDS)
        assert set(found["choices"][0]["errors"]) == {"none", *KINDS}
        enabled = [each for each in found["choices"] if each["enabled"]]
        assert all(each["gain"]["mended"] > each["gain"]["broken"] for each in enabled)
        errors = [point["error"] for point in found["cost"]["curve"]]
        assert errors[0] == pytest.approx(evidence["overall"]["before"] / evidence["n"])
    assert figures["cascade"]["compute_of_full"] < 1


def test_the_models_answer_and_are_what_was_measured(made, runs):
    for name, bundle in (("full", "bundle"), ("light", "bundle-light")):
        model = Recognizer.load(made / bundle)
        described = model.bundle.stage_two
        assert described["stage_one"]["temperature"] == read_bundle(runs / name / "bundle").temperature
        assert len(described["pairs"]) == 55
        answers = list(model.recognize_many(many_digits(60)[0]))
        assert all(answer.error is None for answer in answers)
        names = {each["file"] for each in described["specialists"]}
        assert {file.name for file in (made / bundle).iterdir()} == names | {
            "stage1.onnx", "stage1.weights.npz", "golden.json", "meta.json",
        }  # fmt: skip


def test_what_is_finished_is_found_again(made, runs, tmp_path, monkeypatch):
    before = {file: file.stat().st_mtime_ns for file in (made / "folds").iterdir() if file.name != "light.pt"}
    meta = json.loads((made / "bundle" / "meta.json").read_text())
    assert make(runs, made) == 0
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert json.loads((made / "bundle" / "meta.json").read_text()) == meta


def test_specialists_start_from_a_light_model_of_their_size(runs, tmp_path, capsys):
    assert main([
        "specialists", "--config", str(runs / "specialists.toml"), "--run", str(runs / "full"),
        "--light", str(runs / "full"), "--out", str(tmp_path),
    ]) == 2  # fmt: skip
    assert "is not that of [network]" in capsys.readouterr().err


def test_a_run_without_pools_is_refused(runs, tmp_path, capsys):
    model = ["--model", str(runs / "full" / "bundle")]
    options = ["--run", str(tmp_path), "--light", str(runs / "light"), "--out", str(tmp_path / "out"), *model]
    assert main(["specialists", "--config", str(runs / "specialists.toml"), *options]) == DataError.exit_code
    assert "no pools" in capsys.readouterr().err


def test_settings_that_make_no_sense_are_refused(tmp_path):
    for text in ("[folds]\ncount = 1\n", "[fit]\nrates = 1\n", "[network]\nhalf = [0]\n", "seed = -1\n"):
        (tmp_path / "s.toml").write_text(text)
        with pytest.raises(UsageError):
            load_specialist_config(tmp_path / "s.toml")
