"""What changes a gallery: one process at a time, each change in one commit."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.codes import WideCodes
from retrieval.encoder import Encoder
from retrieval.errors import GalleryError, QueryError
from retrieval.files import LOCK, PARTIAL, locked, write_folder
from retrieval.manifest import MANIFEST, REMOVED, SEGMENT, Manifest, Part, write_manifest
from retrieval.segment import HASH_BYTES, NO_LABEL, Items, hash_glyphs, write_segment
from retrieval.snapshot import REMOVED_ROWS, Snapshot, read_snapshot
from retrieval.texts import LONGEST, Texts, encoded

COMMIT_EVERY = 10_000
COMPACT_SHARE = 0.2
_PIECE = 256

Accept = Callable[[Manifest], None]
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Appended:
    """How many images were new, there already, and there but with another glyph, label or source."""

    added: int
    skipped: int
    replaced: int


@dataclass(frozen=True)
class Arrivals:
    """Images on their way into a gallery: as `Items`, without codes."""

    glyphs: NDArray[np.uint8]
    hashes: NDArray[np.uint8]
    ids: list[str]
    labels: NDArray[np.int16]
    sources: list[str]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def checked(
        cls,
        glyphs: NDArray[np.uint8],
        ids: Sequence[str] | None,
        labels: Sequence[int | None] | None,
        sources: str | Sequence[str] | None,
    ) -> Arrivals:
        """See `retrieval.Gallery.append`.

        Raises:
            QueryError: the arguments don't fit together.
        """
        count = len(glyphs)
        from_where = [sources or ""] * count if sources is None or isinstance(sources, str) else list(sources)
        hashes = hash_glyphs(glyphs)
        names = _names(hashes, from_where) if ids is None else list(ids)
        shown = [None] * count if labels is None else list(labels)
        if not len(names) == len(shown) == len(from_where) == count:
            raise QueryError(
                f"{count} glyphs, but {len(names)} ids, {len(shown)} labels and {len(from_where)} sources"
            )
        if ids is not None and len(set(names)) != count:
            raise QueryError("two of the images have the same id")
        for text in (*names, *from_where):
            if not isinstance(text, str) or len(encoded(text)) > LONGEST:
                raise QueryError(f"ids and sources must be strings of at most {LONGEST} bytes")
        return cls(glyphs, hashes, names, _labels(shown), from_where)

    def take(self, places: Sequence[int]) -> Arrivals:
        """Some of them."""
        chosen = np.array(places, np.intp)
        return Arrivals(
            self.glyphs[chosen],
            self.hashes[chosen],
            [self.ids[place] for place in places],
            self.labels[chosen],
            [self.sources[place] for place in places],
        )

    def encoded(self, encoder: Encoder, progress: Progress | None, done: int) -> Items:
        """With their codes; ``progress`` is told of each piece, on top of what was ``done`` before."""
        dense, wide = encode(encoder, self.glyphs, progress, done)
        different = {source: number for number, source in enumerate(dict.fromkeys(self.sources))}
        return Items(
            self.glyphs,
            dense,
            wide,
            self.labels,
            self.hashes,
            Texts.of(self.ids),
            Texts.of(list(different)),
            np.array([different[source] for source in self.sources], np.uint32),
        )


def encode(
    encoder: Encoder, glyphs: NDArray[np.uint8], progress: Progress | None = None, done: int = 0
) -> tuple[NDArray[np.int8], WideCodes]:
    """Dense and wide codes of glyphs uint8 (N, 28, 28); ``progress`` is told of each piece."""
    dense, wide = [np.zeros((0, encoder.dense_dimensions), np.int8)], []
    for start in range(0, len(glyphs), _PIECE):
        piece = glyphs[start : start + _PIECE]
        dense.append(encoder.dense(piece))
        wide.append(encoder.wide(piece))
        if progress:
            progress(done + start + len(piece))
    return np.concatenate(dense), WideCodes.join(wide)


def create(folder: Path, manifest: Manifest) -> None:
    """Make a new gallery.

    Raises:
        GalleryError: the folder holds something else, or can't be written.
    """
    with _errors_of(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if any(entry.name != LOCK for entry in folder.iterdir()):
            raise GalleryError(f"{folder}: not empty, and not a gallery; name another folder")
        with locked(folder):
            if not (folder / MANIFEST).exists():
                write_manifest(folder, manifest)


def append(
    folder: Path, encoder: Encoder, accept: Accept, arrivals: Arrivals, progress: Progress | None
) -> Appended:
    """Add what is new, and commit it piece by piece. See `retrieval.Gallery.append`."""
    added = skipped = replaced = 0
    with _errors_of(folder), locked(folder):
        snapshot = read_snapshot(folder, accept)
        known = dict(snapshot.row_of)
        for start in range(0, len(arrivals), COMMIT_EVERY):
            places = range(start, min(start + COMMIT_EVERY, len(arrivals)))
            old = {place: known.get(arrivals.ids[place]) for place in places}
            # Ids made from what an image is repeat where the image does.
            first = {arrivals.ids[place]: place for place in reversed(places)}
            new = [p for p in first.values() if not _is_there(snapshot, old[p], arrivals, p)][::-1]
            outdated = [row for place in new if (row := old[place]) is not None]
            done = start + len(places) - len(new)
            skipped += len(places) - len(new)
            replaced += len(outdated)
            added += len(new) - len(outdated)
            if progress:
                progress(done)
            if not new:
                continue
            items = arrivals.take(new).encoded(encoder, progress, done)
            known.update((arrivals.ids[place], snapshot.total + n) for n, place in enumerate(new))
            _commit(snapshot, items, outdated)
            snapshot = read_snapshot(folder, accept)
        _compact_if_worth_it(snapshot)
    return Appended(added, skipped, replaced)


def remove(folder: Path, accept: Accept, ids: Sequence[str]) -> int:
    """Mark images as removed. See `retrieval.Gallery.remove`."""
    with _errors_of(folder), locked(folder):
        snapshot = read_snapshot(folder, accept)
        rows = sorted({snapshot.row_of[name] for name in ids if name in snapshot.row_of})
        if rows:
            _commit(snapshot, None, rows)
            _compact_if_worth_it(read_snapshot(folder, accept))
    return len(rows)


def compact(folder: Path, accept: Accept) -> None:
    """Write all that is present into one segment."""
    with _errors_of(folder), locked(folder):
        _rewrite(read_snapshot(folder, accept), None, None)


def reencode(folder: Path, encoder: Encoder, progress: Progress | None) -> None:
    """Write the gallery anew with another encoder's codes. See `retrieval.Gallery.reencode`."""
    with _errors_of(folder), locked(folder):
        _rewrite(read_snapshot(folder, lambda _: None), encoder, progress)


