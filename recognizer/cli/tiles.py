"""Contact sheets: pictures with a few words each, row by row, as PNG files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from recognizer.cli.formats import label_text
from recognizer.errors import UsageError
from recognizer.glyph import SIDE
from recognizer.image.named_files import printable

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

    from retrieval import Hit

PAGE_TILES = 2000
COLUMNS = 25
TILE = (132, 116)
PICTURE = 56
MARGIN = 6
# Told apart by lightness as well as by hue, for people who see few colours; words on the tiles say the same.
GOOD, DOUBTFUL, BAD, NEUTRAL = "#1b7837", "#f1a340", "#b2182b", "#bbbbbb"
_MARK = "recognize contact sheet"
_PAPER, _INK, _QUIET = "#ffffff", "#1a1a1a", "#666666"


class Tile(NamedTuple):
    """What one tile shows.

    Attributes:
        colour: of its border.
        pictures: from left to right; two of `PICTURE` pixels, or a wide one.
        large: an answer or label, in large letters.
        note: a word about it, at the right.
        name: the file, or where the picture comes from.
        figure: a number, at the right.
    """

    colour: str
    pictures: tuple[Picture, ...] = ()
    large: str = ""
    note: str = ""
    name: str = ""
    figure: str = ""


Block = Sequence[Tile]


class SheetFile:
    """Gathers blocks of tiles and draws them as a PNG, or as several when there are more than one page holds.

    Args:
        out: the file to write; further pages are its neighbours, ``out-2.png`` and so on.

    Raises:
        UsageError: ``out`` can't be written, or is a file that isn't a contact sheet.
    """

    def __init__(self, out: Path) -> None:
        if out.suffix.lower() != ".png":
            raise UsageError(f"--sheet writes a PNG: {printable(str(out))} should end in .png")
        if not out.parent.is_dir():
            raise UsageError(f"--sheet: there is no folder {printable(str(out.parent))}")
        self.out = out
        self.written: list[Path] = []
        self._blocks: list[Block] = []
        self._tiles = 0
        self._keep_others(out)

    def add(self, block: Block) -> None:
        """Take the tiles of one image; a full page is written at once, so that memory stays bounded."""
        self._blocks.append(block)
        self._tiles += len(block)
        if self._tiles >= PAGE_TILES:
            self._write_page()

    def close(self) -> None:
        """Write what is left."""
        if self._blocks:
            self._write_page()

    def summary(self) -> str:
        """One line that says what was written."""
        written = ", ".join(printable(str(path)) for path in self.written)
        return f"contact sheet: {written or 'not written, without images'}"

    def _write_page(self) -> None:
        number = len(self.written) + 1
        path = self.out if number == 1 else self.out.with_stem(f"{self.out.stem}-{number}")
        self._keep_others(path)
        mark = PngInfo()
        mark.add_text("Software", _MARK)
        try:
            draw_blocks(self._blocks).save(path, "PNG", pnginfo=mark)
        except OSError as problem:
            raise UsageError(f"--sheet: can't write {printable(str(path))}: {problem.strerror}") from problem
        self.written.append(path)
        self._blocks, self._tiles = [], 0

    @staticmethod
    def _keep_others(path: Path) -> None:
        # `--sheet *.png` would else replace the first of someone's images.
        if path.exists() and not _is_sheet(path):
            raise UsageError(
                f"--sheet would replace {printable(str(path))}, which isn't a contact sheet; choose another name"
            )


def draw_blocks(blocks: Sequence[Block]) -> Picture:
    """Draw blocks of tiles: those of a single tile side by side, longer ones each from the start of a line."""
    longest = max(map(len, blocks))
    columns = min(COLUMNS, longest if longest > 1 else math.ceil(math.sqrt(len(blocks))))
    lines = [block[start : start + columns] for block in blocks for start in range(0, len(block), columns)]
    if longest == 1:
        tiles = [block[0] for block in blocks]
        lines = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    page = Image.new("RGB", (columns * TILE[0], len(lines) * TILE[1]), _PAPER)
    for row, line in enumerate(lines):
        for column, tile in enumerate(line):
            page.paste(_draw(tile), (column * TILE[0], row * TILE[1]))
    return page


def fitted(page: NDArray[np.uint8], width: int = PICTURE) -> Picture:
    """A page uint8 (H, W), scaled into ``width`` by `PICTURE` pixels."""
    picture = Image.fromarray(page)
    scale = min(width / picture.width, PICTURE / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.BOX)


def enlarged(glyph: NDArray[np.uint8]) -> Picture:
    """A glyph uint8 (28, 28), at twice its size."""
    return Image.fromarray(glyph).resize((2 * SIDE, 2 * SIDE), Image.Resampling.NEAREST)


def hit_tile(hit: Hit, glyph: NDArray[np.uint8], colour: str = NEUTRAL) -> Tile:
    """The tile of a similar image, uint8 (28, 28)."""
    name = Path(hit.source).name if hit.id == hit.source else f"{hit.source} {hit.id}"
    return Tile(
        colour, (enlarged(glyph),), label_text(hit), f"{hit.distance:.3f}", name, share_text(hit.similarity)
    )


def share_text(share: float) -> str:
    """A share in per cent, rounded down: what is not certain must not read as 100 %."""
    return f"{math.floor(share * 1000) / 10:.1f} %"


def _draw(content: Tile) -> Picture:
    tile = Image.new("RGB", TILE, _PAPER)
    pen = ImageDraw.Draw(tile)
    width, height = TILE
    pen.rectangle((2, 2, width - 3, height - 3), outline=content.colour, width=2)
    if content.pictures:
        tile.paste(content.pictures[0], (MARGIN, MARGIN))
    for picture in content.pictures[1:]:
        tile.paste(picture, (width - MARGIN - picture.width, MARGIN))
    large = ImageFont.load_default(24 if len(content.large) <= 4 else 12)
    small = ImageFont.load_default(10)
    left, right, upper, lower = MARGIN + 2, width - MARGIN - 2, height - 30, height - 12
    pen.text((left, upper), _fitting(content.large, 14), _INK, large, anchor="ls")
    pen.text((right, upper), _fitting(content.note, 14), _INK, small, anchor="rs")
    pen.text((left, lower), _fitting(content.name, 14), _QUIET, small, anchor="ls")
    pen.text((right, lower), content.figure, _QUIET, small, anchor="rs")
    return tile


def _fitting(text: str, most: int) -> str:
    drawable = printable(text).encode("utf-8", "replace").decode()
    return drawable if len(drawable) <= most else "…" + drawable[1 - most :]


def _is_sheet(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            return image.info.get("Software") == _MARK
    except OSError:
        return False
