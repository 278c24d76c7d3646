"""From the fields of a table's row, or of one of `recognize --json`'s objects, to a report."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from recognizer.audit import LONGEST, as_text, words
from recognizer.errors import UsageError
from recognizer.feedback.cases import Answer, Report
from recognizer.measure.labelled import REJECT_NAME
from recognizer.results import REJECT

PATH, LABEL = "path", "label"
USED = frozenset(
    {PATH, LABEL, "answer", "digit", "rejected", "best", "reason", "confidence", "scores", "model", "source"}
    | {"reporter", "name", "time", "note", "decision", "report"}
)
# Also written by `recognize --json`, `recognize --csv` and `badcase export`, and of no use here.
PASSED_OVER = frozenset({"stage", "specialist", "neighbors", "box", "error", "case", "state"})
_REFUSED = frozenset({REJECT_NAME, "?"})
_YES, _NO = frozenset({"yes", "true", "1"}), frozenset({"no", "false", "0", ""})
_LONGEST_NAME = 16_384  # of any path, with four characters for each byte that is no UTF-8
_LONGEST = {"report": 200, PATH: _LONGEST_NAME, "name": _LONGEST_NAME, "note": 10_000}

Fields = Mapping[str, object]


class FieldError(ValueError):
    """Why a row is refused, for the end of its line."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """The source and the reporter of reports that don't name theirs.

    Raises:
        UsageError: one of them is too long, or no text.
    """

    source: str
    reporter: str

    def __post_init__(self) -> None:
        for name in ("source", "reporter"):
            object.__setattr__(self, name, said(name, getattr(self, name)))


def said(name: str, text: str) -> str:
    """What was said in a field, as a report keeps it; see `audit.words`.

    Raises:
        UsageError: it is too long, or no text.
    """
    return words(name, text, _LONGEST.get(name, LONGEST))


def parse_label(value: object) -> int:
    """A label: 0 to 9, or 10 for "reject".

    Raises:
        FieldError: it is something else.
    """
    text = str(value).strip().lower()
    if text == REJECT_NAME:
        return REJECT
    match = re.fullmatch(r"([0-9]|10)(\.0)?", text)  # tables with empty cells are often saved with floats
    if match is None or isinstance(value, bool):
        raise FieldError(f"the label {_shown(value)} is not 0 to 9 or {REJECT_NAME}")
    return int(match[1])


def label_text(label: int | None) -> str:
    """A label as `parse_label` reads it; "" for none."""
    return "" if label is None else REJECT_NAME if label == REJECT else str(label)


def report_of(fields: Fields, defaults: Defaults) -> Report:
    """A report.

    Raises:
        FieldError: a field is missing, or not valid.
    """
    if _empty(fields.get(LABEL)):
        raise FieldError("has no label")
    return Report(
        parse_label(fields[LABEL]),
        _text(fields, "source") or defaults.source,
        _text(fields, "reporter") or defaults.reporter,
        _text(fields, "name") if "name" in fields else _said(PATH, str(fields.get(PATH, ""))),
        parse_time(fields.get("time")),
        _answer(fields),
        _text(fields, "note"),
        _flag(fields, "decision"),
        _text(fields, "report"),
    )


def _empty(value: object) -> bool:
    return value is None or value == ""


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _said(name: str, text: str) -> str:
    try:
        return said(name, text)
    except UsageError as error:
        raise FieldError(str(error)) from None


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if _empty(value):
        return ""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise FieldError(f"{name} must be text, not {_shown(value)}")
    return _said(name, str(value))


def _flag(fields: Fields, name: str) -> bool:
    value = fields.get(name)
    text = "" if value is None else str(value).strip().lower()
    if text not in _YES | _NO:
        raise FieldError(f"{name} must be yes or no, not {_shown(value)}")
    return text in _YES


def parse_time(value: object) -> str:
    """A moment as `audit.now` writes it; "" for none.

    Raises:
        FieldError: it is none in ISO 8601.
    """
    if _empty(value):
        return ""
    try:
        if isinstance(value, str):
            return as_text(datetime.fromisoformat(value.strip()))
    except (ValueError, OverflowError):
        pass
    raise FieldError(f"the time {_shown(value)} is not written like 2026-03-01 or 2026-03-01T12:00:00+01:00")


def _number(fields: Fields, name: str) -> float | None:
    value = fields.get(name)
    if _empty(value):
        return None
    try:
        number = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not 0 <= number <= 1:
        raise FieldError(f"{name} must be a number from 0 to 1, not {_shown(value)}")
    return number


def _scores(value: object) -> tuple[float, ...]:
    if _empty(value) or value == []:
        return ()
    # In a cell of a table they are separated by blanks or commas, with or without brackets.
    parts = value if isinstance(value, list) else re.split(r"[\s,;]+", str(value).strip(" []"))
    try:
        scores = tuple(float(part) for part in parts)
    except (ValueError, TypeError, OverflowError):
        scores = ()
    if len(scores) != REJECT + 1 or not all(0 <= s <= 1 for s in scores) or abs(sum(scores) - 1) > 0.01:
        raise FieldError(f"scores must be {REJECT + 1} numbers that sum to 1, not {_shown(value)}")
    return scores


def _answered(fields: Fields) -> int | None:
    """What a model had said: 0–9, 10 for a refusal, None where that is not told."""
    value = fields.get("answer", fields.get("digit"))
    if not _empty(value):
        if isinstance(value, str) and value.strip().lower() in _REFUSED:
            return REJECT
        try:
            return parse_label(value)
        except FieldError:
            raise FieldError(f"the answer {_shown(value)} is not 0 to 9 or {REJECT_NAME}") from None
    return REJECT if _flag(fields, "rejected") else None


def _answer(fields: Fields) -> Answer | None:
    digit, model = _answered(fields), _text(fields, "model")
    scores, confidence = _scores(fields.get("scores")), _number(fields, "confidence")
    if digit is None:
        if scores or model or confidence:
            raise FieldError("model, confidence and scores need the answer that they belong to")
        return None
    best = None if _empty(fields.get("best")) else parse_label(fields["best"])
    if best == REJECT:
        raise FieldError("best must be a digit, or empty")
    if best is None and digit != REJECT:
        best = digit
    return Answer(digit, best, _text(fields, "reason") or None, confidence, scores, model)
