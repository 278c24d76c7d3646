"""``badcase show``: all that is known of a case."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from recognizer.cli.arguments import at_least
from recognizer.cli.badcase.options import add_store, existing_store
from recognizer.errors import UsageError
from recognizer.feedback.cases import Answer, Case, Report, Use
from recognizer.feedback.fields import label_text
from recognizer.feedback.told import case_dict, report_dict
from recognizer.image.named_files import printable
from recognizer.results import REASONS, REJECT, Recognition

if TYPE_CHECKING:
    from recognizer.glyph.ink import Grey


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("id", type=at_least(1), metavar="ID", help="the case's number")
    parser.add_argument("--image", type=Path, metavar="OUT", help="also write the image to this new file")
    parser.add_argument("--json", action="store_true", help="write one JSON object")
    add_store(parser)


def run(args: argparse.Namespace) -> int:
    """Print everything that is known of a case."""
    with existing_store(args) as store:
        case = store.get(args.id)
        reports = store.reports([case.id])[case.id]
        glyph = store.glyphs([case.id])[0]
        uses = store.uses(case.id)
        ((_, image),) = store.images([case.id])
    if args.image:
        _write_new(args.image, image)
    if args.json:
        whole = {
            **case_dict(case),
            "reports": [report_dict(report) for report in reports],
            "uses": [asdict(use) for use in uses],
        }
        sys.stdout.write(json.dumps(whole, ensure_ascii=False) + "\n")
    else:
        _card(case, reports, uses, glyph)
    return 0


def _card(case: Case, reports: list[Report], uses: list[Use], glyph: Grey) -> None:
    from rich.console import Console

    from recognizer.cli.terminal import Screen
    from recognizer.results import FileReading

    title = f"case {case.id}: {case.state}, {label_text(case.label) or 'label unknown'}"
    console = Console(file=sys.stdout, highlight=False)
    Screen(console, lambda _: glyph).card(FileReading(title, (_recognition(case.answer),)))
    for report in reports:
        sys.stdout.write(f"{_line(report)}\n")
    for use in uses:
        what = "learnt from it" if use.purpose == "learn" else "was judged by it"
        sys.stdout.write(f"{use.at[:19]}  {use.model} {what}\n")
    if case.part:
        sys.stdout.write(f"set aside to {case.part}\n")
    if case.state == "disputed":
        sys.stdout.write(f"its reports contradict each other: `badcase label {case.id} LABEL` settles it\n")


def _write_new(path: Path, content: bytes) -> None:
    try:
        with path.open("xb") as stream:
            stream.write(content)
    except FileExistsError:
        raise UsageError(f"--image: {printable(str(path))} is there already; name a new file") from None


def _recognition(answer: Answer) -> Recognition:
    digit = None if answer.digit == REJECT else answer.digit
    reason = next((each for each in REASONS if each == answer.reason), None)
    return Recognition(
        digit, answer.best, reason, answer.confidence or 0.0, answer.scores, model=answer.model
    )


def _line(report: Report) -> str:
    said = f"{'settled as' if report.decision else 'reported as'} {label_text(report.label)}"
    read = f", read as {label_text(report.answer.digit)}" if report.answer and not report.decision else ""
    by = f"by {report.reporter}, from {report.source}" if report.source else f"by {report.reporter}"
    named = "".join(f", {text}" for text in (report.name, report.note) if text)
    return printable(f"{report.time[:19]}  {said}{read}  {by}{named}")
