"""Which engine answers: the modes, the engines of each, and the rule by which "auto" chooses."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import QueryError
from retrieval.exact import ExactIndex
from retrieval.inverted import InvertedIndex
from retrieval.neighbours import Index
from retrieval.snapshot import Snapshot

AUTO = "auto"
ENGINES = {
    "precision": ("exact", "pynndescent"),
    "duplicates": ("exact", "pynndescent"),
    "recall": ("inverted",),
}


@dataclass(frozen=True)
class Plan:
    """The engine that a search runs on, and why."""

    engine: str
    why: str


class Engines:
    """The engines of one state of a gallery; each is made when it is first needed."""

    def __init__(self, snapshot: Snapshot, threads: int, before: Engines | None = None) -> None:
        self.snapshot = snapshot
        self._threads = threads
        self._lock = threading.Lock()
        self._exact = ExactIndex(snapshot.rows)
        self._inverted: InvertedIndex | None = None

    def plan(self, queries: int, mode: str, engine: str) -> Plan:
        """See `retrieval.Gallery.plan`."""
        if mode not in ENGINES:
            raise QueryError(f"mode must be {' or '.join(ENGINES)}, not {mode!r}")
        possible = ENGINES[mode]
        if engine not in (AUTO, *possible):
            raise QueryError(
                f"in {mode} mode the engine must be {AUTO} or {' or '.join(possible)}, not {engine!r}"
            )
        if engine != AUTO:
            return Plan(engine, "asked for")
        return Plan(possible[0], "the only one" if len(possible) == 1 else "exact")

    def prepare(self, engine: str) -> None:
        """See `retrieval.Gallery.prepare`."""
        if engine == "inverted":
            self.inverted()

    def dense(self, engine: str, queries: int) -> Index[NDArray[np.int8]]:
        """The engine of that name."""
        return self._exact

    def inverted(self) -> InvertedIndex:
        """The index of recall mode."""
        with self._lock:
            if self._inverted is None:
                self._inverted = InvertedIndex(self.snapshot.wide(), self.snapshot.manifest.encoder["wide"])
            return self._inverted
