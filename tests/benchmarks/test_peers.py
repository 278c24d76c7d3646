"""The comparison with other libraries: input forms, what an answer means, figures, the protocol, the tables."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from report_files import DIGITS, LABELS

from recognizer.measure.record import read_record

FAKE = '''
from peer.readers import Answer, Reader

class Dark(Reader):
    """Reads a digit from the number of dark corners' grey, if the page is 20 pixels high."""

    batches = True

    def __init__(self, options):
        self.shift = options["shift"]
        print("an advertisement")

    def one(self, page):
        if page.shape[0] != 20:
            return Answer(0, -1, 0.1)
        digit = (int(255 - page[10, 10]) // 20 + self.shift) % 10
        return Answer(digit, digit if page[0, 0] == 255 else -1, 0.9)

class Broken(Reader):
    def __init__(self, options):
        raise OSError("no model\\nat all")
'''


pytestmark = pytest.mark.usefixtures("modules")


def page_of(digit, side=20):
    """Bright ink on black whose brightness tells the digit."""
    page = np.zeros((side, side), np.uint8)
    page[4:16, 4:16] = 20 * digit + 10
    return page


def answers(best, digit, confidence):
    from peer.figures import Answers

    return Answers(np.array(best), np.array(digit), np.array(confidence, np.float64))


@pytest.mark.parametrize("bright", [True, False])
def test_forms_agree_whatever_the_polarity(bright):
    from peer.forms import Form, prepare

    page = DIGITS[0] if bright else 255 - DIGITS[0]
    assert prepare(page, bright, Form()) is page
    assert np.array_equal(prepare(page, bright, Form("bright")), DIGITS[0])
    assert np.array_equal(prepare(page, bright, Form("dark")), 255 - DIGITS[0])
    large = prepare(page, bright, Form("dark", side=56, margin=0.25))
    assert large.shape == (84, 84)
    assert (large[:14] == 255).all()
    assert prepare(page, bright, Form("bright", crop=0.25)).shape == (14, 14)


def test_a_box_puts_back_what_was_moved_and_enlarged():
    from peer.forms import Form, prepare

    away = []
    for digit in DIGITS:
        page = np.pad(digit.repeat(3, 0).repeat(3, 1), ((40, 3), (5, 60)))
        found = prepare(page, True, Form("bright", boxed=True)).astype(int)
        away.append(np.abs(found - digit).mean())
    # A few, whose middle lies between two pixels, come out a pixel beside.
    assert np.median(away) < 2


@settings(max_examples=15)
@given(arrays.arrays(np.uint8, st.tuples(st.integers(6, 40), st.integers(6, 40))), st.booleans())
def test_every_page_takes_every_form(page, bright):
    from peer.forms import SIDE, prepare
    from peer.recognizers import peers

    for form in {form for peer in peers(None) for form in peer.forms}:
        found = prepare(page, bright, form)
        assert found.dtype == np.uint8
        assert found.ndim == 2
        assert not form.boxed or form.side or found.shape == (SIDE, SIDE)


@pytest.mark.parametrize(
    ("text", "best", "digit"),
    [("7", 7, 7), ("O", 0, -1), ("l", 1, -1), ("", -1, -1), ("11", -1, -1), ("x", -1, -1)],
)
def test_a_text_is_an_answer_only_if_it_is_one_digit(text, best, digit):
    from peer.readers import as_answer

    found = as_answer(text, 0.5)
    assert (found.best, found.digit) == (best, digit)


def test_a_threshold_lets_the_wanted_share_pass():
    from peer.figures import threshold_at

    sure = np.linspace(0.001, 1, 1000)
    found = answers(np.zeros(1000, int), np.full(1000, -1), sure)
    assert found.accepted(threshold_at(found)).mean() == 0.99
    fewer = answers(np.where(sure > 0.3, 1, -1), np.full(1000, -1), sure)
    assert fewer.accepted(threshold_at(fewer)).mean() == pytest.approx(0.7, abs=0.001)
    none = answers([-1, -1], [-1, -1], [0, 0])
    assert not none.accepted(threshold_at(none)).any()


def test_figures_of_an_operation():
    from peer.figures import curve, operation

    labels = np.array([1, 2, 3, 4], np.uint8)
    by_set = {
        "MNIST": answers([1, 2, 9, 4], [1, -1, 9, -1], [0.9, 0.8, 0.4, 0.2]),
        "Omniglot": answers([1, -1], [1, -1], [0.5, 0.99]),
        "empty cells": answers([-1], [-1], [0.0]),
    }
    came, at = operation(by_set, labels, None), operation(by_set, labels, 0.4)
    assert [came[key]["count"] for key in ("coverage", "wrong_accepted", "Omniglot", "empty cells")] == [
        2,
        1,
        1,
        0,
    ]
    assert [at[key]["count"] for key in ("coverage", "wrong_accepted", "Omniglot")] == [3, 1, 1]
    points = np.array(curve(by_set["MNIST"], by_set["Omniglot"]))
    assert (np.diff(points, axis=0) >= 0).all()
    assert points[-1].tolist() == [1.0, 0.5]


@pytest.mark.parametrize(
    ("reader", "options"), [("NearestNeighbours", {"k": 3}), ("SupportVectors", {"C": 10.0})]
)
def test_a_learner_answers_the_same_from_its_file(tmp_path, reader, options):
    from peer import learners as peer_learners

    one, other = (getattr(peer_learners, reader)(options) for _ in range(2))
    one.fit(DIGITS, LABELS)
    one.save(tmp_path / "learnt.npz")
    other.load(tmp_path / "learnt.npz")
    found = one.many(DIGITS)
    assert found == other.many(DIGITS)
    alone = one.one(DIGITS[3])  # scikit-learn's distances differ in the last digits with the number of rows
    assert found[3].best == alone.best
    assert found[3].confidence == pytest.approx(alone.confidence, abs=1e-6)
    assert np.mean([p.best == label for p, label in zip(found, LABELS, strict=True)]) == 1
    assert found[5].best == one.quick(DIGITS[5])[0]


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A place with images for a recognizer that stands in this folder."""
    from peer.material import Pages, Scale
    from run import Place

    (tmp_path / "fake_reader.py").write_text(FAKE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    labels = np.arange(30, dtype=np.uint8) % 10
    pages = Pages(np.stack([page_of(digit) for digit in labels]), labels, True)
    names = ("chosen digits", "chosen tight", "chosen photographs", "learn", "validation")
    reported = ("MNIST", "USPS", "sudoku", "empty cells", "Omniglot")
    sets = dict.fromkeys((*names, *reported), pages)
    files = {name: pages.write(tmp_path / f"{name}.npz") for name in sets}
    (tmp_path / "answers").mkdir()
    return Place(tmp_path, files, Scale(timed=5, together=20)), sets


def peer(reader, shifts=(0,), forms=()):
    from peer.forms import Form
    from peer.recognizers import Peer

    options = tuple({"shift": shift} for shift in shifts)
    return Peer(
        "fake", "fake", f"fake_reader:{reader}", (), ("numpy", "no-such-package"), options, forms or (Form(),)
    )


def test_a_process_chooses_options_and_forms_then_answers_and_is_timed(fake, monkeypatch):
    import run
    from peer.forms import Form

    place, sets = fake
    monkeypatch.setattr(run, "installed_bytes", lambda _: {"fake": 7})
    monkeypatch.setattr(run, "cold_start", lambda *_: {"cold_s": 1.0, "cold_peak_bytes": 1})
    one = peer("Dark", (3, 0), (Form("bright"), Form("dark", side=40), Form("dark")))
    found = run.measure(one, sys.executable, place, sets)
    assert found["options"] == {"shift": 0}
    assert {Form(**form) for form in found["forms"].values()} == {Form("dark")}
    assert found["right"]["MNIST"]["share"] == 1
    assert found["as_it_comes"]["Omniglot"]["count"] == 30
    assert found["speed"]["median_ms"] > 0
    assert found["speed"]["peak_bytes"] > 1e6
    assert list(found["versions"]) == ["numpy"]
    assert json.dumps(found, allow_nan=False)


def test_what_goes_wrong_in_a_process_is_one_line(fake):
    import run
    from peer.recognizers import Peer

    place, sets = fake
    with pytest.raises(run.PeerError, match=r"^OSError: no model$"):
        run.measure(peer("Broken"), sys.executable, place, sets)
    absent = Peer("absent", "absent", "no_such_library:Reader", (), ())
    with pytest.raises(run.PeerError, match="no_such_library"):
        run.measure(absent, sys.executable, place, sets)


def test_what_pip_cannot_install_has_a_reason(tmp_path, monkeypatch):
    import environments

    def installs(command, **_):
        failed = "pip" in command
        said = "Looking\nERROR: No matching distribution found for nothing==1\nWARNING: old\n"
        return subprocess.CompletedProcess(command, int(failed), stderr=said if failed else "")

    monkeypatch.setattr(environments.subprocess, "run", installs)
    with pytest.raises(
        environments.NotInstalledError, match=r"^No matching distribution found for nothing==1$"
    ):
        environments.environment(tmp_path / "env", ("nothing==1",))


def test_sizes_count_a_library_with_its_shared_objects(tmp_path):
    import environments

    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    for name, size in (("numpy/a.so", 5), ("numpy.libs/b.so", 4), ("numpy-2.dist-info/M", 1), ("pip/x", 9)):
        (packages / name).parent.mkdir(parents=True)
        (packages / name).write_bytes(bytes(size))
    (packages / "numpy" / "__pycache__").mkdir()
    (packages / "numpy" / "__pycache__" / "c.pyc").write_bytes(bytes(50))
    assert environments.installed_bytes(tmp_path / "bin" / "python") == {"numpy": 10}


def test_the_report_has_a_row_for_each_and_says_what_failed(tmp_path, fake):
    from peer.forms import Form
    from peer.report import report
    from run import figures

    _, sets = fake
    same = answers(
        sets["MNIST"].labels.astype(int), sets["MNIST"].labels.astype(int), np.linspace(0.1, 1, 30)
    )
    names = ("MNIST", "USPS", "sudoku", "empty cells", "Omniglot", "validation")
    speed = {"median_ms": 1.0, "p95_ms": 2.0, "per_second": 3e3, "cold_s": 0.2, "cold_peak_bytes": 1e8}
    form = vars(Form("dark", side=48))
    row = {
        "options": {"model": None}, "forms": dict.fromkeys(("digits", "tight", "photographs"), form), "speed": speed,
        "versions": {"numpy": "2"}, "installed_bytes": {"numpy": 10**7}, **figures(dict.fromkeys(names, same), sets),
    }  # fmt: skip
    found = {"ours": row, "gone": {"error": "pip failed"}}
    report(found, sets, fake[0].scale, model="m@1", seed=0, quick=True)
    text = (tmp_path / "results" / "peers-quick.md").read_text()
    assert "| ours | 100.00 | 100.00 | – | 100.00 |" in text
    assert "| gone | – | – | – | – |" in text
    assert "gone could not be measured: pip failed." in text
    assert "dark ink, scaled to 48 px" in text
    assert {file.name for file in (tmp_path / "results").glob("*.png")} == {
        "peers-quick-speed.png",
        "peers-quick-accepts.png",
    }
    assert (
        read_record(tmp_path / "results" / "peers-quick.json")["figures"]["recognizers"]["gone"]["error"]
        == "pip failed"
    )
