"""Ingestion: folders and tables, bad rows, repetition, rehearsal; many writers, and writers that are killed."""

import csv
import hashlib
import io
import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from labelled_images import png, write_folder

from recognizer.errors import DataError, UsageError
from recognizer.feedback.cases import Answer
from recognizer.feedback.export import export
from recognizer.feedback.ingest import Rehearsal, ingest, recheck
from recognizer.feedback.rows import open_rows, open_stream
from recognizer.feedback.store import Store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(store, recognizer):
    """Ingests, and gives the results."""

    def ingested(spec, source=None, keeper=store):
        return list(ingest(open_rows(str(spec), source, "ann").read(), keeper, recognizer))

    return ingested


def statuses(results):
    return dict(Counter(result.status for result in results))


def content(store):
    """All that a store says of cases and reports, but for numbers and the time of storage."""
    cases = list(store.cases())
    reports = store.reports([case.id for case in cases])
    return {
        case.sha256: (
            (case.label, case.state, case.source, case.answer, case.reports),
            [(r.key, r.label, r.source, r.reporter, r.name, r.decision, r.answer) for r in reports[case.id]],
        )
        for case in cases
    }


def write_table(file, rows, **head):
    """A table about images 0, 1, … beside it; returns the file."""
    for row in rows:
        if row.get("path", "").endswith(".png"):
            (file.parent / row["path"]).write_bytes(png(int(row["path"][:-4]))[0])
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with file.open("w", newline="") as stream:
        table = csv.DictWriter(stream, columns, **head)
        table.writeheader()
        table.writerows(rows)
    return file


def test_a_folder_by_label(tmp_path, run, store):
    folder = write_folder(tmp_path / "meters", range(20))
    (folder / "reject").mkdir()
    (folder / "reject" / "blank.png").write_bytes((ROOT / "examples" / "tick.png").read_bytes())
    results = run(folder)
    assert [result.row for result in results] == list(range(1, 22))
    assert statuses(results) == {"new": 21}
    cases = list(store.cases())
    assert [case.label for case in cases] == [*sorted(png(number)[1] for number in range(20)), 10]
    assert {case.source for case in cases} == {"meters"}
    (report,) = store.reports([cases[-1].id])[cases[-1].id]
    assert (report.name, report.reporter) == ("reject/blank.png", "ann")
    assert {case.state for case in cases} <= {"bad", "confirmed"}
    for case in cases:
        assert (case.state == "confirmed") == (case.answer.digit == case.label)


def test_the_same_again_is_nothing_new(tmp_path, run, store):
    folder = write_folder(tmp_path / "meters", range(30))
    run(folder)
    before = content(store)
    again = run(folder)
    assert statuses(again) == {"known": 30}
    assert [result.case for result in again] == [case.id for case in store.cases()]
    assert content(store) == before


def test_more_of_the_same_folder_adds_what_is_new(tmp_path, run):
    folder = write_folder(tmp_path / "meters", range(10))
    run(folder)
    assert statuses(run(write_folder(folder, range(5, 15)))) == {"known": 10, "new": 5}


def test_the_same_image_under_two_names_is_one_case(tmp_path, run, store):
    folder = write_folder(tmp_path / "meters", [0])
    (image,) = folder.rglob("*.png")
    image.with_name("copy.png").write_bytes(image.read_bytes())
    assert statuses(run(folder)) == {"new": 1, "further": 1}
    (case,) = store.cases()
    assert (case.reports, case.state) == (2, "confirmed")


def test_a_table_with_everything(tmp_path, store, recognizer):
    label = png(0)[1]
    wrong = (label + 5) % 10
    scores = [0.0] * 11
    scores[wrong] = 1.0
    row = {
        "path": "0.png",
        "label": label,
        "answer": wrong,
        "confidence": 0.9,
        "model": "eleven@0, p",
        "source": "m7",
    }
    row |= {"scores": " ".join(map(str, scores)), "time": "2026-03-01", "reporter": "bob", "surprise": "!"}
    rows = open_rows(str(write_table(tmp_path / "t.csv", [row])), None, "ann")
    (result,) = ingest(rows.read(), store, recognizer)
    assert rows.unknown == {"surprise"}
    (report,) = store.reports([result.case])[result.case]
    assert report.answer == Answer(wrong, wrong, None, 0.9, tuple(scores), "eleven@0, p")
    assert (report.source, report.reporter, report.time[:10]) == ("m7", "bob", "2026-03-01")
    # The model that is used now gets it right.
    assert result.state == "confirmed"


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
        ("", []),
        ("\n\n", []),
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
        (3, "is no JSON object"),
        (4, "is no JSON object"),
        (5, "has no path"),
        (6, "has no label"),
        (7, "is no JSON object"),
    ]


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


