"""Runs several commands in this process and prints what each did, as a JSON list: a script for a process of its own.

    python several_commands.py WITHOUT COMMANDS

WITHOUT is a JSON list of packages that can't be imported here, as if they were not installed; COMMANDS a list of
command lines.
"""  # fmt: skip

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys

MODULES = {
    "recognize": "recognizer.cli.recognize",
    "similar": "recognizer.cli.similar",
    "badcase": "recognizer.cli.badcase",
    "recognizer": "recognizer.cli",
}


class NotInstalled:
    """A finder that refuses packages."""

    def __init__(self, packages):
        self.packages = packages

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.packages:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def run(program, *arguments):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = importlib.import_module(MODULES[program]).main(arguments)
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


if __name__ == "__main__":
    refused, commands = map(json.loads, sys.argv[1:])
    sys.meta_path.insert(0, NotInstalled(refused))
    sys.stdout.write(json.dumps([run(*command) for command in commands]))
