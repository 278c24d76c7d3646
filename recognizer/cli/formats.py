"""What `recognize` writes for programs: JSON lines, CSV, and plain tab-separated lines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from recognizer.cli.inputs import printable
from recognizer.errors import RecognizerError
from recognizer.results import Recognition

if TYPE_CHECKING:
    from recognizer.feedback.mistakes import Mistake
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
REJECT_MARK = "?"
UNREADABLE = "unreadable"
NEIGHBORS = "neighbors"
NO_LABEL = "-"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from one file.

    Attributes:
        path: the file, as it was named.
        answers: one answer, or with ``--field`` one for each character of the row.
        error: why the file could not be read, or None.
        mistakes: past mistakes that it looks like, nearest first; asked for by ``--explain``.
    """

    path: str
    answers: tuple[Recognition, ...]
    error: RecognizerError | None = None
    mistakes: tuple[Mistake, ...] = ()

    @property
    def text(self) -> str:
        """The digits, with ``?`` for each that was refused."""
        return "".join(REJECT_MARK if a.digit is None else str(a.digit) for a in self.answers)

    @property
    def accepted(self) -> bool:
        """Whether every digit was accepted."""
        return bool(self.answers) and all(a.digit is not None for a in self.answers)

    @property
    def confidence(self) -> float:
        """The confidence of the weakest digit."""
        return min((a.confidence for a in self.answers), default=0.0)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was not accepted, each reason once; empty when it was."""
        if self.error:
            return (UNREADABLE,)
        if not self.answers:
            return ("blank",)  # a row in which no character was found
        return tuple(dict.fromkeys(a.reason for a in self.answers if a.reason))


Write = Callable[[Reading], object]


@dataclass(slots=True)
class Tally:
    """Counts over a run, for its summary and its exit code."""

    accepted: int = 0
    unreadable: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def files(self) -> int:
        """How many files were named."""
        return self.accepted + self.unreadable + self.refused.total()

    def add(self, reading: Reading) -> None:
        """Count one file; a row with several refused digits counts under the first reason."""
        if reading.error:
            self.unreadable += 1
        elif reading.accepted:
            self.accepted += 1
        else:
            self.refused[reading.reasons[0]] += 1

    def summary(self) -> str:
        """One line, such as ``12 images: 10 accepted, 2 refused (2 blank), 0 unreadable``."""
        why = ", ".join(f"{n} {reason}" for reason, n in self.refused.most_common())
        refused = f"{self.refused.total()} refused" + (f" ({why})" if why else "")
        images = "1 image" if self.files == 1 else f"{self.files} images"
        return f"{images}: {self.accepted} accepted, {refused}, {self.unreadable} unreadable"


def json_writer(stream: TextIO, rows: bool) -> Write:
    """Writes one JSON object a line; with ``rows`` an object holds the digits of a row."""

    def write(reading: Reading) -> None:
        fields = _row(reading) if rows else _single(reading)
        if reading.mistakes:
            fields["mistakes"] = [each.to_dict() for each in reading.mistakes]
        stream.write(json.dumps({"path": reading.path, **fields}) + "\n")

    return write


def _single(reading: Reading) -> dict[str, Any]:
    (answer,) = reading.answers
    return answer.to_dict()


def _row(reading: Reading) -> dict[str, Any]:
    return {
        "digits": [answer.to_dict() for answer in reading.answers],
        "text": reading.text,
        "error": str(reading.error) if reading.error else None,
    }


def csv_writer(stream: TextIO, rows: bool, explained: bool = False) -> Write:
    """Writes a header, then a CSV row a file; lists within a cell are separated by blanks.

    With ``explained``, a last column has the labels of the most similar known digits.
    """
    import csv

    columns: tuple[str, ...] = FIELD_CSV_COLUMNS if rows else CSV_COLUMNS
    columns += (NEIGHBORS,) if explained else ()
    table = csv.DictWriter(stream, columns, extrasaction="ignore", lineterminator="\n")
    table.writeheader()

    def write(reading: Reading) -> None:
        cells = _row_cells(reading) if rows else _single_cells(reading)
        table.writerow({"path": reading.path, **cells})

    return write


def _single_cells(reading: Reading) -> dict[str, Any]:
    cells = _single(reading)
    rejected = _boolean(cells["rejected"])
    return {**cells, "rejected": rejected, NEIGHBORS: labels_text(reading.answers[0].neighbors)}


def _row_cells(reading: Reading) -> dict[str, Any]:
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

    def write(reading: Reading) -> None:
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
