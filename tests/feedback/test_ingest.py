"""Ingestion: what becomes of images, repetition, rehearsal, reading anew."""

from collections import Counter
from pathlib import Path

from labelled_images import png, write_folder, write_table
from store_content import content, statuses

from recognizer.feedback.cases import Answer
from recognizer.feedback.ingest import Rehearsal, ingest, recheck
from recognizer.feedback.rows import open_rows

ROOT = Path(__file__).parents[2]


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
