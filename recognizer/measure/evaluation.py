"""What a model does on a labelled data set: its answers as columns, and the figures that sum them up."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.image.opening import describe
from recognizer.measure import metrics
from recognizer.measure.labelled import Fingerprint, Labelled
from recognizer.pipeline import Recognizer
from recognizer.results import REJECT, Recognition

NONE = -1
LISTED = 20
Watch = Callable[[Iterable[Recognition]], Iterable[Recognition]]


@dataclass(frozen=True)
class Columns:
    """Answers and truth, N of each; images that could not be read are left out.

    Attributes:
        labels: int (N,), 0–10; 10 for what is no digit.
        best: int (N,), the best guess, or -1 for a blank page.
        digit: int (N,), the answer, or -1 where it was refused.
        confidence: float (N,), 0–1.
        reasons: text (N,), why it was refused, or "".
        families: text (N,), the family of a generated non-digit, or "".
        second: bool (N,), whether stage two decided.
    """

    labels: NDArray[np.int64]
    best: NDArray[np.int64]
    digit: NDArray[np.int64]
    confidence: NDArray[np.float64]
    reasons: NDArray[np.str_]
    families: NDArray[np.str_]
    second: NDArray[np.bool_]

    @classmethod
    def of(cls, answers: Iterable[Recognition], labels: Iterable[int], families: Iterable[str]) -> Columns:
        """The columns of answers without errors."""
        found = list(answers)
        return cls(
            np.array(list(labels), np.int64),
            np.array([NONE if p.best is None else p.best for p in found], np.int64),
            np.array([NONE if p.digit is None else p.digit for p in found], np.int64),
            np.array([p.confidence for p in found], np.float64),
            np.array([p.reason or "" for p in found], np.str_),
            np.array(list(families), np.str_),
            np.array([p.stage == 2 for p in found], np.bool_),
        )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether the best guess is right, bool (N,)."""
        same: NDArray[np.bool_] = self.best == self.labels
        return same

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """Whether a digit was answered, bool (N,)."""
        given: NDArray[np.bool_] = self.digit != NONE
        return given

    def take(self, chosen: NDArray[np.bool_]) -> Columns:
        """The rows of a mask, bool (N,)."""
        return Columns(**{name: column[chosen] for name, column in vars(self).items()})

    @property
    def digits(self) -> Columns:
        """The rows that show a digit."""
        return self.take(self.labels < REJECT)

    @property
    def non_digits(self) -> Columns:
        """The rows that show none."""
        return self.take(self.labels == REJECT)


@dataclass(frozen=True)
class Measured:
    """A data set, answered.

    Attributes:
        name: of the data set.
        note: where its figures come from, or "".
        columns: the answers.
        problems: a line for each image or entry that could not be used.
        described: the data set as a metrics file describes it.
        seconds: the time of reading and answering; None where making the images took part of it.
        names: of the images, in the order of the answers.
    """

    name: str
    note: str
    columns: Columns
    problems: list[str]
    described: dict[str, Any]
    seconds: float | None
    names: tuple[str, ...]


def measure(recognizer: Recognizer, data: Labelled, watch: Watch = iter) -> Measured:
    """Answer all of a data set.

    Args:
        recognizer: the model, at its operating point.
        data: the images; read as they are answered.
        watch: passes the answers on, and may show how many there are.
    """
    fingerprint, asked = Fingerprint(), deque[tuple[int, str, str]]()
    problems = list(data.problems)

    def images() -> Iterator[Any]:
        for example in fingerprint.watch(data.read()):
            asked.append((example.label, example.family, example.name))
            yield example.image

    start = time.perf_counter()
    answers, labels, families, names = [], [], [], []
    for answer in watch(recognizer.recognize_many(images())):
        label, family, name = asked.popleft()
        if answer.error:
            problems.append(problem_line(name, str(answer.error)))
            continue
        answers.append(answer)
        labels.append(label)
        families.append(family)
        names.append(name)
    seconds = None if data.generated else time.perf_counter() - start
    columns = Columns.of(answers, labels, families)
    described = fingerprint.to_dict(data.name)
    return Measured(data.name, data.note, columns, problems, described, seconds, tuple(names))


def problem_line(name: str, error: str) -> str:
    """One line that names the image, which the error of an array doesn't."""
    shown = describe(name)
    return error if error.startswith(shown) else f"{shown}: {error.removeprefix('array: ')}"


