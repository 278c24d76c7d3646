"""Cases as arrays: what diagnosis and learning look at."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recognizer.feedback.cases import Case
from recognizer.results import REJECT
from retrieval.codes import unpack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recognizer.feedback.store import Store
    from retrieval.encoder import Encoder

Rows = NDArray[np.intp]
_SMALLEST = 1e-6


@dataclass(frozen=True)
class Evidence:
    """N cases that have a label.

    Attributes:
        ids: int64 (N,), the cases' numbers.
        glyphs: uint8 (N, 28, 28).
        labels: uint8 (N,), what they show, 0–10.
        read: uint8 (N,), what they were taken for by the model that read them last, 0–10: its answer; and where it
            refused a digit whose best guess was wrong, that guess.
        right: bool (N,), whether that model's answer is the label.
        scores: float (N, 11), what it gave to each class; even where that is not known.
        sources: text (N,).
        settled: bool (N,), whether someone decided on the label.
        codes: float32 (N, D), of unit length, from the encoder; D is 0 without one.
    """

    ids: NDArray[np.int64]
    glyphs: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    read: NDArray[np.uint8]
    right: NDArray[np.bool_]
    scores: NDArray[np.float64]
    sources: NDArray[np.str_]
    settled: NDArray[np.bool_]
    codes: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, chosen: Rows | NDArray[np.bool_]) -> Evidence:
        """The cases at indices int (K,), or of a mask bool (N,)."""
        return Evidence(*(getattr(self, each.name)[chosen] for each in fields(self)))


def gather(store: Store, cases: Iterable[Case], encoder: Encoder | None = None) -> Evidence:
    """Read cases from a store; those without a label are left out."""
    known = [case for case in cases if case.label is not None]
    ids = [case.id for case in known]
    glyphs = store.glyphs(ids)
    reports = store.reports(ids)
    codes = unpack(encoder.dense(glyphs)) if encoder else np.zeros((len(ids), 0), np.float32)
    return Evidence(
        np.array(ids, np.int64),
        glyphs,
        np.array([case.label for case in known], np.uint8),
        np.array([taken_for(case) for case in known], np.uint8),
        np.array([case.answer.digit == case.label for case in known], np.bool_),
        np.array([_scores(case) for case in known], np.float64).reshape(-1, REJECT + 1),
        np.array([case.source for case in known], np.str_),
        np.array([any(report.decision for report in reports[each]) for each in ids], np.bool_),
        codes,
    )


def taken_for(case: Case) -> int:
    """What the model that read a case last takes it for; see `Evidence`."""
    answer = case.answer
    refused_digit = answer.digit == REJECT and case.label != REJECT
    if refused_digit and answer.best is not None and answer.best != case.label:
        return answer.best
    return answer.digit


def _scores(case: Case) -> NDArray[np.float64]:
    """Of each class; a blank page, and an answer without scores, tell nothing."""
    found = np.array(case.answer.scores or [1.0] * (REJECT + 1), np.float64)
    bounded = np.maximum(found, _SMALLEST)
    shares: NDArray[np.float64] = bounded / bounded.sum()
    return shares


def nearest(
    codes: NDArray[np.float32], others: NDArray[np.float32], k: int, alone: bool
) -> tuple[Rows, NDArray[np.float32]]:
    """The k nearest rows of ``others`` to each of ``codes``, nearest first: places and distances, (N, k).

    Args:
        codes: float32 (N, D), of unit length.
        others: float32 (M, D), likewise.
        k: how many; fewer where there are fewer.
        alone: whether both are the same rows, and none is to find itself.
    """
    k = max(0, min(k, len(others) - alone))
    places = np.zeros((len(codes), k), np.intp)
    far = np.zeros((len(codes), k), np.float32)
    for low in range(0, len(codes), 1024):
        part = slice(low, low + 1024)
        squares = np.maximum(2 - 2 * codes[part] @ others.T, 0)
        if alone:
            rows = np.arange(len(squares))
            squares[rows, low + rows] = np.inf
        places[part] = np.argsort(squares, axis=1, kind="stable")[:, :k]
        far[part] = np.sqrt(np.take_along_axis(squares, places[part], 1))
    return places, far
