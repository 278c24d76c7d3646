"""What every command shares: errors become one line and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from recognizer.cli.entry import INTERRUPTED, work_begins
from recognizer.errors import RecognizerError, UsageError
from recognizer.image.named_files import printable
from retrieval.errors import RetrievalError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

UNREADABLE_EXIT = 1  # some inputs could not be used, the others were
_UNBOUNDED = 10_000
PIPE_CLOSED = 141  # as a shell reports a program that SIGPIPE ended


def run_command(function: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    """Run a command and turn what stops it into one line on standard error.

    Args:
        function: does the work and returns an exit code.
        args: its parsed arguments.

    Returns:
        The function's exit code; that of the ``RecognizerError`` or ``RetrievalError`` it raised; 1 where the
        system refused something, such as a full disk; 130 when interrupted; 141 when nobody reads standard
        output any more.
    """
    try:
        work_begins()
        _open_streams()
        _settle()
        code = function(args)
        # Here, not at exit, where Python would print a traceback of its own.
        sys.stdout.flush()
    except (RecognizerError, RetrievalError) as error:
        return _stopped(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _stopped("interrupted", INTERRUPTED)
    except BrokenPipeError:
        _discard_output()
        return PIPE_CLOSED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _stopped(f"{where}{error.strerror or error}", 1)
    return code


def _open_streams() -> None:
    """Let a standard stream that was closed, as by ``>&-``, be the null device.

    Else nothing could be written to it, and the first file that is opened would get its number: what a library tells
    standard output would end up in there.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            nowhere = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(nowhere, mode, encoding="utf-8", errors="backslashreplace"))


def _settle() -> None:
    """Make standard output fit for any file name, and pass each line on at once."""
    stream = sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        errors = "surrogateescape" if stream.encoding.lower() == "utf-8" else "backslashreplace"
        stream.reconfigure(errors=errors, line_buffering=True)


def need_training() -> None:
    """Get ready for a command that trains, before torch is imported.

    Raises:
        UsageError: the packages of the extra "train" are not installed.
    """
    # Threads that spin while they wait make training several times slower on a machine that does anything else.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from recognizer.needs import need_extra

    need_extra("train", "training needs", "torch", "onnx", "matplotlib")


def need_new_folder(option: str, folder: Path) -> None:
    """Make sure that a folder is new or empty; ``option`` is what names it on the command line, "" for an argument.

    Raises:
        UsageError: there is something in it.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        named = f"{option}: " if option else ""
        raise UsageError(f"{named}{printable(str(folder))} is not empty; name a new folder")


def table_console() -> Console:
    """A console for tables on standard output: as wide as the terminal or, without one, as the table."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else _UNBOUNDED)


def plain_table(*titles: str, no_wrap: Collection[str] = ()) -> Table:
    """An empty table without lines; the columns named in ``no_wrap`` are never broken."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in titles:
        table.add_column(title, no_wrap=title in no_wrap)
    return table


def _stopped(line: str, code: int) -> int:
    try:
        sys.stdout.flush()
    except OSError:
        _discard_output()
    with contextlib.suppress(OSError):
        sys.stderr.write(f"error: {printable(line)}\n")
        sys.stderr.flush()
    return code


def _discard_output() -> None:
    """What is still in the buffer can't be written any more, and must not fail again at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
