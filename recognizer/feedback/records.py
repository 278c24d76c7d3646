"""Conversions between rows of the bad-case store and objects."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row

from recognizer.feedback.cases import Answer, Case, Report, Sample
from recognizer.feedback.ledger import Entry
from recognizer.glyph import SIDE


def answer_values(answer: Answer | None) -> dict[str, Any]:
    """An answer as columns; without one, its digit is NULL."""
    if answer is None:
        return {"digit": None, "best": None, "reason": None, "confidence": None, "scores": "[]", "model": ""}
    return {
        "digit": answer.digit,
        "best": answer.best,
        "reason": answer.reason,
        "confidence": answer.confidence,
        "scores": json.dumps(answer.scores),
        "model": answer.model,
    }


def answer_of(row: Row[Any]) -> Answer:
    """The answer in a row that has one."""
    scores = tuple(json.loads(row.scores))
    return Answer(row.digit, row.best, row.reason, row.confidence, scores, row.model)


def case_values(entry: Entry) -> dict[str, Any]:
    """What reports and answers make of a case, as columns."""
    return {
        "label": entry.label,
        "state": entry.state,
        "source": entry.source,
        "reports": len(entry.reports),
        **answer_values(entry.answer),
    }


def case_of(row: Row[Any]) -> Case:
    """The case in a row."""
    return Case(
        row.id,
        row.sha256,
        row.label,
        row.state,
        row.source,
        row.part,
        answer_of(row),
        row.reports,
        row.added,
    )


def report_values(report: Report) -> dict[str, Any]:
    """A report as columns."""
    return {
        "key": report.key,
        "label": report.label,
        "source": report.source,
        "reporter": report.reporter,
        "name": report.name,
        "time": report.time,
        "note": report.note,
        "decision": report.decision,
        **answer_values(report.answer),
    }


def report_of(row: Row[Any]) -> Report:
    """The report in a row."""
    answer = None if row.digit is None else answer_of(row)
    said = (row.label, row.source, row.reporter, row.name, row.time)
    return Report(*said, answer, row.note, row.decision, row.key)


def new_case(sample: Sample, entry: Entry, added: str) -> dict[str, Any]:
    """The columns of a case that is stored for the first time."""
    glyph = np.ascontiguousarray(sample.glyph, np.uint8).tobytes()
    return {"sha256": sample.sha256, "glyph": glyph, "part": None, "added": added, **case_values(entry)}


def glyph_of(data: bytes) -> NDArray[np.uint8]:
    """A stored glyph: uint8 (28, 28)."""
    return np.frombuffer(data, np.uint8).reshape(SIDE, SIDE)
