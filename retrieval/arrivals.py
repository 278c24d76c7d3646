"""Images on their way into a gallery."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.codes import WideCodes
from retrieval.encoder import Encoder
from retrieval.errors import QueryError
from retrieval.segment import HASH_BYTES, NO_LABEL, Items, hash_glyphs
from retrieval.texts import LONGEST, Texts, encoded

_PIECE = 256

Progress = Callable[[int], None]


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
        shown = [None] * count if labels is None else list(labels)
        names = None if ids is None else list(ids)
        for what, given in (("ids", names), ("labels", shown), ("sources", from_where)):
            if given is not None and len(given) != count:
                raise QueryError(f"{count} glyphs, but {len(given)} {what}")
        if names is not None and len(set(names)) != count:
            raise QueryError("two of the images have the same id")
        for text in (*(names or ()), *from_where):
            if not isinstance(text, str) or len(encoded(text)) > LONGEST:
                raise QueryError(f"ids and sources must be strings of at most {LONGEST} bytes")
        hashes = hash_glyphs(glyphs)
        known = _names(hashes, from_where) if names is None else names
        return cls(glyphs, hashes, known, _labels(shown), from_where)

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
        codes, wide_codes = encoder.both(piece)
        dense.append(codes)
        wide.append(wide_codes)
        if progress:
            progress(done + start + len(piece))
    return np.concatenate(dense), WideCodes.join(wide)


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
