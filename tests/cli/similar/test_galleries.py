"""Making and keeping galleries with `similar`."""

import gzip
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from commands import objects
from pages import DIGITS, LABELS, page_of
from PIL import Image
from shipped_stand_in import SOURCE, glyphs, shipped
from similar_command import code_of, found_by, ids_of
from stand_in import idx
from stand_in_encoder import write_encoder

from recognizer import data, to_glyph
from recognizer.cli.similar import build
from recognizer.cli.tiles import TILE
from recognizer.galleries import galleries_folder
from retrieval import Gallery


@pytest.fixture
def archive(tmp_path):
    """A folder of one's own: digits in folders of their names, one in another, a blank page, a damaged file."""
    folder = tmp_path / "archive"
    for number in range(8):
        home = folder / (str(LABELS[number]) if number else "form-A")
        home.mkdir(parents=True, exist_ok=True)
        Image.fromarray(page_of(DIGITS[number])).save(home / f"{number}.png")
    Image.new("L", (64, 64), 255).save(folder / "blank.png")
    (folder / "bad.png").write_text("not an image")
    return folder


@pytest.fixture
def own(archive, tmp_path, capsys):
    """A gallery of it."""
    folder = tmp_path / "own"
    assert code_of("--build", archive, "--gallery", folder) == 1
    capsys.readouterr()
    return folder


def test_a_gallery_is_named_by_its_folder_or_kept_name(here, own, capsys):
    (entry,) = found_by(capsys, "--gallery", own, "1.png")
    assert ids_of(entry)[0].endswith("/1.png")
    shutil.copytree(own, galleries_folder() / "scans")
    assert found_by(capsys, "--gallery", "scans", "1.png") == [entry]
    (starter,) = found_by(capsys, "1.png")
    assert starter["neighbors"][0]["source"] == SOURCE


def test_a_name_with_a_slash_is_a_path(archive, here, capsys, monkeypatch):
    (archive / "bad.png").unlink()
    assert code_of("--build", archive / "form-A", "--gallery", galleries_folder() / "scans") == 0
    assert code_of("1.png", "--gallery", "./scans") == 3
    assert "error: ./scans: no gallery there; galleries that have a name: scans; " in capsys.readouterr().err
    monkeypatch.chdir(archive)
    for named in ("./scans", "scans/", "../archive/scans"):
        assert code_of("--build", str(LABELS[1]), "--gallery", named) == 0
    assert len(Gallery.open(galleries_folder() / "scans")) == 1
    assert len(Gallery.open("scans")) == len(list((archive / str(LABELS[1])).iterdir()))


# Building


def test_a_folder_becomes_a_gallery(archive, here, capsys):
    assert code_of("--build", archive) == 1
    out, err = capsys.readouterr()
    assert "8 added" in out
    assert f"{archive / 'bad.png'}: " in err
    assert "blank.png: nothing is drawn on it, left out" in err
    gallery = Gallery.open(galleries_folder() / "archive")
    assert len(gallery) == 8
    hits = gallery.search(np.stack([to_glyph(page_of(digit)) for digit in DIGITS[:8]]), 1)
    for number, (hit,) in enumerate(hits):
        assert hit.source == hit.id == (archive / hit.source).as_posix()
        assert Path(hit.source).name == f"{number}.png"
        assert hit.label == (LABELS[number] if number else None)


def test_building_again_adds_only_what_is_new(archive, own, capsys):
    assert code_of("--build", archive, "--gallery", own) == 1
    assert "0 added, 8 there already, 0 replaced" in capsys.readouterr().out
    Image.fromarray(page_of(DIGITS[20])).save(archive / "new.png")
    Image.fromarray(page_of(DIGITS[21])).save(archive / "form-A" / "0.png")
    assert code_of("--build", archive, "--gallery", own) == 1
    assert "1 added, 7 there already, 1 replaced" in capsys.readouterr().out
    assert len(Gallery.open(own)) == 9


def test_a_folder_is_the_same_however_it_is_spelled(archive, own, capsys, monkeypatch):
    (archive / "bad.png").unlink()
    monkeypatch.chdir(archive / "form-A")
    for spelled in ("..", "../../archive", f"{archive}/form-A/.."):
        assert code_of("--build", spelled, "--gallery", own) == 0
        assert "0 added, 8 there already, 0 replaced" in capsys.readouterr().out


