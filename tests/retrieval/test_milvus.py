"""What holds for galleries in Milvus alone: the file of Milvus Lite, its indexes, and what may go wrong."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hits import ids
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from retrieval import Gallery
from retrieval.errors import GalleryError
from retrieval.texts import fits

ROOT = Path(__file__).parents[2]
NEW = np.full((1, 28, 28), 77, np.uint8)

needs_lite = pytest.mark.skipif(
    importlib.util.find_spec("milvus_lite") is None or importlib.util.find_spec("pymilvus") is None,
    reason="Milvus Lite is not installed: it comes with the extra scale",
)


@pytest.fixture
def empty(milvus, emptied):
    return emptied(milvus)


SOURCES = [
    "a_b",
    "aXb",
    "a%b",
    'a"b',
    "a\\b",
    "a\nb",
    "form-A/1.png",
    "form-B/[1].png",
    "ü/ö 1",
    "a\udc80b",
    "",
]


@needs_lite
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("ab_%*?[]!\\\"'/üA1-.", max_size=7))
@example("a\udc80?")
@example("a\n*")
@example("*[!A]*")
def test_patterns_mean_what_they_mean_for_files(milvus, emptied, images, pattern):
    if len(milvus) != len(SOURCES) or "s0" not in milvus:
        emptied(milvus)
        names = [f"s{n}" for n in range(len(SOURCES))]
        milvus.append(images[: len(SOURCES)], ids=names, sources=SOURCES)
    for mode in ("precision", "recall"):
        hits = milvus.search(images[:1], k=3, mode=mode, source=pattern)[0]
        there = [source for source in SOURCES if fits(source, pattern)]
        assert len(hits) == min(3, len(there))
        assert {hit.source for hit in hits} <= set(there)


@needs_lite
def test_names_that_are_no_text_come_back_unharmed(empty, images, encoder):
    names = ["caf\udce9.png", "ü", 'quo"te', "back\\slash", "new\nline", "", "x" * 60_000]
    empty.append(images[: len(names)], ids=names, sources=names)
    again = Gallery.open(empty.address, encoder)
    assert sorted(ids(again.search(NEW, k=99))[0]) == sorted(names)
    assert np.array_equal(again.glyphs(names), images[: len(names)])
    assert {hit.source for hit in again.search(NEW, k=99)[0]} == set(names)
    assert again.remove(names) == len(names)


@needs_lite
def test_labelled_images_come_in_the_order_of_their_arrival(empty, images):
    empty.append(images[:10], ids=[f"z{9 - n}" for n in range(10)], labels=[None, *range(9)])
    empty.append(images[10:12], ids=["a", "b"], labels=[3, 4])
    labelled = empty.labelled()
    assert labelled.labels.tolist() == [*range(9), 3, 4]
    assert np.array_equal(labelled.glyphs, np.concatenate([images[1:10], images[10:12]]))
    assert np.allclose(np.linalg.norm(labelled.codes, axis=1), 1)


@needs_lite
def test_where_no_image_has_a_label_none_comes_and_codes_keep_their_length(empty, tmp_path, encoder, images):
    for gallery in (Gallery.create(tmp_path / "folder", encoder), empty):
        for _ in range(2):
            glyphs, labels, codes = gallery.labelled()
            assert (len(glyphs), len(labels), codes.shape) == (0, 0, (0, encoder.dense_dimensions))
            gallery.append(images[:3])


@needs_lite
def test_duplicates_are_those_of_a_folder(empty, tmp_path, encoder, images):
    glyphs = np.concatenate([images[[0, 1, 2, 0, 21]], images[3:6], images[[0]]])
    folder = Gallery.create(tmp_path / "folder", encoder)
    for gallery in (folder, empty):
        gallery.append(glyphs, ids=[f"i{n}" for n in range(9)], sources="scan")
    for distance in (0, 0.05, 0.3):
        assert empty.duplicates(distance) == folder.duplicates(distance)
    assert len(empty.duplicates(0)) == 1


@needs_lite
def test_a_damaged_image_is_found_by_verify(empty, images):
    empty.append(images[:5], ids=list("abcde"))
    empty.verify()
    collection = empty._collection
    fields = ["key", "id", "dense", "wide", "label", "source", "glyph", "hash", "arrived"]
    row = collection.fetch(["c"], fields)["c"]
    for harm, line in (
        (
            collection.fetch(["d"], fields)["d"]["glyph"],
            "'c' differs; take that image out by similar --remove",
        ),
        ("no glyph", "can't be read"),
    ):
        collection.upsert([{**row, "wide": {0: 1.0}, "glyph": harm}])
        with pytest.raises(GalleryError, match=line):
            empty.verify()
        empty.remove(["c"])
        empty.append(images[2:3], ids=["c"])
        empty.verify()


@needs_lite
def test_servers_may_give_codes_back_at_unit_length(empty, images):
    empty.append(images[:5], ids=list("abcde"))
    before = empty.search(images[:5], k=5)
    collection = empty._collection
    fields = ["key", "id", "dense", "wide", "label", "source", "glyph", "hash", "arrived"]
    rows = collection.fetch(list("abcde"), fields).values()
    unit = [np.array(row["dense"]) / np.linalg.norm(row["dense"]) for row in rows]
    collection.upsert(
        [
            {**row, "wide": {0: 1.0}, "dense": dense.astype(np.float32)}
            for row, dense in zip(rows, unit, strict=True)
        ]
    )
    assert empty.search(images[:5], k=5) == before


@needs_lite
def test_others_see_changes_at_once(empty, encoder, images):
    other = Gallery.open(empty.address, encoder)
    empty.append(images[:3], ids=list("abc"))
    assert len(other) == 3
    assert ids(other.search(images[1:2], k=1)) == [["b"]]
    assert other.refresh()
    assert not other.refresh()


@needs_lite
def test_the_index_that_was_asked_for(tmp_path, encoder, images):
    gallery = Gallery.create(f"{tmp_path / 'a.db'}?index=ivf_flat", encoder)
    gallery.append(images, ids=[str(n) for n in range(40)])
    gallery.prepare()
    assert ids(gallery.search(images, k=1)) == [[str(n)] for n in range(40)]
    assert "IVF_FLAT" in gallery.plan(1).why
    specification = json.loads((tmp_path / "a.db" / "collections" / "gallery" / "manifest.json").read_text())
    assert specification["index_specs"]["dense"]["build_params"] == {"nlist": 128}
    assert "IVF_FLAT" in Gallery.open(tmp_path / "a.db", encoder).plan(1).why
    with pytest.raises(GalleryError, match="this one has IVF_FLAT"):
        Gallery.open(f"{tmp_path / 'a.db'}?index=HNSW", encoder)
    with pytest.raises(GalleryError, match=r"no index DISKANN with milvus_lite.*: there are HNSW"):
        Gallery.create(f"{tmp_path / 'b.db'}?index=DISKANN", encoder)


@needs_lite
def test_reencoding_keeps_the_index_or_changes_it(tmp_path, encoder, images):
    Gallery.create(f"{tmp_path / 'a.db'}?index=FLAT", encoder).append(images[:5], ids=list("abcde"))
    assert "FLAT" in Gallery.reencode(tmp_path / "a.db", encoder).plan(1).why
    changed = Gallery.reencode(f"{tmp_path / 'a.db'}?index=HNSW", encoder)
    assert "HNSW" in changed.plan(1).why
    assert ids(changed.search(images[:5], k=1)) == [[name] for name in "abcde"]


@needs_lite
def test_a_stopped_reencoding_is_taken_up(tmp_path, encoder, images):
    gallery = Gallery.create(tmp_path / "a.db", encoder)
    gallery.append(images[:5], ids=list("abcde"))
    gallery._collection.rename("gallery_old")  # as it is for a moment
    with pytest.raises(GalleryError, match="no gallery there"):
        Gallery.open(tmp_path / "a.db", encoder)
    again = Gallery.reencode(tmp_path / "a.db", encoder)
    assert ids(again.search(images[:5], k=1)) == [[name] for name in "abcde"]


@needs_lite
def test_places_that_hold_no_gallery(tmp_path, encoder, encoder_folder):
    with pytest.raises(GalleryError, match="no gallery there"):
        Gallery.open(tmp_path / "missing.db", encoder)
    assert not (tmp_path / "missing.db").exists()
    (tmp_path / "letters.db").write_text("mine")
    for use in (Gallery.open, Gallery.create):
        with pytest.raises(GalleryError, match=r"letters.db: it is no file of Milvus Lite") as caught:
            use(tmp_path / "letters.db", encoder)
        assert "\n" not in str(caught.value)
    assert (tmp_path / "letters.db").read_text() == "mine"


HOLDER = """
    import sys
    from retrieval import Gallery

    gallery = Gallery.open(sys.argv[1], sys.argv[2])
    print(len(gallery), flush=True)
    sys.stdin.read()
"""


@needs_lite
def test_one_process_has_the_file(tmp_path, encoder_folder, images):
    """What one wrote, the next reads; while one has it, another is told in a line."""
    program = textwrap.dedent(
        """
        import sys
        import numpy as np
        from retrieval import Gallery

        gallery = Gallery.create(sys.argv[1], sys.argv[2])
        gallery.append(np.full((1, 28, 28), 77, np.uint8), ids=["new"], labels=[3])
        """
    )
    place = [str(tmp_path / "g.db"), str(encoder_folder)]
    command = [sys.executable, "-c", program, *place]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    holder = [sys.executable, "-c", textwrap.dedent(HOLDER), *place]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout.readline() == b"1\n"
        with pytest.raises(GalleryError, match="another process has it open"):
            Gallery.open(*place)
