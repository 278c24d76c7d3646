"""What stage two changes, as tables for people."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.table import Table

from recognizer.cli.evaluation_tables import Figures, make_table
from recognizer.cli.measuring import counted, percent


def show_stages(sets: Mapping[str, Figures]) -> None:
    """Print what `stages.compare` gives for each data set."""
    console = Console(file=sys.stdout, highlight=False)
    # A table that is cut off where nobody looks at a terminal would be of no use.
    console.width = max(console.width, 110)
    for name, found in sets.items():
        console.print(name, style="bold", markup=False)
        for table in _tables(found):
            console.print(table)
            console.print()


def _tables(found: Figures) -> Iterator[Table]:
    changed = make_table(
        "Errors among eleven classes", "", "n", "stage one", "both", "mended", "broken", "change", "p"
    )
    for name, row in (
        *found["pairs"].items(),
        ("all routed", found["routed_all"]),
        ("overall", found["overall"]),
    ):
        change = "" if row["change"] is None else f"{100 * row['change']:+.1f} %"
        counts = (str(row[key]) for key in ("n", "before", "after", "mended", "broken"))
        changed.add_row(name, *counts, change, f"{row['p_value']:.2g}")
    yield changed
    stages = make_table("", "", "stage one", "both")
    stages.add_row("decided by a specialist", "", counted(found["routed"]))
    for name, key in (
        ("calibration error", "ece"),
        ("Brier score", "brier"),
        ("area under risk-coverage", "aurc"),
    ):
        text = percent if key == "ece" else "{:.3g}".format
        stages.add_row(name, *(text(found[stage][key]) for stage in ("before", "after")))
    for name, key in (
        ("coverage", "coverage"),
        ("wrong among accepted", "wrong_accepted"),
        ("non-digits answered", "false_accepts"),
    ):
        if found["before"][key]["n"]:
            stages.add_row(name, *(counted(found[stage][key]) for stage in ("before", "after")))
    yield stages
