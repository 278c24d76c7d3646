"""The contact sheet of `recognize --sheet`: each image, what the network saw of it, and the answer."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from recognizer.cli.formats import REJECT_MARK, Reading
from recognizer.cli.inputs import printable
from recognizer.errors import RecognizerError, UsageError
from recognizer.glyph import SIDE, find_glyph
from recognizer.image import MAX_PIXELS, open_page

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

PAGE_TILES = 2000
COLUMNS = 25
TILE = (132, 116)
_PICTURE = 56
_MARGIN = 6
_MARK = "recognize contact sheet"
_PAPER, _INK, _QUIET = "#ffffff", "#1a1a1a", "#666666"
# Told apart by lightness as well as by hue, for people who see few colours; the "?" and "!" say the same.
_ACCEPTED, _REFUSED, _UNREADABLE = "#1b7837", "#f1a340", "#b2182b"


class Sheet:
    """Gathers readings and draws them as a PNG, or as several when there are more than one page holds.

    Args:
        out: the file to write; further pages are its neighbours, ``out-2.png`` and so on.
        max_pixels: larger images are not drawn.

    Raises:
        UsageError: ``out`` can't be written, or is a file that isn't a contact sheet.
    """

    def __init__(self, out: Path, max_pixels: int = MAX_PIXELS) -> None:
        if out.suffix.lower() != ".png":
            raise UsageError(f"--sheet writes a PNG: {printable(str(out))} should end in .png")
        if not out.parent.is_dir():
            raise UsageError(f"--sheet: there is no folder {printable(str(out.parent))}")
        self.out = out
        self.max_pixels = max_pixels
        self.written: list[Path] = []
        self._readings: list[Reading] = []
        self._keep_others(out)

    def add(self, reading: Reading) -> None:
        """Take one reading; a full page is written at once, so that memory stays bounded."""
        self._readings.append(reading)
        if len(self._readings) == PAGE_TILES:
            self._write_page()

    def close(self) -> None:
        """Write what is left."""
        if self._readings:
            self._write_page()

    def _write_page(self) -> None:
        number = len(self.written) + 1
        path = self.out if number == 1 else self.out.with_stem(f"{self.out.stem}-{number}")
        self._keep_others(path)
        mark = PngInfo()
        mark.add_text("Software", _MARK)
        try:
            draw_page(self._readings, self.max_pixels).save(path, "PNG", pnginfo=mark)
        except OSError as problem:
            raise UsageError(f"--sheet: can't write {printable(str(path))}: {problem.strerror}") from problem
        self.written.append(path)
        self._readings = []

    @staticmethod
    def _keep_others(path: Path) -> None:
        # `--sheet *.png` would else replace the first of someone's images.
        if path.exists() and not _is_sheet(path):
            raise UsageError(f"--sheet would replace {printable(str(path))}, which isn't a contact sheet")


def draw_page(readings: list[Reading], max_pixels: int = MAX_PIXELS) -> Picture:
    """Draw readings as tiles, row by row."""
    columns = min(COLUMNS, math.ceil(math.sqrt(len(readings))))
    rows = math.ceil(len(readings) / columns)
    page = Image.new("RGB", (columns * TILE[0], rows * TILE[1]), _PAPER)
    for i, reading in enumerate(readings):
        page.paste(_tile(reading, max_pixels), (i % columns * TILE[0], i // columns * TILE[1]))
    return page


def _tile(reading: Reading, max_pixels: int) -> Picture:
    tile = Image.new("RGB", TILE, _PAPER)
    pen = ImageDraw.Draw(tile)
    colour = _colour(reading)
    width, height = TILE
    pen.rectangle((2, 2, width - 3, height - 3), outline=colour, width=2)
    if not reading.error:
        _paste_pictures(tile, reading, max_pixels)
    answer = "!" if reading.error else reading.text or REJECT_MARK
    large = ImageFont.load_default(24 if len(answer) <= 4 else 12)
    small = ImageFont.load_default(10)
    left, right, upper, lower = _MARGIN + 2, width - _MARGIN - 2, height - 30, height - 12
    pen.text((left, upper), _fitting(answer, 14), _INK, large, anchor="ls")
    pen.text((right, upper), _fitting(" ".join(reading.reasons), 14), _INK, small, anchor="rs")
    pen.text((left, lower), _fitting(Path(reading.path).name, 14), _QUIET, small, anchor="ls")
    if not reading.error:
        sure = f"{math.floor(reading.confidence * 1000) / 10:.1f} %"
        pen.text((right, lower), sure, _QUIET, small, anchor="rs")
    return tile


def _paste_pictures(tile: Picture, reading: Reading, max_pixels: int) -> None:
    try:
        page = open_page(reading.path, max_pixels=max_pixels)
    except RecognizerError:
        return  # the file has gone since it was read
    picture = Image.fromarray(page)
    one = len(reading.answers) == 1
    scale = min((_PICTURE if one else TILE[0] - 2 * _MARGIN) / picture.width, _PICTURE / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    tile.paste(picture.resize(size, Image.Resampling.BOX), (_MARGIN, _MARGIN))
    if one:
        glyph = Image.fromarray(find_glyph(page).image).resize((2 * SIDE, 2 * SIDE), Image.Resampling.NEAREST)
        tile.paste(glyph, (TILE[0] - _MARGIN - 2 * SIDE, _MARGIN))


def _colour(reading: Reading) -> str:
    if reading.error:
        return _UNREADABLE
    return _ACCEPTED if reading.accepted else _REFUSED


def _fitting(text: str, most: int) -> str:
    drawable = printable(text).encode("utf-8", "replace").decode()
    return drawable if len(drawable) <= most else "…" + drawable[1 - most :]


def _is_sheet(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            return image.info.get("Software") == _MARK
    except OSError:
        return False
