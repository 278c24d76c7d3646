"""What `badcase add` and `badcase ingest` share: storing rows, and saying what became of each."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field

from recognizer import Recognizer
from recognizer.audit import whoami
from recognizer.cli.badcase.options import number_of
from recognizer.cli.progress import watched
from recognizer.feedback.ingest import Keeper, Rehearsal, Result, ingest
from recognizer.feedback.rows import Rows
from recognizer.image.named_files import printable

REFUSED_EXIT = 1


@dataclass
class Tally:
    """Counts over a run, for its summary and its exit code."""

    rows: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    contradicting: int = 0

    def add(self, result: Result) -> None:
        """Count a row."""
        self.rows += 1
        self.statuses[result.status] += 1
        if result.status == "new":
            self.states[str(result.state)] += 1
        self.contradicting += result.status == "further" and result.state == "disputed"

    @property
    def exit_code(self) -> int:
        """Whether all could be stored."""
        return REFUSED_EXIT if self.statuses["refused"] else 0

    def summary(self) -> str:
        """One line, such as ``12 rows: 9 new cases (2 bad, 7 confirmed), 1 further report, 1 known, 1 refused``."""
        states = ", ".join(f"{n} {state}" for state, n in sorted(self.states.items()))
        disputes = f" ({self.contradicting} of disputed cases)" if self.contradicting else ""
        return (
            f"{number_of(self.rows, 'row')}: "
            f"{number_of(self.statuses['new'], 'new case')}{f' ({states})' if states else ''}, "
            f"{number_of(self.statuses['further'], 'further report')}{disputes}, "
            f"{self.statuses['known']} known, {self.statuses['refused']} refused"
        )


def take(
    rows: Rows, args: argparse.Namespace, dry_run: bool = False, numbered: bool = True
) -> Iterator[Result]:
    """Store rows; refused ones are told on standard error, and with ``--json`` all on standard output.

    Args:
        rows: what to store.
        args: the options of the command.
        dry_run: only say what would be stored.
        numbered: whether a row's number tells people which it is.
    """
    recognizer = Recognizer.load(args.model)
    with _keeper(args, dry_run) as keeper:
        results: Iterable[Result] = ingest(rows.read(), keeper, recognizer)
        if sys.stderr.isatty():
            results = watched(results, rows.total, sys.stderr)
        for result in results:
            _tell(result, args.json, numbered)
            yield result
    for note in rows.notes:
        sys.stderr.write(f"{printable(note)}\n")
    if rows.unknown:
        sys.stderr.write(f"columns ignored: {printable(', '.join(sorted(rows.unknown)))}\n")


def _tell(result: Result, as_json: bool, numbered: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(asdict(result)) + "\n")
    if result.problem:
        path = f"{printable(result.path)}: " if result.path else ""
        row = f"row {result.row}: " if numbered else ""
        sys.stderr.write(f"{row}{path}{printable(result.problem)}\n")


def reporter(args: argparse.Namespace) -> str:
    """The reporter of reports that don't name theirs."""
    return args.reporter or whoami()


@contextmanager
def _keeper(args: argparse.Namespace, dry_run: bool) -> Iterator[Keeper]:
    from recognizer.feedback.store import Store

    if dry_run:
        there = Store.find(args.store)
        with there or nullcontext():
            yield Rehearsal(there)
    else:
        with Store.open(args.store) as store:
            yield store
