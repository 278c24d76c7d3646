"""``badcase export``: images by label, and a table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from recognizer.cli.badcase.options import add_choice, add_store, chosen_cases, existing_store, number_of
from recognizer.cli.common import need_new_folder
from recognizer.cli.progress import watched
from recognizer.feedback.export import export
from recognizer.feedback.rows import TABLE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a new folder to write to")
    add_choice(parser)
    add_store(parser)


def run(args: argparse.Namespace) -> int:
    """Write the folder, and tell its table."""
    need_new_folder("", args.folder)
    with existing_store(args) as store:
        cases = export(store, chosen_cases(store, args), args.folder)
        if sys.stderr.isatty():
            cases = watched(cases, lambda: None, sys.stderr)
        n = sum(1 for _ in cases)
    sys.stderr.write(f"{number_of(n, 'case')}\n")
    sys.stdout.write(f"{args.folder / TABLE}\n")
    return 0
