"""Nothing that is done to a gallery's files ends in a traceback, a wrong answer or a new checksum."""

from __future__ import annotations

import contextlib
import json
from itertools import product

import numpy as np
import pytest
from stand_in_encoder import write_encoder

from retrieval import Encoder, Gallery, RetrievalError, files
from retrieval.errors import GalleryError

NEW = np.full((1, 28, 28), 77, np.uint8)

ARRAYS = [
    "dense",
    "glyphs",
    "hashes",
    "id_lengths",
    "id_text",
    "labels",
    "source_lengths",
    "source_of",
    "source_text",
    "wide_counts",
    "wide_dimensions",
    "wide_weights",
]


def the_file(gallery, name):
    if name == "manifest":
        return gallery.path / "manifest.json"
    if name == "removed":
        gallery.remove(["39"])
        return next(gallery.path.glob("removed-*/rows.npy"))
    return next(gallery.path.glob(f"segment-*/{name}.npy"))


def flip(file):
    """Change the last byte."""
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def use(path, encoder, images):
    gallery = Gallery.open(path, encoder)
    for mode in ("precision", "recall"):
        gallery.search(images[:2], k=50, mode=mode, source="form-*")
    gallery.glyphs(["1"])
    gallery.duplicates()


def test_every_file_of_a_gallery_is_damaged_below(gallery):
    names = {file.stem for file in gallery.path.glob("segment-*/*")}
    assert names == set(ARRAYS)


