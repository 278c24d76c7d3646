"""Queries of a bad-case store; each sees one consistent state of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Column, Row, Select, select

from recognizer.errors import UsageError
from recognizer.feedback import records
from recognizer.feedback.cases import Case, Chosen, Report, Sample, Use
from recognizer.feedback.database import Database
from recognizer.feedback.ledger import Ledger, Outcome
from recognizer.feedback.schema import CASES, IMAGES, REPORTS, USES
from recognizer.feedback.statements import CASE_COLUMNS, PAGE, choose, load, pages, reports_of


class Lookup:
    """What is stored in a database."""

    def __init__(self, database: Database) -> None:
        """Use ``Store.open``."""
        self._database = database

    @property
    def name(self) -> str:
        """The file or URL, without a password."""
        return self._database.name

    def close(self) -> None:
        """Close the connections to the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def known(self, keys: Sequence[str]) -> dict[str, tuple[str, Outcome]]:
        """Which reports are stored already: for the key of each, the SHA-256 of its image, and its outcome."""
        wanted = select(REPORTS.c.key, CASES.c.id, CASES.c.sha256, CASES.c.state).join_from(REPORTS, CASES)
        found: dict[str, tuple[str, Outcome]] = {}
        for page in pages(keys):
            with self._database.reading() as connection:
                rows = connection.execute(wanted.where(REPORTS.c.key.in_(page))).all()
            found |= {row.key: (row.sha256, Outcome("known", row.id, row.state)) for row in rows}
        return found

    def ledger(self, samples: Sequence[Sample]) -> Ledger:
        """What is stored of the images of samples, to rehearse what adding them would do."""
        with self._database.reading() as connection:
            return load(connection, samples)

    def cases(self, chosen: Chosen | None = None, after: int = 0) -> Iterator[Case]:
        """Cases in the order of their numbers. They may change while they are read: each is as it was when read.

        Args:
            chosen: which; None for all.
            after: leave out those up to this number; for whoever has seen them already.
        """
        return map(records.case_of, self._by_number(choose(chosen or Chosen()), CASES.c.id, after))

    def get(self, case_id: int) -> Case:
        """One case.

        Raises:
            UsageError: there is no such case.
        """
        with self._database.reading() as connection:
            row = connection.execute(select(*CASE_COLUMNS).where(CASES.c.id == case_id)).first()
        if row is None:
            raise no_case(case_id)
        return records.case_of(row)

    def reports(self, case_ids: Iterable[int]) -> dict[int, list[Report]]:
        """The reports of cases, in the order of their storage."""
        found: dict[int, list[Report]] = {}
        for page in pages(list(case_ids)):
            with self._database.reading() as connection:
                found |= reports_of(connection, page)
        return found

    def uses(self, case_id: int) -> list[Use]:
        """What a case was used for, the first use first."""
        query = select(USES).where(USES.c.case_id == case_id).order_by(USES.c.at)
        with self._database.reading() as connection:
            return [Use(row.purpose, row.model, row.at) for row in connection.execute(query)]

    def all_reports(self) -> Iterator[tuple[int, Report]]:
        """All reports, in the order of their storage, each with its case."""
        rows = self._by_number(select(REPORTS), REPORTS.c.id)
        return ((row.case_id, records.report_of(row)) for row in rows)

    def images(self, case_ids: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """Numbers and images of cases, in the order given; an image is the bytes of its file.

        Raises:
            UsageError: there is no such case.
        """
        for case_id in case_ids:
            with self._database.reading() as connection:
                data = connection.execute(select(IMAGES.c.data).where(IMAGES.c.case_id == case_id)).scalar()
            if data is None:
                raise no_case(case_id)
            yield case_id, data

    def glyphs(self, case_ids: Sequence[int]) -> NDArray[np.uint8]:
        """The glyphs of N cases, in the order given: uint8 (N, 28, 28).

        Raises:
            UsageError: there is no such case.
        """
        found: dict[int, bytes] = {}
        for page in pages(case_ids):
            with self._database.reading() as connection:
                rows = connection.execute(select(CASES.c.id, CASES.c.glyph).where(CASES.c.id.in_(page))).all()
            found |= {row.id: row.glyph for row in rows}
        missing = next((case_id for case_id in case_ids if case_id not in found), None)
        if missing is not None:
            raise no_case(missing)
        glyphs = [records.glyph_of(found[case_id]) for case_id in case_ids]
        return np.stack(glyphs) if glyphs else np.zeros((0, 28, 28), np.uint8)

    def _by_number(self, query: Select[Any], number: Column[int], after: int = 0) -> Iterator[Row[Any]]:
        """The rows of a query in the order of their numbers, above one; no transaction is open between two pages."""
        page = query.order_by(number).limit(PAGE)
        while True:
            with self._database.reading() as connection:
                rows = connection.execute(page.where(number > after)).all()
            yield from rows
            if len(rows) < PAGE:
                return
            after = rows[-1].id


def no_case(case_id: int) -> UsageError:
    """The error for a number that no case has."""
    return UsageError(f"there is no case {case_id}: `badcase list` shows those there are")
