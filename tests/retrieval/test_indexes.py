"""One contract, held by every index; the exact one is held to brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval import exact
from retrieval.approximate import ApproximateIndex
from retrieval.codes import WideCodes, distances, pack, unpack
from retrieval.errors import GalleryError
from retrieval.exact import ExactIndex
from retrieval.graph import LEAVES, NEIGHBOURS, SEED, Graph
from retrieval.inverted import InvertedIndex
from retrieval.neighbours import Rows

DIMENSIONS = 24


def clustered(count, seed):
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(10, DIMENSIONS))
    return pack(centres[rng.integers(0, 10, count)] + 0.5 * rng.normal(size=(count, DIMENSIONS)))


ROWS = clustered(2000, 1)
QUERIES = clustered(50, 2)
MORE = clustered(1000, 3)


def sparse(count, seed):
    rng = np.random.default_rng(seed)
    wide = rng.random((count, 60)).astype(np.float32)
    return WideCodes.from_rows(np.where(wide > 0.85, wide, 0))


@pytest.fixture(scope="session")
def graph():
    """Over the first 1,500 rows; compiled once for all tests."""
    return Graph.build(Rows([ROWS[:1500]]), 1)


def brute_force(codes, rows, k, keep=None):
    far = np.stack([distances(np.repeat(q[None], len(rows), 0), rows) for q in codes])
    if keep is not None:
        far[:, ~keep] = np.inf
        k = min(k, int(keep.sum()))
    ids = np.argsort(far, axis=1, kind="stable")[:, :k]
    return ids, np.take_along_axis(far, ids, 1)


@pytest.fixture(params=["exact", "exact in parts", "pynndescent", "pynndescent without a graph", "inverted"])
def searched(request):
    """An index over 2,000 rows, and 50 queries for it."""
    if request.param == "inverted":
        return InvertedIndex(sparse(2000, 3), 60), sparse(50, 4)
    rows = Rows([ROWS[:100], ROWS[100:100], ROWS[100:]])
    if request.param == "pynndescent":
        return ApproximateIndex(rows, request.getfixturevalue("graph"), 1500), QUERIES
    if request.param == "pynndescent without a graph":
        return ApproximateIndex(rows, None, 0), QUERIES
    return ExactIndex(Rows([ROWS]) if request.param == "exact" else rows), QUERIES


@pytest.mark.parametrize("k", [1, 10, 300, 5000])
@pytest.mark.parametrize("filtered", ["all", "most", "few", "one", "none"])
def test_the_contract(searched, k, filtered):
    index, queries = searched
    rng = np.random.default_rng(9)
    share = {"all": 1, "most": 0.9, "few": 0.02, "one": 0, "none": 0}[filtered]
    keep = rng.random(2000) < share
    keep[777] |= filtered == "one"
    ids, far = index.search(queries, k, None if filtered == "all" else keep)
    assert ids.shape == far.shape == (50, min(k, 2000 if filtered == "all" else int(keep.sum())))
    assert ids.dtype == np.int64
    assert far.dtype == np.float32
    assert all(len(set(row)) == len(row) for row in ids.tolist())
    assert ((ids >= 0) & (ids < 2000)).all()
    assert np.isfinite(far).all()
    assert (far >= 0).all()
    assert (np.diff(far) >= 0).all()
    if filtered != "all":
        assert keep[ids].all()
    ties = np.diff(far) == 0
    assert (np.diff(ids)[ties] > 0).all()


def test_the_same_answer_alone_and_in_a_batch(searched):
    index, queries = searched
    together = index.search(queries, 10)
    one = queries.take(np.array([7])) if isinstance(queries, WideCodes) else queries[7:8]
    alone = index.search(one, 10)
    assert np.array_equal(alone[0][0], together[0][7])
    assert np.array_equal(alone[1][0], together[1][7])


def test_no_queries_and_no_rows(searched):
    index, queries = searched
    none = queries.take(np.zeros(0, np.intp)) if isinstance(queries, WideCodes) else queries[:0]
    assert index.search(none, 3)[0].shape[0] == 0
    assert ExactIndex(Rows([])).search(QUERIES, 3)[0].shape == (50, 0)
    assert InvertedIndex(sparse(0, 1), 60).search(sparse(2, 1), 3)[0].shape == (2, 0)


def test_the_approximate_index_finds_what_the_exact_one_finds(graph):
    rows = Rows([ROWS])
    true, far = ExactIndex(rows).search(MORE, 10)
    index = ApproximateIndex(rows, graph, 1500)
    found, approximate = index.search(MORE, 10)
    shared = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(true, found, strict=True)])
    assert index.name == "pynndescent"
    assert shared >= 0.99
    same = true == found
    assert np.array_equal(far[same], approximate[same])


def test_rows_that_came_after_the_graph_are_found_at_once(graph):
    index = ApproximateIndex(Rows([ROWS]), graph, 1500)
    ids, far = index.search(ROWS[1990:], 1)
    assert ids.ravel().tolist() == list(range(1990, 2000))
    assert not far.any()


def test_a_graph_is_saved_as_arrays_and_loaded_ready_to_answer(graph, tmp_path):
    graph.save(tmp_path / "index", {"covered": 1500})
    again = Graph.load(tmp_path / "index", Rows([ROWS[:700], ROWS[700:1500]]), 1)
    for found, expected in zip(again.query(QUERIES, 10), graph.query(QUERIES, 10), strict=True):
        assert np.array_equal(found, expected)
    assert {file.suffix for file in (tmp_path / "index").iterdir()} == {".npy", ".json"}


def test_the_graph_depends_on_nothing_but_the_rows():
    """So many rows that the library itself gives another graph on two threads than on one."""
    rows = Rows([clustered(5000, 5)])
    one, two = (Graph.build(rows, threads) for threads in (1, 2))
    for first, second in zip(one.links, two.links, strict=True):
        assert np.array_equal(first, second)
    assert one.epsilon == two.epsilon


def test_a_graph_over_other_rows_is_refused(graph, tmp_path):
    graph.save(tmp_path / "index", {})
    with pytest.raises(GalleryError, match="other rows"):
        Graph.load(tmp_path / "index", Rows([ROWS[:1499]]), 1)
    with pytest.raises(ValueError, match="3 dimensions"):
        graph.query(QUERIES[:, :3], 10)


def test_threads_are_an_argument_and_numba_keeps_its_own(graph, tmp_path):
    import numba

    before = numba.get_num_threads()
    graph.save(tmp_path / "index", {})
    parallel = Graph.load(tmp_path / "index", Rows([ROWS[:1500]]), before + 5)
    for one, two in zip(parallel.query(MORE, 10), graph.query(MORE, 10), strict=True):
        assert np.array_equal(one, two)
    assert numba.get_num_threads() == before


def test_only_what_may_be_found_is_found_in_a_graph(graph):
    keep = np.arange(1500) % 7 == 3
    ids, _ = graph.query(QUERIES, 10, keep)
    true, _ = ExactIndex(Rows([ROWS[:1500]])).search(QUERIES, 10, keep)
    assert keep[ids].all()
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(true, ids, strict=True)]) >= 0.98


def test_a_graph_says_where_it_finds_too_few(graph):
    keep = np.zeros(1500, np.bool_)
    keep[[5, 900]] = True
    ids, far = graph.query(QUERIES[:3], 4, keep)
    assert set(ids.ravel().tolist()) <= {-1, 5, 900}
    assert (ids[:, 2:] == -1).all()
    assert np.array_equal(np.isinf(far), ids == -1)
    assert (far[:, 1:] >= far[:, :-1]).all()


@pytest.mark.slow
def test_graph_and_search_are_as_good_as_the_library_s(graph):
    """Those of the library itself, without the code that is kept."""
    import pynndescent

    own = pynndescent.NNDescent(
        unpack(ROWS[:1500]),
        metric="euclidean",
        n_neighbors=NEIGHBOURS,
        random_state=SEED,
        n_jobs=1,
        compressed=True,
        search_tree_leaf_budget=LEAVES,
    )
    own.prepare()
    assert len(graph.links.edges) == pytest.approx(own._search_graph.nnz, rel=0.01)
    true, _ = ExactIndex(Rows([ROWS[:1500]])).search(MORE, 10)
    searched = (graph.looking(0.1).query(MORE, 10)[0], own.query(unpack(MORE), 10, epsilon=0.1)[0])
    ours, theirs = ((true[:, :, None] == ids[:, None]).any(axis=2).mean() for ids in searched)
    assert ours >= theirs


def test_distances_are_those_of_directions():
    far = distances(ROWS[:50], QUERIES)
    assert np.allclose(far, np.linalg.norm(unpack(ROWS[:50]) - unpack(QUERIES), axis=1), atol=1e-6)
    zero = np.zeros((1, 3), np.int8)
    axes = np.array([[127, 0, 0]], np.int8)
    assert [float(distances(*pair)[0]) for pair in ((zero, zero), (zero, axes), (axes, -axes))] == [0, 1, 2]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**16))
def test_the_walk_measures_as_everything_does(seed):
    """Compiled code and numpy give the same distance to the last bit, for short codes and long ones, and for zeros."""
    from retrieval.walk import _distance

    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 200))
    one, other = rng.integers(-127, 128, (2, 20, size)).astype(np.int8)
    one[:3], other[3:5], other[0] = 0, one[3:5], 0
    compiled = np.array([_distance(*pair) for pair in zip(one, other, strict=True)], np.float32)
    assert np.array_equal(compiled, distances(one, other))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_exact_search_is_brute_force(data):
    """Small blocks and few different codes, so that there are many of both blocks and ties."""
    seed = data.draw(st.integers(0, 2**16))
    rng = np.random.default_rng(seed)
    count, k = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 70))
    dimensions = data.draw(st.integers(1, 6))
    rows = rng.integers(-2, 3, (count, dimensions)).astype(np.int8)
    codes = rng.integers(-2, 3, (5, dimensions)).astype(np.int8)
    for array in (rows, codes):
        array[~array.any(axis=1), 0] = 1  # a code is a direction
    keep = data.draw(st.sampled_from([None, rng.random(count) < 0.5]))
    cut = data.draw(st.integers(0, count))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "BLOCK", data.draw(st.integers(1, 20)))
        patch.setattr(exact, "QUERIES", data.draw(st.integers(1, 6)))
        patch.setattr(exact, "SAMPLE", data.draw(st.integers(1, 20)))
        found = ExactIndex(Rows([rows[:cut], rows[cut:]])).search(codes, k, keep)
    expected = brute_force(codes, rows, k, keep)
    assert np.array_equal(found[0], expected[0])
    assert np.array_equal(found[1], expected[1].astype(np.float32))


def test_ten_thousand_rows_that_are_all_the_same():
    rows = np.repeat(ROWS[:1], 20_000, axis=0)
    ids, far = ExactIndex(Rows([rows])).search(rows[:3], 10)
    assert ids.tolist() == [list(range(10))] * 3
    assert not far.any()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**16), st.integers(1, 40))
def test_inverted_search_is_a_product_of_matrices(seed, k):
    rng = np.random.default_rng(seed)
    wide = np.where(rng.random((30, 12)) > 0.6, rng.random((30, 12)), 0).astype(np.float32)
    codes = WideCodes.from_rows(wide)
    plain = np.zeros((30, 12))
    plain[np.repeat(np.arange(30), codes.counts), codes.dimensions] = codes.weights
    scores = plain[:4] @ plain.T
    ids, far = InvertedIndex(codes, 12).search(codes.take(np.arange(4)), k)
    assert np.array_equal(ids, np.argsort(-scores, axis=1, kind="stable")[:, :k])
    assert np.allclose(far, 1 - np.minimum(np.take_along_axis(scores, ids, 1) / 255**2, 1))


def test_pairs_within_a_distance():
    index = ExactIndex(Rows([ROWS[:300], ROWS[300:600]]))
    of, rows = index.within(QUERIES, 0.4)
    far = np.stack([distances(np.repeat(q[None], 600, 0), ROWS[:600]) for q in QUERIES])
    assert 0 < len(of) < 20_000
    assert set(zip(of.tolist(), rows.tolist(), strict=True)) == {
        tuple(p) for p in np.argwhere(far <= 0.4).tolist()
    }


@given(st.integers(0, 2**16))
def test_packing_keeps_the_direction(seed):
    dense = np.random.default_rng(seed).normal(size=(20, 64))
    dense /= np.linalg.norm(dense, axis=1, keepdims=True)
    again = unpack(pack(dense))
    assert np.abs(np.linalg.norm(again, axis=1) - 1).max() < 1e-6
    assert np.linalg.norm(again - dense, axis=1).max() < 0.02
    assert np.array_equal(pack(again), pack(dense))
    assert not unpack(pack(np.zeros((1, 8)))).any()
