"""A gallery as it was at one commit: what a reader holds, and what doesn't change while it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from retrieval.codes import WideCodes
from retrieval.errors import BUILD_AGAIN, GalleryError
from retrieval.files import check_content, check_quickly, read_array
from retrieval.manifest import Manifest, Part, read_manifest
from retrieval.neighbours import Keep, Rows
from retrieval.segment import HASH_BYTES, NO_LABEL, Segment
from retrieval.texts import different, fits

REMOVED_ROWS = "rows.npy"
_TRIES = 5

Read = TypeVar("Read")


class Snapshot:
    """The rows of a gallery; row numbers are places in its segments, in order."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        """Open what every search needs, so that a later clean-up can't take it away.

        Raises:
            FileNotFoundError: a file is gone.
            GalleryError: one is damaged.
        """
        self.folder = folder
        self.manifest = manifest
        self.segments = [Segment(folder, part, manifest.encoder["dense"]) for part in manifest.segments]
        # Where there is no row, codes still have their length.
        none = np.zeros((0, manifest.encoder["dense"]), np.int8)
        self.rows = Rows([none, *(segment.array("dense") for segment in self.segments)])
        self.labels: NDArray[np.int16] = self._joined("labels", np.int16)
        self.present: Keep = self._present(manifest.removed)
        self._firsts = np.cumsum([0, *map(len, self.segments)])
        self._source_of = [segment.source_of() for segment in self.segments]
        self._texts = [(segment.texts("id"), segment.texts("source")) for segment in self.segments]

    def __len__(self) -> int:
        """How many images there are, without those removed."""
        return len(self.labels) if self.present is None else int(np.count_nonzero(self.present))

    @property
    def total(self) -> int:
        """How many rows there are, with those removed."""
        return len(self.labels)

    @cached_property
    def hashes(self) -> NDArray[np.uint8]:
        """Of each glyph, uint8 (rows, 16)."""
        return self._joined("hashes", np.uint8).reshape(-1, HASH_BYTES)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each id that is present."""
        every = (name for ids, _ in self._texts for name in ids)
        return {name: row for row, name in enumerate(every) if self.present is None or self.present[row]}

    def check(self, leaving: frozenset[str] = frozenset()) -> None:
        """Read all files, but for the segments' arrays named in ``leaving``, and compare them with their checksums.

        Raises:
            FileNotFoundError: a file is gone.
            GalleryError: one is damaged.
        """
        for segment in self.segments:
            segment.check(leaving)
        if removed := self.manifest.removed:
            for name, described in removed.files.items():
                check_content(self.folder / removed.name / name, described)

    def present_rows(self) -> NDArray[np.int64]:
        """The numbers of the rows that were not removed, int64 (images,), ascending."""
        return np.arange(self.total) if self.present is None else np.flatnonzero(self.present)

    def wide(self) -> WideCodes:
        """The wide codes of all rows, removed ones included."""
        return WideCodes.join([segment.wide(self.manifest.encoder["wide"]) for segment in self.segments])

    def source(self, row: int) -> str:
        """Where a row comes from."""
        segment, place = self._place(row)
        return self._texts[segment][1][int(self._source_of[segment][place])]

    def sources(self) -> Iterator[str]:
        """The sources of the rows that are present, each once."""
        return different(self._sources())

    def described(self, rows: NDArray[np.int64]) -> dict[int, tuple[str, int | None, str]]:
        """Id, label and source by row, for row numbers int64 of any shape; a label is None where there is none."""
        different = np.unique(rows)
        segments = np.searchsorted(self._firsts, different, side="right") - 1
        places = different - self._firsts[segments]
        labels = self.labels[different]
        found = {}
        for row, segment, place, label in zip(
            different.tolist(), segments.tolist(), places.tolist(), labels.tolist(), strict=True
        ):
            ids, sources = self._texts[segment]
            known = None if label == NO_LABEL else label
            found[row] = (ids[place], known, sources[int(self._source_of[segment][place])])
        return found

    def glyphs(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """What the rows look like, uint8 (N, 28, 28)."""
        found = np.empty((len(rows), 28, 28), np.uint8)
        for place, row in enumerate(rows):
            segment, within = self._place(int(row))
            found[place] = self.segments[segment].array("glyphs")[within]
        return found

    def labelled(self, source: str | None) -> NDArray[np.int64]:
        """The numbers of the rows that are not removed, have a label, and whose source matches; int64 (K,)."""
        known, keep = self.labels != NO_LABEL, self.matching(None, source)
        rows: NDArray[np.int64] = np.flatnonzero(known if keep is None else known & keep)
        return rows

    def matching(self, label: int | None, source: str | None) -> Keep:
        """Which rows were not removed and pass the filters, bool (rows,); None if all do."""
        keep = self.present
        if label is not None:
            labelled = self.labels == label
            keep = labelled if keep is None else keep & labelled
        if source is not None:
            from_there = self._from(source)
            keep = from_there if keep is None else keep & from_there
        return keep

    def _sources(self) -> Iterator[str]:
        for first, (_, texts), source_of in zip(self._firsts[:-1], self._texts, self._source_of, strict=True):
            here = slice(first, first + len(source_of))
            present = source_of if self.present is None else source_of[self.present[here]]
            yield from (texts[number] for number in np.unique(present).tolist())

    def _from(self, pattern: str) -> NDArray[np.bool_]:
        found = [np.zeros(0, np.bool_)]
        for (_, sources), source_of in zip(self._texts, self._source_of, strict=True):
            wanted = np.fromiter((fits(source, pattern) for source in sources), np.bool_, len(sources))
            found.append(wanted[source_of])
        return np.concatenate(found)

    def _place(self, row: int) -> tuple[int, int]:
        segment = int(np.searchsorted(self._firsts, row, side="right")) - 1
        return segment, row - int(self._firsts[segment])

    def _joined(self, key: str, dtype: type[np.generic]) -> NDArray[Any]:
        parts = [segment.array(key) for segment in self.segments]
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.zeros(0, dtype)

    def _present(self, removed: Part | None) -> Keep:
        if removed is None:
            return None
        file = self.folder / removed.name / REMOVED_ROWS
        check_quickly(file, removed.files.get(REMOVED_ROWS, {"bytes": -1}))
        rows = read_array(file, np.int64, (removed.count,))
        if rows.min() < 0 or rows.max() >= len(self.labels):
            raise GalleryError(f"{file}: damaged, it names images that are not there; {BUILD_AGAIN}")
        present = np.ones(len(self.labels), np.bool_)
        present[rows] = False
        return present


def read_snapshot(folder: Path, accept: Callable[[Manifest], None]) -> Snapshot:
    """The gallery as it is now; see `read_steadily`."""
    return read_steadily(folder, accept, lambda manifest: Snapshot(folder, manifest))


def read_steadily(folder: Path, accept: Callable[[Manifest], None], read: Callable[[Manifest], Read]) -> Read:
    """What is read of a gallery as it is now, whoever may be writing.

    Args:
        folder: the gallery's.
        accept: raises an error if the manifest will not do.
        read: reads what a manifest names.

    Raises:
        GalleryError: there is no gallery, or it is damaged.
    """
    for attempt in range(_TRIES):
        manifest = read_manifest(folder)
        accept(manifest)
        try:
            return read(manifest)
        except FileNotFoundError as error:
            # A writer may have replaced the manifest and cleaned up since it was read.
            if attempt == _TRIES - 1 or read_manifest(folder) == manifest:
                raise GalleryError(f"{error.filename}: missing; {BUILD_AGAIN}") from None
    raise AssertionError("unreachable")
