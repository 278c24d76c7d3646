"""Adding images one by one, and ingesting folders and tables."""

import json
import subprocess
import sys

import pytest
from commands import objects
from labelled_images import png, write_folder

from recognizer import Recognizer
from recognizer.cli.badcase import main


def test_add(badcase, image):
    path, label = image
    assert badcase("add", path, "--label", label) == "img.png: case 1, confirmed\n"
    assert badcase("add", path, "--label", label) == "img.png: case 1, confirmed, known already\n"
    wrong = (label + 1) % 10
    assert badcase("add", path, "--label", wrong, "--reporter", "bob") == "img.png: case 1, disputed\n"
    assert badcase("label", 1, wrong, "--note", "seen") == "case 1, bad\n"
    assert badcase("list") == f"1\tbad\t{wrong} read as {label}\tby hand\t3 reports\n"


def test_add_tells_what_is_known(badcase, image):
    path, label = image
    said = [
        "--source",
        "m7",
        "--reporter",
        "ann",
        "--answer",
        "reject",
        "--time",
        "2026-03-01",
        "--note",
        "wet",
    ]
    (result,) = objects(badcase("add", path, "--label", label, *said, "--json"))
    assert (result["status"], result["case"], result["state"]) == ("new", 1, "confirmed")
    (case,) = objects(badcase("show", 1, "--json"))
    (report,) = case["reports"]
    assert (case["label"], case["source"], case["answer"]["digit"]) == (label, "m7", label)
    assert (report["reporter"], report["note"], report["name"]) == ("ann", "wet", "img.png")
    assert (report["answer"]["digit"], report["time"][:10]) == ("reject", "2026-03-01")


def test_names_that_are_no_utf8_are_kept_as_escapes(badcase, image, tmp_path, monkeypatch):
    path, label = image
    badcase("add", path, "--label", label, "--reporter", "J\udcfcrgen", "--source", "caf\udce9")
    monkeypatch.setenv("LOGNAME", "\udcfc")
    assert badcase("label", 1, label, "--note", "na\udcefve") == "case 1, confirmed\n"
    (case,) = objects(badcase("show", 1, "--json"))
    first, second = case["reports"]
    assert (first["reporter"], first["source"]) == ("J\\xfcrgen", "caf\\xe9")
    assert (second["reporter"], second["note"]) == ("\\xfc", "na\\xefve")
    for pattern in ("caf\udce9", "c*\udce9", "caf\\xe9"):
        assert badcase("list", "--source", pattern).startswith("1\t")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that takes any bytes as a name")
def test_a_folder_whose_name_is_no_utf8_is_a_source(badcase, tmp_path):
    write_folder(tmp_path / "caf\udce9", [0])
    assert badcase("ingest", "caf\udce9").startswith("1 row: 1 new case")
    (case,) = objects(badcase("list", "--json"))
    assert case["source"] == "caf\\xe9"


@pytest.mark.parametrize(
    "argv",
    [
        ["add", "img.png", "--label", "3", "--source", "s" * 501],
        ["add", "img.png", "--label", "3", "--reporter", "r" * 501],
        ["ingest", ".", "--source", "s" * 501],
        ["label", "1", "3", "--note", "n" * 10_001],
        ["label", "1", "3", "--reporter", "r" * 501],
    ],
)
def test_what_is_too_long_is_wrong_usage(argv, badcase, image, capsys):
    badcase("add", image[0], "--label", image[1])
    assert main(argv) == 2
    name = argv[-2].removeprefix("--")
    assert capsys.readouterr().err == f"error: {name} is longer than {len(argv[-1]) - 1} characters\n"
    (case,) = objects(badcase("list", "--json"))
    assert case["reports"] == 1


def test_add_refuses_one_and_stores_the_other(badcase, image, capsys):
    path, label = image
    assert main(["add", "missing.png", path, "--label", str(label)]) == 1
    out, err = capsys.readouterr()
    assert out == "img.png: case 1, confirmed\n"
    assert err == "missing.png: no such file\n"


def test_ingest_tells_refused_rows_and_a_summary(badcase, tmp_path, capsys):
    folder = write_folder(tmp_path / "meters", range(12))
    (folder / "3" / "bad.png").parent.mkdir(exist_ok=True)
    (folder / "3" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    (folder / "other").mkdir()
    assert main(["ingest", "meters"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("13 rows: 12 new cases (")
    assert out.endswith("), 0 further reports, 0 known, 1 refused\n")
    first, second = err.splitlines()
    assert first.startswith("row ")
    assert "meters/3/bad.png: this PNG is damaged" in first
    assert second == "meters/other: passed over, since it is not called 0 to 9 or reject"
    assert (
        badcase("ingest", "meters", code=1)
        == "13 rows: 0 new cases, 0 further reports, 12 known, 1 refused\n"
    )
    rows = objects(badcase("ingest", "meters", "--json", code=1))
    assert [row["status"] for row in rows].count("known") == 12
    assert [row["row"] for row in rows] == list(range(1, 14))


def test_a_folder_that_is_passed_over_is_told_and_no_success(badcase, tmp_path, capsys):
    write_folder(tmp_path / "meters", range(2))
    (tmp_path / "meters" / "ten").mkdir()
    assert main(["ingest", "meters"]) == 1
    assert capsys.readouterr().err == "meters/ten: passed over, since it is not called 0 to 9 or reject\n"


def test_a_dry_run_stores_nothing(badcase, tmp_path, home):
    write_folder(tmp_path / "meters", range(5))
    told = badcase("ingest", "meters", "--dry-run")
    assert told.endswith("; nothing was stored\n")
    assert not home.exists()
    assert badcase("ingest", "meters") == told.replace("; nothing was stored", "")


def test_answers_of_recognize_with_a_label_are_ingested(badcase, tmp_path):
    content, label = png(0)
    (tmp_path / "img.png").write_bytes(content)
    answer = {
        "path": "img.png",
        **Recognizer.load().recognize("img.png").to_dict(),
        "label": (label + 1) % 10,
    }
    command = [sys.executable, "-c", "import sys; from recognizer.cli.badcase import main; sys.exit(main())"]
    done = subprocess.run(
        [*command, "ingest", "-"], input=json.dumps(answer), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "1 row: 1 new case (1 bad), 0 further reports, 0 known, 0 refused\n"
    (case,) = objects(badcase("list", "--json"))
    assert case["source"] == "standard input"


def test_columns_that_mean_nothing_are_named(image, capsys, tmp_path):
    path, label = image
    (tmp_path / "t.csv").write_text(f"path,label,lable,origin\n{path},{label},3,x\n")
    assert main(["ingest", "t.csv"]) == 0
    assert capsys.readouterr().err == "columns ignored: lable, origin\n"
