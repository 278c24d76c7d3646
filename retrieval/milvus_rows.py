"""What a gallery's images are in Milvus: the fields of a row, filters, and text that any server takes."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.codes import WideCodes, pack
from retrieval.errors import GalleryError
from retrieval.segment import HASH_BYTES, NO_LABEL, Items
from retrieval.texts import LONGEST, encoded, fits

KEY, ID, DENSE, WIDE, LABEL, SOURCE = "key", "id", "dense", "wide", "label", "source"
GLYPH, HASH, ARRIVED = "glyph", "hash", "arrived"
# VARCHAR fields and the bytes they may have. A glyph is compressed, which can add a few bytes to its 784.
TEXTS = {KEY: 2 * HASH_BYTES, ID: LONGEST, SOURCE: LONGEST, GLYPH: 2048, HASH: 2 * HASH_BYTES}

_SIDE = 28
_LONE = range(0xDC80, 0xDD00)  # what Python makes of bytes that are no text; the wire takes only true Unicode
_MOVED = 0x100000
_PACK = {code: code + _MOVED for code in _LONE}
_UNPACK = {code + _MOVED: code for code in _LONE}
_AS_THEY_ARE = frozenset(" -./:,;=+@#~()'&!")


@dataclass(frozen=True, eq=False, slots=True)
class Row:
    """An image as a search or a scan finds it.

    Attributes:
        id: its id.
        label: what it shows, or None.
        source: where it comes from.
        arrived: a number that grows with each image appended.
        dense: the direction of its code, float32 (D,), at whatever length the server gives it.
    """

    id: str
    label: int | None
    source: str
    arrived: int
    dense: NDArray[np.float32]

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Row:
        """From the fields of a row."""
        label = fields[LABEL]
        return cls(
            unpack_text(fields[ID]),
            None if label == NO_LABEL else int(label),
            unpack_text(fields[SOURCE]),
            int(fields[ARRIVED]),
            np.asarray(fields[DENSE], np.float32),
        )


def codes_of(rows: Sequence[Row]) -> NDArray[np.int8]:
    """Their packed codes, int8 (N, D), N being 1 or more."""
    # Servers may give back unit lengths; packing a direction again gives the same whole numbers.
    return pack(np.stack([row.dense for row in rows]))


@dataclass(frozen=True)
class Wanted:
    """Which images may be found: a filter for the server, and what of its answer is left out here."""

    filter: str
    pattern: str | None

    @classmethod
    def of(cls, label: int | None, source: str | None) -> Wanted:
        """Those with a label, and with a source that fits a pattern; None for any."""
        parts = [] if label is None else [f"{LABEL} == {label}"]
        if source is not None:
            like = _like(source)
            parts.append(f'({SOURCE} like "{like}" or {SOURCE} like "%/{like}")')
        return cls(" and ".join(parts), source)

    def fits(self, row: Row) -> bool:
        """Whether a row that passed the filter is wanted."""
        return self.pattern is None or fits(row.source, self.pattern)


def rows_of(items: Items, wide_dimensions: int, arrived: int) -> list[dict[str, Any]]:
    """Images with their codes as rows to be stored; ``arrived`` is the number of the first."""
    wide = sparse(items.wide, wide_dimensions)
    return [
        {
            KEY: key_of(name),
            ID: pack_text(name),
            DENSE: items.dense[place].astype(np.float32),
            WIDE: wide[place],
            LABEL: int(items.labels[place]),
            SOURCE: pack_text(items.sources[int(items.source_of[place])]),
            GLYPH: pack_glyph(items.glyphs[place]),
            HASH: items.hashes[place].tobytes().hex(),
            ARRIVED: arrived + place,
        }
        for place, name in enumerate(items.ids)
    ]


def sparse(wide: WideCodes, dimensions: int) -> list[dict[int, float]]:
    """Wide codes as Milvus takes sparse vectors: for each row, weights 1–255 by dimension.

    Milvus refuses an empty vector, so a row without a dimension gets one beyond the ``dimensions`` there are.
    """
    names, values = wide.dimensions.tolist(), wide.weights.astype(np.float64).tolist()
    return [
        dict(zip(names[start:end], values[start:end], strict=True)) or {dimensions: 1.0}
        for start, end in pairwise(wide.starts().tolist())
    ]


def key_of(name: str) -> str:
    """What a row is called for the server: letters and digits alone, whatever stands in its id."""
    return hashlib.blake2b(encoded(name), digest_size=HASH_BYTES).hexdigest()


def pack_glyph(glyph: NDArray[np.uint8]) -> str:
    """A glyph uint8 (28, 28) as text."""
    return base64.b64encode(zlib.compress(glyph.tobytes())).decode("ascii")


def unpack_glyphs(packed: Sequence[str], address: str) -> NDArray[np.uint8]:
    """Glyphs uint8 (N, 28, 28).

    Raises:
        GalleryError: one is damaged.
    """
    found = np.empty((len(packed), _SIDE, _SIDE), np.uint8)
    for place, text in enumerate(packed):
        try:
            pixels = zlib.decompress(base64.b64decode(text, validate=True))
            found[place] = np.frombuffer(pixels, np.uint8).reshape(_SIDE, _SIDE)
        except (ValueError, zlib.error):
            raise GalleryError(
                f"{address}: damaged, an image can't be read; build the gallery again"
            ) from None
    return found


def pack_text(text: str) -> str:
    """An id or a source; file names that are no valid text come through unharmed."""
    return text.translate(_PACK)


def unpack_text(text: str) -> str:
    """The id or source again."""
    return text.translate(_UNPACK)


def _like(pattern: str) -> str:
    """What a server is asked for: all that fits a pattern of `fnmatch`, and maybe more."""
    found, place = [], 0
    while place < len(pattern):
        letter = pattern[place]
        end = _class_end(pattern, place) if letter == "[" else place
        found.append("_" if end > place else {"*": "%", "?": "_"}.get(letter) or _literal(letter))
        place = end + 1
    return "".join(found)


def _literal(letter: str) -> str:
    # How % and _ are escaped differs between servers; _ stands for any letter, and `fits` decides.
    letter = pack_text(letter)
    return letter if letter.isalnum() or letter in _AS_THEY_ARE else "_"


def _class_end(pattern: str, start: int) -> int:
    """Where the class that begins at ``start`` ends; there itself if it is none."""
    first = start + 1
    if pattern[first : first + 1] == "!":
        first += 1
    end = pattern.find("]", first + 1)
    return start if end < 0 else end