def _names(hashes: NDArray[np.uint8], sources: list[str]) -> list[str]:
    return [
        hashlib.blake2b(digest.tobytes() + encoded(source), digest_size=HASH_BYTES).hexdigest()
        for digest, source in zip(hashes, sources, strict=True)
    ]


def _labels(labels: Sequence[int | None]) -> NDArray[np.int16]:
    limits = np.iinfo(np.int16)
    if any(label is not None and not limits.min < label <= limits.max for label in labels):
        raise QueryError(f"labels must be whole numbers from {limits.min + 1} to {limits.max}, or None")
    return np.array([NO_LABEL if label is None else label for label in labels], np.int16)


def _is_there(snapshot: Snapshot, row: int | None, arrivals: Arrivals, place: int) -> bool:
    return (
        row is not None
        and bool(np.array_equal(snapshot.hashes[row], arrivals.hashes[place]))
        and snapshot.labels[row] == arrivals.labels[place]
        and snapshot.source(row) == arrivals.sources[place]
    )


def _commit(snapshot: Snapshot, items: Items | None, outdated: Sequence[int]) -> None:
    """Add items and mark rows as removed.

    The last segments become one with the new one as long as that at least doubles it: there are never more than
    a few, and each image is rewritten only a few times. The rows keep their order and numbers.
    """
    folder, manifest = snapshot.folder, snapshot.manifest
    if items is not None:
        name, manifest = manifest.numbered("segment")
        first = _first_to_merge([len(segment) for segment in snapshot.segments], len(items))
        older = [segment.items(manifest.encoder["wide"]) for segment in snapshot.segments[first:]]
        part = write_segment(folder, name, join_items([*older, items]))
        manifest = replace(manifest, segments=(*manifest.segments[:first], part))
    if outdated:
        name, manifest = manifest.numbered("removed")
        rows = np.array(outdated, np.int64)
        if snapshot.present is not None:
            rows = np.union1d(rows, np.flatnonzero(~snapshot.present))
        part = Part(name, len(rows), write_folder(folder / name, {REMOVED_ROWS: rows}))
        manifest = replace(manifest, removed=part)
    write_manifest(folder, manifest)
    _clean(folder, manifest)


