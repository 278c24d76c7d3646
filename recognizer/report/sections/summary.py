"""What the model does, in one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from recognizer.report.figures import NONE, Cell, Table, count, figure, percent, share
from recognizer.report.html import Html, element, join, part, table
from recognizer.report.section import Section
from recognizer.report.sources import Found, Material

COLUMNS = (
    "images", "n", "best guess right", "accepted", "wrong among accepted", "calibration error", "non-digits accepted"
)  # fmt: skip


def overview(found: Found) -> Table:
    """A row for each data set of a file of `recognizer evaluate`, or one like it."""
    return Table(COLUMNS, [[name, *_row(each)] for name, each in found.figures["sets"].items()])


def _row(found: Mapping[str, Any]) -> Iterator[Cell]:
    yield count(found["n"])
    digits, non_digits = found.get("digits"), found.get("non_digits")
    if digits:
        yield share(digits["forced"])
        yield share(digits["coverage"])
        yield figure(digits["wrong_accepted"]["count"])
        yield percent(digits["ece"])
    else:
        yield from [NONE] * 4
    yield share(non_digits["false_accepts"]) if non_digits else NONE


def operating_point(material: Material) -> Table:
    """When the model accepts an answer."""
    point = material.bundle.operating_point()
    rows = [
        ["accepted of validation digits", percent(point.coverage)],
        ["wrong among these", percent(point.error)],
        ["least score of an accepted answer", figure(point.threshold, ".4f")],
        ["temperature of the softmax", figure(material.bundle.temperature, ".4f")],
    ]
    return Table(("operating point", "as shipped"), rows)


def section(material: Material) -> Section:
    """The section."""
    bundle = material.bundle
    point = join(
        [
            table(operating_point(material)),
            element("p", "file ", element("b", material.description), class_="from"),
        ]
    )
    content = join(
        [
            element(
                "p", "The model ", element("b", bundle.name), " reads an image of one character and answers with a "
                "digit or refuses. “Best guess right” ignores refusals; the columns after it don't.",
            ),
            part(material, "evaluation", "Answers at the operating point", _answers),
            element("h3", "When an answer is accepted"),
            point,
        ]
    )  # fmt: skip
    return Section("summary", "Summary", content)


def _answers(found: Found) -> Html:
    return table(overview(found))
