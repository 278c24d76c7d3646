"""What is stored, in lists, cards and trends, and as an export."""

import csv
import io
import sys

import pytest
from commands import objects
from labelled_images import write_folder
from PIL import Image

from recognizer.cli.badcase import main


def test_list_chooses(badcase, tmp_path):
    write_folder(tmp_path / "meter-1", range(10))
    write_folder(tmp_path / "forms", range(10, 20))
    for name in ("meter-1", "forms"):
        badcase("ingest", name)
    assert len(objects(badcase("list", "--json"))) == 20
    assert {case["source"] for case in objects(badcase("list", "--source", "meter-*", "--json"))} == {
        "meter-1"
    }
    shown = objects(badcase("list", "--label", 4, "--json"))
    assert {case["label"] for case in shown} == {4}
    assert badcase("list", "--state", "disputed") == ""
    both = badcase("list", "--state", "bad", "--state", "confirmed")
    assert len(both.splitlines()) == 20


def test_pairs(badcase, image):
    path, label = image
    badcase("add", path, "--label", label, "--answer", (label + 1) % 10)
    badcase("add", path, "--label", label, "--answer", "reject", "--source", "x")
    for pair, lines in (
        (f"{label}-{(label + 1) % 10}", 1),
        (f"{label}-reject", 1),
        (f"{label}-{(label + 2) % 10}", 0),
    ):
        assert len(badcase("list", "--pair", pair).splitlines()) == lines


@pytest.mark.parametrize("pair", ["3", "3-3", "3-11", "a-b", "3-8-9"])
def test_what_is_no_pair(pair, capsys):
    with pytest.raises(SystemExit):
        main(["list", "--pair", pair])
    assert "--pair" in capsys.readouterr().err


def test_show_draws_the_glyph_and_tells_the_reports(badcase, image):
    path, label = image
    badcase("add", path, "--label", label)
    badcase("add", path, "--label", "reject", "--reporter", "bob")
    shown = badcase("show", 1, "--image", "copy.png")
    assert "case 1: disputed, label unknown" in shown
    assert f"reported as {label}, read as {label}" in shown
    assert "by bob" in shown
    assert "`badcase label 1 LABEL` settles it" in shown
    assert any("@" in line for line in shown.splitlines())
    with Image.open("copy.png") as copied, Image.open(path) as original:
        assert copied.tobytes() == original.tobytes()
    badcase("show", 1, "--image", path, code=2)


def test_show_tells_what_a_case_was_used_for(badcase, image, home):
    from recognizer.feedback.store import Store

    badcase("add", image[0], "--label", image[1])
    with Store.open() as store:
        store.set_aside([1], "judge")
        store.record_use([1], "judge", "eleven@2")
    shown = badcase("show", 1)
    assert "eleven@2 was judged by it" in shown
    assert "set aside to judge" in shown
    (case,) = objects(badcase("show", 1, "--json"))
    assert (case["state"], case["part"], case["uses"][0]["model"]) == ("judged", "judge", "eleven@2")


def test_the_trend(badcase, image, tmp_path, capsys):
    path, label = image
    badcase("add", path, "--label", label, "--time", "2026-03-01")
    badcase("add", path, "--label", "reject", "--time", "2026-03-02", "--source", "forms")
    shown = badcase("list", "--trend")
    assert "2026-03-01  eleven@1  by hand  0 of 1" in shown
    assert "1 of 1, 100.00 %" in shown
    rows = objects(badcase("list", "--trend", "--by", "month", "--json", "--out", "trend.png"))
    assert [(row["start"], row["source"], row["mistakes"]) for row in rows] == [
        ("2026-03-01", "by hand", 0),
        ("2026-03-01", "forms", 1),
    ]
    with Image.open("trend.png") as plot:
        assert min(plot.size) > 400
    assert [row["source"] for row in objects(badcase("list", "--trend", "--source", "f*", "--json"))] == [
        "forms"
    ]


@pytest.mark.parametrize("argv", [["list"], ["list", "--trend"], ["show", "1"], ["show", "1", "--json"]])
def test_an_encoding_without_most_characters_is_no_error(badcase, image, monkeypatch, argv):
    badcase("add", image[0], "--label", image[1], "--source", "日本", "--note", "–")
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    assert main(argv) == 0
    assert rb"\u65e5\u672c" in out.buffer.getvalue()


def test_without_matplotlib_the_table_works_and_the_plot_says_what_to_install(
    badcase, image, capsys, monkeypatch
):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    badcase("add", image[0], "--label", image[1])
    assert "eleven@1" in badcase("list", "--trend")
    assert main(["list", "--trend", "--out", "trend.png"]) == 2
    assert "pip install 'digit-recognizer-eleven[train]'" in capsys.readouterr().err


def test_a_single_case_and_a_folder_that_is_there_are_told_in_plain_words(badcase, image, capsys):
    badcase("add", image[0], "--label", image[1])
    assert badcase("recheck").startswith("1 case read by ")
    assert main(["export", "out"]) == 0
    assert capsys.readouterr().err == "1 case\n"
    assert main(["export", "out"]) == 2
    assert capsys.readouterr().err == "error: out is not empty; name a new folder\n"


def test_export_and_ingest_again(badcase, tmp_path):
    write_folder(tmp_path / "meters", range(10))
    badcase("ingest", "meters")
    badcase("add", next((tmp_path / "meters").rglob("*.png")), "--label", "reject")
    assert badcase("export", "out") == "out/badcases.csv\n"
    assert len(list((tmp_path / "out").rglob("*.png"))) == 10
    assert len(list((tmp_path / "out" / "disputed").iterdir())) == 1
    with (tmp_path / "out" / "badcases.csv").open(newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 11
    assert badcase("ingest", "out") == "11 rows: 0 new cases, 0 further reports, 11 known, 0 refused\n"
    badcase("ingest", "out", "--store", "other.sqlite")
    columns = ("sha256", "label", "state", "source", "answer", "reports")
    before, after = (
        [[case[name] for name in columns] for case in objects(badcase("list", "--json", *where))]
        for where in ([], ["--store", "other.sqlite"])
    )
    assert sorted(before, key=str) == sorted(after, key=str)
    assert badcase("export", "few", "--state", "disputed") == "few/badcases.csv\n"
    assert len(list((tmp_path / "few").rglob("*.png"))) == 1
    badcase("export", "out", code=2)
