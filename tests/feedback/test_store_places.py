"""Where a store is: made, found, waited for, of another format, or not to be had."""

import shutil
import sqlite3
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from recognizer.errors import StoreError, UsageError
from recognizer.feedback.cases import Answer, Chosen, Report
from recognizer.feedback.store import Store

DATA = Path(__file__).parents[1] / "data"


def test_a_folder_is_made_and_nothing_where_only_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path / "home"))
    assert Store.find() is None
    with pytest.raises(StoreError, match="add some with `badcase add`"):
        Store.existing()
    assert not (tmp_path / "home").exists()
    with Store.open() as store:
        assert Path(store.name) == tmp_path / "home" / "badcases.sqlite"
    monkeypatch.setenv("RECOGNIZER_STORE", str(tmp_path / "other.sqlite"))
    with Store.open() as store:
        assert Path(store.name) == tmp_path / "other.sqlite"


def test_looking_for_a_store_on_postgres_makes_no_tables(postgres_place):
    import psycopg

    assert Store.find(postgres_place) is None
    with psycopg.connect(postgres_place) as connection:
        assert connection.execute("SELECT to_regclass('badcase_cases')").fetchone() == (None,)
    Store.open(postgres_place).close()
    Store.existing(postgres_place).close()


def test_what_is_no_store_is_one_line(tmp_path):
    (tmp_path / "text").write_text("this is no database, " * 100)
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "text", tmp_path, tmp_path / "file" / "below"):
        with pytest.raises(StoreError) as caught:
            Store.open(place)
        assert str(caught.value).startswith(str(place))
        assert "\n" not in str(caught.value)
        assert caught.value.exit_code == 3


def test_a_server_that_is_not_there_is_one_line_without_the_password():
    with pytest.raises(StoreError) as caught:
        Store.open("postgresql://ann:secret@127.0.0.1:1/cases")
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("mysql://a@b/c", "mysql is not supported"),
        ("://", "not a URL"),
        ("postgresql://a@b:c/d", "not a URL"),
        ("postgresql://J\udcfcrgen@b/d", "not a URL"),
        (":memory:", ":memory: would keep nothing"),
        (Path(":memory:"), ":memory: would keep nothing"),
    ],
)
def test_places_that_make_no_sense(place, words):
    with pytest.raises(UsageError, match=words):
        Store.open(place)


def test_without_the_driver_it_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageError, match=r"pip install 'digit-recognizer-eleven\[postgres\]'"):
        Store.open("postgresql://a@b/c")


def test_a_writer_that_is_waited_for_too_long_is_one_line(tmp_path, monkeypatch, sample):
    monkeypatch.setattr("recognizer.feedback.schema.PATIENCE_S", 0.2)
    with Store.open(tmp_path / "s.sqlite") as store:
        other = sqlite3.connect(tmp_path / "s.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert list(store.cases()) == []
        with pytest.raises(StoreError, match="busy"):
            store.add([sample(0)])
        other.rollback()
        other.close()
        assert store.add([sample(0)])[0].status == "new"


def test_a_store_of_a_later_format(place):
    from sqlalchemy import update

    from recognizer.feedback import schema

    Store.open(place).close()
    engine = schema.connect(schema.parse_place(place))
    with engine.begin() as connection:
        connection.execute(update(schema.STORE).values(format_version=2))
    engine.dispose()
    with pytest.raises(StoreError, match="has format 2, and this version reads 1: update the package"):
        Store.open(place)


def test_the_store_of_format_1_is_read(tmp_path, sample):
    shutil.copy(DATA / "badcases-1.sqlite", tmp_path)
    with Store.open(tmp_path / "badcases-1.sqlite") as store:
        first, second, third = store.cases()
        assert (first.label, first.state, first.part, first.reports) == (None, "disputed", None, 2)
        assert (second.label, second.state, second.part, second.reports) == (10, "bad", "judge", 2)
        assert (third.state, third.part, third.source) == ("learnt", "learn", "meter-7")
        decision = store.reports([second.id])[second.id][1]
        assert (decision.decision, decision.reporter, decision.note) == (True, "eve", "a smudge")
        assert store.reports([third.id])[third.id][0].answer == Answer(8, 8, None, 0.75, (), "eleven@0")
        assert [case.id for case in store.cases(Chosen(used_for="learn"))] == [third.id]
        assert len(next(store.images([first.id]))[1]) > 60
        assert store.glyphs([first.id, third.id]).any(axis=(1, 2)).all()
        assert store.add([sample(9)])[0].case > third.id


@pytest.mark.parametrize("number", [1, 3])
def test_a_report_that_a_store_of_format_1_holds_is_known(tmp_path, sample, number):
    """Whatever version of the package reads the same table again."""
    shutil.copy(DATA / "badcases-1.sqlite", tmp_path)
    with Store.open(tmp_path / "badcases-1.sqlite") as store:
        ((_, image),) = store.images([number])
        stored = store.reports([number])[number][0]
        said = {"time": stored.time, "answer": stored.answer} if number == 3 else {}
        again = Report(stored.label, stored.source, stored.reporter, stored.name, **said)
        (outcome,) = store.add([replace(sample(9), image=image, report=again)])
        assert (outcome.status, outcome.case) == ("known", number)


def test_a_new_file_that_another_program_holds_is_waited_for(tmp_path):
    place = tmp_path / "cases.sqlite"
    other = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    release.start()
    with Store.open(place) as store:
        assert list(store.cases()) == []
    release.join()
    other.close()