def _first_to_merge(sizes: list[int], size: int) -> int:
    first = len(sizes)
    while first and sizes[first - 1] < 2 * size:
        first -= 1
        size += sizes[first]
    return first


def _compact_if_worth_it(snapshot: Snapshot) -> None:
    if snapshot.total - len(snapshot) > COMPACT_SHARE * snapshot.total:
        _rewrite(snapshot, None, None)


def _rewrite(snapshot: Snapshot, encoder: Encoder | None, progress: Progress | None) -> None:
    folder, manifest = snapshot.folder, replace(snapshot.manifest, segments=(), removed=None)
    wide = snapshot.manifest.encoder["wide"]
    parts = []
    for number, segment in enumerate(snapshot.segments):
        items = segment.items(wide)
        first = sum(map(len, snapshot.segments[:number]))
        if snapshot.present is not None:
            items = take_items(items, np.flatnonzero(snapshot.present[first : first + len(segment)]))
        parts.append(items)
    every = join_items(parts) if parts else None
    if encoder is not None:
        manifest = replace(manifest, encoder=encoder.description)
        if every is not None:
            dense, codes = encode(encoder, every.glyphs, progress)
            every = replace(every, dense=dense, wide=codes)
    if every is not None and len(every):
        name, manifest = manifest.numbered("segment")
        manifest = replace(manifest, segments=(write_segment(folder, name, every),))
    write_manifest(folder, manifest)
    _clean(folder, manifest)


def join_items(parts: Sequence[Items]) -> Items:
    """All items of all parts, in order."""
    if len(parts) == 1:
        return parts[0]
    sources = [source for part in parts for source in part.sources]
    different = {source: number for number, source in enumerate(dict.fromkeys(sources))}
    renumbered = np.array([different[source] for source in sources], np.uint32)
    firsts = np.cumsum([0, *(len(part.sources) for part in parts)])
    return Items(
        np.concatenate([part.glyphs for part in parts]),
        np.concatenate([part.dense for part in parts]),
        WideCodes.join([part.wide for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.hashes for part in parts]),
        Texts.of([name for part in parts for name in part.ids]),
        Texts.of(list(different)),
        np.concatenate(
            [renumbered[part.source_of + first] for part, first in zip(parts, firsts, strict=False)]
        ),
    )


def take_items(items: Items, rows: NDArray[np.intp]) -> Items:
    """The given items, in the order given."""
    names = list(items.ids)
    return Items(
        items.glyphs[rows],
        items.dense[rows],
        items.wide.take(rows),
        items.labels[rows],
        items.hashes[rows],
        Texts.of([names[row] for row in rows]),
        items.sources,
        items.source_of[rows],
    )


def _clean(folder: Path, manifest: Manifest) -> None:
    """Delete what no commit names any more: what was replaced, and what a killed writer left."""
    named = {part.name for part in manifest.parts}
    for entry in folder.iterdir():
        name = entry.name.removesuffix(PARTIAL)
        if entry.name not in named and (SEGMENT.fullmatch(name) or REMOVED.fullmatch(name)):
            # Where a reader has the files open and the system minds, the next writer cleans up.
            shutil.rmtree(entry, ignore_errors=True)


@contextlib.contextmanager
def _errors_of(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        raise GalleryError(f"{where}: can't be written ({error.strerror or error})") from None
