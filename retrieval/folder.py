"""A gallery in a folder of its own: files that are mapped into memory, searched in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval import writing
from retrieval.addresses import Where
from retrieval.arrivals import Arrivals, Progress
from retrieval.codes import unpack
from retrieval.duplicates import DuplicateGroup, find_groups
from retrieval.encoder import Encoder
from retrieval.engines import INVERTED, Engines, Plan
from retrieval.errors import QueryError
from retrieval.gallery import Gallery
from retrieval.hit import Answer, Hit
from retrieval.manifest import MANIFEST, Manifest, check_encoder, read_manifest
from retrieval.neighbours import Found
from retrieval.question import CANDIDATES, Labelled, Question
from retrieval.snapshot import Snapshot, read_snapshot, read_steadily
from retrieval.writing import Appended


class FolderGallery(Gallery):
    """A gallery as it was when it was opened, refreshed or last changed through this object.

    One process writes at a time, any number read.

    Attributes:
        path: its folder.
    """

    def __init__(self, path: Path, encoder: Encoder, snapshot: Snapshot) -> None:
        """Use `Gallery.open` or `Gallery.create`."""
        self.path = path
        self.address = str(path)
        self.name = path.name
        self.encoder = encoder
        self._snapshot = snapshot
        self._engines = Engines(snapshot, encoder.threads)

    def __len__(self) -> int:
        """See `Gallery`."""
        return len(self._snapshot)

    def __contains__(self, name: object) -> bool:
        """See `Gallery`."""
        return name in self._snapshot.row_of

    def ids(self) -> list[str]:
        """See `Gallery.ids`."""
        return list(self._snapshot.row_of)

    def sources(self) -> Iterator[str]:
        """See `Gallery.sources`."""
        return self._snapshot.sources()

    def glyphs(self, ids: Sequence[str]) -> NDArray[np.uint8]:
        """See `Gallery.glyphs`."""
        known = self._snapshot.row_of
        missing = [name for name in ids if name not in known]
        if missing:
            raise QueryError(f"{self.path}: no image has the id {missing[0]!r}")
        return self._snapshot.glyphs(np.array([known[name] for name in ids], np.int64))

    def labelled(self, source: str | None = None) -> Labelled:
        """See `Gallery.labelled`."""
        snapshot = self._snapshot
        rows = snapshot.labelled(source)
        labels = snapshot.labels[rows].astype(np.uint8)
        return Labelled(snapshot.glyphs(rows), labels, unpack(snapshot.rows.take(rows)))

    def plan(self, queries: int, mode: str = "precision", engine: str = "auto") -> Plan:
        """See `Gallery.plan`."""
        return self._engines.plan(queries, mode, engine)

    def prepare(self, engine: str | None = None) -> str:
        """See `Gallery.prepare`."""
        return self._engines.prepare(engine)

    def remove(self, ids: Sequence[str]) -> int:
        """See `Gallery.remove`."""
        count = writing.remove(self.path, _made_by(self.encoder, self.path), ids)
        self.refresh()
        return count

    def compact(self) -> None:
        """See `Gallery.compact`."""
        writing.compact(self.path, _made_by(self.encoder, self.path))
        self.refresh()

    def refresh(self) -> bool:
        """See `Gallery.refresh`."""
        if read_manifest(self.path) == self._snapshot.manifest:
            return False
        found = read_snapshot(self.path, _made_by(self.encoder, self.path))
        self._snapshot = found
        self._engines = Engines(found, self.encoder.threads, self._engines)
        return True

    def verify(self) -> None:
        """See `Gallery.verify`."""

        def check(manifest: Manifest) -> None:
            Snapshot(self.path, manifest).check()

        read_steadily(self.path, _made_by(self.encoder, self.path), check)

    @classmethod
    def _opened(cls, where: Where, encoder: Encoder) -> Gallery:
        folder = Path(where)
        return cls(folder, encoder, read_snapshot(folder, _made_by(encoder, folder)))

    @classmethod
    def _created(cls, where: Where, encoder: Encoder) -> Gallery:
        folder = Path(where)
        if not cls._is_there(folder):
            writing.create(folder, Manifest(encoder.description))
        return cls._opened(folder, encoder)

    @classmethod
    def _is_there(cls, where: Where) -> bool:
        return (Path(where) / MANIFEST).is_file()

    @classmethod
    def _reencoded(cls, where: Where, encoder: Encoder, progress: Progress | None) -> Gallery:
        folder = Path(where)
        writing.reencode(folder, encoder, progress)
        return cls._opened(folder, encoder)

    def _search(self, glyphs: NDArray[np.uint8], asked: Question) -> Answer:
        engines = self._engines  # another thread may refresh
        chosen, snapshot = engines.plan(len(glyphs), asked.mode, asked.engine), engines.snapshot
        keep = snapshot.matching(asked.label, asked.source)
        if asked.mode == "recall":
            top, ran = max(asked.k, CANDIDATES) if asked.rerank else asked.k, INVERTED
            dense, wide = self.encoder.both(glyphs)
            ids, far = engines.inverted().search(wide, top, keep)
            ids, far = _measured(snapshot, dense, ids, asked.k)
        else:
            index = engines.dense(chosen, asked.engine, len(glyphs))
            ids, far = index.search(self.encoder.dense(glyphs), asked.k, keep)
            ran = index.name
        limit = self.encoder.duplicate_distance if asked.mode == "duplicates" else np.inf
        return Answer(self._hits(snapshot, ids, far, limit), asked.mode, ran)

    def _groups(self, distance: float, progress: Progress | None) -> list[DuplicateGroup]:
        snapshot = self._snapshot
        return [
            DuplicateGroup(exact, tuple(self._hits(snapshot, rows[None], far[None], np.inf)[0]))
            for exact, rows, far in find_groups(
                snapshot.rows, snapshot.hashes, snapshot.present_rows(), distance, progress
            )
        ]

    def _append(self, arrivals: Arrivals, progress: Progress | None) -> Appended:
        done = writing.append(self.path, self.encoder, _made_by(self.encoder, self.path), arrivals, progress)
        self.refresh()
        return done

    def _hits(
        self, snapshot: Snapshot, ids: NDArray[np.int64], far: NDArray[np.float32], limit: float
    ) -> list[list[Hit]]:
        alike = self.encoder.similarity(far)
        known = snapshot.described(ids)
        return [
            [
                Hit(known[row][0], known[row][1], distance, share, known[row][2])
                for row, distance, share in zip(*lists, strict=True)
                if distance <= limit
            ]
            for lists in zip(ids.tolist(), far.tolist(), alike.tolist(), strict=True)
        ]


def _measured(snapshot: Snapshot, dense: NDArray[np.int8], ids: NDArray[np.int64], k: int) -> Found:
    """The k nearest of candidates (N, top), by the dense code."""
    of = np.repeat(np.arange(len(ids)), ids.shape[1])
    far = snapshot.rows.distances(dense, of, ids.ravel()).reshape(ids.shape)
    order = np.lexsort((ids, far), axis=1)[:, :k]
    return np.take_along_axis(ids, order, 1), np.take_along_axis(far, order, 1)


def _made_by(encoder: Encoder, folder: Path) -> Callable[[Manifest], None]:
    def check(manifest: Manifest) -> None:
        check_encoder(manifest.encoder, encoder.description, str(folder))

    return check
