"""What changes a gallery: one process at a time, each change in one commit."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from retrieval.arrivals import Arrivals, Progress
from retrieval.encoder import Encoder
from retrieval.errors import GalleryAccessError, GalleryError
from retrieval.files import LOCK, PARTIAL, locked, write_folder
from retrieval.manifest import MANIFEST, REMOVED, SEGMENT, Manifest, Part, read_manifest, write_manifest
from retrieval.segment import CODES, Items, join_items, take_items, write_segment
from retrieval.snapshot import REMOVED_ROWS, Snapshot, read_snapshot

COMMIT_EVERY = 10_000
COMPACT_SHARE = 0.2
_OF_A_NEW_ONE = frozenset({LOCK, MANIFEST, MANIFEST + PARTIAL})

Accept = Callable[[Manifest], None]


@dataclass(frozen=True)
class Appended:
    """How many images were new, there already, and there but with another glyph, label or source."""

    added: int
    skipped: int
    replaced: int


def create(folder: Path, manifest: Manifest) -> None:
    """Make a new gallery, if nobody else does so first.

    Raises:
        GalleryError: the folder holds something else, or can't be written.
    """
    with _errors_of(folder):
        folder.mkdir(parents=True, exist_ok=True)
        strange = any(entry.name not in _OF_A_NEW_ONE for entry in folder.iterdir())
        # Looked for after the others: whoever makes the gallery at this moment writes the manifest first.
        if strange and not (folder / MANIFEST).exists():
            raise GalleryError(f"{folder}: not empty, and not a gallery; name another folder")
        with locked(folder):
            if not (folder / MANIFEST).exists():
                write_manifest(folder, manifest)


def append(
    folder: Path, encoder: Encoder, accept: Accept, arrivals: Arrivals, progress: Progress | None
) -> Appended:
    """Add what is new, and commit it piece by piece. See `retrieval.Gallery.append`."""
    added = skipped = replaced = 0
    with _changing(folder):
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
    with _changing(folder):
        snapshot = read_snapshot(folder, accept)
        rows = sorted({snapshot.row_of[name] for name in ids if name in snapshot.row_of})
        if rows:
            _commit(snapshot, None, rows)
            _compact_if_worth_it(read_snapshot(folder, accept))
    return len(rows)


def compact(folder: Path, accept: Accept) -> None:
    """Write all that is present into one segment."""
    with _changing(folder):
        _rewrite(read_snapshot(folder, accept))


def reencode(folder: Path, encoder: Encoder, progress: Progress | None) -> None:
    """Write the gallery anew with another encoder's codes. See `retrieval.Gallery.reencode`."""
    with _changing(folder):
        snapshot = read_snapshot(folder, lambda _: None)
        snapshot.check(leaving=CODES)
        arrivals = _arrivals(snapshot)
        items = arrivals.encoded(encoder, progress, 0) if len(arrivals) else None
        _replace(folder, replace(snapshot.manifest, encoder=encoder.description), items)


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
        older = []
        for segment in snapshot.segments[first:]:
            segment.check()  # what is damaged must not get a new checksum
            older.append(segment.items(manifest.encoder["wide"]))
        part = write_segment(folder, name, join_items([*older, items]))
        manifest = replace(manifest, segments=manifest.segments[:first]).extended(part)
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
        _rewrite(snapshot)


def _rewrite(snapshot: Snapshot) -> None:
    """Write all that is present into one segment."""
    snapshot.check()
    wide = snapshot.manifest.encoder["wide"]
    parts = []
    for number, segment in enumerate(snapshot.segments):
        items = segment.items(wide)
        first = sum(map(len, snapshot.segments[:number]))
        if snapshot.present is not None:
            items = take_items(items, np.flatnonzero(snapshot.present[first : first + len(segment)]))
        parts.append(items)
    _replace(snapshot.folder, snapshot.manifest, join_items(parts) if parts else None)


def _arrivals(snapshot: Snapshot) -> Arrivals:
    """All that is present, without its codes."""
    rows = snapshot.present_rows()
    known = snapshot.described(rows)
    ids, _, sources = zip(*(known[row] for row in rows.tolist()), strict=True) if len(rows) else ((), (), ())
    return Arrivals(
        snapshot.glyphs(rows), snapshot.hashes[rows], list(ids), snapshot.labels[rows], list(sources)
    )


def _replace(folder: Path, manifest: Manifest, items: Items | None) -> None:
    """Commit items in the place of all that was there."""
    manifest = replace(manifest, segments=(), removed=None)
    if items is not None and len(items):
        name, manifest = manifest.numbered("segment")
        manifest = manifest.extended(write_segment(folder, name, items))
    write_manifest(folder, manifest)
    _clean(folder, manifest)


def _clean(folder: Path, manifest: Manifest) -> None:
    """Delete what no commit names any more: what was replaced, and what a killed writer left."""
    named = {part.name for part in manifest.parts}
    for entry in folder.iterdir():
        name = entry.name.removesuffix(PARTIAL)
        if entry.name not in named and (SEGMENT.fullmatch(name) or REMOVED.fullmatch(name)):
            # Where a reader has the files open and the system minds, the next writer cleans up.
            shutil.rmtree(entry, ignore_errors=True)


@contextlib.contextmanager
def _changing(folder: Path) -> Iterator[None]:
    """Be the only one who changes a gallery; where it stays as it is, not even a lock is left in its folder."""
    if read_manifest(folder).frozen:
        raise GalleryError(
            f"{folder}: the starter gallery can't be changed; make one of your own in another folder"
        )
    with _errors_of(folder), locked(folder):
        yield


@contextlib.contextmanager
def _errors_of(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        raise GalleryAccessError(f"{where}: can't be written ({error.strerror or error})") from None
