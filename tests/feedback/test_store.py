"""The store on SQLite and on PostgreSQL: what goes in comes out, whoever else writes."""

import random
import shutil
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labelled_images import png

from recognizer.errors import ImageError, StoreError, UsageError
from recognizer.feedback.cases import Answer, Chosen, Report
from recognizer.feedback.ingest import make_sample
from recognizer.feedback.store import Store

DATA = Path(__file__).parents[1] / "data"


def sample_of(recognizer, number, label=None, **said):
    content, shown = png(number)
    report = Report(**{"label": shown if label is None else label, "source": "s", "reporter": "ann", **said})
    return make_sample(content, report, recognizer)


@pytest.fixture
def sample(recognizer):
    return lambda *args, **said: sample_of(recognizer, *args, **said)


def test_what_goes_in_comes_out(store, sample):
    given_answer = Answer(8, 8, None, 0.75, (0.0, *[0.0] * 7, 1.0, 0.0, 0.0), "old@1, p")
    said = {
        "name": "é/„3”.png",
        "time": "2026-03-01T12:00:00.000000Z",
        "answer": given_answer,
        "note": "a\nb",
    }
    new = sample(0, **said)
    (outcome,) = store.add([new])
    assert (outcome.status, outcome.state) == ("new", "confirmed")
    case = store.get(outcome.case)
    assert (case.sha256, case.label, case.source, case.part) == (new.sha256, new.report.label, "s", None)
    assert case.answer == new.answer
    assert case.answer.model.startswith("eleven@1, ")
    assert len(case.answer.scores) == 11
    assert list(store.images([case.id])) == [(case.id, new.image)]
    assert store.glyphs([case.id]).tolist() == [new.glyph.tolist()]
    assert store.reports([case.id]) == {case.id: [new.report.identified(new.sha256)]}
    assert list(store.cases()) == [case]


def test_a_report_without_time_and_answer_is_of_now_and_has_the_models(store, sample):
    new = sample(0)
    (outcome,) = store.add([new])
    (report,) = store.reports([outcome.case])[outcome.case]
    assert report.answer == new.answer
    assert report.time == store.get(outcome.case).added


def test_the_same_image_is_one_case_with_two_reports(store, sample):
    store.add([sample(0, source="b")])
    (outcome,) = store.add([sample(0, source="a", reporter="bob")])
    assert outcome.status == "further"
    (case,) = store.cases()
    assert (case.reports, case.source, case.state) == (2, "a", "confirmed")


def test_contradicting_reports_are_flagged_and_settled_by_a_decision(store, sample):
    right = sample(0).report.label
    store.add([sample(0), sample(0, (right + 1) % 10)])
    (case,) = store.cases()
    assert (case.label, case.state) == (None, "disputed")
    assert store.decide(case.id, right, "eve", "looked at it").state == "confirmed"
    assert store.reports([case.id])[case.id][-1].decision
    store.add([sample(0), sample(0, (right + 1) % 10)])
    assert store.get(case.id).label == right
    store.add([sample(0, (right + 1) % 10, reporter="someone else")])
    assert store.get(case.id).state == "disputed"
    assert store.decide(case.id, (right + 2) % 10, "eve").state == "bad"


def test_a_batch_is_stored_as_a_whole_or_not_at_all(store, sample):
    broken = sample(1, note="x")
    object.__setattr__(broken.report, "label", None)
    with pytest.raises(StoreError):
        store.add([sample(0), broken, sample(2)])
    assert list(store.cases()) == []


def test_cases_are_chosen(store, sample):
    def of(label):
        return next(number for number in range(40) if png(number)[1] == label)

    wrong = Answer(3, 3)
    store.add(
        [sample(of(8), answer=wrong), sample(of(3), answer=Answer(10, 8, "ambiguous")), sample(of(1), 2)]
    )
    store.add([sample(of(5), 10)])
    found = lambda **choice: [case.label for case in store.cases(Chosen(**choice))]  # noqa: E731
    assert found() == [8, 3, 2, 10]
    assert found(states=("bad",)) == [2, 10]
    assert found(states=("bad", "confirmed")) == [8, 3, 2, 10]
    assert found(pair=(3, 8)) == found(pair=(8, 3)) == [8, 3]
    assert found(pair=(3, 10)) == [3]
    assert found(pair=(10, 5)) == [10]
    assert found(label=2) == [2]
    assert found(label=2, states=("confirmed",)) == []


