"""What was exported is read again, as it was or as it was changed."""

import contextlib
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from labelled_images import png, write_folder, write_table
from store_content import content, statuses

from recognizer.errors import UsageError
from recognizer.feedback.export import export
from recognizer.feedback.fields import Defaults
from recognizer.feedback.ingest import ingest
from recognizer.feedback.rows import BadRow, make_row, open_rows
from recognizer.feedback.store import Store

ARGUMENT = st.text(st.characters(codec="utf-8") | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF))
LONG = st.builds(lambda text, times: text * times, ARGUMENT, st.sampled_from([1, 50, 501, 10_001]))
SAID = ARGUMENT | LONG


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


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    file = tmp_path_factory.mktemp("image") / "0.png"
    file.write_bytes(png(0)[0])
    return str(file)


NAME = SAID.filter(bool)
ADDED = st.fixed_dictionaries(
    {"source": NAME, "reporter": NAME},
    optional={
        "name": SAID,
        "note": SAID,
        "answer": st.integers(0, 10),
        "time": st.datetimes().map(lambda moment: moment.isoformat()),
    },
)


@settings(max_examples=30, deadline=None)
@given(added=ADDED, decision=st.none() | st.tuples(NAME, SAID))
@example({"source": "s" * 501, "reporter": "r"}, None)
@example({"source": "s", "reporter": "r"}, ("eve", "n" * 10_001))
@example({"source": "\udcfc", "reporter": "\udcfc", "name": "\udcfc"}, ("\udcfc", "\udcfc"))
@example({"source": "a\r", "reporter": "\rb", "note": "\ufeffc\n\ufeff\r\n"}, None)
def test_whatever_is_accepted_is_exported_and_read_again(
    image, recognizer, tmp_path_factory, added, decision
):
    folder = tmp_path_factory.mktemp("round")
    with Store.open(folder / "a.sqlite") as store, Store.open(folder / "b.sqlite") as other:
        try:
            defaults = Defaults(added["source"], added["reporter"])
        except UsageError:
            return
        row = make_row(1, image, {**added, "label": 3, "source": "", "reporter": ""}, defaults)
        (result,) = ingest([row], store, recognizer)
        assert (result.status == "refused") == isinstance(row, BadRow)
        if result.status == "refused":
            return
        if decision:
            with contextlib.suppress(UsageError):
                store.decide(result.case, 4, *decision)
        list(export(store, store.cases(), folder / "out"))
        rows = open_rows(str(folder / "out"), None, "someone else").read()
        assert [each.problem for each in ingest(rows, other, recognizer)] == [""] * store.get(1).reports
        assert other.reports([1]) == store.reports([1])
