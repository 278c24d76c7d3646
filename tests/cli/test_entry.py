"""The installed commands from their first moment: an interrupt while they import, closed standard streams."""

import signal
import subprocess
import sys

import pytest
from commands import ROOT, environment

COMMANDS = {
    "recognize": ["examples/photo-4.png"],
    "similar": ["examples/photo-4.png"],
    "badcase": ["add", "examples/photo-4.png", "--label", "4"],
    "recognizer": ["models", "list"],
}
# A finder that interrupts the process when a module is about to be imported, as Ctrl-C would.
SCRIPT = """
import os, signal, sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
from recognizer.cli.entry import {command}
sys.argv[1:] = {arguments!r}
sys.exit({command}())
"""
WHEN = {
    "recognize": ("argparse", "numpy", "cv2", "recognizer.stages.decide", "onnxruntime", "json"),
    "similar": ("recognizer.cli.similar.options", "numpy", "onnxruntime"),
    "badcase": ("recognizer.cli.program", "recognizer.cli.badcase.add", "sqlalchemy"),
    "recognizer": ("recognizer.cli.program", "recognizer.cli.models", "rich"),
}


def interrupted(command, module, tmp_path, **how):
    script = SCRIPT.format(module=module, command=command, arguments=COMMANDS[command])
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment(RECOGNIZER_HOME=str(tmp_path), RECOGNIZER_STORE=str(tmp_path / "cases.sqlite")),
        capture_output=True,
        check=False,
        **how,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(
    ("command", "module"), [(c, module) for c, modules in WHEN.items() for module in modules]
)
def test_an_interrupt_during_imports_is_one_line(command, module, tmp_path):
    done = interrupted(command, module, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"error: interrupted\n")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_where_interrupts_are_ignored_they_stay_so(tmp_path):
    """As in the background of a script."""
    done = interrupted(
        "recognize", "numpy", tmp_path, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_entry_imports_nothing_that_takes_time():
    code = (
        "import sys; before = set(sys.modules); import recognizer.cli.entry; print(*{*sys.modules} - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    imported = {name.partition(".")[0] for name in done.stdout.split()}
    assert imported.isdisjoint({"numpy", "cv2", "argparse", "typing", "pathlib", "contextlib", "retrieval"})


@pytest.mark.skipif(sys.platform == "win32", reason="a shell that closes streams")
@pytest.mark.parametrize("closed", ["<&- >&-", "<&- >&- 2>&-", ">&- 2>&-"])
@pytest.mark.parametrize("command", COMMANDS)
def test_closed_streams_are_the_null_device(command, closed, tmp_path):
    """As under some schedulers: the work is done, and nothing is written into the files that are opened meanwhile."""
    code = f"import sys; from recognizer.cli.entry import {command}; sys.exit({command}())"
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-c", code, *COMMANDS[command]],
        cwd=ROOT,
        env=environment(RECOGNIZER_HOME=str(tmp_path), RECOGNIZER_STORE=str(tmp_path / "cases.sqlite")),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
