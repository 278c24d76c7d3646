"""The bad-case store: every change is one transaction, which is on the disk before it is acknowledged."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select, update

from recognizer.audit import now
from recognizer.errors import StoreError, UsageError
from recognizer.feedback import records
from recognizer.feedback.cases import Answer, Case, Part, Report, Sample, state_of
from recognizer.feedback.database import Database
from recognizer.feedback.fields import said
from recognizer.feedback.ledger import Ledger, Outcome
from recognizer.feedback.lookup import Lookup, no_case
from recognizer.feedback.schema import CASES, USES, parse_place
from recognizer.feedback.statements import (
    CASE_COLUMNS,
    case_rows,
    entries_of,
    load,
    pages,
    save,
    update_cases,
    uses_of,
)
from recognizer.places import home

FILE = "badcases.sqlite"


class Store(Lookup):
    """The cases in one database. Threads may share it; each process opens its own, also after a fork."""

    @classmethod
    def open(cls, where: str | os.PathLike[str] | None = None) -> Store:
        """Open a store, and make it where there is none.

        Args:
            where: the path of an SQLite file, or postgresql://user:password@host/database; None for RECOGNIZER_STORE,
                and without it ``badcases.sqlite`` below RECOGNIZER_HOME.

        Raises:
            StoreError: it can't be opened or made, or is of another format.
            UsageError: the URL makes no sense, or its driver is not installed.
        """
        database = _database(where)
        with _closed_on_error(database):
            database.prepare()
        return cls(database)

    @classmethod
    def find(cls, where: str | os.PathLike[str] | None = None) -> Store | None:
        """Open a store that is there, see ``open``; None where there is none."""
        database = _database(where)
        with _closed_on_error(database):
            if database.is_there():
                return cls(database)
        database.close()
        return None

    @classmethod
    def existing(cls, where: str | os.PathLike[str] | None = None) -> Store:
        """Open a store that is there, see ``open``.

        Raises:
            StoreError: also where there is none.
        """
        store = cls.find(where)
        if store is None:
            raise StoreError(
                f"{_database(where).name}: no bad cases are stored there: add some with `badcase add`"
            )
        return store

    def add(self, samples: Sequence[Sample]) -> list[Outcome]:
        """Store images with their reports, all or none; returns what became of each once it is on the disk.

        Raises:
            StoreError: none of them was stored.
        """

        def work(connection: Connection) -> list[Outcome]:
            ledger = load(connection, samples)
            statuses = ledger.enter(samples)
            save(connection, ledger)
            return ledger.outcomes(samples, statuses)

        return self._database.write(work)

    def decide(self, case_id: int, label: int, reporter: str, note: str = "") -> Case:
        """Settle what a case shows, 0–9 or 10, whatever its reports say; returns the case.

        Raises:
            UsageError: there is no such case; or what is said is too long, or no text.
        """
        reporter, note = said("reporter", reporter), said("note", note)

        def work(connection: Connection) -> None:
            row = connection.execute(select(*CASE_COLUMNS).where(CASES.c.id == case_id)).first()
            if row is None:
                raise no_case(case_id)
            entry = entries_of(connection, [row])[row.sha256]
            decision = Report(label, row.source, reporter, time=now(), note=note, decision=True)
            entry.reports.append(decision.identified(row.sha256))
            entry.fresh.append(entry.reports[-1])
            save(connection, Ledger({row.sha256: entry}))

        self._database.write(work)
        return self.get(case_id)

    def check(self, found: Sequence[tuple[int, NDArray[np.uint8], Answer]]) -> None:
        """Store new answers of a model to cases, from which their states follow; unknown cases are skipped.

        Args:
            found: for each case its number, the glyph that the model saw, uint8 (28, 28), and the answer.
        """

        def work(connection: Connection) -> None:
            ids = [case_id for case_id, _, _ in found]
            rows = {row.id: row for row in case_rows(connection, CASES.c.id, ids)}
            used = uses_of(connection, ids)
            changed = [
                {
                    "key_id": case_id,
                    "glyph": glyph.tobytes(),
                    "state": state_of(rows[case_id].label, answer, used[case_id]),
                    **records.answer_values(answer),
                }
                for case_id, glyph, answer in found
                if case_id in rows
            ]
            update_cases(connection, changed)

        self._database.write(work)

    def set_aside(self, case_ids: Iterable[int], part: Part) -> None:
        """Set cases aside to learn from or to judge by, for good.

        Raises:
            UsageError: one of them is set aside for the other part already; then nothing is changed.
        """
        wanted = list(case_ids)

        def work(connection: Connection) -> None:
            for page in pages(wanted):
                rows = case_rows(connection, CASES.c.id, page)
                taken = [row.id for row in rows if row.part not in (None, part)]
                if taken:
                    raise UsageError(
                        f"case {taken[0]} is set aside for the other part, so it can't be used to {part}"
                    )
                connection.execute(update(CASES).where(CASES.c.id.in_(page)).values(part=part))

        self._database.write(work)

    def record_use(self, case_ids: Iterable[int], purpose: Part, model: str) -> None:
        """Remember that a model learnt from cases, or was judged by them; their states follow.

        Raises:
            UsageError: one of them is not set aside for that; then nothing is changed.
        """
        wanted = list(case_ids)

        def work(connection: Connection) -> None:
            for page in pages(wanted):
                rows = case_rows(connection, CASES.c.id, page)
                _check_part(rows, purpose)
                done = select(USES.c.case_id).where(
                    USES.c.case_id.in_(page), USES.c.purpose == purpose, USES.c.model == model
                )
                there = set(connection.execute(done).scalars())
                fresh = [
                    {"case_id": row.id, "purpose": purpose, "model": model, "at": now()}
                    for row in rows
                    if row.id not in there
                ]
                if fresh:
                    connection.execute(USES.insert(), fresh)
                used = uses_of(connection, page)
                states = [
                    {"key_id": row.id, "state": state_of(row.label, records.answer_of(row), used[row.id])}
                    for row in rows
                ]
                update_cases(connection, states)

        self._database.write(work)


def _database(where: str | os.PathLike[str] | None) -> Database:
    place = os.environ.get("RECOGNIZER_STORE") or home() / FILE if where is None else where
    return Database(parse_place(place if isinstance(place, str) else Path(place)))


def _check_part(rows: Sequence[Any], part: Part) -> None:
    for row in rows:
        if row.part != part:
            raise UsageError(
                f"case {row.id} is set aside for {row.part or 'nothing'}, so it can't be used to {part}"
            )


@contextmanager
def _closed_on_error(database: Database) -> Iterator[None]:
    try:
        yield
    except BaseException:
        database.close()
        raise
