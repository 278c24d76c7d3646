"""Rows to ingest: the images of a folder by label, or the rows of a table; one bad row never stops the others."""

from __future__ import annotations

import codecs
import contextlib
import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path, PurePath
from typing import BinaryIO

from recognizer.errors import DataError, UsageError
from recognizer.feedback.cases import Report
from recognizer.feedback.fields import (
    LABEL,
    PASSED_OVER,
    PATH,
    USED,
    Defaults,
    FieldError,
    Fields,
    parse_label,
    report_of,
)
from recognizer.measure.labelled_sources import NO_IMAGES, labelled_files

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}  # as spreadsheets write them, by language
TABLE = "badcases.csv"  # within a folder that was exported
FROM_STDIN = "standard input"
_JSON_SUFFIXES = frozenset({".jsonl", ".ndjson"})


@dataclass(frozen=True, slots=True)
class Row:
    """An image and what is said of it.

    Attributes:
        number: its place, from 1 on; in a table with a header the header is row 1.
        path: the image's file.
        report: without an answer where the row tells none.
    """

    number: int
    path: str
    report: Report


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be used, and why; ``path`` is "" where it has none."""

    number: int
    path: str
    problem: str


AnyRow = Row | BadRow


@dataclass
class Rows:
    """Rows to ingest.

    Attributes:
        read: reads them, once.
        total: counts them in advance; None where that takes reading standard input.
        unknown: columns that were met and mean nothing here.
        notes: what else was passed over, known once all rows were read.
    """

    read: Callable[[], Iterator[AnyRow]]
    total: Callable[[], int | None]
    unknown: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def open_rows(spec: str, source: str | None, reporter: str) -> Rows:
    """Find what is to be ingested.

    Args:
        spec: a folder with sub-folders 0 to 9 and reject, or one that `badcase export` wrote; a .csv or .jsonl file.
        source: where images come from if their rows don't tell; None for the name of the folder or file.
        reporter: who reports them if their rows don't tell.

    Raises:
        DataError: there is nothing of that name, or no image in it.
        UsageError: it is of another kind.
    """
    path = Path(spec)
    if path.is_dir():
        return _folder(path, Defaults(source or path.resolve().name, reporter))
    if path.suffix.lower() not in _JSON_SUFFIXES | {".csv"}:
        raise UsageError(f"{spec}: pass a folder, a .csv or .jsonl file, or - for standard input")
    return _file(path, Defaults(source or path.stem, reporter))


def open_stream(stream: BinaryIO, source: str | None, reporter: str) -> Rows:
    """The rows of a table, CSV or JSON lines, that comes through a pipe; see `open_rows`."""
    defaults = Defaults(source or FROM_STDIN, reporter)
    rows = Rows(lambda: _table(stream, Path(), defaults, rows, None), lambda: None)
    return rows


def _file(path: Path, defaults: Defaults) -> Rows:
    if not path.is_file():
        raise DataError(f"{path}: no such file")

    def read() -> Iterator[AnyRow]:
        with path.open("rb") as stream:
            yield from _table(stream, path.parent, defaults, rows, path.suffix.lower() in _JSON_SUFFIXES)

    rows = Rows(read, lambda: _lines(path))
    return rows


def _lines(path: Path) -> int:
    with path.open("rb") as stream:
        return sum(1 for _ in stream)


def _folder(path: Path, defaults: Defaults) -> Rows:
    table = path / TABLE
    if not table.is_file():
        files, problems = labelled_files(path)
        if not files:
            raise DataError(f"{path}: {NO_IMAGES}")
        return Rows(lambda: _labelled(files, path, defaults, 0), lambda: len(files), notes=problems)

    def read() -> Iterator[AnyRow]:
        last, named = 0, set()
        with table.open("rb") as stream:
            for row in _table(stream, path, defaults, rows, as_json=False):
                last = row.number
                named.add(row.path)
                yield row
        # Images that were added to the folder since, or moved to another label.
        files = [each for each in labelled_files(path)[0] if each[0] not in named]
        yield from _labelled(files, path, defaults, last)

    rows = Rows(read, lambda: _lines(table))
    return rows


def _labelled(
    files: Iterable[tuple[str, int]], folder: Path, defaults: Defaults, last: int
) -> Iterator[AnyRow]:
    for number, (file, label) in enumerate(files, last + 1):
        name = PurePath(file).relative_to(folder).as_posix()
        yield _row(number, {PATH: name, LABEL: label}, folder, defaults)


def _table(
    stream: BinaryIO, base: Path, defaults: Defaults, rows: Rows, as_json: bool | None
) -> Iterator[AnyRow]:
    """The rows of a table.

    Args:
        stream: CSV or JSON lines in UTF-8; bytes that are none stay what they are in names of files.
        base: what relative paths start from.
        defaults: for rows that don't tell.
        rows: learns which columns are unknown.
        as_json: which of the two it is; None to look.
    """
    lines = iter(stream)
    head: list[bytes] = []
    while not head or not head[-1].strip():
        line = next(lines, None)
        if line is None:
            return
        head.append(line if head else line.removeprefix(codecs.BOM_UTF8))
    if as_json is None:
        as_json = head[-1].lstrip(b" \t").startswith(b"{")
    text = (line.decode("utf-8", "surrogateescape") for line in chain(head, lines))
    for number, found in (_json_rows if as_json else _csv_rows)(text):
        if isinstance(found, str):
            yield BadRow(number, "", found)
        else:
            rows.unknown |= found.keys() - USED - PASSED_OVER
            yield _row(number, found, base, defaults)


def _json_rows(lines: Iterator[str]) -> Iterator[tuple[int, Fields | str]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line.removeprefix("\ufeff"))  # files that were put one after the other
        except (ValueError, RecursionError):
            found = None
        yield number, found if isinstance(found, dict) else "is not a JSON object"


def _csv_rows(lines: Iterator[str]) -> Iterator[tuple[int, Fields | str]]:
    head: list[str] = []
    for line in lines:
        head.append(line)
        if line.strip():
            break
    separator = _separator(head[-1]) if head else ","
    reader = csv.reader(chain(head, lines), delimiter=separator)
    header: list[str] | None = None
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, f"is no row of a CSV table ({error})"
            continue
        if not any(cells):
            continue
        if header is None:
            names = [cell.strip().lower() for cell in cells]
            header = names if {PATH, LABEL} <= set(names) else [PATH, LABEL]
            if header is names:
                continue
        if len(cells) > len(header) and any(cells[len(header) :]):
            yield (
                number,
                f"has {len(cells)} cells for {len(header)} columns; quote those with {_SEPARATORS[separator]}",
            )
        else:
            yield number, dict(zip(header, cells, strict=False))


def _separator(line: str) -> str:
    """What stands between the cells of a table that begins so: a header, or a path and a label."""
    for separator in _SEPARATORS:
        with contextlib.suppress(csv.Error, FieldError):
            cells = next(csv.reader([line], delimiter=separator))
            if {PATH, LABEL} <= {cell.strip().lower() for cell in cells}:
                return separator
            if len(cells) == 2 and parse_label(cells[1]) is not None:
                return separator
    return ","


def _row(number: int, fields: Fields, base: Path, defaults: Defaults) -> AnyRow:
    path = fields.get(PATH)
    if not isinstance(path, str) or not path:
        return BadRow(number, "", "has no path")
    return make_row(number, str(base / path), fields, defaults)


def make_row(number: int, file: str, fields: Fields, defaults: Defaults) -> AnyRow:
    """A row about a file."""
    try:
        return Row(number, file, report_of(fields, defaults))
    except FieldError as error:
        return BadRow(number, file, str(error))
