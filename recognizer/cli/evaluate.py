"""``recognizer evaluate``: how good a model is on labelled images."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from recognizer import Recognizer
from recognizer.cli.arguments import add_max_error, at_least
from recognizer.cli.measuring import (
    add_data_arguments,
    arguments_of,
    open_sets,
    progress,
    tell_problems,
)
from recognizer.errors import UsageError
from recognizer.measure.evaluation import figures, measure
from recognizer.measure.recalibrate import see
from recognizer.measure.record import as_text, make_record, write_record
from recognizer.measure.stage_two import compare_seen


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_data_arguments(parser)
    parser.add_argument(
        "--json", action="store_true", help="write the metrics file to standard output instead of tables"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="also write metrics.json and plots to this folder"
    )
    parser.add_argument(
        "--stages",
        action="store_true",
        help="compare answers before and after stage two, out of fold and on the data",
    )
    parser.add_argument(
        "--failures",
        type=at_least(0),
        default=0,
        metavar="N",
        help="list the N worst mistakes of each data set in the metrics file",
    )
    add_max_error(parser)


def run(args: argparse.Namespace) -> int:
    """Measure, report, and write what was asked for; the exit code says whether all images could be used."""
    if args.stages:
        return _run_stages(args)
    if args.out:
        from recognizer.measure.plots import check_plotting, draw

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
            "sets": {each.name: figures(each, args.failures) for each in measured},
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


def _run_stages(args: argparse.Namespace) -> int:
    """Compare both stages with stage one alone."""
    recognizer = Recognizer.load(args.model, args.max_error)
    bundle = recognizer.bundle
    if not bundle.stage_two:
        raise UsageError(
            f"--stages: {bundle.name} has no specialists; make them with `recognizer specialists`"
        )
    seen = see(recognizer, open_sets(args, bundle), progress)
    point = bundle.operating_point(args.max_error)
    found = {"out of fold": bundle.stage_two["out_of_fold"], **compare_seen(seen, bundle, point)}
    record = make_record(
        "answers before and after stage two",
        "recognizer evaluate --stages",
        arguments_of(args),
        seen.described,
        {"operating_point": vars(point), "sets": found},
        bundle,
    )
    if args.json:
        sys.stdout.write(as_text(record))
    else:
        from recognizer.cli.stage_tables import show_stages

        show_stages(found)
    if args.out:
        sys.stderr.write(f"{write_record(record, args.out)}\n")
    return tell_problems(seen.problems)
