"""What a user of a gallery relies on: searching, adding, removing, coming back."""

from __future__ import annotations

import numpy as np
import pytest
from hits import ids
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stand_in_encoder import write_encoder

from retrieval import Encoder, Gallery, Hit
from retrieval.errors import GalleryError, QueryError
from retrieval.inverted import InvertedIndex

NEW = np.full((1, 28, 28), 77, np.uint8)


@pytest.fixture
def gallery(any_gallery):
    """Of each kind: all of this holds for a folder and for Milvus alike."""
    return any_gallery


@pytest.mark.parametrize("mode", ["precision", "recall"])
def test_an_image_finds_itself_and_then_its_disturbed_copy(gallery, images, mode):
    answer = gallery.search(images[:20], k=2, mode=mode)
    assert ids(answer) == [[str(n), str(n + 20)] for n in range(20)]
    first, second = answer[3]
    assert first == Hit("3", 3, 0.0, 1.0, "form-B/3.png")
    assert 0 < second.distance < 0.2
    assert second.similarity == pytest.approx(1 - 0.4 * second.distance)
    assert answer[0][0].label is None


def test_hits_are_ranked_unique_and_at_most_k(gallery, images):
    for k in (1, 7, 40, 1000):
        for hits in gallery.search(images[:3], k=k):
            assert len(hits) == min(k, 40) == len({hit.id for hit in hits})
            assert [hit.distance for hit in hits] == sorted(hit.distance for hit in hits)
            assert all(0 <= hit.similarity <= 1 for hit in hits)


def test_recall_mode_as_the_wide_code_chooses(gallery, images):
    plain = gallery.search(images[:5], k=10, mode="recall", rerank=False)
    assert all(hits[0].id in (str(n), str(n + 20)) for n, hits in enumerate(plain))
    for hits in plain:
        assert [hit.distance for hit in hits] == sorted(hit.distance for hit in hits)
    _, scored = gallery.encoder.both(images[:5])
    _, rows = gallery.encoder.both(images)
    best, _ = InvertedIndex(rows, gallery.encoder.wide_dimensions).search(scored, 10)
    assert [set(names) for names in ids(plain)] == [set(map(str, each)) for each in best.tolist()]
    ranked = gallery.search(images[:5], k=40, mode="recall")
    exact = gallery.search(images[:5], k=40)
    assert ids(ranked) == ids(exact)
    measured = {hit.id: hit for hit in exact[0]}
    assert all(measured[hit.id] == hit for hit in plain[0])


def test_all_that_is_asked_can_be_given_by_position(gallery, images):
    named = {"rerank": False, "label": 2, "source": "form-A/*"}
    by_name = gallery.search(images[:3], k=4, mode="recall", engine="auto", **named)
    assert gallery.search(images[:3], 4, "recall", "auto", False, 2, "form-A/*") == by_name
    assert {hit.label for hits in by_name for hit in hits} == {2}


def test_duplicates_of_a_query(gallery, images):
    limit = gallery.encoder.duplicate_distance
    found = gallery.search(images[:5], mode="duplicates")
    nearest = gallery.search(images[:5])
    assert ids(found) == [[hit.id for hit in hits if hit.distance <= limit] for hits in nearest]
    assert all(str(n) in ids(found)[n] for n in range(5))
    assert gallery.search(NEW, mode="duplicates") == [[]]


def test_filters_count_before_ranking(gallery, images):
    for hits in gallery.search(images[:4], k=5, label=3):
        assert len(hits) == 5
        assert {hit.label for hit in hits} == {3}
    for mode in ("precision", "recall"):
        hits = gallery.search(images[:1], k=20, mode=mode, source="form-A/*")[0]
        assert len(hits) == 20
        assert all(hit.source.startswith("form-A/") for hit in hits)
    both = gallery.search(images[:1], k=99, label=1, source="form-B/1?.png")[0]
    assert {(hit.label, hit.source) for hit in both} == {(1, "form-B/13.png"), (1, "form-B/17.png")}
    assert gallery.search(images[:2], label=9) == [[], []]


