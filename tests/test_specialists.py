"""Stage two at work: which answers are routed, what a verdict changes, bundles with and without specialists."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pages import DIGITS, LABELS, many_digits, page_of
from scipy.stats import binomtest

from recognizer import Recognizer, metrics
from recognizer.bundle import GOLDEN, META, NETWORK, read_bundle, write_bundle
from recognizer.cli import main
from recognizer.decide import NO_SPECIALIST, Routing, pair_name, route, settle, softmax
from recognizer.errors import ModelError
from recognizer.pair_models import PIXELS, Boosting, Logistic, SupportVectors, load_pair_model
from recognizer.record import read_record
from recognizer.results import REJECT
from recognizer.specialists import Blend, Stages
from recognizer.stages import Stage, changes, compare

OLD = Path(__file__).parent / "data" / "bundle-1"
GLYPHS, TRUTH = many_digits(300, seed=5)
PAIRS = ((1, 7), (3, 8), (4, 9), (0, REJECT))

QUICK = settings(deadline=None, max_examples=50)
batches = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 8), st.just(11)), elements=st.floats(-30, 30, width=32), unique=True
)
odds = st.floats(-40, 40)
digit_pairs = st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1])
pairs = digit_pairs | st.integers(0, 9).map(lambda digit: (digit, REJECT))
routings = st.builds(
    Routing,
    st.lists(pairs, unique=True, max_size=12).map(tuple),
    st.floats(0, 20),
    st.booleans(),
)


def answered(logits, routing, log_odds):
    """The routed rows, and logits after the verdicts."""
    chosen, final = route(logits, routing), logits.copy()
    for i, pair in enumerate(routing.pairs):
        rows = np.flatnonzero(chosen == i)
        if len(rows):
            final[rows] = settle(logits[rows], pair, np.full(len(rows), log_odds))
    return chosen, final


# Routing and verdicts


@QUICK
@given(batches, routings, odds)
def test_an_answer_stays_within_its_pair(logits, routing, log_odds):
    chosen, final = answered(logits, routing, log_odds)
    for before, after, i in zip(logits, final, chosen, strict=True):
        if i == NO_SPECIALIST:
            assert (before == after).all()
        else:
            pair = routing.pairs[i]
            assert before.argmax() in pair
            assert after.argmax() in pair


@QUICK
@given(batches, routings, odds)
def test_a_verdict_against_reject_leaves_the_digits_as_they_were(logits, routing, log_odds):
    chosen, final = answered(logits, routing, log_odds)
    for before, after, i in zip(logits, final, chosen, strict=True):
        if i != NO_SPECIALIST and routing.pairs[i][1] == REJECT:
            assert (before[:REJECT] == after[:REJECT]).all()
            digit = routing.pairs[i][0]
            assert after[digit] - after[REJECT] == pytest.approx(log_odds, abs=1e-4)


@QUICK
@given(batches, pairs, odds)
def test_the_logits_of_a_pair_differ_by_the_verdict(logits, pair, log_odds):
    final = settle(logits, pair, np.full(len(logits), log_odds))
    assert final[:, pair[0]] - final[:, pair[1]] == pytest.approx(np.full(len(logits), log_odds), abs=1e-4)
    others = np.delete(np.arange(11), pair)
    assert (final[:, others] == logits[:, others]).all()


@QUICK
@given(batches, digit_pairs, odds)
def test_two_best_digits_share_what_they_had(logits, pair, log_odds):
    routing = Routing((pair,), 50.0)
    rows = route(logits, routing) != NO_SPECIALIST
    before, after = softmax(logits, 1.0)[rows], softmax(answered(logits, routing, log_odds)[1], 1.0)[rows]
    both, third = before[:, pair].sum(axis=1), np.delete(before, pair, axis=1).max(axis=1, initial=0)
    # Unless an even share of it would be less than a third class has.
    shared = both / 2 > third * 1.001
    assert after[shared][:, pair].sum(axis=1) == pytest.approx(both[shared], abs=1e-4)


@QUICK
@given(batches, routings)
def test_only_near_decisions_between_a_pair_are_routed(logits, routing):
    routing = Routing(routing.pairs, routing.margin)
    for row, i in zip(logits, route(logits, routing), strict=True):
        second, first = np.sort(row)[-2:]
        two = tuple(sorted(np.argsort(row)[-2:].tolist()))
        wanted = two in routing.pairs and first - second <= routing.margin
        assert (i != NO_SPECIALIST) == wanted
        if wanted:
            assert routing.pairs[i] == two


@QUICK
@given(batches, routings)
def test_by_answer_every_digit_of_a_pair_is_routed(logits, routing):
    routing = Routing(routing.pairs, routing.margin, by_answer=True)
    members = {each for pair in routing.pairs for each in pair}
    for row, i in zip(logits, route(logits, routing), strict=True):
        best = int(row.argmax())
        if best < REJECT:
            assert (i != NO_SPECIALIST) == (best in members)
        elif i != NO_SPECIALIST:
            assert routing.pairs[i] == (int(row[:REJECT].argmax()), REJECT)


@QUICK
@given(batches, routings, odds)
def test_what_is_sure_and_confirmed_stays_right(logits, routing, log_odds):
    """A verdict for the class that stage one answered with never changes the answer."""
    chosen, final = answered(logits, routing, log_odds)
    for before, after, i in zip(logits, final, chosen, strict=True):
        if i != NO_SPECIALIST:
            supported = routing.pairs[i][0 if log_odds >= 0 else 1]
            assert int(after.argmax()) == supported or log_odds == pytest.approx(0, abs=1e-5)
            if before.argmax() == supported:
                assert after.argmax() == supported or log_odds == pytest.approx(0, abs=1e-5)


@QUICK
@given(batches, digit_pairs)
def test_an_undecided_pair_is_left_undecided(logits, pair):
    """An even verdict gives both digits the same score: below any threshold above one half it is ambiguous."""
    scores = softmax(settle(logits, pair, np.zeros(len(logits))), 1.0)
    assert scores[:, pair[0]] == pytest.approx(scores[:, pair[1]], rel=1e-4, abs=1e-12)


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


def give_specialists(folder, margin=9.0, by_answer=False, **changes):
    """A copy of the old model in which pixels decide three pairs of digits, and whether it is a zero."""
    bundle = read_bundle(OLD)
    weights = np.zeros(784)
    weights[:392], weights[392:] = -0.1, 0.1
    files = {NETWORK: bundle.network, GOLDEN: (OLD / GOLDEN).read_bytes()}
    described = []
    for pair in PAIRS:
        name = f"specialist-{pair_name(pair)}.npz"
        files[name] = Logistic(weights, 0.0, PIXELS).to_bytes()
        blend = {"first": 0.2, "second": 1.0, "bias": 0.0}
        described.append({"pair": list(pair), "file": name, "kind": "logistic regression", "blend": blend})
    meta = {name: value for name, value in bundle.meta.items() if name not in ("files", "format_version")}
    meta["stage_two"] = {
        "specialists": described,
        "routing": {"margin": margin, "by_answer": by_answer},
        "stage_one": {
            "temperature": bundle.temperature,
            "operating_point": bundle.meta["operating_point"],
        },
        "out_of_fold": compare_nothing(),
        **changes,
    }
    write_bundle(folder, meta, files)
    return folder


def compare_nothing():
    stage = Stage(np.eye(11), 0.5)
    return compare(stage, stage, np.arange(11, dtype=np.uint8), [None] * 11)


@pytest.fixture(scope="module")
def two_stages(tmp_path_factory):
    return give_specialists(tmp_path_factory.mktemp("model"))


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


def test_the_same_alone_in_a_batch_and_in_threads(two_stages):
    model = Recognizer.load(two_stages, threads=2)
    together = [plain(answer) for answer in model.recognize_many(GLYPHS)]
    assert [plain(model.recognize(glyph)) for glyph in GLYPHS] == together
    with ThreadPoolExecutor(4) as workers:
        assert [plain(answer) for answer in workers.map(model.recognize, GLYPHS)] == together


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
    with pytest.raises(ModelError, match="stage_two makes no sense"):
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


# Figures


@QUICK
@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_an_exact_binomial_test(mended, broken):
    wanted = binomtest(mended, mended + broken).pvalue if mended + broken else 1.0
    assert metrics.mcnemar(mended, broken) == pytest.approx(wanted, rel=1e-9)
    assert metrics.mcnemar(mended, broken) == metrics.mcnemar(broken, mended)


def test_mcnemar_of_many():
    assert metrics.mcnemar(3000, 2000) < 1e-40
    assert metrics.mcnemar(5000, 5000) == 1.0


masks = st.integers(1, 50).flatmap(lambda n: st.tuples(hnp.arrays(np.bool_, n), hnp.arrays(np.bool_, n)))


@QUICK
@given(masks)
def test_changes_add_up(before_and_after):
    before, after = before_and_after
    found = changes(before, after)
    assert found["before"] - found["mended"] + found["broken"] == found["after"]
    assert 0 <= found["p_value"] <= 1
    assert changes(before, before)["p_value"] == 1


def test_before_and_after_are_told_apart_by_pair(two_stages):
    read = Stages(read_bundle(two_stages)).read(GLYPHS)
    labels = TRUTH.astype(np.uint8)
    before, after = Stage.of(read.first, 1.0, 0.6), Stage.of(read.logits, 1.0, 0.6)
    found = compare(before, after, labels, read.specialists)
    assert sum(row["n"] for row in found["pairs"].values()) == found["routed"]["count"] > 0
    for name, row in found["pairs"].items():
        rows = np.array([each == name for each in read.specialists])
        assert row["after"] == (read.logits.argmax(axis=1) != labels)[rows].sum()
    overall = found["overall"]
    assert overall["before"] == (read.first.argmax(axis=1) != labels).sum()
    assert overall["mended"] == sum(row["mended"] for row in found["pairs"].values())


def test_a_blank_page_is_a_reject():
    logits = np.full((1, 11), np.nan, np.float32)
    stage = Stage.of(logits, 1.0, 0.0)
    assert (stage.answers.tolist(), stage.accepted.tolist()) == ([REJECT], [False])


def test_the_command_compares_stages(two_stages, tmp_path, capsys):
    np.savez(tmp_path / "own.npz", images=GLYPHS, labels=TRUTH)
    options = [
        "--data",
        str(tmp_path / "own.npz"),
        "--model",
        str(two_stages),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(["evaluate", "--stages", *options]) == 0
    shown = capsys.readouterr().out
    assert all(text in shown for text in ("out of fold", "own.npz", "mended", "3-8", "calibration error"))
    sets = read_record(tmp_path / "out" / "metrics.json")["figures"]["sets"]
    model = Recognizer.load(two_stages)
    answers = list(model.recognize_many(GLYPHS))
    found = sets[str(tmp_path / "own.npz")]
    assert found["routed"]["count"] == sum(answer.stage == 2 for answer in answers)
    wrong = sum(answer.best != label for answer, label in zip(answers, TRUTH, strict=True))
    assert found["after"]["forced_wrong"] == wrong


def test_a_model_with_one_stage_has_nothing_to_compare(capsys):
    assert main(["evaluate", "--stages", "--data", "mnist", "--model", str(OLD)]) == 2
    assert "has no specialists" in capsys.readouterr().err


def test_a_calibrated_copy_keeps_its_specialists(two_stages, tmp_path):
    images, labels = many_digits(400, seed=9)
    np.savez(tmp_path / "own.npz", images=images, labels=labels)
    options = ["--data", str(tmp_path / "own.npz"), "--model", str(two_stages), "--coverage", "0.9"]
    assert main(["calibrate", *options, "--out", str(tmp_path / "new")]) == 0
    old, new = Recognizer.load(two_stages), Recognizer.load(tmp_path / "new")
    assert new.bundle.temperature != old.bundle.temperature
    for one, other in zip(old.recognize_many(GLYPHS), new.recognize_many(GLYPHS), strict=True):
        assert (one.best, one.specialist) == (other.best, other.specialist)
