"""A terminal for a command that draws on one."""

from __future__ import annotations

import os
import re
import subprocess

TERMINAL = {"TERM": "xterm-256color", "COLUMNS": "100"}
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
UNSET = ("NO_COLOR", "FORCE_COLOR", "COLORTERM")


def shown_on_a_terminal(command, cwd, environment):
    """What a terminal shows: standard output and standard error as they come, and the exit code.

    Args:
        command: the program and its arguments.
        cwd: the folder to run it in.
        environment: of the program; what differs from this process's overrules that of the terminal.
    """
    import pty

    ours, theirs = pty.openpty()
    own = {name: value for name, value in os.environ.items() if name not in UNSET}
    wanted = {name: value for name, value in environment.items() if os.environ.get(name) != value}
    settings = {**own, **TERMINAL, **wanted}
    with subprocess.Popen(command, cwd=cwd, env=settings, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                block = os.read(ours, 1 << 16)
            except OSError:  # how Linux tells that the other end is closed
                break
            if not block:
                break
            shown += block
    os.close(ours)
    return shown.decode(), process.returncode
