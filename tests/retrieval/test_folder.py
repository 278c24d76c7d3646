"""What holds for a gallery in a folder alone: its files, and what readers keep."""

from __future__ import annotations

import numpy as np
import pytest
from hits import ids
from stand_in_encoder import write_encoder

from retrieval import Encoder, Gallery, writing
from retrieval.errors import EncoderError, GalleryError

NEW = np.full((1, 28, 28), 77, np.uint8)


def test_much_removed_is_cleaned_up(gallery, images):
    before = sum(file.stat().st_size for file in gallery.path.rglob("*.npy"))
    gallery.remove([str(n) for n in range(30)])
    assert len(gallery) == 10
    assert sum(file.stat().st_size for file in gallery.path.rglob("*.npy")) < before / 2
    assert ids(gallery.search(images[35:36], k=1)) == [["35"]]
    after = sum(file.stat().st_size for file in gallery.path.rglob("*.npy"))
    for label in range(4):
        gallery.append(images[30:], ids=[str(n) for n in range(30, 40)], labels=[label] * 10, sources="x")
    assert sum(file.stat().st_size for file in gallery.path.rglob("*.npy")) < 1.2 * after
    gallery.remove([str(n) for n in range(40)])
    assert len(gallery) == 0
    assert gallery.append(images[:2]).added == 2


def test_readers_keep_what_they_opened_until_they_refresh(gallery, images, encoder):
    readers = [Gallery.open(gallery.path, encoder) for _ in range(2)]
    gallery.append(NEW, ids=["new"])
    gallery.remove(["5"])
    gallery.compact()
    for reader in readers:
        assert ids(reader.search(images[5:6], k=1)) == [["5"]]
        assert len(reader.search(NEW, k=99, mode="recall")[0]) == 40
        assert np.array_equal(reader.glyphs(["5"]), images[5:6])
        assert reader.refresh()
        assert not reader.refresh()
        assert ids(reader.search(NEW, k=1)) == [["new"]]
        assert "5" not in ids(reader.search(images[5:6], k=99))[0]


def test_a_gallery_does_not_fall_into_many_pieces(tmp_path, encoder, images):
    gallery = Gallery.create(tmp_path / "gallery", encoder)
    for n in range(40):
        gallery.append(images[n : n + 1], ids=[f"ü{n}"], sources=f"source {n % 3}")
    assert len(list(gallery.path.glob("segment-*"))) <= 6
    assert not list(gallery.path.rglob("*.partial"))
    assert ids(gallery.search(images, k=1)) == [[f"ü{n}"] for n in range(40)]
    assert [hits[0].source for hits in gallery.search(images, k=1)] == [f"source {n % 3}" for n in range(40)]


def test_folders_that_are_no_gallery(tmp_path, encoder, encoder_folder):
    with pytest.raises(GalleryError, match="no gallery there"):
        Gallery.open(tmp_path / "missing", encoder)
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(GalleryError, match="not empty"):
        Gallery.create(tmp_path, encoder)
    with pytest.raises(GalleryError):
        Gallery.create(tmp_path / "letters.txt", encoder)
    assert (tmp_path / "letters.txt").read_text() == "mine"
    with pytest.raises(EncoderError):
        Gallery.create(tmp_path / "new", tmp_path)
    assert len(Gallery.create(tmp_path / "new", encoder_folder)) == 0


def test_changing_what_is_no_gallery_leaves_nothing_behind(tmp_path, encoder):
    with pytest.raises(GalleryError, match="no gallery there"):
        Gallery.reencode(tmp_path, encoder)
    assert not list(tmp_path.iterdir())


def test_a_refresh_with_nothing_new_reads_no_more_than_the_manifest(gallery):
    next(gallery.path.glob("segment-*/labels.npy")).unlink()
    assert not gallery.refresh()


def test_a_reader_goes_on_after_another_encoder_took_over(gallery, images, tmp_path):
    other = Encoder.open(write_encoder(tmp_path / "other", seed=1))
    Gallery.reencode(gallery.path, other)
    with pytest.raises(GalleryError, match="another encoder"):
        gallery.refresh()
    assert ids(gallery.search(images[6:7], k=1)) == [["6"]]


def test_an_image_that_comes_again_after_a_commit_is_there_already(tmp_path, encoder, images, monkeypatch):
    monkeypatch.setattr(writing, "COMMIT_EVERY", 3)
    gallery = Gallery.create(tmp_path / "new", encoder)
    done = gallery.append(np.concatenate([images[:5], images[:5]]), sources="scan")
    assert (done.added, done.skipped, done.replaced) == (5, 5, 0)
    assert len(set(gallery.ids())) == len(gallery) == 5
