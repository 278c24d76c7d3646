"""Help, and what is refused."""

import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recognize_command import code_of

from recognizer import __version__
from recognizer.cli.arguments import digits


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


@pytest.mark.parametrize("others", [[], ["7.png"]])
def test_a_file_that_was_taken_for_an_option_is_told_how_to_write(
    others, here, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-7.png").touch()
    assert code_of("-7.png", *others) == 2
    assert capsys.readouterr().err.endswith("; for the file -7.png write ./-7.png\n")


@pytest.mark.parametrize("form", [[], ["--field"]])
def test_what_stands_for_no_file_stops_no_other(form, here, tmp_path, capsys):
    assert code_of(*form, tmp_path, "7.png", "nope*.png", "") == 1
    out, err = capsys.readouterr()
    assert [line.split("\t")[1] for line in out.splitlines()] == ["?", "7", "?", "?"]
    assert [line.split(": ")[2][:12] for line in err.splitlines()] == [
        "no image in ",
        "no file matc",
        "an empty nam",
    ]


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
