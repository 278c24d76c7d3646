"""The command ``recognizer``, and the handler of errors that all commands share."""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
from pathlib import Path

import pytest

from recognizer.cli import COMMANDS, main
from recognizer.cli.common import run_command
from recognizer.errors import ModelError, UsageError


@pytest.mark.parametrize(
    "argv", [[], ["nothing"], ["data"], ["data", "nothing"], ["data", "verify", "--x"], ["--x"]]
)
def test_wrong_usage(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert "usage: recognizer" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["--help"], ["data", "--help"], ["data", "fetch", "--help"], ["--version"]])
def test_help_and_version(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 0
    assert "recognizer" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_starts_with_what_it_is_for(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    purpose = COMMANDS[command]
    shown = " ".join(capsys.readouterr().out.split())
    assert f"{purpose[0].upper()}{purpose[1:]}." in shown


def raising(error):
    def run(args):
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ModelError("no model: do this"), 3, "error: no model: do this\n"),
        (UsageError("not so"), 2, "error: not so\n"),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
        (PermissionError(13, "Permission denied", "out.png"), 1, "error: out.png: Permission denied\n"),
        (OSError("strange"), 1, "error: strange\n"),
        (UsageError("a\nb.sqlite: not so"), 2, "error: a\\x0ab.sqlite: not so\n"),
    ],
)
def test_what_stops_a_command_is_one_line(error, code, line, capsys):
    assert run_command(raising(error), argparse.Namespace()) == code
    assert capsys.readouterr() == ("", line)


def test_a_mistake_in_the_program_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        run_command(raising(ZeroDivisionError()), argparse.Namespace())


def test_the_code_of_a_command_is_passed_on():
    assert run_command(lambda args: args.code, argparse.Namespace(code=7)) == 7


@pytest.mark.parametrize(
    ("encoding", "written"), [("utf-8", b"\xfc \xe2\x80\x93\n"), ("ascii", b"\\udcfc \\u2013\n")]
)
def test_every_command_can_write_any_text(encoding, written, monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
    monkeypatch.setattr(sys, "stdout", out)
    assert run_command(lambda _: 0 * out.write("\udcfc –\n"), argparse.Namespace()) == 0
    assert out.buffer.getvalue() == written


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGPIPE")
def test_a_reader_that_leaves_early_is_quiet():
    code = (
        "import argparse, sys; from recognizer.cli.common import run_command\n"
        "def run(args):\n"
        "    for i in range(100_000): sys.stdout.write('line\\n')\n"
        "    return 0\n"
        "sys.exit(run_command(run, argparse.Namespace()))"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdout=pipe, stderr=pipe) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to write to")
def test_a_full_disk_is_one_line():
    code = "import argparse, sys; from recognizer.cli.common import run_command as r\n"
    code += "sys.exit(r(lambda a: sys.stdout.write('x') and 0, argparse.Namespace()))"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (1, b"error: No space left on device\n")
