"""The output: a folder of Parquet files, each with the answers of a part, written whole or not at all."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from recognizer.bulk import storage
from recognizer.errors import UsageError
from recognizer.files import locked
from recognizer.image.named_files import printable
from recognizer.results import Tally

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

FORMAT_VERSION = 1
NAME = "path"
_ERROR = "error"
_META = b"recognizer.bulk"
RUN = "part-"  # what the names of runs begin with, and so those of their files
_LOCK = ".lock"
_DIGEST = 16  # bytes that stand for a name: too many for two names to share


def schema() -> pa.Schema:
    """The columns: the name of the image, and the fields of a ``Recognition``."""
    import pyarrow as pa

    hit = pa.struct({
        "id": pa.string(),
        "label": pa.int64(),
        "distance": pa.float64(),
        "similarity": pa.float64(),
        "source": pa.string(),
    })  # fmt: skip
    return pa.schema({
        NAME: pa.string(),
        "digit": pa.int8(),
        "best": pa.int8(),
        "rejected": pa.bool_(),
        "reason": pa.string(),
        "confidence": pa.float64(),
        "scores": pa.list_(pa.float32()),
        "stage": pa.int8(),
        "specialist": pa.string(),
        "neighbors": pa.list_(hit),
        "box": pa.list_(pa.int32()),
        "model": pa.string(),
        _ERROR: pa.string(),
    })  # fmt: skip


class Done:
    """The names of images that were done before: 16 bytes for each, however long the names are."""

    def __init__(self, digests: Sequence[NDArray[np.bytes_]] = ()) -> None:
        """Take hashes of names: arrays of 16-byte strings, each (N,)."""
        self._digests = np.sort(np.concatenate(digests)) if digests else _digests([])

    def __len__(self) -> int:
        return len(self._digests)

    def missing(self, names: Sequence[str]) -> list[bool]:
        """Which of these were not done."""
        asked = _digests(names)
        if not len(self):
            return [True] * len(asked)
        places = np.searchsorted(self._digests, asked).clip(max=len(self) - 1)
        return list((self._digests[places] != asked).tolist())


def _digests(names: Sequence[str]) -> NDArray[np.bytes_]:
    raw = b"".join(blake2b(name.encode("utf-8"), digest_size=_DIGEST).digest() for name in names)
    return np.frombuffer(raw, f"S{_DIGEST}")


@dataclass(slots=True)
class Found:
    """What an output has already.

    Attributes:
        done: the images.
        tally: how they were answered.
    """

    done: Done = field(default_factory=Done)
    tally: Tally = field(default_factory=Tally)


@contextmanager
def opened(folder: str) -> Iterator[None]:
    """Make the folder of an output and keep other runs out; one on this machine waits for its turn.

    Raises:
        UsageError: there is a file of this name, or a folder with other files.
    """
    if storage.is_remote(folder):
        yield
        return
    path = Path(storage.local_path(folder))
    if path.exists() and not path.is_dir():
        raise UsageError(f"--out: {printable(folder)} is a file; name a folder")
    path.mkdir(parents=True, exist_ok=True)
    if other := next((found for found in sorted(path.iterdir()) if not _is_ours(found)), None):
        raise UsageError(
            f"--out: {printable(folder)} holds other files, such as {printable(other.name)}; name another folder"
        )
    with locked(path / _LOCK):
        for left in path.glob(f".{RUN}*"):  # by a run that was killed
            left.unlink()
        yield


def _is_ours(file: Path) -> bool:
    # What an answer file holds is looked at later; hidden files are locks, and those that a system leaves everywhere.
    return file.name.startswith(".") or file.suffix == ".parquet"


def look(folder: str, told: Mapping[str, Any], retry: bool) -> Found:
    """Read what an output holds already.

    Args:
        folder: its path or URL.
        told: what the answers to come depend on; those that are there must depend on the same.
        retry: take out the images that could not be read, so that they are tried again.

    Raises:
        UsageError: other files are there, or answers to other questions.
    """
    digests, tally = [], Tally()
    for file in _files(folder):
        with storage.open_file(file) as stream:
            parquet = _opened(stream, file)
            before, part = _meta(parquet, file)
            if before != told:
                raise UsageError(_differs(folder, before, told))
            if retry and part.unreadable:
                part = _without_errors(parquet, file, told, part)
            digests += [] if part.files == 0 else _names(file)
        add(tally, part)
    return Found(Done(digests), tally)


def add(tally: Tally, part: Tally) -> None:
    """Count a part's images among those of others."""
    tally.accepted += part.accepted
    tally.unreadable += part.unreadable
    tally.refused.update(part.refused)


