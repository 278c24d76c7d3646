"""The similarity search: its quality and its speed, beside other ways."""

from __future__ import annotations

from recognizer.report.html import join
from recognizer.report.section import Section, benchmark
from recognizer.report.sources import Material


def section(material: Material) -> Section:
    """The section."""
    content = join(
        [
            benchmark(
                material, "search_schemes", "All ways side by side",
                "From the distance of pixels to recall mode: finding the same digit (P@10), and the original of a "
                "disturbed copy (R@k).",
            ),
            benchmark(material, "search_recall", "Recall mode against dense search"),
            benchmark(material, "search_engines", "Engines beside other libraries"),
            benchmark(material, "search_growth", "As a gallery grows"),
            benchmark(material, "duplicates", "Near-duplicates"),
        ]
    )  # fmt: skip
    return Section("search", "Search", content)
