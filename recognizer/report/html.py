"""Pieces of the page: texts that are safe to put into it, and what is built of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import escape

from recognizer.report.figures import Figure, Table
from recognizer.report.sources import SOURCES, Found, Material

_CODE = re.compile(r"`([^`]+)`")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def join(parts: Iterable[str]) -> Html:
    """Several pieces, one after the other; what is no HTML is made it."""
    return Html("\n".join(text(part) for part in parts))


def text(content: object) -> Html:
    """A text, made safe; a figure with its value; or HTML as it is."""
    if isinstance(content, Html):
        return content
    if isinstance(content, Figure):
        return Html(f'<data value="{escape(content.value)}">{escape(content.text)}</data>')
    return Html(escape(str(content)))


def element(name: str, *content: object, **attributes: str) -> Html:
    """An element with its content; attributes may end in _ where Python has the word."""
    told = "".join(
        f' {key.strip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items()
    )
    return Html(f"<{name}{told}>{''.join(text(part) for part in content)}</{name}>")


def paragraph(words: str) -> Html:
    """A paragraph of our own words, in which `code` and **what matters** may stand."""
    return Html(f"<p>{_marked(words)}</p>")


def _marked(words: str) -> str:
    return _BOLD.sub(r"<b>\1</b>", _CODE.sub(r"<code>\1</code>", escape(words)))


def quoted(words: str) -> Html:
    """A paragraph that stands in a file, with the figures in it."""
    return Html(f'<p class="told" data-told="{escape(words)}">{_marked(words)}</p>')


def table(content: Table, *, words: bool = False) -> Html:
    """A table, which can be moved sideways where it is too wide; of words rather than figures, where told so."""
    head = element("tr", *(element("th", column, scope="col") for column in content.columns))
    rows = [
        element("tr", element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:]))
        for row in content.rows
    ]
    body = element("tbody", *rows)
    whole = element("table", element("thead", head), body, class_="words" if words else "figures")
    return element("div", whole, class_="scroll", tabindex="0", role="region", aria_label="table")


def folded(title: str, *content: object) -> Html:
    """What is shown when asked for."""
    return element("details", element("summary", title), *content)


def origin(found: Found) -> Html:
    """The line that says where figures come from."""
    told = [element("span", f"{name} ", element("b", value)) for name, value in found.origin()]
    file = element("span", "file ", element("b", found.place))
    line = element("p", Html(" · ".join([file, *told])), class_="from")
    if not found.other:
        return line
    warning = f"Measured with {found.other}, not with what this report is about."
    return join([line, element("p", warning, class_="warn")])


def part(
    material: Material, name: str, title: str, draw: Callable[[Found], Html], *, intro: str = ""
) -> Html:
    """A part of a section that one file feeds: what is drawn of it, and where it comes from.

    Args:
        material: all that there is.
        name: of the source.
        title: of the part.
        draw: makes it; a file whose figures are others than it expects counts as missing.
        intro: a paragraph before it.
    """
    head = element("h3", title, id=f"{name}-{_slug(title)}")
    words = [paragraph(intro)] if intro else []
    found = material.found.get(name)
    problem = material.problems.get(name, "")
    if found is not None:
        try:
            return join([head, *words, draw(found), origin(found)])
        except (KeyError, TypeError, IndexError, ValueError, AttributeError):
            problem = f"{found.file}: holds other figures than this version shows."
    return join([head, *words, missing(name, problem)])


def missing(name: str, problem: str = "") -> Html:
    """What to do for figures that are not there."""
    source = SOURCES[name]
    took = "less than a minute" if not source.minutes else f"about {source.minutes} min on two cores"
    return element(
        "p", f"{problem} " if problem else "Not measured yet. ", "This makes it: ", element("code", source.command),
        f" ({took}).", class_="missing",
    )  # fmt: skip


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
