"""Searching with `similar`, in this process and in one of its own."""

import csv
import io
import os
import shutil
import sys

import numpy as np
import pytest
from commands import objects
from pages import DIGITS, LABELS
from PIL import Image
from shipped_stand_in import NAMES, SOURCE, shipped
from similar_command import code_of, found_by, ids_of, run
from stand_in_encoder import write_encoder

from recognizer import __version__, to_glyph
from recognizer.cli.tiles import TILE
from retrieval import Gallery

SLOW_IMPORTS = ("rich", "sklearn", "torch", "pynndescent", "scipy", "numba", "matplotlib", "sqlalchemy")
KEYS = ["path", "mode", "engine", "neighbors", "error"]


def test_json_gives_an_object_a_line_in_input_order(here, capsys):
    paths = ["3.png", "0.png", "3.png"]
    assert code_of("--json", *paths) == 0
    out, err = capsys.readouterr()
    found = objects(out)
    assert [entry["path"] for entry in found] == paths
    assert all(list(entry) == KEYS for entry in found)
    assert found[0] == found[2]
    assert [(entry["mode"], entry["engine"], entry["error"]) for entry in found] == [
        ("precision", "exact", None)
    ] * 3
    assert [len(set(ids_of(entry))) for entry in found] == [10] * 3
    assert err == ""


def test_json_says_what_the_library_says(here, capsys):
    for mode in ("precision", "recall", "duplicates"):
        found = found_by(capsys, "-k", 4, "--mode", mode, "0.png", "1.png")
        asked = np.stack([to_glyph("0.png"), to_glyph("1.png")])
        answer = Gallery.open().search(asked, 4, mode)
        assert [entry["neighbors"] for entry in found] == [[hit.to_dict() for hit in hits] for hits in answer]
        assert {(entry["mode"], entry["engine"]) for entry in found} == {(answer.mode, answer.engine)}


def test_a_known_image_is_found_first_with_what_is_known_of_it(here, capsys, tmp_path):
    Image.fromarray(DIGITS[7]).save(tmp_path / "known.png")
    (entry,) = found_by(capsys, tmp_path / "known.png")
    nearest = entry["neighbors"][0]
    assert (nearest["id"], nearest["label"], nearest["source"]) == (NAMES[7], LABELS[7], SOURCE)
    assert (nearest["distance"], nearest["similarity"]) == (0, 1)
    (only,) = found_by(capsys, "--mode", "duplicates", tmp_path / "known.png")
    assert ids_of(only) == [NAMES[7]]


def test_empty_folders_lists_and_odd_names_are_told_as_by_recognize(here, capsys, monkeypatch, tmp_path):
    shutil.copy(here / "3.png", tmp_path / "-3.png")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nothing").mkdir()
    assert code_of("nothing", "./-3.png") == 1
    assert "nothing: no image in the folder" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert code_of("-") == 0
    assert capsys.readouterr() == ("", "similar: no paths on standard input\n")
    assert code_of("-3.png") == 2
    assert "for the file -3.png write ./-3.png" in capsys.readouterr().err


def test_one_bad_file_does_not_stop_the_others(here, capsys):
    assert code_of("--json", "1.png", "bad.png", "missing.png", "2.png") == 1
    out, err = capsys.readouterr()
    found = objects(out)
    assert [len(entry["neighbors"]) for entry in found] == [10, 0, 0, 10]
    assert [entry["engine"] for entry in found] == ["exact", None, None, "exact"]
    assert "missing.png" in found[2]["error"]
    assert err == ""


def test_a_blank_page_resembles_nothing(here, capsys):
    assert code_of("--json", "blank.png") == 0
    (entry,) = objects(capsys.readouterr().out)
    assert (entry["neighbors"], entry["error"]) == ([], None)
    assert code_of("blank.png") == 0
    assert capsys.readouterr() == ("", "similar: blank.png: nothing is drawn on it\n")


def test_a_batch_of_any_size_gives_the_same(here, capsys, monkeypatch):
    paths = ["0.png", "blank.png", "1.png", "2.png"]
    together = found_by(capsys, *paths)
    monkeypatch.setattr("recognizer.cli.similar.search.AT_ONCE", 1)
    assert found_by(capsys, *paths) == together


