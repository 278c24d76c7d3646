"""What was exported is read again, as it was or as it was changed."""

from collections import Counter

from labelled_images import png, write_folder, write_table
from store_content import content, statuses

from recognizer.feedback.export import export
from recognizer.feedback.store import Store


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
