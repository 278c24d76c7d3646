"""Images that can be searched: `Gallery`."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from retrieval import writing
from retrieval.arrivals import Arrivals, Progress
from retrieval.codes import unpack
from retrieval.duplicates import DuplicateGroup, find_groups
from retrieval.encoder import Encoder, checked_glyphs, shipped_folder
from retrieval.engines import INVERTED, Engines, Plan
from retrieval.errors import GalleryError, QueryError
from retrieval.files import check_content
from retrieval.hit import Answer, Hit
from retrieval.manifest import MANIFEST, Manifest
from retrieval.neighbours import Found
from retrieval.snapshot import Snapshot, read_snapshot
from retrieval.writing import Appended

STARTER = "starter"
_CANDIDATES = 100


class Labelled(NamedTuple):
    """Images that have a label.

    Attributes:
        glyphs: uint8 (N, 28, 28).
        labels: uint8 (N,).
        codes: float32 (N, D), of unit length.
    """

    glyphs: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    codes: NDArray[np.float32]


class Gallery:
    """A gallery as it was when it was opened, refreshed or last changed through this object.

    Threads may share it for searching. One process writes at a time, any number read.
    """

    def __init__(self, path: Path, encoder: Encoder, snapshot: Snapshot) -> None:
        """Use `open` or `create`."""
        self.path = path
        self.encoder = encoder
        self._snapshot = snapshot
        self._engines = Engines(snapshot, encoder.threads)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] | None = None,
        encoder: Encoder | str | os.PathLike[str] | None = None,
        threads: int = 1,
    ) -> Gallery:
        """Open a gallery.

        Args:
            path: its folder; by default the starter gallery that ships.
            encoder: an encoder or the folder of one; by default the one that ships.
            threads: how many threads a call may use. An ``Encoder`` brings its own number.

        Raises:
            GalleryError: there is none, it is damaged, or another encoder made it.
            EncoderError: there is no usable encoder.
        """
        folder = shipped_folder() / STARTER if path is None else Path(path)
        using = encoder if isinstance(encoder, Encoder) else Encoder.open(encoder, threads)
        return cls(folder, using, read_snapshot(folder, _made_by(using, folder)))

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        encoder: Encoder | str | os.PathLike[str] | None = None,
        threads: int = 1,
    ) -> Gallery:
        """A new, empty gallery; or the one that is there.

        Raises:
            GalleryError: the folder holds something else, or a gallery that `open` refuses.
            EncoderError: there is no usable encoder.
        """
        folder = Path(path)
        using = encoder if isinstance(encoder, Encoder) else Encoder.open(encoder, threads)
        if not cls.exists(folder):
            writing.create(folder, Manifest(using.description))
        return cls.open(folder, using)

    @staticmethod
    def exists(path: str | os.PathLike[str]) -> bool:
        """Whether there is a gallery, whole or not."""
        return (Path(path) / MANIFEST).is_file()

    @classmethod
    def reencode(
        cls,
        path: str | os.PathLike[str],
        encoder: Encoder | str | os.PathLike[str] | None = None,
        progress: Progress | None = None,
        threads: int = 1,
    ) -> Gallery:
        """Bring a gallery that another encoder made to this one, from the glyphs it keeps, in one commit.

        Args:
            path: the gallery's folder.
            encoder: see `open`.
            progress: called with how many images are done.
            threads: see `open`.

        Raises:
            GalleryError: there is no gallery, it is damaged, or another process is writing.
            EncoderError: there is no usable encoder.
        """
        folder = Path(path)
        using = encoder if isinstance(encoder, Encoder) else Encoder.open(encoder, threads)
        writing.reencode(folder, using, progress)
        return cls.open(folder, using)

    def __len__(self) -> int:
        """How many images can be found."""
        return len(self._snapshot)

    def __contains__(self, name: object) -> bool:
        """Whether an image has this id."""
        return name in self._snapshot.row_of

    def glyphs(self, ids: Sequence[str]) -> NDArray[np.uint8]:
        """What the images with these ids look like, uint8 (N, 28, 28).

        Raises:
            QueryError: no image has such an id.
        """
        known = self._snapshot.row_of
        missing = [name for name in ids if name not in known]
        if missing:
            raise QueryError(f"{self.path}: no image has the id {missing[0]!r}")
        return self._snapshot.glyphs(np.array([known[name] for name in ids], np.int64))

    def labelled(self) -> Labelled:
        """All images that have a label, in the order of their arrival."""
        snapshot = self._snapshot
        rows = snapshot.labelled()
        labels = snapshot.labels[rows].astype(np.uint8)
        return Labelled(snapshot.glyphs(rows), labels, unpack(snapshot.dense(rows)))

    def search(
        self,
        glyphs: NDArray[np.uint8],
        k: int = 10,
        mode: str = "precision",
        engine: str = "auto",
        *,
        rerank: bool = True,
        label: int | None = None,
        source: str | None = None,
    ) -> Answer:
        """The most similar images of each query.

        Args:
            glyphs: uint8 (N, 28, 28), taken as they are.
            k: how many hits to return at most.
            mode: "precision": by the dense code; "recall": candidates by the wide code, which finds more of the
                disturbed copies of an image; "duplicates": only those that are the same image or nearly so.
            engine: "auto" (see `plan`), "exact" or "pynndescent"; in recall mode "inverted".
            rerank: in recall mode, whether candidates are ranked by the dense code; otherwise they come in the
                order of the wide code's score. A hit's distance and similarity are the dense code's in either case.
            label: find only images with this label.
            source: find only images whose source fits this pattern, with ``*``, ``?`` and ``[…]``; the source as a
                whole, or what follows one of its slashes.

        Returns:
            A list of at most k hits for each query, nearest first, no id twice; as an `Answer`, which names the
            engine that ran. Filters count before ranking: there are k hits if k images pass them.

        Raises:
            QueryError: an argument makes no sense.
            GalleryError: the gallery turns out to be damaged.
        """
        checked = checked_glyphs(glyphs)
        if k < 1:
            raise QueryError(f"k must be 1 or more, not {k}")
        engines = self._engines  # another thread may refresh
        chosen, snapshot = engines.plan(len(checked), mode, engine), engines.snapshot
        keep = snapshot.matching(label, source)
        if mode == "recall":
            top, ran = max(k, _CANDIDATES) if rerank else k, INVERTED
            dense, wide = self.encoder.both(checked)
            ids, far = engines.inverted().search(wide, top, keep)
            ids, far = _measured(snapshot, dense, ids, k, rerank)
        else:
            index = engines.dense(chosen, engine, len(checked))
            ids, far = index.search(self.encoder.dense(checked), k, keep)
            ran = index.name
        limit = self.encoder.duplicate_distance if mode == "duplicates" else np.inf
        return Answer(self._hits(snapshot, ids, far, limit), mode, ran)

    def plan(self, queries: int, mode: str = "precision", engine: str = "auto") -> Plan:
        """Which engine a search of that many queries would run on, and why; nothing is loaded.

        Raises:
            QueryError: there is no such mode or engine, or they don't go together.
        """
        return self._engines.plan(queries, mode, engine)

    def prepare(self, engine: str = "pynndescent") -> None:
        """Load an engine now, or build it: for services, and so that the first search need not wait.

        Raises:
            QueryError: there is no such engine.
        """
        self._engines.prepare(engine)

    def duplicates(
        self, distance: float | None = None, progress: Progress | None = None
    ) -> list[DuplicateGroup]:
        """Groups of images that are the same, or nearly so.

        Args:
            distance: how far apart neighbours in a group may be; by default the encoder's, which was chosen for a
                stated precision. 0 finds only images that are the same, pixel by pixel.
            progress: called with how many images are done.
        """
        limit = self.encoder.duplicate_distance if distance is None else distance
        snapshot = self._snapshot
        return [
            DuplicateGroup(exact, tuple(self._hits(snapshot, rows[None], far[None], np.inf)[0]))
            for exact, rows, far in find_groups(snapshot, limit, progress)
        ]

    def append(
        self,
        glyphs: NDArray[np.uint8],
        ids: Sequence[str] | None = None,
        labels: Sequence[int | None] | None = None,
        sources: str | Sequence[str] | None = None,
        progress: Progress | None = None,
    ) -> Appended:
        """Add images. They can be found at once.

        An image is skipped if one with the same id, glyph, label and source is there; an id that is there with
        anything else is replaced. Every 10,000 images are committed: what was stopped can be repeated.

        Args:
            glyphs: uint8 (N, 28, 28).
            ids: N different strings; by default made from glyph and source, so that nothing is added twice.
            labels: what each one shows, or None where that is not known.
            sources: where they come from: one string, or one for each.
            progress: called with how many of them are done.

        Raises:
            QueryError: the arguments don't fit together.
            GalleryError: another process is writing, or the folder can't be written.
        """
        arrivals = Arrivals.checked(checked_glyphs(glyphs), ids, labels, sources)
        done = writing.append(self.path, self.encoder, _made_by(self.encoder, self.path), arrivals, progress)
        self.refresh()
        return done

    def remove(self, ids: Sequence[str]) -> int:
        """Remove images, and return how many there were. Unknown ids are passed over.

        Raises:
            GalleryError: another process is writing, or the folder can't be written.
        """
        count = writing.remove(self.path, _made_by(self.encoder, self.path), ids)
        self.refresh()
        return count

    def compact(self) -> None:
        """Write the gallery anew, without what was removed.

        Raises:
            GalleryError: another process is writing, or the folder can't be written.
        """
        writing.compact(self.path, _made_by(self.encoder, self.path))
        self.refresh()

    def refresh(self) -> bool:
        """See what others have committed since; return whether there was anything.

        Raises:
            GalleryError: the gallery is gone, or another encoder made it anew.
        """
        found = read_snapshot(self.path, _made_by(self.encoder, self.path))
        if found.manifest == self._snapshot.manifest:
            return False
        self._snapshot = found
        self._engines = Engines(found, self.encoder.threads, self._engines)
        return True

    def verify(self) -> None:
        """Read every file and compare it with its checksum.

        Raises:
            GalleryError: one is damaged.
        """
        for part in self._snapshot.manifest.parts:
            for name, described in part.files.items():
                check_content(self.path / part.name / name, described)

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


def _measured(
    snapshot: Snapshot, dense: NDArray[np.int8], ids: NDArray[np.int64], k: int, rerank: bool
) -> Found:
    """The dense distance of candidates (N, top), and the k nearest of them if they are to be ranked by it."""
    of = np.repeat(np.arange(len(ids)), ids.shape[1])
    far = snapshot.rows.distances(unpack(dense), of, ids.ravel()).reshape(ids.shape)
    if not rerank:
        return ids, far
    order = np.lexsort((ids, far), axis=1)[:, :k]
    return np.take_along_axis(ids, order, 1), np.take_along_axis(far, order, 1)


def _made_by(encoder: Encoder, folder: Path) -> Callable[[Manifest], None]:
    def check(manifest: Manifest) -> None:
        if manifest.encoder["sha256"] != encoder.hash:
            raise GalleryError(
                f"{folder}: made by another encoder ({manifest.encoder['name']}); "
                f"bring it to this one with: similar --reencode --gallery {folder}"
            )
        if (manifest.encoder["dense"], manifest.encoder["wide"]) != (
            encoder.dense_dimensions,
            encoder.wide_dimensions,
        ):
            raise GalleryError(
                f"{folder / MANIFEST}: damaged, its codes have another length than the encoder's"
            )

    return check
