"""Which engine answers, what is kept between processes, and that all of them answer alike."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from blots import many_glyphs
from hits import ids

from retrieval import Gallery, approximate, cost, engines
from retrieval.engines import Plan
from retrieval.errors import EngineError
from retrieval.exact import ExactIndex
from retrieval.graph import Graph

ROOT = Path(__file__).parents[2]


@pytest.fixture
def large(tmp_path, large_folder, encoder):
    return Gallery.open(shutil.copytree(large_folder, tmp_path / "large"), encoder)


class Rule:
    """The rule alone, over a gallery of a given size."""

    def __init__(self, monkeypatch, rows, saved=False, compiled=True):
        self.total = rows
        self.made = engines.Engines.__new__(engines.Engines)
        self.made.snapshot, self.made._spent, self.made._unusable = self, 0.0, False
        self.made._approximate = self.made._covering = None
        self.made._making_graph = threading.Lock()
        monkeypatch.setattr(engines.Engines, "_saved", lambda made: saved)
        monkeypatch.setattr(cost, "is_kept", lambda module: compiled)

    def __call__(self, queries, mode="precision", engine="auto"):
        return self.made.plan(queries, mode, engine).engine


@pytest.mark.parametrize("saved", [True, False])
@pytest.mark.parametrize("compiled", [True, False])
def test_a_few_questions_to_a_modest_gallery_are_searched_exactly(monkeypatch, saved, compiled):
    for rows in (2000, 10_000, 60_000, 200_000):
        assert Rule(monkeypatch, rows, saved, compiled)(1) == "exact"
    assert Rule(monkeypatch, 60_000, saved, compiled)(100) == "exact"
    assert Rule(monkeypatch, 500, saved, compiled)(10**9) == "exact"


def test_thousands_of_questions_are_worth_a_graph(monkeypatch):
    """How many it takes grows with what must be done first: loading, building, and compiling."""
    assert Rule(monkeypatch, 60_000, saved=True)(3000) == "pynndescent"
    assert Rule(monkeypatch, 60_000)(3000) == "exact"
    assert Rule(monkeypatch, 60_000)(30_000) == "pynndescent"
    assert Rule(monkeypatch, 60_000, compiled=False)(30_000) == "exact"
    assert Rule(monkeypatch, 60_000, compiled=False)(200_000) == "pynndescent"
    assert Rule(monkeypatch, 1_000_000, saved=True)(1000) == "pynndescent"


def test_single_questions_add_up(monkeypatch, large):
    rule = Rule(monkeypatch, 60_000, saved=True)
    rule.made._spent = 400 * cost.exact(1, 60_000)
    assert rule(1) == "pynndescent"
    monkeypatch.undo()
    large.search(many_glyphs(3), k=3)
    large.search(many_glyphs(2), k=3)
    assert large._engines._spent == pytest.approx(cost.exact(3, 1500) + cost.exact(2, 1500))


def test_a_service_counts_on_many_questions(monkeypatch):
    """It loads what is saved, builds what it needs not compile, and compiles for a large gallery alone."""
    assert Rule(monkeypatch, 2000, saved=True)(cost.SERVED) == "pynndescent"
    assert Rule(monkeypatch, 2000)(cost.SERVED) == "exact"
    assert Rule(monkeypatch, 10_000, saved=True, compiled=False)(cost.SERVED) == "pynndescent"
    assert Rule(monkeypatch, 10_000)(cost.SERVED) == "pynndescent"
    assert Rule(monkeypatch, 10_000, compiled=False)(cost.SERVED) == "exact"
    assert Rule(monkeypatch, 60_000, compiled=False)(cost.SERVED) == "pynndescent"


def test_nobody_waits_for_a_graph_without_need(monkeypatch):
    """While a thread makes it, what was spent before is no reason to wait; a batch that takes longer waits."""
    rule = Rule(monkeypatch, 60_000, saved=True)
    rule.made._spent = 400 * cost.exact(1, 60_000)
    with rule.made._making_graph:
        assert (rule(1), rule(3000)) == ("exact", "pynndescent")
    assert rule(1) == "pynndescent"


def test_every_graph_has_to_be_earned(large, monkeypatch):
    """What paid for one does not pay for the next, which is due when much has come."""
    large._engines._spent = 100.0
    assert large.search(many_glyphs(1), k=3).engine == "pynndescent"
    large.append(many_glyphs(1100, seed=3), ids=[f"new {n}" for n in range(1100)])
    assert large.search(many_glyphs(1), k=3).engine == "exact"


def test_what_is_asked_for_runs(monkeypatch):
    rule = Rule(monkeypatch, 60_000, saved=True)
    assert rule(10**6, "duplicates") == "pynndescent"
    assert rule(10**6, "recall") == "inverted"
    assert rule(10**6, engine="exact") == "exact"
    assert rule(1, engine="pynndescent") == "pynndescent"


def test_whether_compiled_code_is_kept(large, monkeypatch, tmp_path):
    large.search(many_glyphs(1), engine="pynndescent")
    assert cost.is_kept("walk")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert not cost.is_kept("walk")
    kept = tmp_path / "retrieval_0123" / f"walk.walk-1.py3{sys.version_info.minor}.nbi"
    kept.parent.mkdir()
    kept.touch()
    assert cost.is_kept("walk")
    assert not cost.is_kept("descent")


def test_auto_moves_to_the_saved_graph_when_that_pays(large, monkeypatch):
    glyphs = many_glyphs(50, seed=9)
    assert large.search(glyphs, k=3).engine == "exact"
    monkeypatch.setattr(cost, "COMPARE_ROW", 1.0)
    monkeypatch.setattr(Graph, "build", None)  # it must be loaded
    answer = large.search(glyphs, k=3)
    assert answer.engine == "pynndescent"
    monkeypatch.undo()
    assert large.plan(1).engine == "pynndescent"
    assert "loaded" in large.plan(1).why


def test_engines_answer_alike(large):
    glyphs = many_glyphs(200, seed=4)
    exact, graph = (large.search(glyphs, k=10, engine=engine) for engine in ("exact", "pynndescent"))
    assert (exact.engine, graph.engine) == ("exact", "pynndescent")
    shared = [len(set(a) & set(b)) / 10 for a, b in zip(ids(exact), ids(graph), strict=True)]
    assert np.mean(shared) >= 0.99
    filtered = large.search(glyphs, k=10, engine="pynndescent", label=3)
    assert all(len(hits) == 10 and {hit.label for hit in hits} == {3} for hits in filtered)


def test_what_is_appended_and_removed_counts_at_once(large, encoder):
    large.prepare()
    new = many_glyphs(30, seed=77)
    large.append(new, ids=[f"new {n}" for n in range(30)])
    large.remove(["5", "6"])
    assert "loaded" in large.plan(1).why, "the graph stays in memory, and is searched with what came later"
    found = large.search(new, k=5, engine="pynndescent")
    assert found.engine == "pynndescent"
    assert [hits[0].id for hits in found] == [f"new {n}" for n in range(30)]
    gone = large.search(many_glyphs(1500)[5:7], k=1528, engine="pynndescent")
    assert all(len(hits) == 1528 and not {"5", "6"} & {hit.id for hit in hits} for hits in gone)


def test_the_graph_is_built_again_when_much_has_come(large, monkeypatch):
    large.append(many_glyphs(1100, seed=3), ids=[f"new {n}" for n in range(1100)])
    built = []
    build = Graph.build
    monkeypatch.setattr(Graph, "build", lambda *args: built.append(1) or build(*args))
    large.prepare()
    assert built == [1]
    assert len(list(large.path.glob("index-*"))) == 1
    Gallery.open(large.path, large.encoder).prepare()
    assert built == [1], "the second process loads it"


@pytest.mark.parametrize("harm", ["cut", "noise", "deleted", "description", "version"])
def test_a_damaged_graph_is_built_again(large, harm, monkeypatch):
    folder = next(large.path.glob("index-*"))
    file = folder / ("index.json" if harm in ("description", "version") else "edges.npy")
    content = file.read_bytes()
    if harm == "deleted":
        file.unlink()
    else:
        changed = {
            "cut": content[:300],
            "noise": content[:200] + bytes(len(content) - 200),
            "description": b"{",
            "version": content.replace(b'"format_version": 2', b'"format_version": 1'),
        }
        file.write_bytes(changed[harm])
    built = []
    build = Graph.build
    monkeypatch.setattr(Graph, "build", lambda *args: built.append(1) or build(*args))
    answer = large.search(many_glyphs(5, seed=2), engine="pynndescent")
    assert answer.engine == "pynndescent"
    assert built == [1]


def test_a_small_gallery_needs_no_graph(gallery, images):
    answer = gallery.search(images[:2], k=3, engine="pynndescent")
    assert answer.engine == "exact"
    assert answer == gallery.search(images[:2], k=3, engine="exact")
    assert gallery.prepare() == "exact"


@pytest.mark.parametrize("missing", ["retrieval.walk", "retrieval.descent"])
def test_where_the_library_can_not_run(large, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    if missing == "retrieval.descent":  # which is needed only where an index is built
        shutil.rmtree(next(large.path.glob("index-*")))
    with pytest.raises(EngineError, match="name another: exact") as caught:
        large.search(many_glyphs(1), engine="pynndescent")
    assert caught.value.exit_code == 3
    monkeypatch.setattr(cost, "COMPARE_ROW", 1.0)
    other = Gallery.open(large.path, large.encoder)
    assert other.plan(50).engine == "pynndescent"
    assert other.search(many_glyphs(50)).engine == "exact"
    assert "can't be used" in other.plan(50).why, "and it is not tried again for each question"


def test_where_the_packages_are_not_installed(large, monkeypatch):
    """A saved graph takes numba alone; without what it takes, "auto" is exact whatever is asked, and tries nothing."""
    monkeypatch.setitem(sys.modules, "pynndescent", None)
    assert large.plan(10**7).engine == "pynndescent"
    shutil.rmtree(next(large.path.glob("index-*")))
    assert large.plan(10**7) == Plan("exact", "the packages of the other engine are not installed")
    with pytest.raises(EngineError, match="needs pynndescent: pip install digit-recognizer-eleven; or name"):
        large.search(many_glyphs(1), engine="pynndescent")
    monkeypatch.setitem(sys.modules, "numba", None)
    other = Gallery.open(large.path, large.encoder)
    assert "not installed" in other.plan(10**7).why
    with pytest.raises(EngineError, match="needs numba and pynndescent: pip install") as caught:
        other.prepare()
    assert caught.value.exit_code == 3
    assert other.search(many_glyphs(3), mode="recall").engine == "inverted"


def test_questions_that_the_graph_can_not_answer_are_answered_exactly(large, monkeypatch):
    """The graph finds fewer than asked for: infinite distances, and rows that mean nothing."""
    large.prepare()
    query = Graph.query

    def half(self, *asked):
        rows, far = query(self, *asked)
        far[::2, 1:] = np.inf
        rows[::2, 1:] = -1
        return rows, far

    monkeypatch.setattr(Graph, "query", half)
    glyphs = many_glyphs(20, seed=4)
    found = large.search(glyphs, k=5, engine="pynndescent")
    assert ids(found)[::2] == ids(large.search(glyphs, k=5, engine="exact"))[::2]


def test_one_question_loads_nothing_heavy(large_folder, encoder_folder):
    code = (
        "import sys\nimport numpy as np\nfrom retrieval import Gallery\n"
        "gallery = Gallery.open(sys.argv[1], sys.argv[2])\n"
        "glyph = np.zeros((1, 28, 28), np.uint8)\n"
        "for mode in ('precision', 'recall', 'duplicates'): gallery.search(glyph, mode=mode)\n"
        "print(sorted({'scipy', 'sklearn', 'pynndescent', 'numba', 'torch', 'filelock'} & sys.modules.keys()))"
    )
    command = [sys.executable, "-c", code, large_folder, encoder_folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_threads_search_one_gallery(large):
    import concurrent.futures

    glyphs = many_glyphs(40, seed=6)
    expected = ids(large.search(glyphs, k=5, engine="pynndescent"))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = pool.map(
            lambda n: ids(large.search(glyphs[n : n + 1], k=5, engine="pynndescent"))[0], range(40)
        )
    assert list(found) == expected


def test_a_filter_that_leaves_little_is_answered_exactly(large, monkeypatch):
    large.prepare()
    monkeypatch.setattr(Graph, "query", None)
    rows = large._snapshot.rows
    index = approximate.ApproximateIndex(rows, large._engines._covering.graph, 1500)
    keep = np.arange(1500) < 14
    codes = rows.take(np.arange(3))
    assert np.array_equal(index.search(codes, 10, keep)[0], ExactIndex(rows).search(codes, 10, keep)[0])
