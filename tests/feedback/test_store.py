"""The store on SQLite and on PostgreSQL: what goes in comes out, whoever else writes."""

import random
import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelled_images import png

from recognizer.errors import ImageError, StoreError, UsageError
from recognizer.feedback.cases import Answer, Chosen, Report
from recognizer.feedback.ingest import make_sample
from recognizer.feedback.store import Store


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


def test_what_a_decision_says_keeps_to_the_rules_of_rows(store, sample):
    (outcome,) = store.add([sample(0)])
    store.decide(outcome.case, 3, "J\udcfcrgen", "a\0b")
    decision = store.reports([outcome.case])[outcome.case][-1]
    assert (decision.reporter, decision.note) == ("J\\xfcrgen", "a\\0b")
    for said in (("e" * 501, ""), ("eve", "n" * 10_001), ("\ud800", "")):
        with pytest.raises(UsageError):
            store.decide(outcome.case, 3, *said)
    assert store.get(outcome.case).reports == 2


def test_a_batch_is_stored_as_a_whole_or_not_at_all(store, sample):
    broken = sample(1, note="x")
    object.__setattr__(broken.report, "label", None)
    with pytest.raises(StoreError):
        store.add([sample(0), broken, sample(2)])
    assert list(store.cases()) == []


def test_text_that_no_database_takes_is_one_line_and_nothing_is_stored(store, sample):
    with pytest.raises(StoreError) as caught:
        store.add([sample(0), sample(1, source="caf\udce9")])
    assert "\n" not in str(caught.value)
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


def test_threads_that_add_the_same_lose_nothing(place, sample):
    samples = [sample(number % 30, source=f"s{number // 30}") for number in range(90)]
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


@settings(max_examples=8)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 10), st.sampled_from("ab")), max_size=10),
    st.randoms(),
)
def test_any_order_and_repetition_gives_the_same_store(tmp_path_factory, sample, said, rng):
    samples = [sample(number, label, source=source) for number, label, source in said]

    def stored(samples, size):
        with Store.open(tmp_path_factory.mktemp("any") / "s.sqlite") as store:
            for start in range(0, len(samples), size):
                store.add(samples[start : start + size])
            return {(c.sha256, c.label, c.state, c.source, c.reports) for c in store.cases()}

    again = samples + rng.choices(samples, k=2) if samples else []
    rng.shuffle(again)
    assert stored(again, 3) == stored(samples, 10)