def test_parts_and_uses(store, sample):
    ids = [outcome.case for outcome in store.add([sample(number) for number in range(6)])]
    store.set_aside(ids[:3], "learn")
    store.set_aside(ids[3:5], "judge")
    for change in (
        lambda: store.set_aside([ids[5], ids[2]], "judge"),
        lambda: store.record_use([ids[3], ids[2]], "judge", "eleven@2"),
        lambda: store.record_use(ids[5:], "learn", "eleven@2"),
    ):
        with pytest.raises(UsageError, match="is set aside for"):
            change()
    assert [case.part for case in store.cases()] == ["learn"] * 3 + ["judge"] * 2 + [None]
    assert [case.id for case in store.cases(Chosen(part="judge"))] == ids[3:5]
    store.record_use(ids[:2], "learn", "eleven@2")
    store.record_use(ids[:2], "learn", "eleven@2")
    store.record_use(ids[3:4], "judge", "eleven@2")
    assert [case.state for case in store.cases()] == [
        "learnt",
        "learnt",
        "confirmed",
        "judged",
        "confirmed",
        "confirmed",
    ]
    assert [case.id for case in store.cases(Chosen(used_for="judge"))] == ids[3:4]
    assert [(use.purpose, use.model) for use in store.uses(ids[0])] == [("learn", "eleven@2")]
    assert store.uses(ids[5]) == []


def test_what_another_model_says_changes_states(store, sample):
    ids = [outcome.case for outcome in store.add([sample(number) for number in range(3)])]
    store.set_aside(ids[2:], "learn")
    store.record_use(ids[2:], "learn", "eleven@2")
    right = store.get(ids[2]).label
    glyph = np.full((28, 28), 7, np.uint8)
    store.check(
        [(ids[0], glyph, Answer(10, None, "blank", model="m@2")), (ids[2], glyph, Answer(right, model="m@2"))]
    )
    assert [case.state for case in store.cases()] == ["bad", "confirmed", "learnt"]
    assert store.get(ids[0]).answer == Answer(10, None, "blank", model="m@2")
    assert (store.glyphs([ids[0]]) == 7).all()
    assert [report.answer.model[:8] for report in store.reports(ids[:1])[ids[0]]] == ["eleven@1"]


def test_more_cases_than_a_page(store, sample):
    first = sample(0)
    samples = [replace(first, image=b"%d" % number) for number in range(1203)]
    outcomes = store.add(samples)
    assert [case.id for case in store.cases()] == [outcome.case for outcome in outcomes]
    assert len(list(store.all_reports())) == 1203
    assert [case.id for case in store.cases(after=outcomes[1199].case)] == [
        outcome.case for outcome in outcomes[1200:]
    ]
    ids = [outcome.case for outcome in outcomes]
    assert store.glyphs(ids[::-1]).tolist() == [s.glyph.tolist() for s in samples[::-1]]
    assert {outcome.status for outcome in store.add(samples)} == {"known"}


def test_nothing_there(store):
    assert list(store.cases()) == []
    assert store.glyphs([]).shape == (0, 28, 28)
    assert store.known(["x"]) == {}
    for ask in (lambda: store.get(1), lambda: store.glyphs([1]), lambda: list(store.images([1]))):
        with pytest.raises(UsageError, match="no case 1"):
            ask()
    with pytest.raises(UsageError, match="no case 1"):
        store.decide(1, 3, "eve")


def test_an_image_that_can_not_be_read_is_no_sample(recognizer):
    with pytest.raises(ImageError):
        make_sample(b"text", Report(3, "s", "r"), recognizer)
    with pytest.raises(ImageError, match="over the limit of 32 MiB"):
        make_sample(bytes((32 << 20) + 1), Report(3, "s", "r"), recognizer)


def test_threads_that_add_the_same_lose_nothing(place, recognizer):
    samples = [sample_of(recognizer, number % 30, source=f"s{number // 30}") for number in range(90)]
    errors = []

    def work(seed):
        mine = samples.copy()
        random.Random(seed).shuffle(mine)
        try:
            with Store.open(place) as store:
                for start in range(0, 90, 10):
                    store.add(mine[start : start + 10])
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with Store.open(place) as store:
        cases = list(store.cases())
        assert len(cases) == 30
        assert {case.reports for case in cases} == {3}
        assert len(list(store.all_reports())) == 90
        # What a second contradicting report does must not depend on who came first either.
        assert {case.source for case in cases} == {"s0"}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 10), st.sampled_from("ab")), max_size=10),
    st.randoms(),
)
def test_any_order_and_repetition_gives_the_same_store(tmp_path_factory, recognizer, said, rng):
    samples = [sample_of(recognizer, number, label, source=source) for number, label, source in said]

    def stored(samples, size):
        with Store.open(tmp_path_factory.mktemp("any") / "s.sqlite") as store:
            for start in range(0, len(samples), size):
                store.add(samples[start : start + size])
            return {(c.sha256, c.label, c.state, c.source, c.reports) for c in store.cases()}

    again = samples + rng.choices(samples, k=2) if samples else []
    rng.shuffle(again)
    assert stored(again, 3) == stored(samples, 10)


# Places


def test_a_folder_is_made_and_nothing_where_only_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path / "home"))
    assert Store.find() is None
    with pytest.raises(StoreError, match="add some by `badcase add`"):
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
    ],
)
def test_urls_that_make_no_sense(place, words):
    with pytest.raises(UsageError, match=words):
        Store.open(place)


def test_without_the_driver_it_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr("recognizer.feedback.schema.find_spec", lambda name: None)
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
