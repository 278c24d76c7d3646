"""A gallery in Milvus: a collection on a server, or in a file of Milvus Lite."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.addresses import Where, milvus_address
from retrieval.arrivals import Arrivals, Progress
from retrieval.codes import pack, unpack
from retrieval.duplicates import DuplicateGroup, find_groups
from retrieval.encoder import Encoder
from retrieval.engines import ENGINES, Plan, possible_engines
from retrieval.errors import GalleryError, QueryError
from retrieval.gallery import Gallery
from retrieval.hit import Answer, Hit
from retrieval.manifest import check_encoder, no_gallery
from retrieval.milvus_collection import Collection
from retrieval.milvus_rows import (
    ARRIVED,
    DENSE,
    GLYPH,
    HASH,
    ID,
    LABEL,
    SOURCE,
    Row,
    Wanted,
    codes_of,
    rows_of,
    sparse,
    unpack_glyphs,
    unpack_text,
)
from retrieval.milvus_search import Near, Searcher
from retrieval.neighbours import Rows
from retrieval.question import Labelled, Question
from retrieval.segment import NO_LABEL, hash_glyphs
from retrieval.texts import different, fits
from retrieval.writing import Appended

MILVUS = "milvus"
_ENGINES = dict.fromkeys(ENGINES, (MILVUS,))
_PIECE = 2500  # images stored at once


class MilvusGallery(Gallery):
    """A gallery as it is now: what others change is seen at once. One process writes at a time."""

    def __init__(self, collection: Collection, encoder: Encoder) -> None:
        """Use `Gallery.open` or `Gallery.create`."""
        self.address = collection.address.text
        self.name = collection.address.name
        self.encoder = encoder
        self._collection = collection
        self._check()
        collection.load()
        self._index = collection.index()
        if collection.address.index not in (None, self._index):
            raise GalleryError(
                f"{self.address}: the index is chosen when a gallery is made, and this one has {self._index}; "
                "leave out ?index=, or re-encode it with: similar --reencode --gallery"
            )
        self._searcher = Searcher(collection, self._index)
        self._seen = len(self)

    def __len__(self) -> int:
        """See `Gallery`."""
        return self._collection.count()

    def __contains__(self, name: object) -> bool:
        """See `Gallery`."""
        return isinstance(name, str) and name in self._collection.fetch([name], [])

    def ids(self) -> list[str]:
        """See `Gallery.ids`."""
        return [unpack_text(row[ID]) for piece in self._collection.scan(fields=[ID]) for row in piece]

    def sources(self) -> Iterator[str]:
        """See `Gallery.sources`."""
        pieces = self._collection.scan(fields=[SOURCE])
        return different(unpack_text(row[SOURCE]) for piece in pieces for row in piece)

    def glyphs(self, ids: Sequence[str]) -> NDArray[np.uint8]:
        """See `Gallery.glyphs`."""
        found = self._collection.fetch(ids, [GLYPH])
        missing = [name for name in ids if name not in found]
        if missing:
            raise QueryError(f"{self.address}: no image has the id {missing[0]!r}")
        return unpack_glyphs([found[name][GLYPH] for name in ids], self.address)

    def labelled(self, source: str | None = None) -> Labelled:
        """See `Gallery.labelled`."""
        from_there = Wanted.of(None, source).filter
        wanted = f"{LABEL} != {NO_LABEL}" + (f" and {from_there}" if from_there else "")
        fields = self._in_order(wanted, [LABEL, ARRIVED, DENSE, GLYPH, SOURCE])
        fields = [row for row in fields if source is None or fits(unpack_text(row[SOURCE]), source)]
        glyphs = unpack_glyphs([row[GLYPH] for row in fields], self.address)
        labels = np.array([row[LABEL] for row in fields], np.uint8)
        shape = len(fields), self.encoder.dense_dimensions
        dense = np.array([row[DENSE] for row in fields], np.float32).reshape(shape)
        return Labelled(glyphs, labels, unpack(pack(dense)))

    def plan(self, queries: int, mode: str = "precision", engine: str = "auto") -> Plan:
        """See `Gallery.plan`."""
        possible_engines(mode, engine, _ENGINES)
        index = "its sparse inverted index" if mode == "recall" else f"its index {self._index}"
        return Plan(MILVUS, f"{self._collection.server} searches with {index}")

    def prepare(self, engine: str | None = None) -> str:
        """See `Gallery.prepare`."""
        if engine not in (None, MILVUS):
            raise QueryError(f"no engine {engine!r}: a gallery in Milvus has {MILVUS}")
        self._collection.flush()
        return MILVUS

    def remove(self, ids: Sequence[str]) -> int:
        """See `Gallery.remove`."""
        there = list(self._collection.fetch(list(dict.fromkeys(ids)), []))
        self._collection.delete(there)
        self._seen = len(self)
        return len(there)

    def compact(self) -> None:
        """See `Gallery.compact`."""
        self._collection.flush()
        self._collection.compact()

    def refresh(self) -> bool:
        """See `Gallery.refresh`; only the number of images tells whether there was anything."""
        self._check()
        before, self._seen = self._seen, len(self)
        return self._seen != before

    def verify(self) -> None:
        """See `Gallery.verify`."""
        count = 0
        for piece in self._collection.scan(fields=[ID, HASH, GLYPH]):
            hashes = hash_glyphs(unpack_glyphs([row[GLYPH] for row in piece], self.address))
            for row, digest in zip(piece, hashes, strict=True):
                if row[HASH] != digest.tobytes().hex():
                    name = unpack_text(row[ID])
                    raise GalleryError(
                        f"{self.address}: damaged, the checksum of {name!r} differs; take that image out by "
                        "similar --remove, and add it again"
                    )
            count += len(piece)
        if count != len(self):
            raise GalleryError(f"{self.address}: damaged, {count:,} of {len(self):,} images are there")

    @classmethod
    def _opened(cls, where: Where, encoder: Encoder) -> Gallery:
        address = milvus_address(where)
        if address.file is not None and not address.file.exists():
            raise no_gallery(address.text)
        return cls(Collection.connect(address), encoder)

    @classmethod
    def _created(cls, where: Where, encoder: Encoder) -> Gallery:
        address = milvus_address(where)
        if address.file is not None:
            try:
                address.file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise GalleryError(f"{address.text}: can't be written ({error.strerror})") from None
        collection = Collection.connect(address)
        if not collection.exists():
            collection.create(encoder.description)
        return cls(collection, encoder)

    @classmethod
    def _is_there(cls, where: Where) -> bool:
        address = milvus_address(where)
        return Collection.connect(address).exists() if address.file is None else address.file.exists()

    @classmethod
    def _reencoded(cls, where: Where, encoder: Encoder, progress: Progress | None) -> Gallery:
        address = milvus_address(where)
        collection = Collection.connect(address)
        old = collection.named(f"{address.collection}_old")
        if not collection.exists() and old.exists():  # stopped between the two names
            old.rename(collection.name)
        collection.about()
        collection.load()
        new = collection.named(f"{address.collection}_new", address.index or collection.index())
        new.drop()
        new.create(encoder.description)
        made = cls(new, encoder)
        made._take_over(collection, progress)
        old.drop()
        collection.rename(old.name)
        new.rename(collection.name)
        old.drop()
        return cls(collection, encoder)

    def _take_over(self, before: Collection, progress: Progress | None) -> None:
        """Copy all images of a collection, with codes of this encoder."""
        rows = sorted(
            (row[ARRIVED], unpack_text(row[ID])) for p in before.scan(fields=[ID, ARRIVED]) for row in p
        )
        done = 0
        for start in range(0, len(rows), _PIECE):
            names = [name for _, name in rows[start : start + _PIECE]]
            found = before.fetch(names, [LABEL, SOURCE, GLYPH])
            arrivals = Arrivals.checked(
                unpack_glyphs([found[name][GLYPH] for name in names], self.address),
                names,
                [None if (label := found[name][LABEL]) == NO_LABEL else label for name in names],
                [unpack_text(found[name][SOURCE]) for name in names],
            )
            self._store(arrivals, progress, done)
            done += len(names)
        self._collection.flush()

    def _search(self, glyphs: NDArray[np.uint8], asked: Question) -> Answer:
        possible_engines(asked.mode, asked.engine, _ENGINES)
        wanted = Wanted.of(asked.label, asked.source)
        if not len(glyphs):
            found: list[list[Near]] = []
        elif asked.mode == "recall":
            dense, wide = self.encoder.both(glyphs)
            queries = sparse(wide, self.encoder.wide_dimensions)
            found = self._searcher.recalled(dense, queries, asked.k, wanted, asked.rerank)
        else:
            found = self._searcher.nearest(self.encoder.dense(glyphs), asked.k, wanted)
        limit = self.encoder.duplicate_distance if asked.mode == "duplicates" else np.inf
        hits = [self._hits([near for near in rows if near.distance <= limit]) for rows in found]
        return Answer(hits, asked.mode, MILVUS)

    def _hits(self, found: Sequence[Near]) -> list[Hit]:
        alike = self.encoder.similarity(np.array([near.distance for near in found])).tolist()
        return [
            Hit(row.id, row.label, distance, share, row.source)
            for (distance, row), share in zip(found, alike, strict=True)
        ]

    def _groups(self, distance: float, progress: Progress | None) -> list[DuplicateGroup]:
        fields = self._in_order("", [ID, LABEL, SOURCE, ARRIVED, DENSE, HASH])
        if not fields:
            return []
        rows = [Row.of(each) for each in fields]
        hashes = np.array([[*bytes.fromhex(each[HASH])] for each in fields], np.uint8)
        found = []
        for exact, places, far in find_groups(
            Rows([codes_of(rows)]), hashes, np.arange(len(rows)), distance, progress
        ):
            near = [
                Near(distance, rows[place])
                for place, distance in zip(places.tolist(), far.tolist(), strict=True)
            ]
            found.append(DuplicateGroup(exact, tuple(self._hits(near))))
        return found

    def _append(self, arrivals: Arrivals, progress: Progress | None) -> Appended:
        added = skipped = replaced = 0
        for start in range(0, len(arrivals), _PIECE):
            places = range(start, min(start + _PIECE, len(arrivals)))
            first = list({arrivals.ids[place]: place for place in reversed(places)}.values())[::-1]
            known = self._collection.fetch([arrivals.ids[p] for p in first], [HASH, LABEL, SOURCE])
            new = [p for p in first if not _is_there(known.get(arrivals.ids[p]), arrivals, p)]
            done = start + len(places) - len(new)
            skipped += len(places) - len(new)
            replaced += sum(arrivals.ids[place] in known for place in new)
            if progress:
                progress(done)
            if new:
                self._store(arrivals.take(new), progress, done)
            added += sum(arrivals.ids[place] not in known for place in new)
        if self._collection.address.file and len(arrivals) >= _PIECE:
            self._collection.flush()  # a server does so by itself, when it is worth it
        self._seen = len(self)
        return Appended(added, skipped, replaced)

    def _store(self, arrivals: Arrivals, progress: Progress | None, done: int) -> None:
        items = arrivals.encoded(self.encoder, progress, done)
        # Nanoseconds: later images get larger numbers, whoever appends them.
        self._collection.upsert(rows_of(items, self.encoder.wide_dimensions, time.time_ns()))

    def _in_order(self, wanted: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        """All rows that pass a filter, as they arrived."""
        return sorted(
            (row for piece in self._collection.scan(wanted, fields) for row in piece),
            key=lambda row: int(row[ARRIVED]),
        )

    def _check(self) -> None:
        check_encoder(self._collection.about(), self.encoder.description, self.address)


def _is_there(known: dict[str, Any] | None, arrivals: Arrivals, place: int) -> bool:
    return (
        known is not None
        and known[HASH] == arrivals.hashes[place].tobytes().hex()
        and known[LABEL] == arrivals.labels[place]
        and unpack_text(known[SOURCE]) == arrivals.sources[place]
    )
