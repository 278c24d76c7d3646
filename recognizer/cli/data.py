"""The command ``recognizer data``: fetch MNIST, or check what is there."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

from recognizer.cli.arguments import DATA
from recognizer.data import data_folder, packed, verify
from recognizer.errors import DataError
from recognizer.fetch import MIRRORS, Progress, fetch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    fetching = actions.add_parser(
        "fetch", help="download the MNIST files that are missing or damaged, and check them"
    )
    checking = actions.add_parser("verify", help="compare MNIST with its checksums")
    for action in (fetching, checking):
        action.add_argument(
            "--data",
            type=Path,
            metavar="DIR",
            help=DATA,
        )
    fetching.add_argument(
        "--mirror",
        nargs="+",
        action="extend",
        metavar="URL",
        help="download from here instead of the public mirrors; may be repeated",
    )


def run(args: argparse.Namespace) -> int:
    """Do what the arguments say."""
    root = data_folder(args.data)
    return _fetch(root, args.mirror) if args.action == "fetch" else _verify(root)


def _fetch(root: Path, mirrors: list[str] | None) -> int:
    with ExitStack() as stack:
        done = fetch(root, mirrors or MIRRORS, progress=_bar(stack) if sys.stderr.isatty() else None)
    for name, what in done.items():
        sys.stdout.write(f"{packed(root, name)}: {what}\n")
    return 0


def _verify(root: Path) -> int:
    states = verify(root)
    for name, found in states.items():
        sys.stdout.write(f"{packed(root, name)}: {found}\n")
    wrong = sum(found != "intact" for found in states.values())
    if wrong:
        raise DataError(f"{wrong} of {len(states)} files are missing or damaged: run `recognizer data fetch`")
    return 0


def _bar(stack: ExitStack) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    bars = stack.enter_context(Bars(*columns, console=Console(stderr=True), redirect_stdout=False))
    tasks = {}

    def show(name: str, size: int, total: int | None) -> None:
        if name not in tasks:
            tasks[name] = bars.add_task(name, total=total)
        bars.update(tasks[name], completed=size, total=total)

    return show
