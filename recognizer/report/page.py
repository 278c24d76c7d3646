"""The page: all sections in one file that needs no other, in the reader's colours, on any width."""

from __future__ import annotations

from importlib import resources

from recognizer.report.figures import Table
from recognizer.report.html import Html, element, join, table
from recognizer.report.section import Section
from recognizer.report.sections import (
    confidence,
    data,
    embedding,
    limits,
    rejects,
    robustness,
    search,
    speed,
    stages,
    summary,
    training,
)
from recognizer.report.sources import ALL, Material

SECTIONS = (
    summary, data, training, rejects, stages, confidence, robustness, embedding, search, speed, limits
)  # fmt: skip
STYLE = "style.css"


def sections_of(material: Material) -> list[Section]:
    """All sections, in order."""
    return [each.section(material) for each in SECTIONS]


def to_html(material: Material, when: str) -> str:
    """The page.

    Args:
        material: what it is made of.
        when: the moment, as `audit.now` writes it.
    """
    sections = sections_of(material)
    titles = [(section.key, section.title) for section in sections] + [("files", "Files")]
    links = [element("a", title, href=f"#{key}") for key, title in titles]
    bodies = [
        element("section", element("h2", section.title), section.content, id=section.key)
        for section in sections
    ]
    style = (resources.files("recognizer.report") / STYLE).read_text(encoding="utf-8")
    head = join(
        [
            Html(
                '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
            ),
            element("title", f"Report of {material.bundle.name}"),
            Html(f"<style>\n{style}</style>"),
        ]
    )
    body = join(
        [
            element("h1", f"Report of the digit recognizer {material.bundle.name}"),
            element(
                "p", f"Made on {when[:10]} by ", element("code", "recognizer report"), ". Every figure comes from a "
                "file that a command wrote; below it stand the file, the command, n, seed, date and hardware.",
            ),
            element("nav", *links, aria_label="contents"),
            *bodies,
            element("h2", "The files of this report", id="files"),
            files(material),
        ]
    )  # fmt: skip
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{body}</body></html>\n'


def files(material: Material) -> Html:
    """Which files there are, and the command that makes each."""
    rows = []
    for source in ALL:
        found = material.found.get(source.name)
        state = found.place if found else material.problems.get(source.name, f"{source.name}: missing")
        rows.append([state, element("code", source.command)])
    return table(Table(("file", "made by"), rows), words=True)
