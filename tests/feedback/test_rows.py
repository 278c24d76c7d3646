"""Rows of tables and lines of JSON: what is read, and what is refused one by one."""

import io
import json
from pathlib import Path

import pytest
from labelled_images import png, write_table

from recognizer.errors import DataError, UsageError
from recognizer.feedback.ingest import ingest
from recognizer.feedback.rows import open_rows, open_stream


def test_bad_rows_are_refused_one_by_one(tmp_path, run):
    rows = [
        {"path": "0.png", "label": png(0)[1]},
        {"path": "missing", "label": 3},
        {"path": "1.png", "label": "x"},
        {"path": "", "label": 3},
        {"path": "text", "label": 3},
        {"path": "2.png", "label": png(2)[1]},
        {"path": ".", "label": 3},
    ]
    (tmp_path / "text").write_text("no image")
    results = run(write_table(tmp_path / "t.csv", rows))
    assert [result.row for result in results] == [2, 3, 4, 5, 6, 7, 8]
    assert [result.problem for result in results] == [
        "",
        "no such file",
        "the label 'x' is not 0 to 9 or reject",
        "has no path",
        "is text: convert it to one of PNG, JPEG, TIFF, BMP, GIF, WebP, or pass another file",
        "",
        "is a folder: pass the files in it",
    ]
    assert [bool(result.case) for result in results] == [True, False, False, False, False, True, False]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("path,label\n0.png,$\n", [(2, "")]),
        ("\ufeffPath , LABEL\n0.png,$\n", [(2, "")]),
        ("0.png,$\n\n0.png,$\n", [(1, ""), (3, "")]),
        ("label,path\r\n$,0.png\r\n", [(2, "")]),
        (
            "path,label\n0.png,$,more\n0.png\n",
            [(2, "has 3 cells for 2 columns; quote those with commas"), (3, "has no label")],
        ),
        ('path,label\n"0.png","$"\n"un', [(2, ""), (3, "has no label")]),
        ("path;label\n0.png;$\n", [(2, "")]),
        ("\ufeff\nnote\tPath\tLabel\na, b; c\t0.png\t$\n", [(3, "")]),
        ("0.png;$\n0.png;$;more\n", [(1, ""), (2, "has 3 cells for 2 columns; quote those with semicolons")]),
        ("0.png;more;$\n", [(1, "has no label")]),
        ("", []),
        ("\n\n", []),
        ("\u00a0", [(1, "has no label")]),
    ],
)
def test_csv_files(tmp_path, run, text, found):
    (tmp_path / "0.png").write_bytes(png(0)[0])
    (tmp_path / "t.csv").write_text(text.replace("$", str(png(0)[1])), newline="")
    results = run(tmp_path / "t.csv")
    assert [(result.row, result.problem) for result in results] == found


def test_json_lines(tmp_path, run):
    (tmp_path / "0.png").write_bytes(png(0)[0])
    good = json.dumps({"path": "0.png", "label": png(0)[1], "best": None})
    lines = ["", good, "{", "[]", '{"path": 5, "label": 3}', '{"path": "0.png"}', "[" * 100_000, ""]
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    results = run(tmp_path / "t.jsonl")
    assert [(result.row, result.problem) for result in results] == [
        (2, ""),
        (3, "is not a JSON object"),
        (4, "is not a JSON object"),
        (5, "has no path"),
        (6, "has no label"),
        (7, "is not a JSON object"),
    ]


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_a_byte_order_mark_is_passed_over_where_a_file_begins(tmp_path, run, store, ending):
    (tmp_path / "0.png").write_bytes(png(0)[0])
    rows = [{"path": "0.png", "label": 3, "note": note} for note in ("a", "b\n\ufeffc")]
    if ending == ".csv":
        text = '\ufeffpath,label,note\n0.png,3,a\n0.png,3,"b\n\ufeffc"\n'
    else:  # two files, one after the other
        text = "".join(f"\ufeff{json.dumps(row)}\n" for row in rows)
    (tmp_path / f"t{ending}").write_text(text, newline="", encoding="utf-8")
    assert [result.problem for result in run(tmp_path / f"t{ending}")] == ["", ""]
    assert [report.note for _, report in store.all_reports()] == [row["note"] for row in rows]


@pytest.mark.parametrize("as_json", [True, False])
def test_a_stream_is_a_table_of_either_kind(tmp_path, store, recognizer, monkeypatch, as_json):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "0.png").write_bytes(png(0)[0])
    text = '{"path": "0.png", "label": 3}\n' if as_json else "path,label\n0.png,3\n"
    rows = open_stream(io.BytesIO(text.encode()), None, "ann")
    (result,) = ingest(rows.read(), store, recognizer)
    assert result.status == "new"
    assert store.get(result.case).source == "standard input"


def test_names_that_are_no_utf8(tmp_path, run, store):
    name = b"\xe9.png"
    try:
        Path(str(tmp_path).encode().decode() + "/" + name.decode("utf-8", "surrogateescape")).write_bytes(
            png(0)[0]
        )
    except OSError:
        pytest.skip("such names are not possible here")
    (tmp_path / "t.csv").write_bytes(b"path,label\n" + name + b",3\n")
    (result,) = run(tmp_path / "t.csv")
    assert store.reports([result.case])[result.case][0].name == "\\xe9.png"


def test_what_is_not_there_or_of_another_kind(tmp_path):
    (tmp_path / "t.txt").write_text("")
    (tmp_path / "empty").mkdir()
    for name, error in (
        ("t.txt", UsageError),
        ("no.csv", DataError),
        ("nothing", UsageError),
        ("empty", DataError),
    ):
        with pytest.raises(error) as caught:
            open_rows(str(tmp_path / name), None, "ann")
        assert "\n" not in str(caught.value)
