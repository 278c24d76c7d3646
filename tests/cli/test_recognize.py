import argparse
import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from shipped_stand_in import command, shipped, write_shipped
from terminals import shown_on_a_terminal

import recognizer
from recognizer import Recognizer, __version__
from recognizer.cli.arguments import digits
from recognizer.cli.recognize import main
from recognizer.cli.tiles import TILE
from recognizer.results import REASONS

MODULE = "recognizer.cli.recognize"
COMMAND = [sys.executable, "-m", MODULE]
# The commands run in other folders than the one this package may be imported from.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(recognizer.__file__).parents[1])}
SLOW_IMPORTS = ("rich", "sklearn", "torch", "pynndescent", "scipy", "numba", "matplotlib", "daft")


def save(path, text="", size=(64, 64)):
    image = Image.new("L", size, 255)
    middle = (size[0] // 2, size[1] // 2)
    ImageDraw.Draw(image).text(middle, text, 0, ImageFont.load_default(48), anchor="mm")
    image.save(path)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A folder with the ten digits, a blank page, a row of four, and a file that is no image."""
    folder = tmp_path_factory.mktemp("drawn")
    for digit in range(10):
        save(folder / f"{digit}.png", str(digit))
    save(folder / "blank.png")
    save(folder / "row.png", "4 7 1 2", (280, 64))
    (folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    return folder


@pytest.fixture
def here(drawn, monkeypatch):
    monkeypatch.chdir(drawn)
    return drawn


def code_of(*argv):
    try:
        return main([str(part) for part in argv])
    except SystemExit as stopped:
        return stopped.code


def run(*argv, cwd, stdin=b"", **settings):
    environment = {**ENVIRONMENT, **settings}
    return subprocess.run(
        [*COMMAND, *argv], cwd=cwd, env=environment, input=stdin, capture_output=True, check=False
    )


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def test_json_gives_an_object_a_line_in_input_order(here, capsys):
    paths = ["7.png", "blank.png", "3.png", "7.png"]
    assert code_of("--json", *paths) == 0
    out, err = capsys.readouterr()
    found = objects(out)
    assert [entry["path"] for entry in found] == paths
    assert [entry["best"] for entry in found] == [7, None, 3, 7]
    assert found[1]["reason"] == "blank"
    assert found[0] == found[3]
    assert err == ""


def test_json_says_what_the_library_says(here, capsys):
    paths = [f"{digit}.png" for digit in range(10)]
    code_of("--json", *paths)
    answers = Recognizer.load().recognize_many(paths)
    for path, line, answer in zip(paths, capsys.readouterr().out.splitlines(), answers, strict=True):
        assert line == json.dumps({"path": path, **answer.to_dict()})


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    with shipped(write_shipped(tmp_path_factory.mktemp("models"))) as folder:
        yield folder


def test_an_explanation_names_neighbours_and_changes_nothing_else(here, models, capsys):
    code_of("--json", "7.png", "blank.png")
    plain, blank = objects(capsys.readouterr().out)
    assert code_of("--json", "--explain", 2, "7.png", "blank.png") == 0
    explained, still_blank = objects(capsys.readouterr().out)
    nearest, second = explained["neighbors"]
    assert nearest["distance"] <= second["distance"]
    assert set(nearest) == {"id", "label", "distance", "similarity", "source"}
    assert {**explained, "neighbors": []} == plain
    assert still_blank == blank


def test_an_explanation_as_a_table_has_the_labels(here, models, capsys):
    assert code_of("--explain", 3, "--csv", "7.png", "blank.png") == 0
    seven, blank = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert [label in set("0123456789") for label in seven["neighbors"].split()] == [True] * 3
    assert blank["neighbors"] == ""
    assert code_of("--explain", 3, "7.png") == 0
    assert capsys.readouterr().out.rstrip("\n").split("\t")[4] == seven["neighbors"]


def test_an_explanation_on_a_sheet_has_its_pictures(here, models, capsys, tmp_path):
    out = tmp_path / "out.png"
    assert code_of("--json", "--explain", 3, "7.png", "blank.png", "--sheet", out) == 0
    with Image.open(out) as sheet:
        assert sheet.size == (5 * TILE[0], 2 * TILE[1])


def test_an_explanation_without_a_gallery_is_refused_in_one_line(here, models, capsys):
    """Never an answer that silently lacks what was asked for."""
    assert code_of("--json", "--explain", 2, "--gallery", "nowhere", "7.png", "blank.png") == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "no gallery there" in err
    assert err.count("\n") == 1


def test_one_bad_file_does_not_stop_the_others(here, capsys):
    assert code_of("--json", "1.png", "bad.png", "missing.png", "2.png") == 1
    out, err = capsys.readouterr()
    found = objects(out)
    assert [entry["best"] for entry in found] == [1, None, None, 2]
    assert [entry["error"] is None for entry in found] == [True, False, False, True]
    assert "missing.png" in found[2]["error"]
    assert not found[1]["rejected"]
    assert err == ""


def test_plain_lines_tell_errors_on_standard_error(here, capsys):
    assert code_of("1.png", "bad.png", "blank.png") == 1
    out, err = capsys.readouterr()
    cells = [line.split("\t") for line in out.splitlines()]
    assert [(path, reason) for path, _, _, reason in cells][1:] == [
        ("bad.png", "unreadable"),
        ("blank.png", "blank"),
    ]
    assert cells[0][1] in ("1", "?")
    assert err.startswith("recognize: bad.png: ")
    assert err.count("\n") == 1


def test_a_folder_is_read_in_sorted_order(here, capsys):
    assert code_of("--json", ".") == 1
    names = [entry["path"] for entry in objects(capsys.readouterr().out)]
    assert names == sorted(names)
    assert len(names) == 13


def test_a_refusal_is_an_answer(here, capsys):
    assert code_of("blank.png") == 0
    assert capsys.readouterr().out == "blank.png\t?\t0.000000\tblank\n"


def test_csv_can_be_read_back(here, capsys):
    assert code_of("--csv", "5.png", "bad.png", "blank.png") == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["path"] for row in rows] == ["5.png", "bad.png", "blank.png"]
    assert [row["best"] for row in rows] == ["5", "", ""]
    assert [bool(row["error"]) for row in rows] == [False, True, False]
    assert all(row["reason"] in ("", *REASONS) for row in rows)


def test_a_field_gives_an_object_a_file(here, capsys):
    assert code_of("--json", "--field", "--length", 4, "row.png", "missing.png") == 1
    row, missing = objects(capsys.readouterr().out)
    assert len(row["digits"]) == len(row["text"]) == 4
    for digit, shown in zip(row["digits"], row["text"], strict=True):
        assert shown == ("?" if digit["digit"] is None else str(digit["digit"]))
        assert digit["box"] is not None
    assert (missing["digits"], missing["text"]) == ([], "")
    assert "missing.png" in missing["error"]


def test_a_field_as_csv_and_plain(here, capsys):
    assert code_of("--csv", "--field", "row.png") == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert len(row["confidences"].split()) == len(row["text"])
    assert code_of("--field", "row.png") == 0
    assert capsys.readouterr().out.split("\t")[:2] == ["row.png", row["text"]]


def test_allowed_restricts_the_digits(here, capsys):
    code_of("--json", "--allowed", "1-3,7", *(f"{digit}.png" for digit in range(10)))
    assert {entry["digit"] for entry in objects(capsys.readouterr().out)} <= {1, 2, 3, 7, None}


def test_larger_images_than_allowed_are_not_opened(here, capsys):
    assert code_of("--json", "--max-pixels", 64 * 64, "7.png", "row.png") == 1
    seven, row = objects(capsys.readouterr().out)
    assert seven["best"] == 7
    assert "pixels" in row["error"]


def test_a_sheet_is_drawn_beside_the_answers(here, capsys, tmp_path):
    out = tmp_path / "out.png"
    assert code_of("--json", "7.png", "bad.png", "blank.png", "--sheet", out) == 1
    captured = capsys.readouterr()
    assert len(objects(captured.out)) == 3
    assert str(out) in captured.err
    with Image.open(out) as sheet:
        assert sheet.format == "PNG"


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["--allowed", "0-12", "7.png"],
        ["--allowed", "", "7.png"],
        ["--allowed", "9-1", "7.png"],
        ["--field", "--length", "0", "row.png"],
        ["--length", "2", "row.png"],
        ["--field", "--explain", "2", "row.png"],
        ["--json", "--csv", "7.png"],
        ["--explain", "-1", "7.png"],
        ["--gallery", ".", "7.png"],
        ["--max-error", "2", "7.png"],
        ["--max-error", "nan", "7.png"],
        ["--threads", "0", "7.png"],
        ["--max-pixels", "none", "7.png"],
        ["--sheet", "7.png", "1.png"],
        ["--sheet", "out.jpg", "7.png"],
        ["--unknown", "7.png"],
    ],
)
def test_wrong_usage_is_exit_code_2_and_nothing_on_standard_output(argv, here, capsys):
    assert code_of(*argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err
    assert "Traceback" not in err


def test_an_empty_folder_is_wrong_usage(tmp_path, capsys):
    assert code_of("--json", tmp_path) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_no_usable_model_is_exit_code_3(here, capsys):
    assert code_of("--json", "--model", "no/such/model", "7.png") == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1


def test_the_version_is_told(capsys):
    assert code_of("--version") == 0
    assert capsys.readouterr().out == f"recognize {__version__}\n"


def test_help_names_every_option_and_the_exit_codes(capsys):
    assert code_of("--help") == 0
    out = capsys.readouterr().out
    assert "Exit codes" in out
    for option in ("json", "csv", "explain", "sheet", "field", "length", "allowed", "model", "max-error"):
        assert f"--{option}" in out


def spelled(chosen):
    """A set of digits the way people write it, neighbours joined to ranges."""
    parts, run_of = [], []
    for digit in sorted(chosen):
        if run_of and digit != run_of[-1] + 1:
            parts.append(run_of)
            run_of = []
        run_of.append(digit)
    parts.append(run_of)
    return ",".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)


@given(st.sets(st.integers(0, 9), min_size=1))
def test_any_set_of_digits_can_be_spelled(chosen):
    assert digits(spelled(chosen)) == digits(", ".join(map(str, chosen))) == chosen


@given(st.text("0123456789-, ٣x", max_size=8) | st.text(max_size=8))
def test_whatever_is_no_set_of_digits_is_refused(text):
    try:
        found = digits(text)
    except argparse.ArgumentTypeError:
        return
    assert found
    assert found <= set(range(10))
    assert set(text) <= set("0123456789-, ")


def test_a_process_answers_like_the_function(here, capsys):
    done = run("--json", "7.png", "bad.png", cwd=here)
    code = code_of("--json", "7.png", "bad.png")
    assert (done.returncode, done.stderr) == (code, b"")
    assert done.stdout.decode() == capsys.readouterr().out


def test_a_cold_start_imports_nothing_slow(here):
    done = run("--json", "7.png", cwd=here, PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    imported = {line.split(b"|")[-1].strip().decode().split(".")[0] for line in done.stderr.splitlines()}
    assert imported.isdisjoint(SLOW_IMPORTS)


def test_a_list_on_standard_input_is_answered_in_order(here):
    done = run("--json", "-", cwd=here, stdin=b"3.png\nmissing.png\n7.png\n")
    assert done.returncode == 1
    assert [entry["best"] for entry in objects(done.stdout)] == [3, None, 7]


def test_an_empty_list_is_no_error(here):
    done = run("--json", "-", cwd=here, stdin=b"")
    assert (done.returncode, done.stdout) == (0, b"")


def test_names_that_look_like_options_follow_two_dashes(here, tmp_path):
    shutil.copy(here / "7.png", tmp_path / "-7.png")
    done = run("--json", "--", "-7.png", cwd=tmp_path)
    assert [entry["path"] for entry in objects(done.stdout)] == ["-7.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that takes any bytes as a name")
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_name_that_is_not_utf8_is_answered(encoding, here, tmp_path):
    name = b"caf\xe9.png"
    shutil.copy(here / "7.png", os.path.join(os.fsencode(tmp_path), name))  # noqa: PTH118
    settings = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    for form in ("--json", "--csv", "--field"):
        done = run(form, name, b"gone" + name, cwd=tmp_path, **settings)
        assert done.returncode == 1, done.stderr
        assert b"Traceback" not in done.stderr
        assert done.stdout.count(b"\n") == 2 + (form == "--csv")
    plain = run(name, cwd=tmp_path, **settings).stdout
    assert plain.startswith(name if encoding == "utf-8" else b"caf\\udce9.png")


def test_no_escape_codes_reach_a_pipe(here):
    done = run("7.png", "blank.png", "bad.png", cwd=here, FORCE_COLOR="1", TERM="xterm-256color")
    assert b"\x1b" not in done.stdout + done.stderr


def test_a_reader_that_leaves_early_is_no_error(here):
    names = b"7.png\n" * 2000
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen([*COMMAND, "--json", "-"], cwd=here, env=ENVIRONMENT, **pipes) as process:
        process.stdin.write(names)
        process.stdin.close()
        assert json.loads(process.stdout.readline())["best"] == 7
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait(60)


def on_a_terminal(*argv, cwd, command=COMMAND, **environment):
    return shown_on_a_terminal([*command, *argv], cwd, {**ENVIRONMENT, **environment})


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
class TestTerminal:
    def test_a_person_sees_the_glyph_and_the_reason(self, here):
        shown, code = on_a_terminal("7.png", "blank.png", "bad.png", cwd=here, PYTHONIOENCODING="utf-8")
        assert code == 1
        assert shown.count("▀") == 2 * 14 * 28
        assert "nothing is drawn on it" in shown
        assert "recognize: bad.png: " in shown

    def test_a_person_sees_what_is_similar_and_what_is_remembered(self, here, models):
        shown, code = on_a_terminal("--explain", "3", "7.png", cwd=here, command=command(MODULE, models))
        assert code == 0
        assert shown.count("▀") + shown.count("█") >= 14 * 28 + 5 * 14 * 7
        for words in ("as seen", "as encoded", "similarity", "mnist/train"):
            assert words in shown

    @pytest.mark.parametrize("setting", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"PYTHONIOENCODING": "ascii"}])
    def test_a_plain_terminal_gets_ascii(self, setting, here):
        shown, code = on_a_terminal("7.png", cwd=here, **setting)
        assert code == 0
        assert shown.isascii()
        assert "candidates" in shown

    def test_many_images_get_a_line_each_and_a_summary(self, here):
        shown, code = on_a_terminal(".", cwd=here)
        assert code == 1
        assert "▀" not in shown
        assert len(shown.splitlines()) == 13 + 1
        assert "13 images: " in shown.splitlines()[-1]
        assert "1 unreadable" in shown.splitlines()[-1]

    def test_json_on_a_terminal_is_still_json(self, here):
        shown, code = on_a_terminal("--json", "7.png", cwd=here)
        assert (objects(shown)[0]["best"], code) == (7, 0)
