"""Past mistakes that an image looks like: found at once, and never lost."""

import io
import json
import shutil
from contextlib import contextmanager

import numpy as np
import pytest
from pages import DIGITS, LABELS
from PIL import Image
from small_graphs import seen, worth

from recognizer import to_glyph
from recognizer.cli.badcase import main as badcase
from recognizer.cli.recognize import main as recognize
from recognizer.errors import GalleryError, StoreError
from recognizer.feedback import mistakes
from recognizer.feedback.cases import Answer, Report, Sample
from recognizer.feedback.mistakes import Mistake, PastMistakes, told
from recognizer.feedback.store import Store
from recognizer.files import locked
from retrieval import cost, files

pytestmark = pytest.mark.usefixtures("models")


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path / "home"))
    with Store.open(tmp_path / "cases.sqlite") as opened:
        yield opened


def sample(number, answer, label=None, source="meter"):
    """Digit ``number`` with what was answered, and what it shows."""
    buffer = io.BytesIO()
    Image.fromarray(DIGITS[number]).save(buffer, "PNG")
    given = Answer(answer, best=answer if answer < 10 else None, model="eleven@1, x")
    shown = int(LABELS[number]) if label is None else label
    return Sample(buffer.getvalue(), to_glyph(DIGITS[number]), given, Report(shown, source, "ann"))


def glyphs(*numbers):
    return np.stack([to_glyph(DIGITS[number]) for number in numbers])


def test_a_case_is_found_once_it_is_stored(store):
    past = PastMistakes(store)
    assert past.similar(glyphs(0, 1)) == [[], []]
    wrong = (int(LABELS[0]) + 1) % 10
    store.add([sample(0, wrong), sample(1, int(LABELS[1]))])
    ((found,), other) = past.similar(glyphs(0, 1), 1)
    assert (found.case, found.label, found.read, found.source) == (1, int(LABELS[0]), wrong, "meter")
    assert found.distance == pytest.approx(0, abs=1e-3)
    assert [each.case for each in other] == [1]  # what was right is no mistake
    store.add([sample(2, 10)])
    assert past.similar(glyphs(2), 1)[0][0].case == 3


def test_a_store_whose_name_is_no_utf8_is_searched(store, tmp_path):
    try:
        other = Store.open(tmp_path / "caf\udce9.sqlite")
    except StoreError:
        pytest.skip("such names are not possible here")
    with other:
        other.add([sample(0, 10)])
        assert [each.case for each in PastMistakes(other).similar(glyphs(0))[0]] == [1]


def test_a_mistake_stays_one_when_a_later_model_is_right(store):
    store.add([sample(0, (int(LABELS[0]) + 1) % 10)])
    store.check([(1, to_glyph(DIGITS[0]), Answer(int(LABELS[0]), best=int(LABELS[0])))])
    assert [each.case for each in PastMistakes(store).similar(glyphs(0))[0]] == [1]


def test_the_label_is_the_one_of_now(store):
    store.add([sample(0, 10, label=4)])
    past = PastMistakes(store)
    assert past.similar(glyphs(0))[0][0].label == 4
    store.decide(1, 9, "bob")
    assert past.similar(glyphs(0))[0][0].label == 9


@pytest.mark.parametrize("harm", ["removed", "damaged"])
def test_a_gallery_that_came_to_harm_is_made_again(store, harm):
    store.add([sample(number, 10) for number in range(5)])
    past = PastMistakes(store)
    before = past.similar(glyphs(3))
    if harm == "removed":
        shutil.rmtree(past.folder)
    else:
        (past.folder / "manifest.json").write_text("{", encoding="utf-8")
    assert PastMistakes(store).similar(glyphs(3)) == before


def test_a_gallery_that_another_process_writes_to_is_not_taken_for_a_useless_one(store, monkeypatch):
    store.add([sample(0, 10)])
    past = PastMistakes(store)
    past.folder.mkdir(parents=True)
    monkeypatch.setattr(files, "PATIENCE", 0.05)
    with files.locked(past.folder), pytest.raises(GalleryError, match="another process is writing"):
        past.similar(glyphs(0))
    assert (past.folder / files.LOCK).exists()
    assert len(past.similar(glyphs(0))[0]) == 1