def test_filters_count_before_ranking(here, capsys):
    (entry,) = found_by(capsys, "--label", 3, "0.png")
    assert [hit["label"] for hit in entry["neighbors"]] == [3] * int((LABELS == 3).sum())
    (entry,) = found_by(capsys, "--label", 0, "3.png")
    assert {hit["label"] for hit in entry["neighbors"]} == {0}
    (entry,) = found_by(capsys, "--source", "mnist/*", "0.png")
    assert len(entry["neighbors"]) == 10
    (entry,) = found_by(capsys, "--source", "form-*", "0.png")
    assert entry["neighbors"] == []


def test_filters_that_nothing_passes_are_told(here, capsys, tmp_path):
    filters = {
        ("--source", "nosuch"): f"no source in the gallery matches nosuch; some sources: {SOURCE}",
        ("--source", "no\nsuch"): f"no source in the gallery matches no\\x0asuch; some sources: {SOURCE}",
        ("--label", "7"): "no image of the gallery has the label 7",
        ("--label", "7", "--source", SOURCE): "no image of the gallery has the label 7",
    }
    without = Gallery.create(tmp_path / "g")
    without.append(DIGITS[LABELS != 7], labels=LABELS[LABELS != 7].tolist(), sources=SOURCE)
    for argv, line in filters.items():
        assert code_of("0.png", *argv, "--gallery", tmp_path / "g") == 0
        assert capsys.readouterr() == ("", f"similar: {line}\n")
    without.append(DIGITS[:5], sources=[f"scans/{n}.png" for n in range(5)])
    assert code_of("0.png", "--label", 7, "--source", "scans/*", "--gallery", tmp_path / "g") == 0
    assert code_of("0.png", "--label", 3, "--source", "scans/*", "--gallery", tmp_path / "g") == 0
    assert code_of("0.png", "--source", "nosuch", "--gallery", tmp_path / "g") == 0
    assert capsys.readouterr().err.splitlines() == [
        "similar: no image of the gallery has the label 7",
        "similar: no image of the gallery has the label 3 and a source that matches scans/*",
        f"similar: no source in the gallery matches nosuch; some sources: {SOURCE}, scans/0.png, scans/1.png, …",
    ]


@pytest.mark.parametrize("label", ["10", "44", "44444"])
def test_a_label_that_is_no_digit_is_refused_where_no_image_has_it(label, here, capsys, tmp_path):
    assert code_of("0.png", "--label", label) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"--label {label}: no image" in err
    other = Gallery.create(tmp_path / "g")
    other.append(DIGITS[:1], labels=[10])
    assert code_of("0.png", "--label", label, "--gallery", tmp_path / "g") == (0 if label == "10" else 2)


def test_plain_lines_have_seven_cells(here, capsys):
    assert code_of("-k", 2, "0.png", "bad.png") == 1
    out, err = capsys.readouterr()
    rows = list(csv.reader(io.StringIO(out), delimiter="\t"))
    assert [row[:2] for row in rows] == [["0.png", "1"], ["0.png", "2"]]
    hit = Gallery.open().search(to_glyph("0.png")[None], 1)[0][0]
    assert rows[0][2:] == [str(hit.label), f"{hit.similarity:.6f}", f"{hit.distance:.6f}", SOURCE, hit.id]
    assert err.startswith("similar: bad.png: ")
    assert err.count("\n") == 1


def test_folders_and_patterns_are_taken_as_recognize_takes_them(here, capsys):
    assert code_of("--json", ".") == 1
    assert len(objects(capsys.readouterr().out)) == 8
    assert [entry["path"] for entry in found_by(capsys, "[01].png")] == ["0.png", "1.png"]


def test_a_sheet_shows_each_query_before_its_neighbours(here, capsys, tmp_path):
    out = tmp_path / "sheet.png"
    assert code_of("--json", "-k", 3, "0.png", "1.png", "--sheet", out) == 0
    assert str(out) in capsys.readouterr().err
    with Image.open(out) as page:
        assert page.size == (4 * TILE[0], 2 * TILE[1])
        columns = np.asarray(page.convert("L"))[6:62].reshape(56, 4, TILE[0])
    assert ((columns[:, :, 6:62] < 5).mean((0, 2))[1:] > 0.4).all()


