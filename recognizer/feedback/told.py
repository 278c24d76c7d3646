"""Cases and reports as text for people and as JSON for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from recognizer.feedback.cases import Answer, Case, Report
from recognizer.feedback.fields import label_text
from recognizer.measure.labelled import REJECT_NAME
from recognizer.results import REJECT


def case_dict(case: Case) -> dict[str, Any]:
    """A case, JSON-ready; labels are 0 to 9, "reject", or null."""
    return asdict(case) | {"label": digit_or_reject(case.label), "answer": answer_dict(case.answer)}


def report_dict(report: Report) -> dict[str, Any]:
    """A report, JSON-ready."""
    answer = answer_dict(report.answer) if report.answer else None
    return asdict(report) | {"label": digit_or_reject(report.label), "answer": answer}


def answer_dict(answer: Answer) -> dict[str, Any]:
    """An answer, JSON-ready; ``digit`` is 0 to 9, or "reject"."""
    return asdict(answer) | {"digit": digit_or_reject(answer.digit)}


def mistake(label: int | None, read: int) -> str:
    """Such as "8 read as 3"."""
    return f"{label_text(label) or '?'} read as {label_text(read)}"


def digit_or_reject(label: int | None) -> int | str | None:
    """A label as JSON tells it: 0 to 9, "reject", or null."""
    return REJECT_NAME if label == REJECT else label
