"""The encoder: glyphs to the codes that are searched, and back."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.codes import WideCodes, pack, unpack
from retrieval.errors import EncoderError, QueryError
from retrieval.runtime import GraphError, open_session

FORMAT_VERSION = 1
META = "encoder.json"
ENCODER = "encoder.onnx"
DECODER = "decoder.onnx"
BATCH = 256


def shipped_folder() -> Path:
    """The folder of the encoder and the starter gallery that ship with the package."""
    return Path(str(resources.files("retrieval"))) / "models"


class _Session(Protocol):
    def run(self, outputs: list[str], inputs: dict[str, NDArray[Any]]) -> list[NDArray[np.float32]]: ...


@dataclass(eq=False)
class Encoder:
    """An encoder that was read and found whole; threads may share it.

    Attributes:
        folder: where it is.
        meta: what ``encoder.json`` holds.
        hash: the SHA-256 of its network, which galleries carry.
        threads: how many threads one call may use.
    """

    folder: Path
    meta: dict[str, Any]
    hash: str
    threads: int = 1
    _graph: bytes = field(default=b"", repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def open(cls, folder: str | os.PathLike[str] | None = None, threads: int = 1) -> Encoder:
        """Read an encoder and check it; the one that ships if no folder is named.

        Raises:
            EncoderError: it is missing, damaged, or of another format.
        """
        path = shipped_folder() if folder is None else Path(folder)
        meta = _read_meta(path)
        graph = _read(path / ENCODER)
        digest = hashlib.sha256(graph).hexdigest()
        if digest != meta["files"][ENCODER]:
            raise EncoderError(f"{path / ENCODER}: damaged, its checksum differs; install or train it again")
        return cls(path, meta, digest, threads, graph)

    @property
    def name(self) -> str:
        """The encoder's name."""
        return str(self.meta["name"])

    @property
    def dense_dimensions(self) -> int:
        """How long a dense code is."""
        return int(self.meta["dense"])

    @property
    def wide_dimensions(self) -> int:
        """How long a wide code is."""
        return int(self.meta["wide"])

    @property
    def duplicate_distance(self) -> float:
        """Two images at most this far apart are nearly the same, at the precision in ``encoder.json``."""
        return float(self.meta["duplicates"]["distance"])

    @property
    def description(self) -> dict[str, Any]:
        """What a gallery keeps of the encoder that made it."""
        return {
            "name": self.name,
            "sha256": self.hash,
            "dense": self.dense_dimensions,
            "wide": self.wide_dimensions,
        }

    def similarity(self, distances: NDArray[np.floating]) -> NDArray[np.float64]:
        """How alike, 0–1: the share of pairs at each distance that show the same digit, on validation images."""
        table = self.meta["similarity"]
        shares: NDArray[np.float64] = np.interp(distances, table["distance"], table["share"])
        return shares.clip(0.0, 1.0)

    def dense(self, glyphs: NDArray[np.uint8]) -> NDArray[np.int8]:
        """Glyphs uint8 (N, 28, 28) to packed dense codes int8 (N, D).

        Raises:
            QueryError: the glyphs have another shape or type.
        """
        found = [pack(rows) for (rows,) in self._run(["dense"], checked_glyphs(glyphs))]
        return np.concatenate([np.zeros((0, self.dense_dimensions), np.int8), *found])

    def wide(self, glyphs: NDArray[np.uint8]) -> WideCodes:
        """Glyphs uint8 (N, 28, 28) to wide codes.

        Raises:
            QueryError: the glyphs have another shape or type.
        """
        return self.both(glyphs)[1]

    def both(self, glyphs: NDArray[np.uint8]) -> tuple[NDArray[np.int8], WideCodes]:
        """Dense and wide codes of glyphs, in one run of the network.

        Raises:
            QueryError: the glyphs have another shape or type.
        """
        dense, wide = [np.zeros((0, self.dense_dimensions), np.int8)], []
        for rows, wide_rows in self._run(["dense", "wide"], checked_glyphs(glyphs)):
            dense.append(pack(rows))
            wide.append(WideCodes.from_rows(wide_rows))
        return np.concatenate(dense), WideCodes.join(wide)

    def decode(self, dense: NDArray[np.floating]) -> NDArray[np.float32]:
        """Dense codes, floats (N, D) of unit length, to what they remember: glyphs float32 (N, 28, 28), 0–1.

        Raises:
            EncoderError: the decoder is missing or damaged.
        """
        return self._decoder.run(["glyphs"], {"dense": dense.astype(np.float32)})[0]

    def reconstruct(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the code remembers of glyphs uint8 (N, 28, 28); float32 (N, 28, 28), 0–1.

        Raises:
            QueryError: the glyphs have another shape or type.
            EncoderError: the decoder is missing or damaged.
        """
        return self.decode(unpack(self.dense(glyphs)))

    def _run(self, outputs: list[str], glyphs: NDArray[np.uint8]) -> Iterator[list[NDArray[np.float32]]]:
        with self._lock:  # two threads must not both load the network
            session = self._encoder
        for start in range(0, len(glyphs), BATCH):
            yield session.run(outputs, {"glyphs": glyphs[start : start + BATCH]})

    @cached_property
    def _encoder(self) -> _Session:
        return _session(self._graph, self.threads, self.folder / ENCODER)

    @cached_property
    def _decoder(self) -> _Session:
        graph = _read(self.folder / DECODER)
        if hashlib.sha256(graph).hexdigest() != self.meta["files"].get(DECODER):
            raise EncoderError(
                f"{self.folder / DECODER}: damaged, its checksum differs; install or train it again"
            )
        return _session(graph, self.threads, self.folder / DECODER)


def checked_glyphs(glyphs: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The glyphs, contiguous.

    Raises:
        QueryError: they are not uint8 (N, 28, 28).
    """
    found = np.asarray(glyphs)
    if found.dtype != np.uint8 or found.ndim != 3 or found.shape[1:] != (28, 28):
        raise QueryError(f"glyphs must be uint8 (N, 28, 28), not {found.dtype} {found.shape}")
    return np.ascontiguousarray(found)


def _session(graph: bytes, threads: int, file: Path) -> _Session:
    try:
        session: _Session = open_session(graph, threads)
    except GraphError as error:
        raise EncoderError(f"{file}: {error}") from None
    return session


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise EncoderError(f"{file}: can't be read ({error.strerror}); install or train it again") from None


def _read_meta(folder: Path) -> dict[str, Any]:
    file = folder / META
    try:
        meta = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EncoderError(f"{folder}: no encoder there (an encoder is a folder with {META})") from None
    except (OSError, ValueError, RecursionError) as error:
        raise EncoderError(f"{file}: can't be read ({error})") from None
    if not isinstance(meta, dict) or meta.get("format_version") != FORMAT_VERSION:
        found = meta.get("format_version") if isinstance(meta, dict) else None
        raise EncoderError(
            f"{file}: the encoder has format {found!r}, and this version reads {FORMAT_VERSION}"
        )
    if not _is_sound(meta):
        raise EncoderError(f"{file}: damaged, its values make no sense; install or train it again")
    return meta


def _is_sound(meta: dict[str, Any]) -> bool:
    try:
        table = meta["similarity"]
        distance, share = (np.asarray(table[key], np.float64) for key in ("distance", "share"))
        return (
            isinstance(meta["files"][ENCODER], str)
            and isinstance(meta["name"], str)
            and 1 <= meta["dense"] <= 1024
            and 1 <= meta["wide"] <= 65535
            and float(meta["duplicates"]["distance"]) >= 0
            and distance.ndim == 1
            and distance.size > 0
            and distance.shape == share.shape
            and bool(
                np.isfinite(share).all() and (np.diff(distance) > 0).all() and (np.diff(share) <= 0).all()
            )
        )
    except (KeyError, TypeError, ValueError):
        return False
