"""How ``badcase`` tells cases, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from recognizer.feedback.cases import Answer, Case, Report
from recognizer.feedback.fields import label_text


def case_dict(case: Case) -> dict[str, Any]:
    """A case, JSON-ready; labels are 0 to 9, "reject", or null."""
    return asdict(case) | {"label": _label(case.label), "answer": answer_dict(case.answer)}


def report_dict(report: Report) -> dict[str, Any]:
    """A report, JSON-ready."""
    answer = answer_dict(report.answer) if report.answer else None
    return asdict(report) | {"label": _label(report.label), "answer": answer}


def answer_dict(answer: Answer) -> dict[str, Any]:
    """An answer, JSON-ready; ``digit`` is 0 to 9, or "reject"."""
    return asdict(answer) | {"digit": _label(answer.digit)}


def mistake(label: int | None, answer: Answer) -> str:
    """Such as "8 read as 3"."""
    return f"{label_text(label) or '?'} read as {label_text(answer.digit)}"


def _label(label: int | None) -> int | str | None:
    text = label_text(label)
    return int(text) if text.isdigit() else text or None
