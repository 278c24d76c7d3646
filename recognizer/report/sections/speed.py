"""How fast it is: one image, many, a cold start, over HTTP; and beside what others there are."""

from __future__ import annotations

from recognizer.report.html import join
from recognizer.report.section import Section, benchmark
from recognizer.report.sources import Material


def section(material: Material) -> Section:
    """The section."""
    parts = (
        ("speed", "Recognition"),
        ("peers", "Side by side with other readers"),
        ("service", "The service"),
    )
    return Section(
        "speed", "Speed and peers", join(benchmark(material, name, title) for name, title in parts)
    )
