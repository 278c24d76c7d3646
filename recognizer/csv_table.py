"""CSV as this package writes it: a line feed ends a row, and whatever a cell holds is read again as that cell."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import TextIO

_END = "\r\n"


class _Lines:
    """What a writer writes rows to."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, row: str) -> int:
        return self._stream.write(row.removesuffix(_END) + "\n")


def csv_table(stream: TextIO, columns: Sequence[str]) -> csv.DictWriter[str]:
    """A CSV writer for rows with these columns. It has written the header; other keys of a row are ignored."""
    # A cell is quoted for the characters that end a row, and a carriage return alone would be read as such an end.
    table = csv.DictWriter(_Lines(stream), columns, extrasaction="ignore", lineterminator=_END)
    table.writeheader()
    return table
