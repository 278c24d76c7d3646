"""From the INPUTs of a run to its parts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from recognizer.bulk import storage
from recognizer.bulk.parts import Part, column_kind, read_rows, row_name, text_name
from recognizer.errors import UsageError
from recognizer.image.named_files import IMAGE_SUFFIXES, expand, printable

if TYPE_CHECKING:
    from recognizer.bulk.output import Done

FEWEST_ROWS = 256  # of a part, unless there are fewer: starting on a part costs as much as some images
SHARES = 4  # parts for each worker, so that none waits long for the last one
_NAMES = "name"
_GROUP = 1000
_PARQUET = ".parquet"


@dataclass(slots=True)
class Plan:
    """What is to be done.

    Attributes:
        rows: images.
        skipped: images that were done before.
        spans: rows of files, without a number and of any length.
    """

    rows: int = 0
    skipped: int = 0
    spans: list[Part] = field(default_factory=list)

    def parts(self, workers: int, most: int) -> list[Part]:
        """Parts of at most ``most`` images, as many as keep the workers busy."""
        share = -(-self.rows // (SHARES * workers)) if self.rows else 1
        size = min(most, max(share, FEWEST_ROWS))
        cuts = (
            (span, first) for span in self.spans for first in range(span.first, span.first + span.rows, size)
        )
        return [
            replace(span, number=number, first=first, rows=min(size, span.first + span.rows - first))
            for number, (span, first) in enumerate(cuts)
        ]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What was named on the command line.

    Attributes:
        named: paths, patterns, folders, URLs, or ``-``.
        column: the column of Parquet files that has images or their names; None if images are named.
        stdin: where ``-`` reads from; standard input when not given.
    """

    named: Sequence[str]
    column: str | None = None
    stdin: BinaryIO | None = None


def make_plan(inputs: Inputs, done: Done, names_file: Path) -> Plan:
    """Look for all that is named.

    Args:
        inputs: where to look.
        done: what was done before, and is left out.
        names_file: where the names of images are written, which may be more than memory holds.

    Raises:
        UsageError: an input can't be listed, has no image, or no such column.
    """
    plan = Plan()
    column = inputs.column
    names = _named(inputs) if column is None else _in_tables(inputs, column, done, plan)
    count = _write_names(names, done, plan, names_file)
    plan.rows += count
    if count:
        plan.spans.append(Part(0, str(names_file), _NAMES, 0, count, None, str(Path.cwd())))
    return plan


def _named(inputs: Inputs) -> Iterator[str]:
    for place in inputs.named:
        if place.lower().endswith(_PARQUET):
            raise UsageError(f"{printable(place)}: name the column that has the images, with --column")
        if not storage.is_remote(place):
            yield from expand([storage.local_path(place)], inputs.stdin)
        elif storage.is_listing(place):
            yield from _images_of(place)
        else:
            yield place


def _images_of(place: str) -> Iterator[str]:
    """A folder stands for the images below it, a pattern for all that it matches, as with paths."""
    urls = storage.listed(place)
    if place.endswith("/"):
        urls = (url for url in urls if Path(url).suffix.lower() in IMAGE_SUFFIXES)
    return _some(urls, place)


def _some(urls: Iterator[str], place: str) -> Iterator[str]:
    """The URLs of a store, if there are any."""
    empty = True
    for url in urls:
        yield url
        empty = False
    if empty:
        raise UsageError(f"{printable(place)}: no such files there")


def _tables(inputs: Inputs) -> Iterator[str]:
    for place in inputs.named:
        if storage.is_remote(place):
            tables = (url for url in storage.listed(place) if url.endswith(_PARQUET))
            yield from _some(tables, place) if storage.is_listing(place) else [place]
        elif (folder := Path(storage.local_path(place))).is_dir():
            found = sorted(file for file in folder.rglob(f"*{_PARQUET}") if not file.name.startswith("."))
            if not found:
                raise UsageError(f"no Parquet file in the folder {printable(place)}")
            yield from map(str, found)
        else:
            yield from expand([storage.local_path(place)], inputs.stdin)


def _in_tables(inputs: Inputs, column: str, done: Done, plan: Plan) -> Iterator[str]:
    """Plan the rows of tables that hold images; the names in tables that hold names."""
    for source in _tables(inputs):
        file = source if storage.is_remote(source) else str(Path(source).absolute())
        whole = Part(0, file, column, 0, 1, text_name(source, str(Path.cwd())), "")
        try:
            kind, rows = _look_into(file, source, column)
            if kind == "images":
                _plan_rows(plan, done, replace(whole, rows=rows))
                continue
            for batch in read_rows(file, column, 0, rows):
                yield from ("" if name is None else name for name in batch)
        except OSError as error:
            why = (
                f"{printable(source)}: can't be read as Parquet ({error.strerror or storage.one_line(error)})"
            )
            _plan_rows(plan, done, replace(whole, error=why))


def _look_into(file: str, source: str, column: str) -> tuple[str, int]:
    """What a table's column holds, and how many rows there are."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    with storage.open_file(file) as stream:
        try:
            parquet = ParquetFile(stream)
        except ArrowException as error:
            raise OSError(storage.one_line(error)) from None
        schema = parquet.schema_arrow
        if column not in schema.names:
            there = printable(", ".join(schema.names))
            raise UsageError(f"{printable(source)}: has no column {printable(column)!r}, but {there}")
        kind = column_kind(schema.field(column).type)
        if kind is None:
            raise UsageError(
                f"{printable(source)}: column {printable(column)!r} has {schema.field(column).type}; "
                "name one that has the bytes of files, or paths or URLs"
            )
        return kind, parquet.metadata.num_rows


def _plan_rows(plan: Plan, done: Done, whole: Part) -> None:
    """Plan what is missing of a table."""
    plan.skipped += whole.rows
    for start, count in _missing(done, whole):
        plan.spans.append(replace(whole, first=start, rows=count))
        plan.rows += count
        plan.skipped -= count


def _missing(done: Done, whole: Part) -> Iterator[tuple[int, int]]:
    """Runs of rows that are not done: where each begins, and its length."""
    if not done:
        yield 0, whole.rows
        return
    source, start = whole.source or whole.file, None
    for first in range(0, whole.rows, _GROUP):
        rows = range(first, min(first + _GROUP, whole.rows))
        names = [source] if whole.error else [row_name(source, row) for row in rows]
        for row, missing in zip(rows, done.missing(names), strict=True):
            if missing and start is None:
                start = row
            if not missing and start is not None:
                yield start, row - start
                start = None
    if start is not None:
        yield start, whole.rows - start


def _write_names(names: Iterable[str], done: Done, plan: Plan, file: Path) -> int:
    """Write the names that are not done; returns how many."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    names, count, folder = iter(names), 0, str(Path.cwd())
    with ParquetWriter(file, pa.schema([(_NAMES, pa.binary())])) as writer:
        while chunk := list(islice(names, _GROUP)):
            missing = (
                done.missing([text_name(name, folder) for name in chunk]) if done else [True] * len(chunk)
            )
            kept = [os.fsencode(name) for name, left in zip(chunk, missing, strict=True) if left]
            plan.skipped += len(chunk) - len(kept)
            count += len(kept)
            if kept:
                writer.write_table(pa.table({_NAMES: pa.array(kept, pa.binary())}))
    return count