def figures(measured: Measured, failures: int = 0) -> dict[str, Any]:
    """All figures of one data set, JSON-ready; of its digits and of its non-digits, where it has any.

    Args:
        measured: the data set, answered.
        failures: how many of the worst mistakes to list.
    """
    columns, found = measured.columns, dict[str, Any]()
    found["n"] = len(columns)
    found["note"] = measured.note
    if len(columns.digits):
        found["digits"] = digit_figures(columns.digits)
    if len(columns.non_digits):
        found["non_digits"] = non_digit_figures(columns.non_digits)
    found["reasons"] = _counts(columns.reasons)
    found["stage_two"] = float(columns.second.mean()) if len(columns) else 0.0
    if measured.seconds:
        found["seconds"] = measured.seconds
        found["per_second"] = len(columns) / measured.seconds
    found["unusable"] = {"n": len(measured.problems), "first": measured.problems[:LISTED]}
    if failures:
        found["failures"] = worst_failures(measured, failures)
    return found


def worst_failures(measured: Measured, most: int) -> dict[str, Any]:
    """The worst mistakes: wrong answers, the surest first; then digits that were refused with a wrong best guess.

    Returns:
        "n", how many mistakes there are; "worst", of at most ``most`` of them the image's name and what was said of it.
    """
    columns = measured.columns
    rows = np.flatnonzero(~columns.right & (columns.accepted | (columns.labels < REJECT)))
    order = np.lexsort((-columns.confidence[rows], ~columns.accepted[rows]))
    return {"n": len(rows), "worst": [_told(measured, row) for row in rows[order][:most].tolist()]}


def _told(measured: Measured, row: int) -> dict[str, Any]:
    columns = measured.columns
    return {
        "image": measured.names[row],
        "family": str(columns.families[row]),
        "label": int(columns.labels[row]),
        "best": int(columns.best[row]),
        "confidence": float(columns.confidence[row]),
        "answered": bool(columns.accepted[row]),
        "reason": str(columns.reasons[row]),
    }


def digit_figures(columns: Columns) -> dict[str, Any]:
    """Figures of N ≥ 1 images that show digits."""
    right, accepted, confidence = columns.right, columns.accepted, columns.confidence
    wrong_accepted = int((accepted & ~right).sum())
    return {
        "n": len(columns),
        "forced": metrics.share_of(int(right.sum()), len(columns)),
        "coverage": metrics.share_of(int(accepted.sum()), len(columns)),
        "wrong_accepted": metrics.share_of(wrong_accepted, int(accepted.sum())),
        "ece": metrics.ece(confidence, right),
        "brier": metrics.brier(confidence, right),
        "aurc": metrics.aurc(confidence, right, accepted),
        "selective": metrics.selective_table(confidence, right, accepted),
        "risk_coverage": metrics.risk_coverage(confidence, right, accepted),
        "reliability": metrics.reliability(confidence, right),
        "classes": [_class(columns, int(digit)) for digit in np.unique(columns.labels)],
    }


def _class(columns: Columns, digit: int) -> dict[str, Any]:
    of = columns.take(columns.labels == digit)
    confused = Counter(of.best[~of.right & (of.best != NONE)].tolist()).most_common(1)
    return {
        "digit": digit,
        "n": len(of),
        "forced": float(of.right.mean()),
        "coverage": float(of.accepted.mean()),
        "wrong_accepted": int((of.accepted & ~of.right).sum()),
        "confused_with": {"digit": confused[0][0], "n": confused[0][1]} if confused else None,
    }


def non_digit_figures(columns: Columns) -> dict[str, Any]:
    """Figures of N ≥ 1 images that show no digit: how many were answered with one, by group and by family."""
    found: dict[str, Any] = {
        "n": len(columns),
        "false_accepts": metrics.share_of(int(columns.accepted.sum()), len(columns)),
    }
    if not columns.families.any():
        return found
    from reject_gen.base import FAMILIES

    own = "own"
    group_of = {
        name: FAMILIES[name].group if name in FAMILIES else own
        for name in np.unique(columns.families).tolist()
    }
    groups = np.array([group_of[name] for name in columns.families.tolist()])
    found["groups"] = {name: _accepted(columns.take(groups == name)) for name in np.unique(groups).tolist()}
    found["families"] = {
        name: {"group": group, **_accepted(columns.take(columns.families == name))}
        for name, group in group_of.items()
    }
    return found


def _accepted(columns: Columns) -> dict[str, Any]:
    return metrics.share_of(int(columns.accepted.sum()), len(columns))


def _counts(reasons: NDArray[np.str_]) -> dict[str, int]:
    return dict(Counter(reason for reason in reasons.tolist() if reason).most_common())
