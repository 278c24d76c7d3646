"""``recognizer calibrate``: an operating point and a temperature for one's own images, without training."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from recognizer import Recognizer
from recognizer.cli.arguments import share
from recognizer.cli.common import need_new_folder, plain_table, table_console
from recognizer.cli.measuring import (
    add_data_arguments,
    arguments_of,
    open_sets,
    percent,
    progress,
    tell_problems,
)
from recognizer.errors import DataError
from recognizer.measure.evaluation import Columns, digit_figures, non_digit_figures
from recognizer.measure.recalibrate import Fitted, Goal, cross_check, fit, see, write_calibrated
from recognizer.measure.record import make_record, write_record

COVERAGE = 0.99


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_data_arguments(parser)
    goal = parser.add_mutually_exclusive_group()
    goal.add_argument(
        "--coverage", type=share, metavar="C", help=f"the share of the digits to accept (default: {COVERAGE})"
    )
    goal.add_argument(
        "--max-error",
        type=share,
        metavar="X",
        help="the share of accepted answers that may be wrong, instead of --coverage",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="a new folder for the calibrated model, to pass to --model",
    )


def run(args: argparse.Namespace) -> int:
    """Write the new model, and say what it changes; the exit code says whether all images could be used."""
    need_new_folder("--out", args.out)
    goal = Goal(None if args.max_error else args.coverage or COVERAGE, args.max_error)
    recognizer = Recognizer.load(args.model)
    bundle = recognizer.bundle
    seen = see(recognizer, open_sets(args, bundle), progress)
    code = tell_problems(seen.problems)
    if not len(seen.labels):
        raise DataError("none of the images could be read")
    before = Fitted(bundle.temperature, bundle.operating_point())
    after = fit(seen, goal, before)
    checked = cross_check(seen, goal, before, args.seed)
    figures = {
        "before": _figures(seen.columns(before), before),
        "after": _figures(seen.columns(after), after),
        "cross_checked": _measured(checked) if checked else None,
    }
    provenance = {
        "goal": str(goal),
        "seed": args.seed,
        **{name: _brief(found) for name, found in figures.items()},
    }
    write_calibrated(args.out, bundle, seen, after, provenance)
    record = make_record(
        "a model's operating point and temperature, before and after",
        "recognizer calibrate",
        arguments_of(args),
        seen.described,
        figures,
        Recognizer.load(args.out).bundle,
    )
    write_record(record, args.out)
    _show(figures)
    sys.stdout.write(f"{args.out}\n")
    return code


def _figures(columns: Columns, fitted: Fitted) -> dict[str, Any]:
    return {
        "temperature": fitted.temperature,
        "operating_point": vars(fitted.point),
        **_measured(columns),
    }


def _measured(columns: Columns) -> dict[str, Any]:
    found: dict[str, Any] = {"digits": digit_figures(columns.digits)}
    if len(columns.non_digits):
        found["non_digits"] = non_digit_figures(columns.non_digits)
    return found


def _brief(found: dict[str, Any] | None) -> dict[str, Any] | None:
    """Without the tables, which ``metrics.json`` beside the model holds."""
    if found is None:
        return None
    digits = {name: value for name, value in found["digits"].items() if name not in ("selective", "classes")}
    return {**found, "digits": digits}


def _show(figures: dict[str, Any]) -> None:
    shown = {name: found for name, found in figures.items() if found}
    table = plain_table("", *(name.replace("_", "-") for name in shown))

    def row(name: str, *path: str, text: Any = str) -> None:  # noqa: ANN401
        values = []
        for found in shown.values():
            value: Any = found
            for key in path:
                value = value.get(key) if value else None
            values.append("" if value is None else text(value))
        if any(values):
            table.add_row(name, *values)

    row("operating point", "operating_point", "name")
    row("threshold", "operating_point", "threshold", text="{:.4f}".format)
    row("temperature", "temperature", text="{:.3f}".format)
    row("coverage", "digits", "coverage", "share", text=percent)
    row("wrong among accepted", "digits", "wrong_accepted", text=_short)
    row("  95 % interval", "digits", "wrong_accepted", "interval_95", text=_interval)
    row("calibration error", "digits", "ece", text=percent)
    row("non-digits answered", "non_digits", "false_accepts", text=_short)
    table_console().print(table)
    if "cross_checked" in shown:
        sys.stdout.write(
            "cross-checked: each half judged by what was chosen on the other, as new images would be\n"
        )


def _short(found: dict[str, Any]) -> str:
    return f"{found['count']} of {found['n']}, {percent(found['share'])}"


def _interval(bounds: list[float]) -> str:
    return f"{percent(bounds[0])} to {percent(bounds[1])}"
