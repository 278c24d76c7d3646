"""One contract of searching, held by all four indexes: exact, approximate, inverted, and Milvus with its two."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from blots import many_glyphs

from retrieval import Gallery

COUNT = 1200
ENGINES = {
    "exact": ("precision", "exact"),
    "pynndescent": ("precision", "pynndescent"),
    "inverted": ("recall", "inverted"),
    "milvus, dense codes": ("precision", "milvus"),
    "milvus, sparse codes": ("recall", "milvus"),
}
QUERIES = many_glyphs(4, seed=8)
# What passes the filters, of labels 0–9 and sources "page 0/0.png" to "page 11/1199.png".
FILTERS = {
    "all": ({}, lambda n: True),
    "a tenth": ({"label": 3}, lambda n: n % 10 == 3),
    "a page": ({"source": "page 7/*"}, lambda n: n // 100 == 7),
    "by name": ({"source": "11[0-5]?.png"}, lambda n: 1100 <= n < 1160),
    "not so": ({"source": "*[!0-8].png"}, lambda n: n % 10 == 9),
    "one": ({"label": 7, "source": "page 7/77[7].png"}, lambda n: n == 777),
    "none": ({"label": 4, "source": "page 0/5.png"}, lambda n: False),
}


def fill(gallery):
    gallery.append(
        many_glyphs(COUNT),
        ids=[str(n) for n in range(COUNT)],
        labels=[n % 10 for n in range(COUNT)],
        sources=[f"page {n // 100}/{n}.png" for n in range(COUNT)],
    )
    gallery.prepare()
    return gallery


@pytest.fixture(scope="module")
def folder(tmp_path_factory, encoder):
    return fill(Gallery.create(tmp_path_factory.mktemp("contract") / "gallery", encoder))


@pytest.fixture(scope="module")
def database(tmp_path_factory, encoder):
    pytest.importorskip("pymilvus", reason="the extra scale is not installed")
    pytest.importorskip("milvus_lite", reason="Milvus Lite is not to be had for this system")
    return fill(Gallery.create(tmp_path_factory.mktemp("contract") / "gallery.db", encoder))


@pytest.fixture(params=ENGINES)
def ask(request):
    """Searches by one of the indexes."""
    mode, engine = ENGINES[request.param]
    gallery = request.getfixturevalue("database" if engine == "milvus" else "folder")

    def search(glyphs, k=10, **rest):
        found = gallery.search(glyphs, k, mode, engine, **rest)
        assert found.engine == engine
        return found

    return search


@pytest.mark.parametrize("k", [1, 10, 300, 5000])
@pytest.mark.parametrize("wanted", FILTERS)
def test_hits(ask, wanted, k):
    filters, passes = FILTERS[wanted]
    there = {n for n in range(COUNT) if passes(n)}
    for hits in ask(QUERIES, k, **filters):
        found = [int(hit.id) for hit in hits]
        assert len(found) == len(set(found)) == min(k, len(there))
        assert set(found) <= there
        told = [(hit.label, hit.source) for hit in hits]
        assert told == [(n % 10, f"page {n // 100}/{n}.png") for n in found]
        far = [hit.distance for hit in hits]
        assert np.isfinite(far).all()
        assert far == sorted(far)
        assert all(0 <= hit.similarity <= 1 for hit in hits)
        equal = [(a, b) for a, b in pairwise(zip(far, found, strict=True)) if a[0] == b[0]]
        assert all(a[1] < b[1] for a, b in equal)


def test_an_image_finds_itself_at_no_distance(ask):
    own = many_glyphs(COUNT)[500:510]
    assert [(hits[0].id, hits[0].distance) for hits in ask(own, 1)] == [
        (str(n), 0.0) for n in range(500, 510)
    ]


def test_the_same_answer_alone_and_in_a_batch(ask):
    assert ask(QUERIES[2:3])[0] == ask(QUERIES)[2]


def test_threads_share_a_gallery(ask):
    queries = many_glyphs(24, seed=6)
    expected = list(ask(queries, 5))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda row: ask(queries[row : row + 1], 5)[0], range(len(queries))))
    assert found == expected


def test_no_queries(ask):
    assert ask(QUERIES[:0]) == []


def test_a_hit_is_the_same_whoever_finds_it(ask, folder):
    """Distances and similarities come from the dense codes, in every mode and engine."""
    known = {hit.id: hit for hit in folder.search(QUERIES[:1], COUNT, engine="exact")[0]}
    assert all(hit == known[hit.id] for hit in ask(QUERIES[:1], 100)[0])


@pytest.mark.parametrize("approximate", ["pynndescent", "milvus"])
def test_nearly_all_true_neighbours_are_found(request, folder, approximate):
    queries = many_glyphs(100, seed=5)
    gallery = request.getfixturevalue("database") if approximate == "milvus" else folder
    truth, found = folder.search(queries, engine="exact"), gallery.search(queries, engine=approximate)
    shared = [
        len({hit.id for hit in a} & {hit.id for hit in b}) / 10 for a, b in zip(truth, found, strict=True)
    ]
    assert np.mean(shared) >= 0.99