def test_a_rehearsal_says_what_the_store_would_and_changes_nothing(tmp_path, run, store):
    run(write_folder(tmp_path / "first", range(5)))
    folder = write_folder(tmp_path / "meters", range(3, 290))
    (folder / "0").mkdir(exist_ok=True)
    for number in (3, 4, 100):  # the same images at the end, under another label
        (folder / "reject").mkdir(exist_ok=True)
        (folder / "reject" / f"{number}.png").write_bytes(png(number)[0])
    before = content(store)
    told = run(folder, keeper=Rehearsal(store))
    assert content(store) == before
    done = run(folder)
    assert [(r.status, r.state) for r in told] == [(r.status, r.state) for r in done]
    assert [r.state for r in done[-3:]] == ["disputed"] * 3
    assert {r.status for r in run(folder, keeper=Rehearsal(store))} == {"known"}


def test_large_images_are_stored_a_few_at_a_time(tmp_path, run, store, monkeypatch):
    monkeypatch.setattr("recognizer.feedback.ingest.BATCH_BYTES", 1000)
    batches = []
    add = store.add
    monkeypatch.setattr(store, "add", lambda samples: batches.append(len(samples)) or add(samples))
    folder = write_folder(tmp_path / "meters", range(30))
    assert statuses(run(folder)) == {"new": 30}
    assert sum(batches) == 30
    assert 5 < len(batches) < 30


def test_a_rehearsal_without_a_store(tmp_path, run):
    folder = write_folder(tmp_path / "meters", range(5))
    rehearsal = Rehearsal(None)
    assert statuses(run(folder, keeper=rehearsal)) == {"new": 5}
    assert statuses(run(folder, keeper=rehearsal)) == {"known": 5}


def test_what_was_exported_is_read_again(tmp_path, run, store, recognizer):
    run(write_folder(tmp_path / "meters", range(20)))
    right = png(3)[1]
    for number, label in ((3, (right + 1) % 10), (4, 10)):
        table = write_table(
            tmp_path / f"t{number}.csv", [{"path": f"{number}.png", "label": label, "note": 'a "b",\nc'}]
        )
        run(table)
    disputed = [case.id for case in store.cases() if case.state == "disputed"]
    assert len(disputed) == 2
    store.decide(disputed[0], right, "eve")
    assert [case.id for case in export(store, store.cases(), tmp_path / "out")] == [
        c.id for c in store.cases()
    ]
    assert statuses(run(tmp_path / "out")) == {"known": 23}
    with Store.open(tmp_path / "other.sqlite") as other:
        run(tmp_path / "out", keeper=other)
        assert content(other) == content(store)
        assert [r.time for _, r in other.all_reports()] == [
            r.time for case in store.cases() for r in store.reports([case.id])[case.id]
        ]


def test_an_image_that_was_moved_within_an_export_contradicts(tmp_path, run, store):
    run(write_folder(tmp_path / "meters", [0, 1]))
    list(export(store, store.cases(), tmp_path / "out"))
    image = next((tmp_path / "out").glob("[0-9]/*.png"))
    label = (int(image.parent.name) + 5) % 10
    (tmp_path / "out" / str(label)).mkdir(exist_ok=True)
    image.rename(tmp_path / "out" / str(label) / image.name)
    results = run(tmp_path / "out")
    assert sorted(result.status for result in results) == ["further", "known", "refused"]
    assert Counter(case.state for case in store.cases()) == {"disputed": 1, "confirmed": 1}


