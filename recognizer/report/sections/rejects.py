"""Non-digits: which are taken for digits, and what each group of them is worth in training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recognizer.report.figures import NONE, Table, count, percent, share, spread
from recognizer.report.html import Html, element, folded, join, part, table
from recognizer.report.section import Section, benchmark
from recognizer.report.sources import Found, Material

GENERATED = "rejects"


def by_group(found: Found) -> Table:
    """How many non-digits of each group were accepted."""
    groups = found.figures["sets"][GENERATED]["non_digits"]["groups"]
    rows = [[name, count(row["n"]), count(row["count"]), share(row)] for name, row in groups.items()]
    return Table(("group", "n", "accepted", "share"), rows)


def by_family(families: Mapping[str, Mapping[str, Any]]) -> Table:
    """The model's validation: each family, those most often accepted first."""
    own = [(name, row) for name, row in families.items() if "forced" not in row]
    rows = [
        [name, count(row["n"]), percent(row["accepted"])]
        for name, row in sorted(own, key=lambda pair: -pair[1]["accepted"])
    ]
    return Table(("family", "n", "accepted"), rows)


def worth(found: Found) -> Table:
    """What leaving out a group of non-digits does: means over seeds."""
    rows = []
    for row in found.figures["groups"]:
        own = [spread(row[key]) if key in row else NONE for key in ("own_with", "own")]
        others = [spread(row[key]) for key in ("false accepts", "wrong among accepted", "right")]
        rows.append([row["left_out"], *own, *others])
    columns = (
        "left out", "of this group accepted, with it", "and without it", "of all non-digits accepted",
        "wrong among accepted digits", "handwritten digits right",
    )  # fmt: skip
    return Table(columns, rows)


def _groups(found: Found) -> Html:
    return table(by_group(found))


def _worth(found: Found) -> Html:
    return table(worth(found))


def section(material: Material) -> Section:
    """The section."""
    validation = material.bundle.meta.get("validation", {})
    families = folded(
        "Each family, on the model's validation data",
        table(by_family(validation)),
        element("p", "file ", element("b", material.description), class_="from"),
    )
    pieces = [
        part(
            material, "evaluation", "Which non-digits are taken for digits", _groups,
            intro="Drawn anew, from the families, typefaces and digits that training held out among them. They are not "
            "audited: a few look like digits.",
        ),
        families,
        part(
            material, "rejects", "What each group is worth", _worth,
            intro="Short trainings in which one group of non-digits is left out and others take its place; then the "
            "threshold that accepts the same share of handwritten validation digits. In brackets: the least and the "
            "most over the seeds.",
        ),
        benchmark(material, "strangers", "Non-digits of strangers"),
        benchmark(material, "signals", "Other signals than the score"),
        benchmark(material, "detectors", "Beside detectors of unknown input"),
    ]  # fmt: skip
    return Section("rejects", "Non-digits", join(pieces))
