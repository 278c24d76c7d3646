"""JSON, CSV and plain lines for pipes, and the summary."""

import csv
import io
import json

from hypothesis import given
from hypothesis import strategies as st
from readings import BAD, answer, refused, row, single, unreadable

from recognizer.cli.formats import CSV_COLUMNS, FIELD_CSV_COLUMNS, csv_writer, json_writer, plain_writer
from recognizer.results import FileReading, Tally
from retrieval import Hit


def written(writer, *readings, **of):
    stream = io.StringIO()
    write = writer(stream, **of)
    for reading in readings:
        write(reading)
    return stream.getvalue()


def test_json_holds_the_path_and_every_field():
    reading = single(best=3, neighbors=(Hit("mnist/1", 3, 0.5, 0.8, "mnist"),))
    found = json.loads(written(json_writer, reading, rows=False))
    assert found == {"path": "a.png", **reading.answers[0].to_dict()}
    assert found["neighbors"][0]["label"] == 3


def test_json_of_a_row_holds_its_digits_and_its_text():
    reading = row(answer(4), refused("ambiguous"), answer(1))
    found = json.loads(written(json_writer, reading, rows=True))
    assert (found["text"], found["error"]) == ("4?1", None)
    assert [digit["best"] for digit in found["digits"]] == [4, 3, 1]


def test_json_of_an_unreadable_row_holds_its_error():
    found = json.loads(written(json_writer, FileReading("c.png", (), BAD), rows=True))
    assert found == {"path": "c.png", "digits": [], "text": "", "error": str(BAD)}


@given(st.lists(st.text(st.characters(exclude_categories=()))))
def test_json_is_one_ascii_line_for_any_path_and_gives_it_back(paths):
    lines = written(json_writer, *map(single, paths), rows=False).split("\n")[:-1]
    assert [json.loads(line)["path"] for line in lines] == paths
    assert all(line.isascii() for line in lines)


@given(st.lists(st.text(st.characters(exclude_characters="\r\0"))))
def test_csv_gives_any_path_back(paths):
    table = list(csv.DictReader(io.StringIO(written(csv_writer, *map(single, paths), rows=False))))
    assert [cells["path"] for cells in table] == paths


def test_csv_says_what_json_says():
    readings = [single(), FileReading("b.png", (refused("ambiguous"),)), unreadable()]
    table = list(csv.DictReader(io.StringIO(written(csv_writer, *readings, rows=False))))
    objects = [json.loads(line) for line in written(json_writer, *readings, rows=False).splitlines()]
    assert tuple(table[0]) == CSV_COLUMNS
    for cells, fields in zip(table, objects, strict=True):
        as_text = {key: "" if fields[key] is None else str(fields[key]) for key in CSV_COLUMNS}
        assert cells == {**as_text, "rejected": as_text["rejected"].lower()}


def test_csv_of_rows_keeps_the_confidence_of_each_digit():
    text = written(csv_writer, row(answer(4), refused("ambiguous")), FileReading("c.png", (), BAD), rows=True)
    first, second = csv.DictReader(io.StringIO(text))
    assert tuple(first) == FIELD_CSV_COLUMNS
    assert first["text"] == "4?"
    assert (first["rejected"], first["reasons"]) == ("true", "ambiguous")
    assert first["confidences"] == "0.987654 0.610000"
    assert (second["text"], second["rejected"], second["error"]) == ("", "false", str(BAD))


def test_plain_lines_have_four_cells_whatever_the_path():
    readings = [single("a\tb\n.png"), FileReading("b.png", (refused("blank"),)), unreadable()]
    lines = written(plain_writer, *readings).splitlines()
    assert [line.split("\t") for line in lines] == [
        ["a\\x09b\\x0a.png", "7", "0.987654", ""],
        ["b.png", "?", "0.000000", "blank"],
        ["c.png", "?", "0.000000", "unreadable"],
    ]


def test_a_row_without_characters_is_blank_and_not_accepted():
    empty = row()
    assert (empty.text, empty.accepted, empty.reasons, empty.confidence) == ("", False, ("blank",), 0.0)
    assert written(plain_writer, empty) == "row.png\t?\t0.000000\tblank\n"


def test_the_tally_counts_every_file_once():
    tally = Tally()
    for reading in (single(), single(), FileReading("b", (refused("blank"),)), unreadable()):
        tally.add(reading)
    assert tally.summary() == "4 images: 2 accepted, 1 refused (1 blank), 1 unreadable"
    assert Tally(accepted=1).summary() == "1 image: 1 accepted, 0 refused, 0 unreadable"
