"""How accurate the model stays when images look different."""

from __future__ import annotations

from recognizer.report.charts import Axis, Line, line_chart
from recognizer.report.figures import Table, figure, share
from recognizer.report.html import Html, element, folded, join, part, table
from recognizer.report.section import Section
from recognizer.report.sections.summary import overview
from recognizer.report.sources import Found, Material

KEYS = ("forced", "coverage", "wrong_accepted")


def disturbances(found: Found) -> Table:
    """A row for each disturbance and strength."""
    rows = [
        [name, each["unit"], figure(point["level"], "g"), *(share(point[key]) for key in KEYS)]
        for name, each in found.figures["series"].items()
        for point in each["points"]
    ]
    columns = ("disturbance", "unit", "strength", "best guess right", "accepted", "wrong among accepted")
    return Table(columns, rows)


def _pictures(found: Found) -> Html:
    return table(overview(found))


def _series(found: Found) -> Html:
    charts = []
    for name, each in found.figures["series"].items():
        lines = [
            Line(words, [(point["level"], point[key]["share"] or 0.0) for point in each["points"]])
            for key, words in (("forced", "best guess right"), ("coverage", "accepted"))
        ]
        axes = Axis(each["unit"]), Axis("of the digits", high=1.0, percent=True)
        charts.append(line_chart(name.capitalize(), lines, *axes))
    return join(
        [element("div", *charts, class_="charts"), folded("All strengths", table(disturbances(found)))]
    )


def section(material: Material) -> Section:
    """The section."""
    content = join(
        [
            part(
                material, "robustness", "Other pictures, other sources", _pictures,
                intro="The same test digits in other pictures, and images of other writers, scanners and phones.",
            ),
            part(
                material, "robustness", "Disturbances", _series,
                intro="Test digits turned, sheared, blurred and damaged more and more. Of what is read worse, less "
                "should be accepted.",
            ),
        ]
    )  # fmt: skip
    return Section("robustness", "Robustness", content)
