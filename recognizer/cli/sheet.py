"""The contact sheet of `recognize --sheet`: each image, what the network saw of it, and the answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from recognizer.cli.tiles import (
    BAD,
    DOUBTFUL,
    GOOD,
    MARGIN,
    NEUTRAL,
    TILE,
    Block,
    SheetFile,
    Tile,
    enlarged,
    fitted,
    hit_tile,
    share_text,
)
from recognizer.errors import RecognizerError
from recognizer.explain import remembered
from recognizer.glyph.normalise import find_glyph
from recognizer.image.opening import MAX_PIXELS, open_page
from recognizer.results import REJECT_MARK, FileReading

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

    from recognizer.glyph.ink import Grey
    from retrieval import Gallery


class Sheet:
    """Gathers readings and draws them; see `SheetFile`.

    Args:
        out: the file to write.
        max_pixels: larger images are not drawn.
        known: where the answers' neighbours are, if any were asked for.

    Raises:
        UsageError: ``out`` can't be written, or is a file that isn't a contact sheet.
    """

    def __init__(self, out: Path, max_pixels: int = MAX_PIXELS, known: Gallery | None = None) -> None:
        self.file = SheetFile(out)
        self.max_pixels = max_pixels
        self.known = known

    def add(self, reading: FileReading) -> None:
        """Take one reading."""
        self.file.add(tiles_of(reading, self.max_pixels, self.known))


def tiles_of(reading: FileReading, max_pixels: int = MAX_PIXELS, known: Gallery | None = None) -> Block:
    """The tile of a reading; then, if it has neighbours, what the autoencoder remembers of it, and those."""
    page = None if reading.error else _page(reading, max_pixels)
    one = page is not None and len(reading.answers) == 1
    glyph = find_glyph(page).image if one and page is not None else None
    tile = Tile(
        _colour(reading),
        () if page is None else (fitted(page), enlarged(glyph)) if glyph is not None else (_wide(page),),
        "!" if reading.error else reading.text or REJECT_MARK,
        " ".join(reading.reasons),
        Path(reading.path).name,
        "" if reading.error else share_text(reading.confidence),
    )
    neighbors = [hit for answer in reading.answers for hit in answer.neighbors]
    if known is None or glyph is None or not neighbors:
        return [tile]
    (best,) = (answer.best for answer in reading.answers)
    return [
        tile,
        Tile(NEUTRAL, (enlarged(remembered(known, glyph)),), name="as encoded"),
        *(
            hit_tile(hit, image, GOOD if hit.label == best else DOUBTFUL)
            for hit, image in zip(neighbors, known.glyphs([hit.id for hit in neighbors]), strict=True)
        ),
    ]


def _page(reading: FileReading, max_pixels: int) -> Grey | None:
    try:
        return open_page(reading.path, max_pixels=max_pixels)
    except RecognizerError:
        return None  # the file has gone since it was read


def _wide(page: Grey) -> Picture:
    return fitted(page, TILE[0] - 2 * MARGIN)


def _colour(reading: FileReading) -> str:
    if reading.error:
        return BAD
    return GOOD if reading.accepted else DOUBTFUL
