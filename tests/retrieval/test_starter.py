"""The starter gallery: small, balanced, the same every time, and not to be changed."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval import Gallery
from retrieval.errors import GalleryError, QueryError
from retrieval.starter import equal_shares, write_starter


@pytest.fixture
def glyphs():
    return np.random.default_rng(2).integers(0, 255, (60, 28, 28), dtype=np.uint8)


def arguments(glyphs, count, seed=1):
    """Of `write_starter`: a sample of the glyphs, which show 0, 1 and 2 in turn."""
    chosen = equal_shares(np.arange(60) % 3, count, seed)
    sources = ["print" if n % 2 else "training images" for n in chosen.tolist()]
    return glyphs[chosen], chosen % 3, list(map(str, chosen.tolist())), sources


@pytest.fixture
def starter(tmp_path, encoder, glyphs):
    return Gallery.open(
        write_starter(*arguments(glyphs, 30), encoder=encoder, folder=tmp_path / "s"), encoder
    )


def test_it_holds_equal_shares_and_answers(starter, glyphs):
    hits = starter.search(glyphs[:1], k=99)[0]
    assert len(hits) == len(starter) == 30
    assert [sum(hit.label == label for hit in hits) for label in range(3)] == [10, 10, 10]
    sources = ("training images", "print")
    assert all((hit.label, hit.source) == (int(hit.id) % 3, sources[int(hit.id) % 2]) for hit in hits)
    inside = [hit.id for hit in hits]
    assert np.array_equal(starter.glyphs(inside), glyphs[[int(name) for name in inside]])
    for mode in ("precision", "recall"):
        assert starter.search(glyphs[[int(inside[4])]], k=1, mode=mode)[0][0].id == inside[4]
    starter.verify()


def test_the_same_seed_makes_the_same_files(starter, glyphs, tmp_path, encoder):
    def made(folder, seed):
        folder = write_starter(*arguments(glyphs, 30, seed), encoder=encoder, folder=tmp_path / folder)
        return {file.stem: np.load(file) for file in folder.rglob("*.npy")}

    first, second, other = made("a", 1), made("b", 1), made("c", 2)
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert not np.array_equal(first["id_text"], other["id_text"])


def test_it_is_written_anew_in_its_place(starter, glyphs, encoder):
    write_starter(*arguments(glyphs, 6), encoder=encoder, folder=starter.path)
    assert len(Gallery.open(starter.path, encoder)) == 6
    assert [entry.name for entry in starter.path.parent.iterdir()] == ["s"]


def test_it_stays_as_it_is(starter, glyphs, encoder):
    before = sorted(starter.path.rglob("*"))
    for change in (
        lambda: starter.append(glyphs[:1]),
        lambda: starter.remove(["1"]),
        starter.compact,
        lambda: Gallery.reencode(starter.path, encoder),
    ):
        with pytest.raises(GalleryError, match="can't be changed"):
            change()
    assert len(starter) == 30
    assert sorted(starter.path.rglob("*")) == before


@pytest.mark.parametrize(("count", "labels"), [(31, 3), (90, 3)])
def test_shares_that_can_not_be_equal(count, labels):
    with pytest.raises(QueryError):
        equal_shares(np.arange(60) % labels, count)
