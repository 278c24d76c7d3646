"""Neighbours, which explain an answer and change nothing else."""

import csv
import io

from commands import objects
from PIL import Image
from recognize_command import code_of

from recognizer.cli.tiles import TILE


def test_an_explanation_names_neighbours_and_changes_nothing_else(here, models, capsys):
    code_of("--json", "7.png", "blank.png")
    plain, blank = objects(capsys.readouterr().out)
    assert code_of("--json", "--explain", 2, "7.png", "blank.png") == 0
    explained, still_blank = objects(capsys.readouterr().out)
    nearest, second = explained["neighbors"]
    assert nearest["distance"] <= second["distance"]
    assert set(nearest) == {"id", "label", "distance", "similarity", "source"}
    assert {**explained, "neighbors": []} == plain
    assert still_blank == blank


def test_an_explanation_as_a_table_has_the_labels(here, models, capsys):
    assert code_of("--explain", 3, "--csv", "7.png", "blank.png") == 0
    seven, blank = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert [label in set("0123456789") for label in seven["neighbors"].split()] == [True] * 3
    assert blank["neighbors"] == ""
    assert code_of("--explain", 3, "7.png") == 0
    assert capsys.readouterr().out.rstrip("\n").split("\t")[4] == seven["neighbors"]


def test_an_explanation_on_a_sheet_has_its_pictures(here, models, capsys, tmp_path):
    out = tmp_path / "out.png"
    assert code_of("--json", "--explain", 3, "7.png", "blank.png", "--sheet", out) == 0
    with Image.open(out) as sheet:
        assert sheet.size == (5 * TILE[0], 2 * TILE[1])


def test_an_explanation_without_a_gallery_is_refused_in_one_line(here, models, capsys):
    """Never an answer that silently lacks what was asked for."""
    assert code_of("--json", "--explain", 2, "--gallery", "nowhere", "7.png", "blank.png") == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "no gallery there" in err
    assert err.count("\n") == 1
