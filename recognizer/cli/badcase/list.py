"""``badcase list``: the cases, or how reports developed over time."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from recognizer.cli.badcase.options import add_choice, add_store, chosen_cases, existing_store, number_of
from recognizer.cli.common import plain_table, table_console
from recognizer.errors import UsageError
from recognizer.feedback.cases import Case, from_source
from recognizer.feedback.told import case_dict, mistake
from recognizer.feedback.trend import Rate, trend
from recognizer.image.named_files import printable
from recognizer.measure.metrics import share_of
from recognizer.registry.versions import Registry
from recognizer.results import name_and_version


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_choice(parser)
    parser.add_argument(
        "--trend",
        action="store_true",
        help="show how many of the reports are refusals and mistakes, over time",
    )
    parser.add_argument("--by", choices=("day", "week", "month"), help="with --trend: the length of a period")
    parser.add_argument("--out", type=Path, metavar="OUT.png", help="with --trend: also draw it")
    parser.add_argument("--json", action="store_true", help="write one JSON object a line")
    add_store(parser)


def run(args: argparse.Namespace) -> int:
    """Print the cases or, with ``--trend``, counts of reports."""
    _check(args)
    if args.trend:
        return _trend(args)
    models: Counter[str] = Counter()
    with existing_store(args) as store:
        for case in chosen_cases(store, args):
            models[name_and_version(case.answer.model)] += 1
            line = json.dumps(case_dict(case), ensure_ascii=False) if args.json else _line(case)
            sys.stdout.write(f"{line}\n")
    stale = models.total() - models[Registry().current_name]
    if stale:
        sys.stderr.write(
            f"{stale} of these were last read by another model than the current one: run `badcase recheck`\n"
        )
    return 0


def _check(args: argparse.Namespace) -> None:
    if (args.out or args.by) and not args.trend:
        raise UsageError(f"{'--out' if args.out else '--by'} needs --trend")
    if args.trend and (args.state or args.pair or args.label is not None):
        raise UsageError("--trend counts all reports: it can only be combined with --source")
    if args.out:
        from recognizer.measure.plots import check_plotting

        check_plotting()


def _line(case: Case) -> str:
    reports = number_of(case.reports, "report")
    cells = (str(case.id), case.state, mistake(case.label, case.answer.digit), case.source, reports)
    return "\t".join(printable(cell) for cell in cells)


def _trend(args: argparse.Namespace) -> int:
    with existing_store(args) as store:
        reports = (report for _, report in store.all_reports() if from_source(report.source, args.source))
        rates = trend(reports, args.by)
    if args.json:
        for rate in rates:
            sys.stdout.write(
                json.dumps({**asdict(rate), "start": rate.start.isoformat()}, ensure_ascii=False) + "\n"
            )
    else:
        _table(rates)
    if args.out:
        from recognizer.measure.plots import draw_trend

        sys.stderr.write(f"{draw_trend(rates, args.out)}\n")
    return 0


def _table(rates: list[Rate]) -> None:
    from rich.text import Text

    from recognizer.cli.measuring import counted

    titles = ("from", "model", "source", "refused", "wrong digit")
    table = plain_table(*titles, no_wrap=titles)
    for rate in rates:
        shares = (counted(share_of(count, rate.reports)) for count in (rate.refused, rate.mistakes))
        names = (Text(printable(name)) for name in (rate.model, rate.source))
        table.add_row(rate.start.isoformat(), *names, *shares)
    table_console().print(table)
