"""``badcase ingest``: many images with what they show, from a folder or a table."""

from __future__ import annotations

import argparse
import sys

from recognizer.cli.badcase.options import add_origin, add_store
from recognizer.cli.badcase.taking import REFUSED_EXIT, Tally, reporter, take
from recognizer.feedback.rows import open_rows, open_stream
from recognizer.image.named_files import STDIN


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "rows",
        metavar="FOLDER|FILE|-",
        help="a folder with sub-folders 0 to 9 and reject, or one that `badcase export` wrote; a .csv or .jsonl file "
        "with path and label; or - for such a table on standard input",
    )
    add_origin(parser, "the name of the folder or file")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be stored")
    add_store(parser)


def run(args: argparse.Namespace) -> int:
    """Store, and sum up; the exit code says whether a row was refused."""
    if args.rows == STDIN:
        rows = open_stream(sys.stdin.buffer, args.source, reporter(args))
    else:
        rows = open_rows(args.rows, args.source, reporter(args))
    tally = Tally()
    for result in take(rows, args, args.dry_run):
        tally.add(result)
    summary = f"{tally.summary()}{'; nothing was stored' if args.dry_run else ''}\n"
    (sys.stderr if args.json else sys.stdout).write(summary)
    return REFUSED_EXIT if rows.notes else tally.exit_code
