"""The command ``badcase``, from adding to exporting."""

import csv
import json
import subprocess
import sys

import pytest
from labelled_images import png, write_folder
from PIL import Image

from recognizer import Recognizer
from recognizer.cli.badcase import COMMANDS, main


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def badcase(capsys):
    """Runs a command line that should end with a code; gives its standard output."""

    def run(*argv, code=0):
        capsys.readouterr()
        assert main(list(map(str, argv))) == code
        return capsys.readouterr().out

    return run


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def image(tmp_path):
    """A file with image 0, and what it shows."""
    content, label = png(0)
    (tmp_path / "img.png").write_bytes(content)
    return "img.png", label


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["nothing"],
        ["add"],
        ["add", "x.png"],
        ["list", "--state", "good"],
        ["show", "x"],
        ["add", "x", "--label", "11"],
        ["add", "x", "--label", "3", "--time", "now"],
    ],
)
def test_wrong_usage(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert "usage: badcase" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["--help"], ["--version"], *([command, "--help"] for command in COMMANDS)])
def test_help_and_version(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 0
    assert "badcase" in capsys.readouterr().out


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


def test_add_refuses_one_and_stores_the_other(badcase, image, capsys):
    path, label = image
    assert main(["add", "missing.png", path, "--label", str(label)]) == 1
    out, err = capsys.readouterr()
    assert out == "img.png: case 1, confirmed\n"
    assert err == "row 1: missing.png: no such file\n"


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
    assert capsys.readouterr().err == "columns passed over: lable, origin\n"


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


def test_without_matplotlib_the_table_works_and_the_plot_says_what_to_install(
    badcase, image, capsys, monkeypatch
):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    badcase("add", image[0], "--label", image[1])
    assert "eleven@1" in badcase("list", "--trend")
    assert main(["list", "--trend", "--out", "trend.png"]) == 2
    assert "pip install 'digit-recognizer-eleven[train]'" in capsys.readouterr().err


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


def test_recheck_tells_what_changed(badcase, tmp_path):
    write_folder(tmp_path / "meters", range(5))
    badcase("ingest", "meters")
    assert badcase("recheck").startswith("5 cases read by eleven@1, ")
    assert badcase("recheck").endswith(": no state changed\n")


def test_what_another_model_gets_right_is_confirmed(badcase, image, tmp_path, capsys):
    from bundles import copy_of_shipped

    path, label = image
    point = {"name": "none", "threshold": 2.0, "coverage": 0.0, "error": 0.0}
    copy_of_shipped(tmp_path / "strict", operating_point=point, version="strict")
    assert badcase("add", path, "--label", label, "--model", "strict") == "img.png: case 1, bad\n"
    assert main(["list"]) == 0
    assert "1 of these were last read by another model than the current one" in capsys.readouterr().err
    told = badcase("recheck")
    assert told.endswith(": 1 from bad to confirmed\n")
    assert main(["list", "--state", "confirmed"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["list"], 3, "no bad cases are stored there"),
        (["show", "1"], 3, "no bad cases are stored there"),
        (["ingest", "nothing.csv"], 3, "no such file"),
        (["ingest", "nothing"], 2, "pass a folder, a .csv or .jsonl file, or - for standard input"),
        (["ingest", "-", "--model", "eleven@9"], 3, "no model is registered"),
        (["list", "--out", "x.png"], 2, "--out goes with --trend"),
        (["list", "--by", "day"], 2, "--by goes with --trend"),
        (["list", "--trend", "--state", "bad"], 2, "only --source goes with it"),
        (["list", "--store", "mysql://a@b/c"], 2, "mysql is not supported"),
    ],
)
def test_what_is_refused_is_one_line(argv, code, words, capsys, home):
    assert main(argv) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.count("\n") == 1
    assert not home.exists()


def test_a_case_that_is_not_there(badcase, image, capsys):
    badcase("add", image[0], "--label", image[1])
    for argv in (["show", "7"], ["label", "7", "3"]):
        assert main(argv) == 2
        assert capsys.readouterr().err == "error: there is no case 7: `badcase list` shows those there are\n"


def test_diagnose_proposes_and_draws(badcase, tmp_path):
    write_folder(tmp_path / "meters", range(0, 200, 4))
    badcase("ingest", "meters")
    said = objects(badcase("diagnose", "--json", "--sheet", "sheets"))
    groups = [each for each in said if "proposal" in each]
    assert {each["action"] for each in groups} <= {
        "look",
        "fine-tune",
        "new specialist",
        "add to the reject class",
    }
    sheets = sorted((tmp_path / "sheets").iterdir())
    assert len(sheets) == len(groups)
    assert "cases," in badcase("diagnose").splitlines()[0]
    badcase("diagnose", "--sheet", "sheets", code=2 if sheets else 0)


def test_without_a_candidate_there_is_nothing_to_promote(badcase, image, capsys):
    path, label = image
    badcase("add", path, "--label", label)
    assert main(["promote"]) == 2
    assert "badcase learn" in capsys.readouterr().err


def test_what_learning_needs_is_said(badcase, image, capsys, monkeypatch):
    path, label = image
    badcase("add", path, "--label", label)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["learn"]) == 2
    assert "pip install" in capsys.readouterr().err


def test_rollback_without_a_switch(badcase):
    badcase("rollback", "--why", "nothing was switched", code=2)