def test_a_sheet_of_what_can_be_read_and_what_not(here, tmp_path, capsys):
    out = tmp_path / "sheet.png"
    assert code_of("bad.png", "blank.png", "0.png", "-k", 1, "--sheet", out) == 1
    with Image.open(out) as page:
        assert page.size == (2 * TILE[0], 3 * TILE[1])


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "nothing to do"),
        (["0.png", "--build", "."], "a PATH can't be combined with --build"),
        (["--duplicates", "-k", "3"], "-k can't be combined with --duplicates"),
        (["--duplicates", "--label", "0"], "--label can't be combined with --duplicates"),
        (["--build", ".", "--json"], "--json can't be combined with --build"),
        (["--verify", "0.png"], "a PATH can't be combined with --verify"),
        (["--verify", "--json"], "--json can't be combined with --verify"),
        (["--remove", "7"], "name it with --gallery"),
        (["--reencode"], "name it with --gallery"),
        (["--prepare"], "name it with --gallery"),
        (["0.png", "--data", "."], "--data can't be combined with a PATH"),
        (["--build", ".", "--data", "."], "--data needs --build mnist"),
        (["0.png", "--prepare"], "--prepare can't be combined with a PATH"),
        (["--build", "0.png"], "is not a folder"),
        (["0.png", "--mode", "recall", "--engine", "exact"], "in recall mode"),
        (["0.png", "--mode", "precision", "--engine", "inverted"], "in precision mode"),
        (["0.png", "--sheet", "sheet.jpg"], "should end in .png"),
        (["0.png", "--sheet", "1.png"], "isn't a contact sheet"),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_line(argv, words, here, capsys):
    assert code_of(*argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("argv", [["-k", "0"], ["--label", "x"], ["--mode", "fast"], ["--engine", "faiss"]])
def test_wrong_values_are_refused(argv, here, capsys):
    assert code_of("0.png", *argv) == 2
    assert argv[0] in capsys.readouterr().err


def test_without_a_gallery_the_remedy_is_named(here, capsys):
    assert code_of("0.png", "--gallery", "nowhere") == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "similar --build" in err
    assert err.count("\n") == 1


def test_without_a_starter_gallery_it_is_said(here, capsys, tmp_path):
    with shipped(write_encoder(tmp_path / "bare")):
        assert code_of("0.png") == 3
    assert "starter: no gallery there" in capsys.readouterr().err


def test_the_version_and_help(capsys):
    assert code_of("--version") == 0
    assert capsys.readouterr().out == f"similar {__version__}\n"
    assert code_of("--help") == 0
    out = capsys.readouterr().out
    assert "Exit codes" in out
    options = ["mode", "engine", "label", "source", "gallery", "json", "sheet", "build", "duplicates"]
    for option in (*options, "remove", "reencode", "prepare", "verify"):
        assert f"--{option}" in out


# In a process of its own


def test_a_process_answers_like_the_function(here, models, capsys):
    done = run(models, "--json", "0.png", "bad.png", cwd=here)
    code = code_of("--json", "0.png", "bad.png")
    assert (done.returncode, done.stderr) == (code, b"")
    assert done.stdout.decode() == capsys.readouterr().out


def test_a_cold_start_imports_nothing_slow(here, models):
    done = run(models, "--json", "0.png", cwd=here, PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    imported = {line.split(b"|")[-1].strip().decode().split(".")[0] for line in done.stderr.splitlines()}
    assert imported.isdisjoint(SLOW_IMPORTS)


def test_a_list_on_standard_input_is_answered_in_order(here, models):
    done = run(models, "--json", "-", cwd=here, stdin=b"3.png\nmissing.png\n0.png\n")
    assert done.returncode == 1
    assert [entry["path"] for entry in objects(done.stdout)] == ["3.png", "missing.png", "0.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that takes any bytes as a name")
def test_names_that_are_not_utf8_are_kept(here, models, tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    name = os.path.join(os.fsencode(folder), b"caf\xe9.png")  # noqa: PTH118
    shutil.copy(here / "0.png", name)
    assert run(models, "--build", folder, "--gallery", tmp_path / "g", cwd=here).returncode == 0
    done = run(models, "--gallery", tmp_path / "g", "0.png", cwd=here, PYTHONIOENCODING="utf-8")
    assert (done.returncode, done.stderr) == (0, b"")
    assert name in done.stdout