def test_a_link_keeps_its_name_and_dots_after_it_lead_where_they_lead(archive, tmp_path, capsys):
    (archive / "bad.png").unlink()
    (tmp_path / "link").symlink_to(archive / "form-A", target_is_directory=True)
    for spelled, images in (("link", 1), ("link/..", 8)):
        folder = tmp_path / f"of-{images}"
        assert code_of("--build", tmp_path / spelled, "--gallery", folder) == 0
        assert f"{images} added" in capsys.readouterr().out
    assert Gallery.open(tmp_path / "of-1").ids() == [(tmp_path / "link" / "0.png").as_posix()]
    assert (archive / "form-A" / "0.png").as_posix() in Gallery.open(tmp_path / "of-8")


def test_ids_that_earlier_builds_spelled_otherwise_are_replaced(archive, own, capsys):
    gallery = Gallery.open(own)
    spelled = {name: name.replace("/archive/", "/checkout/../archive/") for name in gallery.ids()}
    shown = gallery.glyphs(list(spelled))
    gallery.remove(list(spelled))
    gallery.append(shown, list(spelled.values()), sources=list(spelled.values()))
    next(archive.rglob("6.png")).write_bytes(b"")
    assert code_of("--build", archive, "--gallery", own) == 1
    out, err = capsys.readouterr()
    assert "7 added" in out
    assert "7 images removed whose id was an older spelling of the same path" in err
    lost = [name for name in spelled if name.endswith("/6.png")]
    assert set(Gallery.open(own).ids()) == {*spelled} - {*lost} | {spelled[name] for name in lost}


def test_files_that_are_gone_are_told_with_the_command_that_takes_them_out(archive, own, capsys):
    for number in range(5):
        next(archive.rglob(f"{number}.png")).unlink()
    assert code_of("--build", archive, "--gallery", own) == 1
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "have no file" in line)
    assert line.startswith(f"similar: 5 images of the gallery have no file below {archive} any more; ")
    assert line.endswith(" …")
    remedy = line.partition("with: similar ")[2].split()[:-1]
    assert code_of(*remedy) == 0
    assert "3 removed; 5 in all" in capsys.readouterr().out
    assert code_of("--build", archive, "--gallery", own) == 1
    assert "2 images of the gallery have no file" in capsys.readouterr().err


def test_a_stopped_build_goes_on_where_it_was(archive, tmp_path, capsys, monkeypatch):
    (archive / "bad.png").unlink()
    looked_at = []

    def read(image, max_pixels):
        looked_at.append(image)
        if len(looked_at) == 6:
            raise KeyboardInterrupt
        return glyph_or_error(image, max_pixels)

    glyph_or_error = build.glyph_or_error
    monkeypatch.setattr(build, "AT_ONCE", 2)
    monkeypatch.setattr(build, "glyph_or_error", read)
    assert code_of("--build", archive, "--gallery", tmp_path / "g") == 130
    assert len(Gallery.open(tmp_path / "g")) == 4
    capsys.readouterr()
    assert code_of("--build", archive, "--gallery", tmp_path / "g") == 0
    assert "4 added, 4 there already" in capsys.readouterr().out


def test_mnist_becomes_a_gallery_with_positions_as_ids(tmp_path, capsys):
    (tmp_path / "mnist").mkdir()
    for name in data.MNIST:
        contents = idx(DIGITS if "images" in name else LABELS.astype(np.uint8))
        data.packed(tmp_path, name).write_bytes(gzip.compress(contents))
    assert code_of("--build", "mnist", "--data", tmp_path, "--gallery", tmp_path / "g", "--prepare") == 0
    assert f"{len(DIGITS)} in all" in capsys.readouterr().out
    gallery = Gallery.open(tmp_path / "g")
    hits = [hits[0] for hits in gallery.search(glyphs(), 1)]
    assert [hit.id for hit in hits] == [str(place) for place in range(len(DIGITS))]
    assert [hit.label for hit in hits] == LABELS.tolist()
    assert {hit.source for hit in hits} == {SOURCE}


def test_mnist_that_is_missing_is_an_error_with_a_remedy(tmp_path, capsys):
    assert code_of("--build", "mnist", "--data", tmp_path, "--gallery", tmp_path / "g") == 3
    assert "recognizer data fetch" in capsys.readouterr().err
    assert not (tmp_path / "g").exists()


def test_a_folder_of_something_else_is_left_alone(archive, tmp_path, capsys):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "mine.txt").write_text("precious")
    assert code_of("--build", archive, "--gallery", tmp_path / "photos") == 3
    assert "not empty" in capsys.readouterr().err
    assert [file.name for file in (tmp_path / "photos").iterdir()] == ["mine.txt"]


