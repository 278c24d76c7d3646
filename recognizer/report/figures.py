"""Figures as people read them, which remember the value that stands in a file; and tables of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NONE = "–"


@dataclass(frozen=True)
class Figure:
    """A figure.

    Attributes:
        text: as it is shown.
        value: as it stands in the file, as text; several are separated by blanks.
    """

    text: str
    value: str

    def __str__(self) -> str:
        return self.text


Cell = Figure | str


@dataclass(frozen=True)
class Table:
    """A table: the first column is text, the others are figures."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def to_markdown(self) -> str:
        """For the model card."""
        marks = ["---", *["---:"] * (len(self.columns) - 1)]
        lines = (self.columns, marks, *self.rows)
        return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"


def figure(value: object, form: str = "") -> Cell:
    """A value in a format of `format`; a dash for None."""
    return NONE if value is None else Figure(format(value, form), repr(value))


def percent(share: float | None, places: int = 2) -> Cell:
    """A share, 0–1, in percent."""
    return NONE if share is None else Figure(f"{100 * share:.{places}f} %", repr(share))


def spread(found: Mapping[str, Any]) -> Figure:
    """A share over several seeds: the mean, and in brackets the least and the most."""
    mean, least, most = (found[key] for key in ("mean", "least", "most"))
    shown = f"{100 * mean:.2f} % ({100 * least:.2f}–{100 * most:.2f})"
    return Figure(shown, f"{mean!r} {least!r} {most!r}")


def change(share: float | None) -> Cell:
    """A relative change, with its sign, in percent."""
    return NONE if share is None else Figure(f"{100 * share:+.0f} %", repr(share))


def count(value: int) -> Figure:
    """A number of things."""
    return Figure(f"{value:,}", repr(value))


def share(found: Mapping[str, Any]) -> Cell:
    """What `metrics.share_of` gives, in percent."""
    return percent(found["share"])


def told(text: object) -> Cell:
    """A text of a file, as it is; a figure if there is a number in it."""
    shown = str(text)
    return Figure(shown, shown) if any(letter.isdigit() for letter in shown) else shown
