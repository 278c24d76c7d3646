"""``recognizer evaluate``: how good a model is on labelled images."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from recognizer import Recognizer
from recognizer.cli.measuring import (
    add_data_arguments,
    arguments_of,
    open_sets,
    progress,
    tell_problems,
)
from recognizer.cli.recognize import share
from recognizer.evaluation import figures, measure
from recognizer.record import as_text, make_record, write_record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_data_arguments(parser)
    parser.add_argument(
        "--json", action="store_true", help="the metrics file on standard output, and no tables"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write metrics.json and plots here")
    parser.add_argument(
        "--max-error", type=share, metavar="X", help="refuse as needed for this share of errors, e.g. 0.001"
    )


def run(args: argparse.Namespace) -> int:
    """Measure, report, and write what was asked for; the exit code says whether all images could be used."""
    if args.out:
        from recognizer.plots import check_plotting, draw

        check_plotting()
    recognizer = Recognizer.load(args.model, args.max_error)
    sets = open_sets(args, recognizer.bundle)
    measured = [measure(recognizer, data, partial(progress, total=data.size)) for data in sets]
    record = make_record(
        "a model on labelled images",
        "recognizer evaluate",
        arguments_of(args),
        [each.described for each in measured],
        {
            "operating_point": vars(recognizer.bundle.operating_point(args.max_error)),
            "sets": {each.name: figures(each) for each in measured},
        },
        recognizer.bundle,
    )
    if args.json:
        sys.stdout.write(as_text(record))
    else:
        from recognizer.cli.evaluation_tables import show

        show(record["figures"]["sets"], recognizer.model)
    if args.out:
        for path in (write_record(record, args.out), *draw(measured, args.out)):
            sys.stderr.write(f"{path}\n")
    return tell_problems([line for each in measured for line in each.problems])
