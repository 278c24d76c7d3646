"""From bad cases to a better model: learn, judge, promote, go back; and what a kill at any moment leaves."""

import json
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from shipped_stand_in import shipped, write_shipped

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from rich.console import Console  # noqa: E402
from tiny_model import INVERTED, QUICK, make_base, make_pools, pictures  # noqa: E402

from recognizer import Recognizer  # noqa: E402
from recognizer.bundle import META, READER, READER_WEIGHTS, WEIGHTS, read_bundle  # noqa: E402
from recognizer.cli.badcase import main  # noqa: E402
from recognizer.errors import ModelError, UsageError  # noqa: E402
from recognizer.feedback.cases import Chosen, Report  # noqa: E402
from recognizer.feedback.comparison import (  # noqa: E402
    Answers,
    Known,
    ancestor_of,
    answers_of,
    better,
    known_checks,
)
from recognizer.feedback.ingest import make_sample  # noqa: E402
from recognizer.feedback.learning import candidate_folder, learn, prepare, read_validation  # noqa: E402
from recognizer.feedback.promotion import GALLERY, judge, promote, read_candidate  # noqa: E402
from recognizer.feedback.store import Store  # noqa: E402
from recognizer.galleries import galleries_folder, open_gallery  # noqa: E402
from recognizer.network import Network  # noqa: E402
from recognizer.registry import Registry  # noqa: E402
from recognizer.training.learn import _farthest  # noqa: E402
from recognizer.training.pools import keep_pools  # noqa: E402
from recognizer.training.progress import Progress  # noqa: E402

POOLS = make_pools()
KNOWN = Known(POOLS.validation.glyphs, POOLS.validation.labels, POOLS.validation.sources)
QUIET = Progress(Console(quiet=True))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    with shipped(write_shipped(tmp_path_factory.mktemp("models"))) as folder:
        yield folder


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_base(tmp_path_factory.mktemp("base"), POOLS)


@pytest.fixture
def home(tmp_path, monkeypatch, models, base):
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path / "home"))
    registry = Registry()
    registry.use(registry.register(base, "to begin with").version, "to begin with")
    return tmp_path / "home"


def fill(store, seed=5):
    """Upside-down sevens of six writers, and ordinary digits from six forms."""
    recognizer = Recognizer.load()
    images = [(*each, f"writer {i % 6}") for i, each in enumerate(pictures(48, seed))]
    images += [(*each, f"form {i % 6}") for i, each in enumerate(pictures(60, seed + 1, inverted=False))]
    store.add(
        [make_sample(image, Report(label, source, "ann"), recognizer) for image, label, source in images]
    )


@pytest.fixture
def store(home):
    with Store.open() as opened:
        fill(opened)
        yield opened


def learnt(store):
    recognizer = Recognizer.load()
    material = prepare(store, recognizer, open_gallery())
    said = learn(recognizer.bundle, material, POOLS, QUICK, QUIET, candidate_folder())
    return recognizer.bundle, material, said


def verdict_of(store, current):
    candidate = read_candidate(candidate_folder(), current)
    return judge(store, current, candidate, read_validation(candidate))


# Learning


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
    with Store.open() as store, pytest.raises(UsageError, match="fewest"):
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


# Promotion


def test_a_better_candidate_is_promoted_and_rolled_back(store, capsys):
    current, _, said = learnt(store)
    watch = Registry().watch()
    verdict = verdict_of(store, current)
    assert verdict.passed, [each.to_dict() for each in verdict.checks]
    version = promote(store, verdict, "upside-down sevens", "ann")
    assert watch.changed()
    assert Registry().current == version
    assert Recognizer.load().bundle.name == version
    (event,) = [each for each in Registry().history() if each.action == "use" and each.version == version]
    assert (event.who, event.why) == ("ann", "upside-down sevens")
    cases = list(store.cases())
    assert {case.answer.model.partition(",")[0] for case in cases} == {version}
    assert {case.state for case in cases} <= {"learnt", "judged", "bad", "confirmed"}
    assert {case.id for case in store.cases(Chosen(used_for="learn"))} == set(said["learn"])
    assert len(open_gallery(galleries_folder() / GALLERY)) == sum(
        case.label < 10 for case in cases if case.id in said["learn"]
    )
    assert main(["rollback", "--why", "an example"]) == 0
    assert capsys.readouterr().out.strip() == Registry().current == current.name
    assert {case.answer.model.partition(",")[0] for case in store.cases()} == {current.name}


def test_a_candidate_of_another_model_is_refused(store, base):
    learnt(store)
    registry = Registry()
    registry.use("shipped", "meanwhile")
    with pytest.raises(UsageError, match="learn` again"):
        read_candidate(candidate_folder(), registry.open())


