"""What `recognize` writes for programs: JSON lines, CSV, and plain tab-separated lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TextIO

from recognizer.image.named_files import printable
from recognizer.results import REJECT_MARK, FileReading

if TYPE_CHECKING:
    from retrieval import Hit

_SINGLE_COLUMNS = (
    "digit",
    "best",
    "rejected",
    "reason",
    "confidence",
    "stage",
    "specialist",
    "model",
    "error",
)
CSV_COLUMNS = ("path", *_SINGLE_COLUMNS)
FIELD_CSV_COLUMNS = ("path", "text", "rejected", "confidences", "reasons", "model", "error")
NEIGHBORS = "neighbors"
NO_LABEL = "-"

Write = Callable[[FileReading], object]


def json_writer(stream: TextIO, rows: bool) -> Write:
    """Writes one JSON object a line; with ``rows`` an object holds the digits of a row."""

    def write(reading: FileReading) -> None:
        fields = _row(reading) if rows else _single(reading)
        if reading.mistakes:
            fields["mistakes"] = [each.to_dict() for each in reading.mistakes]
        stream.write(json.dumps({"path": reading.path, **fields}) + "\n")

    return write


def _single(reading: FileReading) -> dict[str, Any]:
    (answer,) = reading.answers
    return answer.to_dict()


def _row(reading: FileReading) -> dict[str, Any]:
    return {
        "digits": [answer.to_dict() for answer in reading.answers],
        "text": reading.text,
        "error": str(reading.error) if reading.error else None,
    }


def csv_writer(stream: TextIO, rows: bool, explained: bool = False) -> Write:
    """Writes a header, then a CSV row a file; lists within a cell are separated by blanks.

    With ``explained``, a last column has the labels of the most similar known digits.
    """
    from recognizer.csv_table import csv_table

    columns: tuple[str, ...] = FIELD_CSV_COLUMNS if rows else CSV_COLUMNS
    columns += (NEIGHBORS,) if explained else ()
    table = csv_table(stream, columns)

    def write(reading: FileReading) -> None:
        cells = _row_cells(reading) if rows else _single_cells(reading)
        table.writerow({"path": reading.path, **cells})

    return write


def _single_cells(reading: FileReading) -> dict[str, Any]:
    cells = _single(reading)
    rejected = _boolean(cells["rejected"])
    return {**cells, "rejected": rejected, NEIGHBORS: labels_text(reading.answers[0].neighbors)}


def _row_cells(reading: FileReading) -> dict[str, Any]:
    return {
        "text": reading.text,
        "rejected": _boolean(reading.error is None and not reading.accepted),
        "confidences": " ".join(f"{a.confidence:.6f}" for a in reading.answers),
        "reasons": " ".join(reading.reasons) if reading.error is None else "",
        "model": reading.answers[0].model if reading.answers else "",
        "error": str(reading.error or ""),
    }


def _boolean(value: bool) -> str:
    # As in JSON, so that one reader serves both.
    return "true" if value else "false"


def plain_writer(stream: TextIO, explained: bool = False) -> Write:
    """Writes ``path<TAB>digit or ?<TAB>confidence<TAB>reason`` a line.

    With ``explained``, a fifth cell has the labels of the most similar known digits.
    """

    def write(reading: FileReading) -> None:
        text = reading.text if reading.answers and not reading.error else REJECT_MARK
        cells = [printable(reading.path), text, f"{reading.confidence:.6f}", " ".join(reading.reasons)]
        if explained:
            cells += [labels_text(answer.neighbors) for answer in reading.answers]
        stream.write("\t".join(cells) + "\n")

    return write


def label_text(hit: Hit) -> str:
    """The label of a similar image; ``-`` where it has none."""
    return NO_LABEL if hit.label is None else str(hit.label)


def labels_text(hits: Iterable[Hit]) -> str:
    """The labels of similar images, separated by blanks."""
    return " ".join(map(label_text, hits))
