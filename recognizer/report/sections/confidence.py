"""Whether confidence means what it says, and what refusing buys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from recognizer.report.charts import Axis, Line, line_chart
from recognizer.report.figures import Table, count, figure, percent, share
from recognizer.report.html import Html, element, join, part, table
from recognizer.report.section import Section
from recognizer.report.sources import Found, Material

LEAST_COVERAGE = 0.8  # where refusing no longer matters
LARGEST = 9.0  # radius of a dot that stands for all images
DOT = 2.0


def digit_sets(found: Found) -> dict[str, Mapping[str, Any]]:
    """The figures of the data sets that show digits, by name."""
    return {name: each["digits"] for name, each in found.figures["sets"].items() if "digits" in each}


def selective(found: Found) -> Table:
    """Wrong answers if exactly a share of all were accepted."""
    sets = digit_sets(found)
    shares = [row["coverage"] for row in next(iter(sets.values()))["selective"]]
    rows = [
        [percent(wanted, 1), *(count(each["selective"][number]["count"]) for each in sets.values())]
        for number, wanted in enumerate(shares)
    ]
    # The first column is text to a table; a figure in it keeps its value.
    columns = ("accepted", *(f"{name}: wrong" for name in sets))
    return Table(columns, rows)


def calibration(found: Found) -> Table:
    """Errors of confidence."""
    rows = [
        [name, count(each["n"]), percent(each["ece"]), figure(each["brier"], ".5f"), figure(each["aurc"], ".2e"),
         share(each["forced"])]
        for name, each in digit_sets(found).items()
    ]  # fmt: skip
    columns = (
        "images", "n", "expected calibration error", "Brier score", "area under risk–coverage", "best guess right"
    )  # fmt: skip
    return Table(columns, rows)


def _risk(found: Found) -> Html:
    lines = [
        Line(name, [(x, y) for x, y in each["risk_coverage"] if x >= LEAST_COVERAGE])
        for name, each in digit_sets(found).items()
    ]
    return join([_risk_chart(lines), table(selective(found))])


def _risk_chart(lines: list[Line]) -> Html:
    return line_chart(
        "Errors among the accepted by the share that is accepted, the surest first", lines,
        Axis("accepted", LEAST_COVERAGE, 1.0, percent=True), Axis("wrong among them", 0.0, percent=True),
    )  # fmt: skip


def _reliability(found: Found) -> Html:
    lines = [
        Line(
            name,
            [(row["confidence"], row["right"]) for row in each["reliability"]],
            [DOT + LARGEST * (row["n"] / each["n"]) ** 0.5 for row in each["reliability"]],
        )
        for name, each in digit_sets(found).items()
    ]
    chart = line_chart(
        "Share of best guesses that are right by their confidence; larger dots for more images", lines,
        Axis("confidence", 0.0, 1.0, percent=True), Axis("right", 0.0, 1.0, percent=True), diagonal=True,
    )  # fmt: skip
    return join([chart, table(calibration(found))])


def _validation(material: Material) -> Iterator[Html]:
    curve = material.bundle.meta.get("risk_coverage", [])
    points = sorted((point["coverage"], point["error"]) for point in curve)
    line = Line("validation", [point for point in points if point[0] >= LEAST_COVERAGE])
    if line.points:
        yield element("h3", "Risk–coverage of the model's validation digits")
        yield _risk_chart([line])
        yield element("p", "file ", element("b", material.description), class_="from")


def section(material: Material) -> Section:
    """The section."""
    content = join(
        [
            part(
                material, "evaluation", "Risk–coverage", _risk,
                intro="Who accepts fewer answers gets fewer wrong ones. `--max-error` chooses a point.",
            ),
            *_validation(material),
            part(
                material, "evaluation", "Calibration", _reliability,
                intro="Of the answers with a confidence of 90 %, nine in ten should be right.",
            ),
        ]
    )  # fmt: skip
    return Section("confidence", "Confidence and refusal", content)
