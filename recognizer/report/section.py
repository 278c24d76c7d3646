"""What a section of the report is, and the parts that benchmarks write, as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from recognizer.report.figures import Table, told
from recognizer.report.html import Html, element, join, part, quoted, table
from recognizer.report.pictures import picture
from recognizer.report.sources import Found, Material

_PICTURE = re.compile(r"^!\[([^\]]*)\]\(([\w.-]+)\)$")


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes:
        key: its anchor.
        title: its heading, also in the list of contents.
        content: what it holds.
    """

    key: str
    title: str
    content: Html


def benchmark(material: Material, name: str, title: str, intro: str = "") -> Html:
    """What a benchmark wrote: its texts, tables and pictures, in its order."""
    return part(material, name, title, lambda found: join(_told(found)), intro=intro)


def _told(found: Found) -> Iterator[Html]:
    for piece in found.figures["parts"]:
        if "columns" in piece:
            rows = [[str(row[0]), *(told(cell) for cell in row[1:])] for row in piece["rows"]]
            yield table(Table(piece["columns"], rows))
            continue
        for words in filter(None, (block.strip() for block in piece["text"].split("\n\n"))):
            shown = _PICTURE.match(words)
            if shown:
                yield picture(found.beside(shown[2]), shown[1])
            elif words.startswith("## "):
                yield element("h4", words.removeprefix("## "))
            else:
                yield quoted(words)