def test_earlier_judged_cases_are_judged_again(store):
    current, _, _ = learnt(store)
    promote(store, verdict_of(store, current), "first")
    fill(store, seed=50)
    Registry().rollback("to learn once more")
    current, _, _ = learnt(store)
    names = [check.name for check in verdict_of(store, current).checks]
    assert "earlier judged cases, answer" in names


def test_nothing_is_learnt_where_no_candidate_could_be_better(store):
    current, _, _ = learnt(store)
    promote(store, verdict_of(store, current), "all that there was to learn")
    fill(store, seed=50)  # more of the same, which the model now has right
    with pytest.raises(UsageError, match="no candidate could be better"):
        prepare(store, Recognizer.load(), open_gallery())


def test_the_command_judges_switches_and_reports(store, capsys, tmp_path):
    current, _, _ = learnt(store)
    store.close()
    assert main(["promote", "--dry-run", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["passed"]
    assert said["version"] is None
    assert Registry().current == current.name
    page = tmp_path / "report.html"
    assert main(["promote", "--report", str(page)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == Registry().current != current.name
    html = page.read_text(encoding="utf-8")
    assert html.count("data:image/png;base64,") == len(said["changes"]) > 0
    assert not re.findall(r'(?:src|href)="(?!data:)', html)
    assert main(["promote"]) == 2  # it was made from the model before
    assert "learn` again" in capsys.readouterr().err


# The checks


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


def test_the_farthest_share_that_holds_is_found():
    asked = []

    def at(share):
        asked.append(share)
        return share, share <= 0.33

    assert _farthest(at, 20) == (0.3, 0.3)
    assert len(asked) <= 6
    assert _farthest(lambda share: (share, True), 20) == (1.0, 1.0)
    assert _farthest(lambda share: (share, False), 20) == (0.0, 0.0)


# kill -9

WORKER = """
import sys
from pathlib import Path
import retrieval.encoder, retrieval.gallery
for asked in (retrieval.encoder, retrieval.gallery):
    asked.shipped_folder = lambda: Path(sys.argv[1])
sys.path.insert(0, sys.argv[3])
import torch; torch.set_num_threads(1)
from rich.console import Console
from tiny_model import QUICK
from recognizer import Recognizer
from recognizer.feedback.learning import candidate_folder, learn, prepare, read_validation
from recognizer.feedback.promotion import judge, promote, read_candidate
from recognizer.feedback.store import Store
from recognizer.galleries import open_gallery
from recognizer.training.pools import read_pools
from recognizer.training.progress import Progress
pools = read_pools(Path(sys.argv[2]))
print("ready", flush=True)
recognizer = Recognizer.load()
with Store.open() as store:
    material = prepare(store, recognizer, open_gallery())
    learn(recognizer.bundle, material, pools, QUICK, Progress(Console(quiet=True)), candidate_folder())
    print("learnt", flush=True)
    current = recognizer.bundle
    candidate = read_candidate(candidate_folder(), current)
    promote(store, judge(store, current, candidate, read_validation(candidate)), "again")
print("promoted", flush=True)
"""


def check_killed(tmp_path, models, kills):
    keep_pools(POOLS, tmp_path / "pools")
    paths = (models, tmp_path / "pools", Path(__file__).parents[1])
    rng, struck, learning = random.Random(kills), 0, 0.0
    first = Registry().current
    for kill in range(kills):
        if Registry().current != first:
            Registry().use(first, "so that there is something to learn")
        command = [sys.executable, "-c", WORKER, *map(str, paths)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            process.stdout.readline()
            start = time.monotonic()
            if kill % 2 == 0:
                process.stdout.readline()
                learning = time.monotonic() - start
            # Within the promotion, or anywhere while it learns.
            time.sleep(rng.uniform(0, learning if kill % 2 else 0.5))
            process.send_signal(signal.SIGKILL)
        struck += process.returncode == -signal.SIGKILL
        current = Registry().open()
        assert Recognizer.load().recognize(np.zeros((28, 28), np.uint8)).model.startswith(current.name)
        if candidate_folder().exists():
            assert read_bundle(candidate_folder()).meta["learning"]["learn"]
        with Store.open() as store:
            cases = list(store.cases())
            assert len(cases) == 108
            for case in store.cases(Chosen(used_for="learn")):
                assert case.part == "learn"
    assert struck
    Registry().use(first, "so that there is something to learn")
    with Store.open() as store:
        current, _, _ = learnt(store)
        assert verdict_of(store, current).checks


no_kill = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")


@no_kill
def test_killed_while_it_learns_or_promotes_the_current_model_is_a_model(tmp_path, store, models):
    store.close()
    check_killed(tmp_path, models, 3)


@no_kill
@pytest.mark.slow
def test_killed_fifty_times_the_current_model_is_a_model(tmp_path, store, models):
    store.close()
    check_killed(tmp_path, models, 50)
