"""Which engine answers: the modes, the engines of each, and the rule by which "auto" chooses."""

from __future__ import annotations

import contextlib
import hashlib
import math
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from retrieval import cost
from retrieval.approximate import LEAST_ROWS, ApproximateIndex
from retrieval.errors import EngineError, GalleryError, QueryError
from retrieval.exact import ExactIndex
from retrieval.files import locked
from retrieval.graph import Graph, read_about
from retrieval.inverted import InvertedIndex
from retrieval.snapshot import Snapshot

AUTO, EXACT, PYNNDESCENT, INVERTED = "auto", "exact", "pynndescent", "inverted"
ENGINES = {
    "precision": (EXACT, PYNNDESCENT),
    "duplicates": (EXACT, PYNNDESCENT),
    "recall": (INVERTED,),
}

TAIL_SHARE = 0.1
_PREFIX = "index-"


@dataclass(frozen=True)
class Plan:
    """The engine that a search runs on, and why."""

    engine: str
    why: str


@dataclass(frozen=True)
class _Covering:
    """A graph and what it covers: the first rows, told by a fingerprint of what they are."""

    graph: Graph
    covered: int
    fingerprint: str


def possible_engines(
    mode: str, engine: str, engines: Mapping[str, tuple[str, ...]] = ENGINES
) -> tuple[str, ...]:
    """The engines of a mode.

    Raises:
        QueryError: there is no such mode, or the engine asked for is none of them.
    """
    if mode not in engines:
        raise QueryError(f"mode must be {' or '.join(engines)}, not {mode!r}")
    if engine not in (AUTO, *engines[mode]):
        names = " or ".join((AUTO, *engines[mode]))
        raise QueryError(f"in {mode} mode the engine must be {names}, not {engine!r}")
    return engines[mode]