def test_sources_are_found_from_any_slash_on(own, here, capsys):
    for pattern in ("form-A*", "form-A/0.png", "0.png", "*/form-A/*"):
        (entry,) = found_by(capsys, "--gallery", own, "--source", pattern, "1.png")
        assert [Path(name).name for name in ids_of(entry)] == ["0.png"]
    (entry,) = found_by(capsys, "--gallery", own, "--source", "orm-A*", "1.png")
    assert entry["neighbors"] == []


# Keeping


def test_duplicates_are_listed_in_groups(archive, own, here, capsys, tmp_path):
    shutil.copy(archive / "form-A" / "0.png", archive / "copy.png")
    nudged = page_of(DIGITS[3])
    nudged[60:62, 60:62] -= 6
    Image.fromarray(nudged).save(archive / "nudged.png")
    code_of("--build", archive, "--gallery", own)
    capsys.readouterr()
    assert code_of("--duplicates", "--gallery", own, "--json", "--sheet", tmp_path / "sheet.png") == 0
    groups = {
        group["exact"]: {Path(hit["id"]).name for hit in group["images"]}
        for group in objects(capsys.readouterr().out)
    }
    assert groups == {True: {"copy.png", "0.png"}, False: {"3.png", "nudged.png"}}
    with Image.open(tmp_path / "sheet.png") as page:
        assert page.size == (2 * TILE[0], 2 * TILE[1])
    assert code_of("--duplicates", "--gallery", own) == 0
    out, err = capsys.readouterr()
    assert sorted(line.split("\t")[1] for line in out.splitlines()) == ["exact", "exact", "near", "near"]
    assert "10 images" in err


def test_images_are_removed_by_their_ids(own, here, capsys):
    (entry,) = found_by(capsys, "--gallery", own, "-k", 1, "1.png")
    (name,) = ids_of(entry)
    assert code_of("--remove", name, "unknown", "--gallery", own) == 1
    out, err = capsys.readouterr()
    assert "1 removed; 7 in all" in out
    assert "no image has the id unknown" in err
    (entry,) = found_by(capsys, "--gallery", own, "1.png")
    assert name not in ids_of(entry)


def test_a_gallery_of_another_encoder_is_refused_with_the_remedy(own, here, capsys, tmp_path):
    with shipped(write_encoder(tmp_path / "other", seed=1)):
        assert code_of("0.png", "--gallery", own) == 3
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        remedy = re.search(r"similar (--reencode --gallery \S+)", err)[1]
        assert code_of(*remedy.split()) == 0
        capsys.readouterr()
        assert len(found_by(capsys, "0.png", "--gallery", own)[0]["neighbors"]) == 8


def test_a_whole_gallery_is_told(own, here, capsys):
    assert code_of("--verify", "--gallery", own) == 0
    assert capsys.readouterr() == (f"{own}: intact, 8 images\n", "")
    assert code_of("--verify") == 0
    assert capsys.readouterr().out.endswith("starter: intact, 40 images\n")


@pytest.mark.parametrize("name", ["glyphs", "hashes", "labels"])
def test_a_damaged_file_is_told_with_the_remedy(archive, own, here, capsys, name):
    file = damaged(own, name)
    assert code_of("--verify", "--gallery", own) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"error: {file}: damaged, its checksum differs; "
        "delete the gallery's folder and build the gallery again\n"
    )
    shutil.rmtree(own)
    assert code_of("--build", archive, "--gallery", own) == 1
    assert code_of("--verify", "--gallery", own) == 0


@pytest.mark.parametrize("name", ["dense", "wide_counts", "wide_weights"])
def test_damaged_codes_can_be_made_anew(own, here, capsys, name):
    before = found_by(capsys, "--gallery", own, "0.png", "1.png")
    file = damaged(own, name)
    assert code_of("--verify", "--gallery", own) == 3
    err = capsys.readouterr().err
    assert err.startswith(f"error: {file}: damaged, its checksum differs; ")
    assert err.count("\n") == 1
    remedy = re.search(r"similar (--reencode --gallery \S+)", err)[1]
    assert code_of(*remedy.split()) == 0
    assert code_of("--verify", "--gallery", own) == 0
    capsys.readouterr()
    assert found_by(capsys, "--gallery", own, "0.png", "1.png") == before


def damaged(gallery, name):
    """A file of it, whose last byte is another one now."""
    (file,) = gallery.glob(f"segment-*/{name}.npy")
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    return file
