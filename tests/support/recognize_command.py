"""The command `recognize` in this process or one of its own."""

import subprocess
import sys

from commands import environment

from recognizer.cli.recognize import main

MODULE = "recognizer.cli.recognize"
COMMAND = [sys.executable, "-m", MODULE]


def code_of(*argv):
    try:
        return main([str(part) for part in argv])
    except SystemExit as stopped:
        return stopped.code


def run(*argv, cwd, stdin=b"", **settings):
    return subprocess.run(
        [*COMMAND, *argv], cwd=cwd, env=environment(**settings), input=stdin, capture_output=True, check=False
    )