def test_what_makes_no_sense_is_refused(gallery, images):
    for wrong in (
        {"k": 0},
        {"mode": "best"},
        {"engine": "fast"},
        {"mode": "recall", "engine": "exact"},
        {"mode": "precision", "engine": "inverted"},
    ):
        with pytest.raises(QueryError) as caught:
            gallery.search(images[:1], **wrong)
        assert caught.value.exit_code == 2
    with pytest.raises(QueryError, match="no engine"):
        gallery.prepare("fast")
    with pytest.raises(QueryError, match="has the id 'x'"):
        gallery.glyphs(["1", "x"])


def test_no_queries(gallery, images):
    for mode in ("precision", "recall", "duplicates"):
        assert gallery.search(images[:0], mode=mode) == []


def test_an_empty_gallery(empty, images, encoder):
    for mode in ("precision", "recall", "duplicates"):
        assert empty.search(images[:2], mode=mode) == [[], []]
    assert len(empty) == 0
    assert empty.duplicates() == []
    assert empty.append(images[:0]) == Gallery.open(empty.address, encoder).append(images[:0])


def test_appending_skips_what_is_there(empty, images):
    gallery = empty
    steps = []
    done = gallery.append(images[:30], sources="scan", progress=steps.append)
    assert (done.added, done.skipped, done.replaced) == (30, 0, 0)
    assert steps[-1] == 30
    done = gallery.append(np.concatenate([images, images]), sources="scan")
    assert (done.added, done.skipped, done.replaced) == (10, 70, 0)
    done = gallery.append(images[:5], sources="elsewhere")
    assert (done.added, done.skipped, done.replaced) == (5, 0, 0)
    assert len(gallery) == 45


def test_an_id_that_is_there_with_something_else_is_replaced(gallery, images):
    done = gallery.append(NEW, ids=["3"], labels=[8], sources="new")
    assert (done.added, done.skipped, done.replaced) == (0, 0, 1)
    assert len(gallery) == 40
    hit = gallery.search(NEW, k=1)[0][0]
    assert (hit.id, hit.label, hit.distance, hit.source) == ("3", 8, 0.0, "new")
    assert np.array_equal(gallery.glyphs(["3"]), NEW)
    assert sum(name == "3" for name in ids(gallery.search(images[3:4], k=99))[0]) == 1
    assert gallery.append(NEW, ids=["3"], labels=[7], sources="new").replaced == 1
    assert gallery.search(NEW, k=1)[0][0].label == 7


@pytest.mark.parametrize(
    "wrong",
    [
        {"ids": ["a"]},
        {"ids": ["a", "a"]},
        {"ids": ["a", 3]},
        {"ids": ["a", "b" * 70_000]},
        {"labels": [1]},
        {"labels": [1, 1 << 20]},
        {"sources": ["a"]},
    ],
)
def test_arguments_that_do_not_fit_together(gallery, images, wrong):
    with pytest.raises(QueryError):
        gallery.append(images[:2], **wrong)
    assert len(gallery) == 40


def test_ids_and_sources_are_those_of_what_is_there(gallery, images):
    gallery.append(images[:3], ids=["7", "x", "y"], sources=["elsewhere", "elsewhere", "form-A/0.png"])
    gallery.remove(["0", "x"])
    assert set(gallery.ids()) == {str(n) for n in range(1, 40)} | {"y"}
    known = list(gallery.sources())
    there = {f"form-{'AB'[n % 2]}/{n}.png" for n in range(40) if n != 7} | {"elsewhere"}
    assert len(known) == len(there)
    assert set(known) == there