class PartWriter:
    """Rows of a part, kept compressed until all are there."""

    def __init__(self) -> None:
        from pyarrow.parquet import ParquetWriter

        self._stream = io.BytesIO()
        self._schema = schema()
        self._writer = ParquetWriter(self._stream, self._schema, compression="zstd")

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows, objects with the columns as keys."""
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist(list(rows), self._schema))

    def add_table(self, table: pa.Table) -> None:
        """Add rows that were written before."""
        self._writer.write_table(table)

    def finish(self, told: Mapping[str, Any], tally: Tally) -> bytes:
        """The contents of the file."""
        meta = {"format": FORMAT_VERSION, "asked": dict(told), "counts": packed(tally)}
        self._writer.add_key_value_metadata({_META.decode(): json.dumps(meta)})
        self._writer.close()
        return self._stream.getvalue()


def packed(tally: Tally) -> dict[str, Any]:
    """Counts, JSON-ready."""
    return {"accepted": tally.accepted, "unreadable": tally.unreadable, "refused": dict(tally.refused)}


def unpacked(counts: Mapping[str, Any]) -> Tally:
    """Counts made by `packed`."""
    return Tally(counts["accepted"], counts["unreadable"], Counter(counts["refused"]))


def _files(folder: str) -> Iterator[str]:
    if storage.is_remote(folder):
        return storage.listed(storage.below(folder, "*.parquet"))
    return map(str, sorted(Path(storage.local_path(folder)).glob("[!.]*.parquet")))


def _opened(stream: BinaryIO, file: str) -> ParquetFile:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(stream)
    except ArrowException as error:
        why = storage.one_line(error)
        raise UsageError(
            f"{printable(file)}: damaged ({why}); remove it to have its images done again"
        ) from None


def _meta(parquet: ParquetFile, file: str) -> tuple[dict[str, Any], Tally]:
    stored = (parquet.metadata.metadata or {}).get(_META)
    if stored is None:
        raise UsageError(
            f"{printable(file)}: holds no answers of `recognizer bulk`; name another folder for --out"
        )
    meta = json.loads(stored)
    if meta["format"] != FORMAT_VERSION:
        raise UsageError(
            f"{printable(file)}: has format {meta['format']}, and this version knows {FORMAT_VERSION}; "
            "name another folder for --out"
        )
    return meta["asked"], unpacked(meta["counts"])


def _differs(folder: str, before: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    keys = [key for key in told if before.get(key) != told[key]]
    key = keys[0] if keys else "options"
    if key == "bundle":  # the same name, but another model
        return f"--out: {printable(folder)} has answers of another {told['model']}; name another folder"
    return (
        f"--out: {printable(folder)} has answers with {key} {before.get(key)!r}, not {told.get(key)!r}; "
        "name another folder"
    )


def _names(file: str) -> list[NDArray[np.bytes_]]:
    from recognizer.bulk.parts import read_rows

    return [_digests(batch) for batch in read_rows(file, NAME, 0, 1 << 62)]


def _without_errors(parquet: ParquetFile, file: str, told: Mapping[str, Any], part: Tally) -> Tally:
    """Write a part again without the images that could not be read."""
    import pyarrow as pa

    writer = PartWriter()
    for batch in parquet.iter_batches():
        table = pa.Table.from_batches([batch])
        writer.add_table(table.filter(table.column(_ERROR).is_null()))
    rest = Tally(part.accepted, 0, part.refused)
    storage.put(file, writer.finish(told, rest))
    return rest
