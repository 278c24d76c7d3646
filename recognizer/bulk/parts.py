"""A part: the images that one worker reads in one go, and whose answers become one file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recognizer.bulk import storage
from recognizer.errors import ImageError
from recognizer.image.named_files import printable

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import FileMetaData

    from recognizer.image.opening import ImageLike

BATCH = 64  # images that a worker holds at a time
Named = tuple[str, "ImageLike | ImageError"]
_CONTENTS = "bytes"  # where a column of pairs, a file's contents and its name, has the contents


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a Parquet file.

    Attributes:
        number: the place among the parts of a run.
        file: the path or URL of the file.
        column: the column that has images, or names of images.
        first: the first row.
        rows: how many there are.
        source: what to call the file in the names of its rows; None if the column has the names.
        folder: where names of files begin that are relative.
        error: why there is nothing to read; None if there is.
    """

    number: int
    file: str
    column: str
    first: int
    rows: int
    source: str | None
    folder: str
    error: str | None = None

    def packed(self) -> str:
        """As a text, for `unpacked`."""
        return json.dumps(asdict(self))

    @classmethod
    def unpacked(cls, text: str) -> Part:
        """The part of a text made by `packed`."""
        return cls(**json.loads(text))


def images_of(part: Part) -> Iterator[list[Named]]:
    """The names and images of a part, as many at a time as a worker should hold."""
    if part.error is not None:
        yield [(part.source or part.file, ImageError(part.error))]
    elif part.source is None:
        for names in read_rows(part.file, part.column, part.first, part.rows):
            yield _found([os.fsdecode(name) for name in names], part.folder)
    else:
        yield from _stored(part, part.source)


def row_name(source: str, row: int) -> str:
    """The name of an image that is a row of a Parquet file."""
    return f"{source}#{row}"


def text_name(name: str, folder: str) -> str:
    """A file's name as Parquet can hold it: text; where it is none, a URL of the file, which a later run can read.

    Args:
        name: a path or URL.
        folder: where a relative path starts.
    """
    try:
        return os.fsencode(name).decode("utf-8")
    except UnicodeDecodeError:
        return storage.file_url(Path(folder, name))


def read_rows(file: str, column: str, first: int, rows: int) -> Iterator[list[Any]]:
    """The values of some rows of a Parquet file, read as they are needed.

    Raises:
        OSError: the file can't be read, or is damaged.
    """
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    with storage.open_file(file) as stream:
        try:
            parquet = ParquetFile(stream, pre_buffer=False, buffer_size=1 << 20)
            groups, skipped = _groups(parquet.metadata, first, rows)
            batches = parquet.iter_batches(BATCH, row_groups=groups, columns=[column])
            yield from _cut(batches, first - skipped, rows)
        except ArrowException as error:
            raise OSError(storage.one_line(error)) from None


def _groups(metadata: FileMetaData, first: int, rows: int) -> tuple[list[int], int]:
    """The row groups that some rows lie in, and how many rows come before these groups."""
    groups: list[int] = []
    start = skipped = 0
    for number in range(metadata.num_row_groups):
        end = start + metadata.row_group(number).num_rows
        if end > first and start < first + rows:
            skipped = skipped if groups else start
            groups.append(number)
        start = end
    return groups, skipped


def _cut(batches: Iterable[pa.RecordBatch], skip: int, rows: int) -> Iterator[list[Any]]:
    for batch in batches:
        values = batch.column(0)[skip : skip + rows]
        skip = max(0, skip - batch.num_rows)
        rows -= len(values)
        if len(values):
            yield contents(values).to_pylist()
        if not rows:
            return


def contents(values: pa.Array) -> pa.Array:
    """The bytes of images in a column: the column itself or, if it holds pairs of bytes and a name, the bytes."""
    from pyarrow import types

    return values.field(_CONTENTS) if types.is_struct(values.type) else values


def column_kind(kind: pa.DataType) -> str | None:
    """What a column of this type holds: "images", "names", or None for neither."""
    from pyarrow import types

    if types.is_struct(kind):
        inner = kind.field(_CONTENTS).type if kind.get_field_index(_CONTENTS) >= 0 else None
        return "images" if inner is not None and column_kind(inner) == "images" else None
    if types.is_binary(kind) or types.is_large_binary(kind):
        return "images"
    return "names" if types.is_string(kind) or types.is_large_string(kind) else None


def _found(names: list[str], folder: str) -> list[Named]:
    remote = [name for name in names if storage.is_remote(name)]
    fetched = iter(storage.fetch(remote)) if remote else iter(())
    return [
        (
            text_name(name, folder),
            next(fetched) if storage.is_remote(name) else storage.local_path(name, folder),
        )
        for name in names
    ]


def _stored(part: Part, source: str) -> Iterator[list[Named]]:
    done = 0
    try:
        for batch in read_rows(part.file, part.column, part.first, part.rows):
            yield [
                (row_name(source, part.first + done + i), ImageError("no image: null") if v is None else v)
                for i, v in enumerate(batch)
            ]
            done += len(batch)
    except OSError as error:  # damaged half-way: what follows can't be found, but other parts can
        why = ImageError(f"{printable(source)}: can't be read ({storage.one_line(error)})")
        yield [(row_name(source, part.first + i), why) for i in range(done, part.rows)]
