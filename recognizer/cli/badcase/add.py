"""``badcase add``: an image with what it shows."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import PurePath

from recognizer.cli.badcase.options import add_origin, add_store, label, moment
from recognizer.cli.badcase.taking import Tally, reporter, take
from recognizer.feedback.fields import Defaults
from recognizer.feedback.rows import AnyRow, Rows, make_row
from recognizer.image.named_files import printable

BY_HAND = "by hand"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="an image file")
    parser.add_argument(
        "--label", type=label, required=True, metavar="L", help="what it shows: 0 to 9, or reject"
    )
    add_origin(parser, BY_HAND)
    parser.add_argument(
        "--answer",
        type=label,
        metavar="A",
        help="the answer that was given: 0 to 9, or reject (default: the model is asked)",
    )
    parser.add_argument(
        "--time",
        type=moment,
        metavar="T",
        help="when it was answered, such as 2026-03-01T12:00 (default: now)",
    )
    parser.add_argument("--note", metavar="TEXT", help="anything else worth knowing")
    add_store(parser)


def run(args: argparse.Namespace) -> int:
    """Store each image, and tell its case; the exit code says whether one was refused."""
    defaults = Defaults(args.source or BY_HAND, reporter(args))
    said = {name: getattr(args, name) for name in ("label", "answer", "time", "note")}

    def read() -> Iterator[AnyRow]:
        for number, path in enumerate(args.paths, 1):
            yield make_row(number, path, {**said, "name": PurePath(path).name}, defaults)

    tally = Tally()
    for result in take(Rows(read, lambda: len(args.paths)), args, numbered=False):
        tally.add(result)
        if not args.json and not result.problem:
            known = ", known already" if result.status == "known" else ""
            sys.stdout.write(f"{printable(result.path)}: case {result.case}, {result.state}{known}\n")
    return tally.exit_code
