"""Images of a gallery on disk: what `append` writes at once, in a folder of its own."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.codes import WideCodes
from retrieval.errors import BUILD_AGAIN, GalleryError
from retrieval.files import (
    ARRAY,
    COMPRESSED,
    check_content,
    check_quickly,
    check_size,
    read_array,
    write_folder,
)
from retrieval.manifest import Part
from retrieval.texts import Texts

NO_LABEL = np.iinfo(np.int16).min
HASH_BYTES = 16
_WIDE = ("wide_counts", "wide_dimensions", "wide_weights")
CODES = frozenset({"dense", *_WIDE})
# What answers tell of an image: nobody could see that it is wrong.
_TOLD = frozenset({"labels", "id_lengths", "id_text", "source_of", "source_lengths", "source_text"})


@dataclass(frozen=True)
class Items:
    """Images and what is known about them.

    Attributes:
        glyphs: uint8 (N, 28, 28).
        dense: packed dense codes, int8 (N, D).
        wide: wide codes, N of them.
        labels: int16 (N,), ``NO_LABEL`` where there is none.
        hashes: of each glyph, uint8 (N, 16).
        ids: N strings, no two alike.
        sources: the different sources.
        source_of: which of them each item comes from, uint32 (N,).
    """

    glyphs: NDArray[np.uint8]
    dense: NDArray[np.int8]
    wide: WideCodes
    labels: NDArray[np.int16]
    hashes: NDArray[np.uint8]
    ids: Texts
    sources: Texts
    source_of: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.labels)


def hash_glyphs(glyphs: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What tells whether two glyphs are the same, pixel by pixel; uint8 (N, 16)."""
    found = np.empty((len(glyphs), HASH_BYTES), np.uint8)
    for row, glyph in zip(found, glyphs, strict=True):
        row[:] = np.frombuffer(hashlib.blake2b(glyph.tobytes(), digest_size=HASH_BYTES).digest(), np.uint8)
    return found


def join_items(parts: Sequence[Items]) -> Items:
    """The items of all parts, one after the other."""
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
    """The items at indices int (K,), in this order."""
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


def write_segment(folder: Path, name: str, items: Items, compress: frozenset[str] = frozenset()) -> Part:
    """Write items as a new segment of the gallery in ``folder``; the arrays named in ``compress`` are packed."""
    arrays: dict[str, NDArray[Any]] = {
        "glyphs": items.glyphs,
        "dense": items.dense,
        "wide_counts": items.wide.counts,
        "wide_dimensions": items.wide.dimensions,
        "wide_weights": items.wide.weights,
        "labels": items.labels,
        "hashes": items.hashes,
        "id_lengths": items.ids.lengths,
        "id_text": items.ids.text,
        "source_of": items.source_of,
        "source_lengths": items.sources.lengths,
        "source_text": items.sources.text,
    }
    named = {key + (COMPRESSED if key in compress else ARRAY): array for key, array in arrays.items()}
    return Part(name, len(items), write_folder(folder / name, named))


class Segment:
    """A segment. What lies open in its folder is mapped at once; what is compressed is unpacked when asked for."""

    def __init__(self, folder: Path, part: Part, dense: int) -> None:
        """Open its files and check sizes, types and shapes; of arrays that hits are made of, also the checksums.

        Raises:
            FileNotFoundError: a file is gone.
            GalleryError: one is damaged.
        """
        self._folder = folder / part.name
        self._count = part.count
        self._files = part.files
        self._kinds = _kinds(part.count, dense)
        self._arrays: dict[str, NDArray[Any]] = {}
        missing = [key for key in self._kinds if not {key + ARRAY, key + COMPRESSED} & part.files.keys()]
        if missing:
            raise GalleryError(f"{self._folder}: damaged, it lacks {', '.join(missing)}; {BUILD_AGAIN}")
        for name, described in part.files.items():
            key = name.removesuffix(ARRAY)
            check = check_quickly if key in _TOLD else check_size
            check(self._folder / name, described)
            if key in self._kinds:
                self._arrays[key] = read_array(self._folder / name, *self._kinds[key])

    def __len__(self) -> int:
        return self._count

    def array(self, key: str) -> NDArray[Any]:
        """One of its arrays, by name; `_kinds` has its type and shape.

        Raises:
            FileNotFoundError: it is gone.
            GalleryError: it is damaged.
        """
        if key not in self._arrays:
            self._arrays[key] = read_array(self._folder / (key + COMPRESSED), *self._kinds[key])
        return self._arrays[key]

    def check(self, leaving: frozenset[str] = frozenset()) -> None:
        """Read all files, but for the arrays named in ``leaving``, and compare them with their checksums.

        Raises:
            FileNotFoundError: a file is gone.
            GalleryError: one is damaged.
        """
        gallery = shlex.quote(str(self._folder.parent))
        anew = f"make the codes anew from the glyphs: similar --reencode --gallery {gallery}"
        for name, described in self._files.items():
            key = Path(name).stem
            if key not in leaving:
                check_content(self._folder / name, described, anew if key in CODES else BUILD_AGAIN)

    def wide(self, dimensions: int) -> WideCodes:
        """Its wide codes, one for each item; ``dimensions`` is how many the encoder's have.

        Raises:
            GalleryError: they don't fit together.
        """
        codes = WideCodes(*(self.array(key) for key in _WIDE))
        total = int(codes.counts.sum(dtype=np.int64))
        if total != len(codes.dimensions) or total != len(codes.weights):
            raise self._unfitting("wide codes")
        if total and int(codes.dimensions.max()) >= dimensions:
            raise self._unfitting("wide codes")
        return codes

    def texts(self, kind: str) -> Texts:
        """Its ids (``kind`` "id") or different sources ("source").

        Raises:
            GalleryError: they don't fit together.
        """
        texts = Texts(self.array(f"{kind}_lengths"), self.array(f"{kind}_text"))
        if int(texts.lengths.sum(dtype=np.int64)) != len(texts.text):
            raise self._unfitting(f"{kind}s")
        return texts

    def source_of(self) -> NDArray[np.uint32]:
        """Which of `texts` ("source") each item comes from, uint32 (N,).

        Raises:
            GalleryError: there are fewer sources.
        """
        found: NDArray[np.uint32] = self.array("source_of")
        if len(found) and int(found.max()) >= len(self.texts("source")):
            raise self._unfitting("sources")
        return found

    def items(self, dimensions: int) -> Items:
        """All of it."""
        return Items(
            self.array("glyphs"),
            self.array("dense"),
            self.wide(dimensions),
            self.array("labels"),
            self.array("hashes"),
            self.texts("id"),
            self.texts("source"),
            self.source_of(),
        )

    def _unfitting(self, what: str) -> GalleryError:
        return GalleryError(f"{self._folder}: damaged, its {what} don't fit together; {BUILD_AGAIN}")


def _kinds(count: int, dense: int) -> dict[str, tuple[type[np.generic], tuple[int | None, ...]]]:
    """Type and shape of each array of a segment; None where any length will do."""
    return {
        "glyphs": (np.uint8, (count, 28, 28)),
        "dense": (np.int8, (count, dense)),
        "wide_counts": (np.uint16, (count,)),
        "wide_dimensions": (np.uint16, (None,)),
        "wide_weights": (np.uint8, (None,)),
        "labels": (np.int16, (count,)),
        "hashes": (np.uint8, (count, HASH_BYTES)),
        "id_lengths": (np.uint16, (count,)),
        "id_text": (np.uint8, (None,)),
        "source_of": (np.uint32, (count,)),
        "source_lengths": (np.uint16, (None,)),
        "source_text": (np.uint8, (None,)),
    }
