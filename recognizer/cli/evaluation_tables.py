"""What `recognizer evaluate` shows to people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rich.table import Table

from recognizer.cli.common import table_console
from recognizer.cli.measuring import counted, percent

MOST_FAMILIES = 10
Figures = Mapping[str, Any]
_DIGIT_ROWS: tuple[tuple[str, Callable[[Figures], str]], ...] = (
    ("digits", lambda d: str(d["n"])),
    ("best guess right", lambda d: counted(d["forced"])),
    ("coverage", lambda d: counted(d["coverage"])),
    ("wrong among accepted", lambda d: counted(d["wrong_accepted"])),
    ("calibration error", lambda d: percent(d["ece"])),
    ("Brier score", lambda d: f"{d['brier']:.5f}"),
    ("area under risk-coverage", lambda d: f"{d['aurc']:.2e}"),
)


def show(sets: Mapping[str, Figures], model: str) -> None:
    """Print the figures of each data set, as `evaluation.figures` gives them."""
    console = table_console()
    console.print(f"{model}; counts with 95 % intervals in %\n", markup=False)
    for name, found in sets.items():
        console.print(name, style="bold", markup=False)
        if found["note"]:
            console.print(found["note"], style="dim", markup=False, soft_wrap=True)
        for table in _tables(found):
            console.print(table)
            console.print()


def _tables(found: Figures) -> Iterator[Table]:
    yield _overview(found)
    if "digits" in found:
        yield _selective(found["digits"])
        yield _classes(found["digits"])
    if "groups" in found.get("non_digits", {}):
        yield _groups(found["non_digits"])
        yield _families(found["non_digits"])


def make_table(title: str, *columns: str) -> Table:
    """An empty table of figures: names on the left, numbers on the right."""
    table = Table(
        title=title, title_justify="left", title_style="italic", box=None, header_style="dim", pad_edge=False
    )
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if i else "left", no_wrap=True)
    return table


def _overview(found: Figures) -> Table:
    table = Table.grid(padding=(0, 2))
    if "digits" in found:
        for name, text in _DIGIT_ROWS:
            table.add_row(name, text(found["digits"]))
    if "non_digits" in found:
        table.add_row("non-digits answered", counted(found["non_digits"]["false_accepts"]))
    refused = ", ".join(f"{n} {reason}" for reason, n in found["reasons"].items())
    table.add_row("refused", refused or "none")
    table.add_row("decided in stage two", percent(found["stage_two"]))
    if "per_second" in found:
        table.add_row("images a second", f"{found['per_second']:.0f}")
    if found["unusable"]["n"]:
        table.add_row("could not be used", str(found["unusable"]["n"]), style="yellow")
    return table


def _selective(digits: Figures) -> Table:
    table = make_table("If only the surest were accepted", "share", "wrong among them")
    for row in digits["selective"]:
        table.add_row(f"{100 * row['coverage']:g} %", counted(row))
    return table


def _classes(digits: Figures) -> Table:
    table = make_table(
        "Each digit", "digit", "n", "best right", "coverage", "wrong accepted", "most often taken for"
    )
    for row in digits["classes"]:
        confused = row["confused_with"]
        table.add_row(
            str(row["digit"]),
            str(row["n"]),
            percent(row["forced"]),
            percent(row["coverage"]),
            str(row["wrong_accepted"]),
            f"{confused['digit']} ({confused['n']})" if confused else "",
        )
    return table


def _groups(non_digits: Figures) -> Table:
    table = make_table("Each group of non-digits", "group", "answered with a digit")
    for name, row in sorted(non_digits["groups"].items()):
        table.add_row(name, counted(row))
    return table


def _families(non_digits: Figures) -> Table:
    accepted = [(name, row) for name, row in non_digits["families"].items() if row["count"]]
    most = sorted(accepted, key=lambda pair: -pair[1]["count"])[:MOST_FAMILIES]
    table = make_table("Most often answered with a digit", "family", "group", "answered with a digit")
    for name, row in most:
        table.add_row(name, row["group"], counted(row))
    return table