class Engines:
    """The engines of one state of a gallery; each is made when it is first needed. Threads may share them."""

    def __init__(self, snapshot: Snapshot, threads: int, before: Engines | None = None) -> None:
        """Take over what is still valid from the engines of an earlier state, ``before``."""
        self.snapshot = snapshot
        self._threads = threads
        self._making_graph, self._making_inverted = threading.Lock(), threading.Lock()
        self._spent: float = before._spent if before else 0.0
        self._unusable: bool = before._unusable if before else False
        self._covering: _Covering | None = before._covering if before else None
        if self._covering and not self._covers(self._covering.covered, self._covering.fingerprint):
            self._covering = None
        self._exact = ExactIndex(snapshot.rows)
        self._approximate: ApproximateIndex | None = None
        self._inverted: InvertedIndex | None = None

    def plan(self, queries: int, mode: str, engine: str) -> Plan:
        """See `retrieval.Gallery.plan`."""
        possible = possible_engines(mode, engine)
        if engine != AUTO:
            return Plan(engine, "asked for")
        if len(possible) == 1:
            return Plan(possible[0], f"the only one in {mode} mode")
        return self._cheaper(queries)

    def _cheaper(self, queries: int) -> Plan:
        rows = self.snapshot.total
        if self._approximate:
            return Plan(self._approximate.name, "it is loaded")
        if rows < LEAST_ROWS:
            return Plan(EXACT, f"the gallery has fewer than {LEAST_ROWS:,} images")
        if self._covering:
            return Plan(PYNNDESCENT, "it is loaded")
        if self._unusable:
            return Plan(EXACT, "the other engine can't be used")
        exact = cost.exact(queries, rows)
        # While another thread makes the graph, only what would take longer by itself waits for it.
        if not self._making_graph.locked():
            exact += self._spent
        ready, how = cost.loading(rows), "load"
        if exact > ready and not self._saved():
            ready, how = cost.building(rows), "build"
        if math.isinf(ready):
            return Plan(EXACT, "the packages of the other engine are not installed")
        so_far = f"about {exact:.2g} s of exact search in all, {ready:.2g} s to {how} the other engine"
        return Plan(PYNNDESCENT if exact > ready else EXACT, so_far)

    def prepare(self, engine: str | None) -> str:
        """See `retrieval.Gallery.prepare`."""
        chosen = engine or PYNNDESCENT
        if chosen == INVERTED:
            self.inverted()
        elif chosen == PYNNDESCENT:
            return self._graph_index().name
        elif chosen != EXACT:
            raise QueryError(f"no engine {chosen!r}: there are {EXACT}, {PYNNDESCENT} and {INVERTED}")
        return chosen

    def dense(self, plan: Plan, engine: str, queries: int) -> ExactIndex | ApproximateIndex:
        """The engine of the plan; the exact one if "auto" chose one that this installation can't run."""
        if plan.engine == PYNNDESCENT:
            try:
                return self._graph_index()
            except EngineError:
                if engine != AUTO:
                    raise
        self._spent += cost.exact(queries, self.snapshot.total)
        return self._exact

    def inverted(self) -> InvertedIndex:
        """The index of recall mode."""
        with self._making_inverted:
            if self._inverted is None:
                dimensions = self.snapshot.manifest.encoder["wide"]
                self._inverted = InvertedIndex(self.snapshot.wide(), dimensions)
            return self._inverted

    def _graph_index(self) -> ApproximateIndex:
        with self._making_graph:
            if self._approximate is None:
                rows = self.snapshot.rows
                if len(rows) < LEAST_ROWS:
                    self._approximate = ApproximateIndex(rows, None, 0)
                else:
                    made = self._covering = self._covering or self._made()
                    self._approximate = ApproximateIndex(rows, made.graph, made.covered)
            return self._approximate

    def _made(self) -> _Covering:
        try:
            made = self._loaded() or self._built()
        except EngineError:
            self._unusable = True
            raise
        self._spent = 0.0  # it paid for this graph, and the next one has to be earned again
        return made

    def _saved(self) -> list[tuple[Path, dict[str, Any]]]:
        """Indexes on disk that cover this gallery."""
        found = []
        for folder in sorted(self.snapshot.folder.glob(_PREFIX + "*")):
            with contextlib.suppress(GalleryError):
                about = read_about(folder)["about"]
                if self._covers(about.get("covered"), about.get("fingerprint")):
                    found.append((folder, about))
        return found

    def _covers(self, covered: object, fingerprint: object) -> bool:
        """Whether a graph is over the first rows of this gallery, and few have come later."""
        if not isinstance(covered, int) or not 0 < covered <= self.snapshot.total:
            return False
        few = max(LEAST_ROWS, TAIL_SHARE * covered)
        return self.snapshot.total - covered <= few and fingerprint == self._fingerprint(covered)

    def _fingerprint(self, covered: int) -> str:
        digest = hashlib.blake2b(self.snapshot.manifest.encoder["sha256"].encode(), digest_size=16)
        digest.update(np.ascontiguousarray(self.snapshot.hashes[:covered]).data)
        return digest.hexdigest()

    def _loaded(self) -> _Covering | None:
        for folder, about in self._saved():
            # Where the index is damaged or made by other versions, it is built again.
            with contextlib.suppress(GalleryError, FileNotFoundError):
                graph = Graph.load(folder, self.snapshot.rows.first(about["covered"]), self._threads)
                return _Covering(graph, about["covered"], about["fingerprint"])
        return None

    def _built(self) -> _Covering:
        total = self.snapshot.total
        made = _Covering(Graph.build(self.snapshot.rows, self._threads), total, self._fingerprint(total))
        self._save(made)
        return made

    def _save(self, made: _Covering) -> None:
        """Keep a graph for the next process, where the folder can be written and nobody else is writing."""
        folder = self.snapshot.folder
        if self.snapshot.manifest.frozen:
            return
        with contextlib.suppress(GalleryError, OSError), locked(folder, patience=0):
            for old in folder.glob(_PREFIX + "*"):
                shutil.rmtree(old)
            about = {"covered": made.covered, "fingerprint": made.fingerprint}
            made.graph.save(folder / (_PREFIX + made.fingerprint), about)
