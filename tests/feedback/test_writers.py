"""Several writers of one store, and writers that are killed."""

import hashlib
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from labelled_images import write_folder
from store_content import content

from recognizer.feedback.ingest import ingest
from recognizer.feedback.rows import open_rows
from recognizer.feedback.store import Store

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
