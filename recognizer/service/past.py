"""The bad cases that are most like an image."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recognizer.feedback.cases import Case

if TYPE_CHECKING:
    from recognizer.feedback.lookup import Lookup
    from retrieval import Encoder


class PastCases:
    """Finds them; new cases are taken in when it is next asked. Threads may share it.

    Args:
        store: where the cases are.
        encoder: what makes codes of their glyphs.
    """

    def __init__(self, store: Lookup, encoder: Encoder) -> None:
        self._store, self._encoder = store, encoder
        self._ids: list[int] = []
        self._codes: list[NDArray[np.int8]] = []
        self._lock = threading.Lock()

    def nearest(self, glyph: NDArray[np.uint8], k: int) -> list[tuple[Case, float]]:
        """At most k cases, nearest first, each with its similarity to a glyph uint8 (28, 28)."""
        from retrieval.exact import ExactIndex
        from retrieval.neighbours import Rows

        ids, codes = self._known()
        if not ids:
            return []
        rows, far = ExactIndex(Rows(codes)).search(self._encoder.dense(glyph[None]), k)
        alike = self._encoder.similarity(far[0])
        return [(self._store.get(ids[row]), float(share)) for row, share in zip(rows[0], alike, strict=True)]

    def _known(self) -> tuple[list[int], list[NDArray[np.int8]]]:
        with self._lock:
            fresh = [case.id for case in self._store.cases(after=self._ids[-1] if self._ids else 0)]
            if fresh:
                self._codes.append(self._encoder.dense(self._store.glyphs(fresh)))
                self._ids += fresh
            return list(self._ids), list(self._codes)
