"""What the bad-case store asks of its tables, within a transaction that someone else begins and ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, and_, bindparam, exists, or_, select, update

from recognizer.audit import now
from recognizer.feedback import records
from recognizer.feedback.cases import Chosen, Part, Report, Sample
from recognizer.feedback.ledger import Entry, Ledger
from recognizer.feedback.schema import CASES, IMAGES, REPORTS, USES

CASE_COLUMNS = [column for column in CASES.c if column.name != "glyph"]
PAGE = 500  # rows that one query is about: databases limit the number of values in it
_Item = TypeVar("_Item")


def pages(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """Pieces of a sequence that a query can take."""
    return (items[start : start + PAGE] for start in range(0, len(items), PAGE))


def case_rows(connection: Connection, column: Any, values: Sequence[Any]) -> list[Any]:  # noqa: ANN401
    """The cases whose column has one of these values, in the order of their numbers."""
    found: list[Any] = []
    for page in pages(values):
        query = select(*CASE_COLUMNS).where(column.in_(page)).order_by(CASES.c.id)
        found += connection.execute(query).all()
    return found


def reports_of(connection: Connection, case_ids: Sequence[int]) -> dict[int, list[Report]]:
    """The reports of cases, in the order of their storage."""
    found: dict[int, list[Report]] = defaultdict(list)
    for page in pages(case_ids):
        query = select(REPORTS).where(REPORTS.c.case_id.in_(page)).order_by(REPORTS.c.id)
        for row in connection.execute(query):
            found[row.case_id].append(records.report_of(row))
    return found


def uses_of(connection: Connection, case_ids: Sequence[int]) -> Mapping[int, frozenset[Part]]:
    """What cases were used for."""
    found: dict[int, frozenset[Part]] = defaultdict(frozenset)
    for page in pages(case_ids):
        for row in connection.execute(select(USES.c.case_id, USES.c.purpose).where(USES.c.case_id.in_(page))):
            found[row.case_id] |= {row.purpose}
    return found


def entries_of(connection: Connection, rows: Sequence[Any]) -> dict[str, Entry]:
    """Cases with all that decides their state, by the SHA-256 of their images."""
    ids = [row.id for row in rows]
    reports, used = reports_of(connection, ids), uses_of(connection, ids)
    return {row.sha256: Entry(records.answer_of(row), row.id, reports[row.id], used[row.id]) for row in rows}


def load(connection: Connection, samples: Sequence[Sample]) -> Ledger:
    """The cases that samples belong to, and the keys of their reports that are in use."""
    hashes = list(dict.fromkeys(sample.sha256 for sample in samples))
    entries = entries_of(connection, case_rows(connection, CASES.c.sha256, hashes))
    keys: dict[str, str] = {}
    for page in pages([sample.report.identified(sample.sha256).key for sample in samples]):
        query = select(REPORTS.c.key, CASES.c.sha256).join_from(REPORTS, CASES).where(REPORTS.c.key.in_(page))
        keys |= {row.key: row.sha256 for row in connection.execute(query)}
    return Ledger(entries, keys)


def save(connection: Connection, ledger: Ledger) -> None:
    """Write the new cases and fresh reports of a ledger."""
    moment = now()
    changed = [entry for entry in ledger.entries.values() if entry.fresh]
    stored = [entry for entry in changed if entry.sample is None]
    update_cases(connection, [{"key_id": entry.id, **records.case_values(entry)} for entry in stored])
    fresh = {entry.sample.sha256: (entry.sample, entry) for entry in changed if entry.sample is not None}
    if fresh:
        rows = [records.new_case(sample, entry, moment) for sample, entry in fresh.values()]
        for row in connection.execute(CASES.insert().returning(CASES.c.id, CASES.c.sha256), rows):
            fresh[row.sha256][1].id = row.id
        images = [{"case_id": entry.id, "data": sample.image} for sample, entry in fresh.values()]
        connection.execute(IMAGES.insert(), images)
    reports = [
        {"case_id": entry.id, **records.report_values(_dated(report, entry, moment))}
        for entry in changed
        for report in entry.fresh
    ]
    if reports:
        connection.execute(REPORTS.insert(), reports)


def _dated(report: Report, entry: Entry, moment: str) -> Report:
    """A report without a time is of now; one without an answer has that of the model which is used now."""
    return replace(report, time=report.time or moment, answer=report.answer or entry.answer)


def update_cases(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Change cases: each row holds the case's number as ``key_id``, and the columns to change."""
    if rows:
        connection.execute(update(CASES).where(CASES.c.id == bindparam("key_id")), rows)


def choose(chosen: Chosen) -> Select[Any]:
    """The query for the cases that are meant."""
    query = select(*CASE_COLUMNS)
    if chosen.states:
        query = query.where(CASES.c.state.in_(chosen.states))
    if chosen.label is not None:
        query = query.where(CASES.c.label == chosen.label)
    if chosen.part is not None:
        query = query.where(CASES.c.part == chosen.part)
    if chosen.used_for is not None:
        query = query.where(exists().where(USES.c.case_id == CASES.c.id, USES.c.purpose == chosen.used_for))
    if chosen.mistaken:
        wrong = and_(REPORTS.c.case_id == CASES.c.id, REPORTS.c.digit != CASES.c.label)
        query = query.where(or_(CASES.c.state == "bad", exists().where(wrong)))
    if chosen.pair is not None:
        query = query.where(exists().where(REPORTS.c.case_id == CASES.c.id, _read_for_the_other(chosen.pair)))
    return query


def _read_for_the_other(pair: tuple[int, int]) -> Any:  # noqa: ANN401
    (a, b), c = pair, REPORTS.c
    return or_(*(and_(c.label == x, or_(c.digit == y, c.best == y)) for x, y in ((a, b), (b, a))))
