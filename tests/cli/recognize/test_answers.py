"""Files and what is said of them: as JSON, CSV and plain lines, in fields, on sheets."""

import csv
import io
import json

from commands import objects
from PIL import Image
from recognize_command import code_of

from recognizer import Recognizer
from recognizer.results import REASONS


def test_json_gives_an_object_a_line_in_input_order(here, capsys):
    paths = ["7.png", "blank.png", "3.png", "7.png"]
    assert code_of("--json", *paths) == 0
    out, err = capsys.readouterr()
    found = objects(out)
    assert [entry["path"] for entry in found] == paths
    assert [entry["best"] for entry in found] == [7, None, 3, 7]
    assert found[1]["reason"] == "blank"
    assert found[0] == found[3]
    assert err == ""


def test_json_says_what_the_library_says(here, capsys):
    paths = [f"{digit}.png" for digit in range(10)]
    code_of("--json", *paths)
    answers = Recognizer.load().recognize_many(paths)
    for path, line, answer in zip(paths, capsys.readouterr().out.splitlines(), answers, strict=True):
        assert line == json.dumps({"path": path, **answer.to_dict()})


def test_one_bad_file_does_not_stop_the_others(here, capsys):
    assert code_of("--json", "1.png", "bad.png", "missing.png", "2.png") == 1
    out, err = capsys.readouterr()
    found = objects(out)
    assert [entry["best"] for entry in found] == [1, None, None, 2]
    assert [entry["error"] is None for entry in found] == [True, False, False, True]
    assert "missing.png" in found[2]["error"]
    assert not found[1]["rejected"]
    assert err == ""


def test_plain_lines_tell_errors_on_standard_error(here, capsys):
    assert code_of("1.png", "bad.png", "blank.png") == 1
    out, err = capsys.readouterr()
    cells = [line.split("\t") for line in out.splitlines()]
    assert [(path, reason) for path, _, _, reason in cells][1:] == [
        ("bad.png", "unreadable"),
        ("blank.png", "blank"),
    ]
    assert cells[0][1] in ("1", "?")
    assert err.startswith("recognize: bad.png: ")
    assert err.count("\n") == 1


def test_a_folder_is_read_in_sorted_order(here, capsys):
    assert code_of("--json", ".") == 1
    names = [entry["path"] for entry in objects(capsys.readouterr().out)]
    assert names == sorted(names)
    assert len(names) == 13


def test_a_refusal_is_an_answer(here, capsys):
    assert code_of("blank.png") == 0
    assert capsys.readouterr().out == "blank.png\t?\t0.000000\tblank\n"


def test_csv_can_be_read_back(here, capsys):
    assert code_of("--csv", "5.png", "bad.png", "blank.png") == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["path"] for row in rows] == ["5.png", "bad.png", "blank.png"]
    assert [row["best"] for row in rows] == ["5", "", ""]
    assert [bool(row["error"]) for row in rows] == [False, True, False]
    assert all(row["reason"] in ("", *REASONS) for row in rows)


def test_a_field_gives_an_object_a_file(here, capsys):
    assert code_of("--json", "--field", "--length", 4, "row.png", "missing.png") == 1
    row, missing = objects(capsys.readouterr().out)
    assert len(row["digits"]) == len(row["text"]) == 4
    for digit, shown in zip(row["digits"], row["text"], strict=True):
        assert shown == ("?" if digit["digit"] is None else str(digit["digit"]))
        assert digit["box"] is not None
    assert (missing["digits"], missing["text"]) == ([], "")
    assert "missing.png" in missing["error"]


def test_a_field_as_csv_and_plain(here, capsys):
    assert code_of("--csv", "--field", "row.png") == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert len(row["confidences"].split()) == len(row["text"])
    assert code_of("--field", "row.png") == 0
    assert capsys.readouterr().out.split("\t")[:2] == ["row.png", row["text"]]


def test_allowed_restricts_the_digits(here, capsys):
    code_of("--json", "--allowed", "1-3,7", *(f"{digit}.png" for digit in range(10)))
    found = objects(capsys.readouterr().out)
    assert len(found) == 10
    assert {entry["best"] for entry in found} == {1, 2, 3, 7}
    assert {entry["digit"] for entry in found} <= {1, 2, 3, 7, None}
    assert found[7]["best"] == 7


def test_larger_images_than_allowed_are_not_opened(here, capsys):
    assert code_of("--json", "--max-pixels", 64 * 64, "7.png", "row.png") == 1
    seven, row = objects(capsys.readouterr().out)
    assert seven["best"] == 7
    assert "pixels" in row["error"]


def test_a_sheet_is_drawn_beside_the_answers(here, capsys, tmp_path):
    out = tmp_path / "out.png"
    assert code_of("--json", "7.png", "bad.png", "blank.png", "--sheet", out) == 1
    captured = capsys.readouterr()
    assert len(objects(captured.out)) == 3
    assert str(out) in captured.err
    with Image.open(out) as sheet:
        assert sheet.format == "PNG"