def test_what_another_process_made_anew_meanwhile_is_kept(store, monkeypatch):
    store.add([sample(0, 10)])
    folder = PastMistakes(store).folder
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{", encoding="utf-8")

    @contextmanager
    def waits(path):
        """The other one had the lock first."""
        monkeypatch.setattr(mistakes, "locked", locked)
        PastMistakes(store).similar(glyphs(0))
        (folder / "index-its").mkdir()
        with locked(path):
            yield

    monkeypatch.setattr(mistakes, "locked", waits)
    assert len(PastMistakes(store).similar(glyphs(0))[0]) == 1
    assert (folder / "index-its").exists()


def test_stores_do_not_share_their_mistakes(store, tmp_path):
    store.add([sample(0, 10)])
    with Store.open(tmp_path / "other.sqlite") as other:
        assert PastMistakes(other).similar(glyphs(0)) == [[]]
    assert len(PastMistakes(store).similar(glyphs(0))[0]) == 1


def mistake(label, read, similarity=0.9):
    return Mistake(1, label, read, "s", 0.1, similarity)


@pytest.mark.parametrize(
    ("mistakes", "words"),
    [
        ([mistake(8, 3)] * 4 + [mistake(1, 7)], "this looks like 4 cases where 8 was read as 3"),
        ([mistake(8, 3)], "this looks like 1 case where 8 was read as 3"),
        ([mistake(10, 0)] * 2, "this looks like 2 cases where no digit was read as 0"),
        ([mistake(5, 10)] * 2, "this looks like 2 cases where 5 was refused"),
        ([mistake(8, 3, 0.2)] * 4, None),
        ([mistake(None, 3)] * 4, None),
        ([], None),
    ],
)
def test_in_words(mistakes, words):
    assert told(mistakes) == words


def test_recognize_explains_by_past_mistakes(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path / "home"))
    (tmp_path / "a.png").write_bytes(sample(0, 10).image)
    assert recognize([str(tmp_path / "a.png"), "--explain", "2", "--json"]) == 0
    assert "mistakes" not in json.loads(capsys.readouterr().out)
    with Store.open() as opened:
        opened.add([sample(0, 10)])
    assert recognize([str(tmp_path / "a.png"), "--explain", "2", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["mistakes"]
    assert (found["case"], found["label"], found["read"]) == (1, str(LABELS[0]), "reject")


def test_the_command_tells_what_an_image_looks_like(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path / "home"))
    with Store.open() as opened:
        opened.add([sample(0, 10)])
    (tmp_path / "a.png").write_bytes(sample(0, 10).image)
    (tmp_path / "b.png").write_bytes(b"no image")
    assert badcase(["similar", str(tmp_path / "a.png"), str(tmp_path / "b.png"), "-k", "1"]) == 1
    said = capsys.readouterr()
    assert f"this looks like 1 case where {LABELS[0]} was refused" in said.out
    assert "case 1" in said.out
    assert "b.png" in said.err


def test_a_mistake_that_is_only_the_nearest_is_called_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path / "home"))
    other = next(number for number in range(40) if LABELS[number] != LABELS[0])
    with Store.open() as opened:
        opened.add([sample(0, 10)])
    (tmp_path / "a.png").write_bytes(sample(other, 10).image)
    Image.new("L", (28, 28), 255).save(tmp_path / "blank.png")
    assert badcase(["similar", str(tmp_path / "a.png"), str(tmp_path / "blank.png")]) == 0
    first, case, last = capsys.readouterr().out.splitlines()
    assert first == f"{tmp_path / 'a.png'}: this looks like no past mistake; the nearest:"
    assert case.startswith("  case 1\t")
    assert last == f"{tmp_path / 'blank.png'}: this looks like no past mistake"


def test_a_few_cases_are_searched_exactly(store, monkeypatch):
    ran = seen(monkeypatch)
    monkeypatch.setattr(cost, "COMPARE_ROW", 1.0)  # as if millions had been asked
    store.add([sample(number, 10) for number in range(5)])
    past = PastMistakes(store)
    past.similar(glyphs(3))
    past.similar(glyphs(*range(20)))
    assert ran == ["exact"] * 2


def test_one_question_is_searched_exactly_and_a_service_ends_on_the_graph(store, monkeypatch):
    ran = worth(monkeypatch, 4)
    store.add([sample(number, 10) for number in range(30)])
    past = PastMistakes(store)
    for number in range(5):
        assert past.similar(glyphs(number), 1)[0][0].case == number + 1
    assert ran == ["exact"] * 3 + ["pynndescent"] * 2
    store.add([sample(33, 10)])
    assert past.similar(glyphs(33), 1)[0][0].case == 31, "a new case is found at once"
    assert ran[-1] == "pynndescent"
    assert PastMistakes(store).similar(glyphs(0), 1)[0][0].case == 1
    assert ran[-1] == "exact", "another process begins anew"


def test_a_batch_of_many_is_searched_by_the_graph(store, monkeypatch):
    ran = worth(monkeypatch, 4)
    store.add([sample(number, 10) for number in range(30)])
    found = PastMistakes(store).similar(glyphs(*[*range(20)] * 3), 1)
    assert [hits[0].case for hits in found] == [*range(1, 21)] * 3
    assert ran == ["pynndescent"]
