"""Glyphs and similar images in the cells of a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from recognizer.cli.formats import label_text
from recognizer.image.named_files import printable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval import Hit

    Glyph = NDArray[np.uint8]

THUMBNAIL = 14  # cells, of two by two pixels each way
_GAP = 2
_RAMP = " .:-=+*#%@"


def has_blocks(console: Console) -> bool:
    """Whether blocks in shades of grey can be drawn; plain ASCII is drawn otherwise."""
    coloured = console.color_system is not None and not console.no_color
    return coloured and console.encoding.replace("-", "").startswith("utf8")


def draw_glyph(glyph: Glyph, blocks: bool) -> Text:
    """A glyph uint8 (H, W), H being even, on H / 2 lines of W cells."""
    # A character cell is about twice as high as wide: two rows of pixels share one line.
    lines = zip(glyph[::2].tolist(), glyph[1::2].tolist(), strict=True)
    draw = _half_blocks if blocks else _ramp
    return Text("\n", no_wrap=True).join(draw(upper, lower) for upper, lower in lines)


def shrunk(glyph: Glyph) -> Glyph:
    """A glyph uint8 (28, 28) at half its size: uint8 (14, 14)."""
    quarters = glyph.reshape(THUMBNAIL, 2, THUMBNAIL, 2).mean(axis=(1, 3))
    small: Glyph = np.rint(quarters).astype(np.uint8)
    return small


def strip(pictures: Iterable[tuple[Glyph, Sequence[str]]], width: int, blocks: bool) -> RenderableType:
    """Small glyphs side by side, each above its lines of words, on as many rows as the width asks for."""
    cells = [
        Group(draw_glyph(shrunk(glyph), blocks), *(_cut(words) for words in captions))
        for glyph, captions in pictures
    ]
    columns = max(1, (width + _GAP) // (THUMBNAIL + _GAP))
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    for _ in range(min(columns, len(cells))):
        grid.add_column(width=THUMBNAIL)
    for start in range(0, len(cells), columns):
        grid.add_row(*cells[start : start + columns])
    return grid


def hits_table(hits: Sequence[Hit]) -> Table:
    """Similar images, ranked; ids are left out where they say what the sources say."""
    with_ids = any(hit.id != hit.source for hit in hits)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("", "label", "similarity", "distance"):
        table.add_column(title, justify="right", no_wrap=True)
    for title in ("source", "id")[: 1 + with_ids]:
        table.add_column(title, overflow="fold")
    for rank, hit in enumerate(hits, 1):
        cells = (
            str(rank),
            label_text(hit),
            percent(hit.similarity),
            f"{hit.distance:.3f}",
            hit.source,
            hit.id,
        )
        table.add_row(*(Text(printable(cell)) for cell in cells[: 5 + with_ids]))
    return table


def captioned(hits: Sequence[Hit], glyphs: NDArray[np.uint8]) -> list[tuple[Glyph, Sequence[str]]]:
    """Similar images for a `strip`: glyphs uint8 (N, 28, 28), with label and similarity below."""
    return [
        (glyph, [f"{label_text(hit)}  {percent(hit.similarity)}".strip()])
        for hit, glyph in zip(hits, glyphs, strict=True)
    ]


def percent(share: float) -> str:
    """A share, rounded down: what is not certain must not read as 100 %."""
    return f"{math.floor(share * 10_000) / 100:.2f} %"


def _cut(words: str) -> Text:
    return Text(words[:THUMBNAIL], style="dim", no_wrap=True)


def _half_blocks(upper: list[int], lower: list[int]) -> Text:
    line = Text()
    for top, bottom in zip(upper, lower, strict=True):
        line.append("▀", Style.parse(f"rgb({top},{top},{top}) on rgb({bottom},{bottom},{bottom})"))
    return line


def _ramp(upper: list[int], lower: list[int]) -> Text:
    return Text("".join(_RAMP[(a + b) * len(_RAMP) // 512] for a, b in zip(upper, lower, strict=True)))
