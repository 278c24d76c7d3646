"""``badcase promote``: the candidate becomes the current model, if it is better and nothing got worse."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from recognizer.cli.badcase.options import add_store, existing_store
from recognizer.cli.common import plain_table, table_console
from recognizer.image.named_files import printable
from recognizer.registry.state import who_and_why
from recognizer.registry.versions import Registry

if TYPE_CHECKING:
    from recognizer.feedback.promotion import Verdict
    from recognizer.feedback.store import Store

REFUSED_EXIT = 1
WHY = "better on judged cases"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--why", default=WHY, metavar="TEXT", help=f"the reason, for the record (default: {WHY})"
    )
    parser.add_argument("--who", metavar="NAME", help="who does it (default: the login name)")
    parser.add_argument("--dry-run", action="store_true", help="only judge the candidate")
    parser.add_argument("--report", type=Path, metavar="OUT.html", help="also write a report with pictures")
    parser.add_argument("--json", action="store_true", help="print the report as a JSON object")
    add_store(parser)


def run(args: argparse.Namespace) -> int:
    """Judge and switch; the exit code says whether the candidate passed."""
    from recognizer.feedback.learning import candidate_folder, read_validation
    from recognizer.feedback.promotion import judge, promote, read_candidate

    who, why = who_and_why(args.who, args.why)  # before anybody waits
    current = Registry().open()
    candidate = read_candidate(candidate_folder(), current)
    with existing_store(args) as store:
        verdict = judge(store, current, candidate, read_validation(candidate))
        if args.report:
            _write_report(store, verdict, args.report)
        version = promote(store, verdict, why, who) if verdict.passed and not args.dry_run else None
    if args.json:
        sys.stdout.write(json.dumps({"version": version, **verdict.to_dict()}, ensure_ascii=False) + "\n")
    else:
        _show(verdict)
        outcome = version or ("it passes" if verdict.passed else f"not promoted: {verdict.current} stays")
        sys.stdout.write(f"{outcome}\n")
    return 0 if verdict.passed else REFUSED_EXIT


def _show(verdict: Verdict) -> None:
    table = plain_table("images", "n", "right before", "after", "mended", "broken", "rule", "")
    for check in verdict.checks:
        counts = (check.n, check.before, check.after, check.mended, check.broken)
        table.add_row(check.name, *map(str, counts), check.rule, "holds" if check.passed else "FAILS")
    table_console().print(table)


def _write_report(store: Store, verdict: Verdict, out: Path) -> None:
    from recognizer.audit import now
    from recognizer.feedback.report import to_html
    from recognizer.files import write_whole

    ids = [each.case for each in verdict.changes]
    glyphs = dict(zip(ids, store.glyphs(ids), strict=True))
    write_whole(out, to_html(verdict, glyphs, now()).encode())
    sys.stderr.write(f"report: {printable(str(out))}\n")