def test_a_further_model_reads_all_cases_anew(tmp_path, run, store, recognizer):
    run(write_folder(tmp_path / "meters", range(300)))
    ids = [case.id for case in store.cases()]
    glyph = store.glyphs(ids[:1])[0] // 2
    store.check([(case_id, glyph, Answer(10, model="blind@1")) for case_id in ids])
    assert {case.state for case in store.cases()} == {"bad"}
    recheck(store, recognizer, ids)
    assert {case.answer.model for case in store.cases()} == {recognizer.model}
    assert Counter(case.state for case in store.cases())["confirmed"] > 280
    assert (store.glyphs(ids[:1])[0] != glyph).any()


# Other writers, and kill -9

WRITER = """
import sys
from recognizer import Recognizer
from recognizer.feedback import ingest
from recognizer.feedback.rows import open_rows
from recognizer.feedback.store import Store
folder, place, batch, source = sys.argv[1:]
ingest.BATCH = int(batch)
recognizer = Recognizer.load("shipped")
print("ready", flush=True)
with Store.open(place) as store:
    for result in ingest.ingest(open_rows(folder, source or None, "ann").read(), store, recognizer):
        print(result.row, result.case, flush=True)
"""


def start_writer(folder, place, batch, source=""):
    command = [sys.executable, "-c", WRITER, str(folder), str(place), str(batch), source]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def check_whole(place, acknowledged):
    """The store is whole, and holds what was acknowledged."""
    with Store.open(place) as store:
        cases = {case.id: case for case in store.cases()}
        assert acknowledged <= cases.keys()
        reports = store.reports(cases)
        glyphs = store.glyphs(list(cases))
        for (case_id, image), glyph in zip(store.images(cases), glyphs, strict=True):
            case = cases[case_id]
            assert hashlib.sha256(image).hexdigest() == case.sha256
            assert len(reports[case_id]) == case.reports > 0
            assert case.label == reports[case_id][0].label
            assert glyph.any()
        assert sum(len(found) for found in reports.values()) == len(list(store.all_reports()))
    if "://" not in str(place):
        with sqlite3.connect(place) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.close()


def check_killed(tmp_path, place, recognizer, kills, images):
    folder = write_folder(tmp_path / "meters", range(images))
    rng, acknowledged, struck = random.Random(kills), set(), 0
    for _ in range(kills):
        with start_writer(folder, place, 4) as process:
            process.stdout.readline()
            # Beyond what the last one had stored already, and then anywhere within a batch.
            lines = [process.stdout.readline() for _ in range(len(acknowledged) + rng.randrange(12))]
            time.sleep(rng.uniform(0, 0.03))
            process.send_signal(signal.SIGKILL)
            lines += process.stdout.read().splitlines(keepends=True)
        acknowledged |= {int(line.split()[1]) for line in lines if line.endswith("\n")}
        struck += process.returncode == -signal.SIGKILL
        check_whole(place, acknowledged)
    assert struck
    with Store.open(place) as store, Store.open(tmp_path / "undisturbed.sqlite") as undisturbed:
        for each in (store, undisturbed):
            list(ingest(open_rows(str(folder), None, "ann").read(), each, recognizer))
        assert content(store) == content(undisturbed)


no_kill = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")


@no_kill
def test_killed_at_any_moment_nothing_acknowledged_is_lost(tmp_path, place, recognizer):
    check_killed(tmp_path, place, recognizer, 3, 120)


@no_kill
@pytest.mark.slow
def test_killed_fifty_times_nothing_acknowledged_is_lost(tmp_path, place, recognizer):
    check_killed(tmp_path, place, recognizer, 50, 800)


@no_kill
def test_many_writers_at_once_and_one_of_them_killed(tmp_path, place, recognizer):
    folder = write_folder(tmp_path / "meters", range(40))
    writers = [start_writer(folder, place, 7, source) for source in ("a", "a", "b")]
    writers[-1].stdout.readline()
    writers[-1].send_signal(signal.SIGKILL)
    told = [set(writer.communicate()[0].splitlines()) for writer in writers]
    assert [writer.returncode for writer in writers[:2]] == [0, 0]
    assert told[0] == told[1]
    check_whole(place, set())
    with Store.open(place) as store:
        list(ingest(open_rows(str(folder), "b", "ann").read(), store, recognizer))
        assert len(list(store.cases())) == 40
        assert {(case.reports, case.source) for case in store.cases()} == {(2, "a")}