@pytest.mark.parametrize("name", ["manifest", "removed", *ARRAYS])
@pytest.mark.parametrize("harm", ["cut", "emptied", "deleted", "header", "noise"])
def test_a_damaged_file_is_one_line(gallery, encoder, images, name, harm):
    file = the_file(gallery, name)
    content = file.read_bytes()
    rng = np.random.default_rng(len(name))
    if harm == "deleted":
        file.unlink()
    else:
        noise = rng.integers(0, 255, len(content), dtype=np.uint8).tobytes()
        changed = {
            "cut": content[: len(content) // 2],
            "emptied": b"",
            "header": noise[:60] + content[60:],
            "noise": noise,
        }
        file.write_bytes(changed[harm])
    with pytest.raises(GalleryError) as caught:
        use(gallery.path, encoder, images)
    assert str(gallery.path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["removed", *ARRAYS])
def test_changed_numbers_are_found_by_verify_and_never_crash(gallery, encoder, images, name):
    file = the_file(gallery, name)
    gallery.verify()
    content = bytearray(file.read_bytes())
    content[128:] = bytes(255 - byte for byte in content[128:])
    file.write_bytes(content)
    with pytest.raises(GalleryError, match="checksum differs"):
        type(gallery)(gallery.path, encoder, gallery._snapshot).verify()
    with contextlib.suppress(RetrievalError):  # whatever else it may raise is a traceback
        use(gallery.path, encoder, images)


@pytest.mark.parametrize(
    "name", ["labels", "id_lengths", "id_text", "source_of", "source_lengths", "source_text", "removed"]
)
def test_what_is_told_of_an_image_is_never_wrong(gallery, encoder, name):
    file = the_file(gallery, name)
    flip(file)
    with pytest.raises(GalleryError) as caught:
        Gallery.open(gallery.path, encoder)
    assert str(caught.value) == (
        f"{file}: damaged, its checksum differs; delete the gallery's folder and build the gallery again"
    )


def test_a_command_that_is_named_can_be_pasted(gallery, encoder, tmp_path):
    flip(the_file(gallery, "dense"))
    folder = gallery.path.rename(tmp_path / "my scans")
    with pytest.raises(GalleryError, match=f"similar --reencode --gallery '{folder}'"):
        Gallery.open(folder, encoder).verify()
    with pytest.raises(GalleryError, match=f"similar --reencode --gallery '{folder}'"):
        Gallery.open(folder, Encoder.open(write_encoder(tmp_path / "other", seed=1)))


def test_large_files_are_left_to_verify(gallery, encoder, monkeypatch):
    monkeypatch.setattr(files, "_QUICKLY_CHECKED", 200)
    flip(the_file(gallery, "labels"))
    opened = Gallery.open(gallery.path, encoder)
    with pytest.raises(GalleryError, match=r"labels\.npy: damaged"):
        opened.verify()


@pytest.mark.parametrize(
    ("change", "name"),
    [
        *product(["append", "remove", "compact"], ["glyphs", "hashes", "dense", "wide_weights"]),
        *product(["reencode"], ["glyphs", "hashes"]),  # it makes the codes anew
    ],
)
def test_what_is_damaged_gets_no_new_checksum(gallery, encoder, name, change):
    flip(the_file(gallery, name))
    opened = Gallery.open(gallery.path, encoder)
    changes = {
        "append": lambda: opened.append(np.full((30, 28, 28), 7, np.uint8), [f"new {n}" for n in range(30)]),
        "remove": lambda: opened.remove([str(n) for n in range(30)]),
        "compact": opened.compact,
        "reencode": lambda: Gallery.reencode(gallery.path, encoder),
    }
    with pytest.raises(GalleryError, match=f"{name}.npy: damaged"):
        changes[change]()
    with pytest.raises(GalleryError, match=f"{name}.npy: damaged"):
        opened.verify()


def test_verify_is_of_what_is_there_now_whoever_writes(gallery, encoder):
    reader = Gallery.open(gallery.path, encoder)
    gallery.append(NEW, ids=["new"])
    gallery.compact()
    reader.verify()
    the_file(gallery, "glyphs").unlink()
    with pytest.raises(GalleryError, match=r"glyphs\.npy: missing"):
        reader.verify()


@pytest.mark.parametrize(
    "change",
    [
        {"format": "something"},
        {"format_version": 2},
        {"encoder": None},
        {"encoder": {"name": "x", "sha256": "y", "dense": 0, "wide": 1}},
        {"segments": {}},
        {"segments": [{"name": "../outside", "count": 1, "files": {}}]},
        {"segments": [{"name": "segment-000001", "count": 40, "files": {}}]},
        {"segments": [{"name": "segment-000001", "count": -1, "files": {}}]},
        {"removed": {"name": "removed-000009", "count": 1, "files": {}}},
        {"next": "many"},
        {"frozen": None, "segments": None},
    ],
)
def test_a_manifest_that_makes_no_sense(gallery, encoder, change):
    file = gallery.path / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(GalleryError) as caught:
        Gallery.open(gallery.path, encoder)
    assert str(gallery.path) in str(caught.value)


def rewritten(gallery, change):
    file = gallery.path / "manifest.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | change(content)))


@pytest.mark.parametrize(
    "change",
    [
        lambda content: {"segments": content["segments"] * 2},
        lambda content: {"segments": [content["segments"][0] | {"count": True}]},
        lambda content: {
            "segments": [content["segments"][0] | {"files": {"../x": {"bytes": 1, "sha256": ""}}}]
        },
        lambda content: {
            "segments": [content["segments"][0] | {"files": {"x": {"bytes": "1", "sha256": ""}}}]
        },
    ],
)
def test_what_no_manifest_says_is_damage_before_a_file_is_looked_at(gallery, encoder, change):
    rewritten(gallery, change)
    with pytest.raises(GalleryError, match="its values are not valid"):
        Gallery.open(gallery.path, encoder)


@pytest.mark.parametrize("key", ["dense", "wide"])
def test_codes_of_another_length_than_the_encoder_s_are_damage(gallery, encoder, key):
    rewritten(gallery, lambda content: {"encoder": content["encoder"] | {key: content["encoder"][key] + 1}})
    with pytest.raises(GalleryError, match="another length than the encoder's"):
        Gallery.open(gallery.path, encoder)


@pytest.mark.parametrize("row", [-1, 40])
def test_a_removed_image_that_is_not_there_is_damage(gallery, encoder, row):
    file = the_file(gallery, "removed")
    np.save(file, np.array([row]))
    described = {file.name: files.describe(file)}
    rewritten(gallery, lambda content: {"removed": content["removed"] | {"files": described}})
    with pytest.raises(GalleryError, match="it names images that are not there"):
        Gallery.open(gallery.path, encoder)


@pytest.mark.parametrize(
    "content", ["", "[1]", "{", "[" * 100_000, '{"format": "retrieval-gallery"}', "\xff"]
)
def test_a_manifest_that_is_none(gallery, encoder, content):
    (gallery.path / "manifest.json").write_text(content, encoding="latin-1")
    with pytest.raises(GalleryError, match="manifest"):
        Gallery.open(gallery.path, encoder)
