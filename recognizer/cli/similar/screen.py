"""What `similar` shows to people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from recognizer.cli.formats import label_text, labels_text
from recognizer.cli.pictures import THUMBNAIL, captioned, has_blocks, hits_table, percent, strip
from recognizer.cli.similar.output import BLANK
from recognizer.image.named_files import printable

if TYPE_CHECKING:
    from recognizer.cli.pictures import Glyph
    from recognizer.cli.similar.output import Found
    from retrieval import Gallery, Hit
    from retrieval.duplicates import DuplicateGroup

_INDENT = 2
_WIDE_ENOUGH = 4 * THUMBNAIL
_LABELS = 10
_LABELS_WIDTH = 2 * _LABELS - 1


class Screen:
    """Draws what was found on a terminal.

    Args:
        console: where to draw.
        gallery: what was searched.
    """

    def __init__(self, console: Console, gallery: Gallery) -> None:
        self.console = console
        self.gallery = gallery
        self.blocks = has_blocks(console)

    def card(self, found: Found) -> None:
        """Draw one file at length; nothing for an unreadable one, whose error is told elsewhere."""
        if found.error:
            return
        self.console.print(Text(printable(found.path), style="bold"), soft_wrap=True)
        if found.neighbors:
            query = [] if found.glyph is None else [(found.glyph, ["query"])]
            body = self._drawn(query, found.neighbors)
        else:
            body = Text(_nothing(found), style="yellow")
        self.console.print(Padding(Group(body, *self._how(found)), (0, 0, 1, _INDENT)))

    def line(self, found: Found) -> None:
        """Draw one file on one line: the nearest label and how alike it is, then the labels in order."""
        if found.error:
            return
        line = Text()
        if found.neighbors:
            nearest = found.neighbors[0]
            line.append(f"{label_text(nearest):>2}  ", style="bold green")
            line.append(f"{percent(nearest.similarity):>8}  ")
            line.append(f"{labels_text(found.neighbors[:_LABELS]):<{_LABELS_WIDTH}}  ", style="dim")
        else:
            line.append(f" ?  {_nothing(found):<{_LABELS_WIDTH + 10}}  ", style="yellow")
        line.append(printable(found.path))
        self.console.print(line, no_wrap=True, overflow="ignore", crop=False)

    def group(self, number: int, group: DuplicateGroup, pictured: bool) -> None:
        """Draw a group of duplicates."""
        kind = "the same image" if group.exact else "nearly the same"
        self.console.print(Text(f"group {number}: {kind}, {len(group.hits)} times", style="bold"))
        body = self._drawn([], group.hits) if pictured else hits_table(group.hits)
        self.console.print(Padding(body, (0, 0, 1, _INDENT)))

    def _how(self, found: Found) -> Iterator[RenderableType]:
        if found.engine:
            what = f"{found.engine} search of {len(self.gallery):,} images, {found.mode} mode"
            yield Text(f"{what}: {printable(self.gallery.name)}", style="dim")

    def _drawn(self, query: Sequence[tuple[Glyph, Sequence[str]]], hits: Sequence[Hit]) -> RenderableType:
        if self.console.width < _WIDE_ENOUGH:
            return hits_table(hits)
        near = captioned(hits, self.gallery.glyphs([hit.id for hit in hits]))
        return Group(strip([*query, *near], self.console.width - _INDENT, self.blocks), hits_table(hits))


def _nothing(found: Found) -> str:
    return BLANK if found.blank else "nothing found"