def test_labelled_images_can_be_those_of_some_sources(gallery, images):
    assert len(gallery.labelled().labels) == 32
    found = gallery.labelled("form-B/1?.png")
    there = [n for n in range(11, 20, 2) if n % 5]
    assert np.array_equal(found.glyphs, images[there])
    assert found.labels.tolist() == [n % 4 for n in there]


def test_removed_images_are_not_found(gallery, images, encoder):
    assert gallery.remove(["3", "4", "unknown"]) == 2
    assert gallery.remove(["3"]) == 0
    for one in (gallery, Gallery.open(gallery.address, encoder)):
        assert len(one) == 38
        assert "3" not in one
        assert "5" in one
        for mode in ("precision", "recall"):
            found = ids(one.search(images[3:5], k=99, mode=mode))
            assert all(len(names) == 38 and not {"3", "4"} & set(names) for names in found)
            assert [names[0] for names in found] == ["23", "24"]
        assert {"3"}.isdisjoint(*ids(one.search(images[3:4], k=99, label=3)))
        assert {"3"}.isdisjoint(*ids(one.search(images[3:4], k=99, source="form-B/*")))


def test_what_was_removed_can_come_back(gallery, images):
    gallery.remove(["7"])
    assert gallery.append(images[7:8], ids=["7"], sources="again").added == 1
    assert ids(gallery.search(images[7:8], k=1)) == [["7"]]


@pytest.mark.parametrize("name", ["gallery", "gallery.db"])
def test_another_encoder_is_refused_and_the_gallery_can_be_brought_to_it(tmp_path, encoder, images, name):
    if name.endswith(".db"):
        pytest.importorskip("milvus_lite", reason="Milvus Lite is not to be had for this system")
    gallery = Gallery.create(tmp_path / name, encoder)
    gallery.append(images, [str(n) for n in range(40)], [n % 4 for n in range(40)], "scan")
    other = Encoder.open(write_encoder(tmp_path / "other", seed=1))
    with pytest.raises(GalleryError) as caught:
        Gallery.open(gallery.address, other)
    assert caught.value.exit_code == 3
    assert str(caught.value) == (
        f"{tmp_path / name}: made by another encoder (random-0); "
        f"encode it again with: similar --reencode --gallery {tmp_path / name}"
    )
    gallery.remove(["0"])
    steps = []
    again = Gallery.reencode(gallery.address, other, progress=steps.append)
    assert steps[-1] == 39
    assert ids(again.search(images[1:], k=1)) == [[str(n)] for n in range(1, 40)]
    assert again.search(images[6:7], k=1)[0][0] == Hit("6", 2, 0.0, 1.0, "scan")
    with pytest.raises(GalleryError, match="another encoder"):
        gallery.refresh()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["append", "remove", "compact", "reopen"]), st.sets(st.integers(0, 11))),
        max_size=8,
    )
)
def test_any_sequence_of_changes(fresh, encoder, images, steps):
    """A dict is the model: after each step, exactly what is in it can be found."""
    gallery = fresh()
    model = {}
    for version, (step, numbers) in enumerate(steps):
        names = (
            [f"{n % 6}" for n in sorted(numbers)] if step == "remove" else [f"{n}" for n in sorted(numbers)]
        )
        if step == "append":
            gallery.append(images[sorted(numbers)], ids=names, sources=f"v{version // 3}")
            model |= {name: (images[int(name)], f"v{version // 3}") for name in names}
        elif step == "remove":
            assert gallery.remove(names) == len(set(names) & model.keys())
            model = {name: what for name, what in model.items() if name not in names}
        elif step == "compact":
            gallery.compact()
        else:
            gallery = Gallery.open(gallery.address, encoder)
        assert len(gallery) == len(model)
        found = {hit.id: hit.source for hit in gallery.search(NEW, k=99)[0]}
        assert found == {name: source for name, (_, source) in model.items()}
        assert np.array_equal(
            gallery.glyphs(sorted(model)), np.array([model[n][0] for n in sorted(model)]).reshape(-1, 28, 28)
        )
    gallery.verify()
