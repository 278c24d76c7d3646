"""What `similar` writes for programs, and the tiles of its contact sheets."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from recognizer.cli.formats import label_text
from recognizer.errors import RecognizerError
from recognizer.image.named_files import printable
from recognizer.image.opening import open_page

if TYPE_CHECKING:
    from recognizer.cli.tiles import Block
    from recognizer.glyph.ink import Grey
    from retrieval import Gallery, Hit
    from retrieval.duplicates import DuplicateGroup

BLANK = "nothing is drawn on it"


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for one file.

    Attributes:
        path: the file, as it was named.
        mode: the mode of the search.
        engine: the engine that ran; None for what was not searched for.
        neighbors: the most similar images, nearest first.
        glyph: what the search saw of the file, uint8 (28, 28); None when it could not be read.
        error: why it could not be read, or None.
    """

    path: str
    mode: str
    engine: str | None = None
    neighbors: tuple[Hit, ...] = ()
    glyph: Grey | None = None
    error: RecognizerError | None = None

    @property
    def blank(self) -> bool:
        """Whether it was read, and nothing is drawn on it."""
        return self.error is None and self.engine is None


def say(line: str) -> None:
    """Say something about the run, on standard error."""
    sys.stderr.write(f"similar: {printable(line)}\n")


def json_writer(stream: TextIO) -> Callable[[Found], object]:
    """Writes one JSON object a line."""

    def write(found: Found) -> None:
        fields = {
            "path": found.path,
            "mode": found.mode,
            "engine": found.engine,
            "neighbors": [hit.to_dict() for hit in found.neighbors],
            "error": str(found.error) if found.error else None,
        }
        stream.write(json.dumps(fields) + "\n")

    return write


def plain_writer(stream: TextIO) -> Callable[[Found], object]:
    """Writes ``path<TAB>rank<TAB>label<TAB>similarity<TAB>distance<TAB>source<TAB>id`` a neighbour."""

    def write(found: Found) -> None:
        for rank, hit in enumerate(found.neighbors, 1):
            stream.write("\t".join([printable(found.path), str(rank), *hit_cells(hit)]) + "\n")

    return write


def hit_cells(hit: Hit) -> list[str]:
    """Label, similarity, distance, source and id of a similar image."""
    texts = (printable(hit.source), printable(hit.id))
    return [label_text(hit), f"{hit.similarity:.6f}", f"{hit.distance:.6f}", *texts]


def tiles_of(found: Found, gallery: Gallery, max_pixels: int) -> Block:
    """The tiles of a contact sheet: the file and what was seen of it, then its neighbours."""
    from recognizer.cli.tiles import BAD, DOUBTFUL, GOOD, Tile, enlarged, fitted

    name = Path(found.path).name
    if found.error:
        return [Tile(BAD, large="!", note="unreadable", name=name)]
    try:
        seen = [fitted(open_page(found.path, max_pixels=max_pixels))]
    except RecognizerError:  # the file has gone since it was read
        seen = []
    if found.glyph is not None:
        seen.append(enlarged(found.glyph))
    note = "blank" if found.blank else "" if found.neighbors else "nothing found"
    query = Tile(GOOD if found.neighbors else DOUBTFUL, tuple(seen), "", note, name, found.engine or "")
    return [query, *hit_tiles(found.neighbors, gallery)]


def hit_tiles(hits: Sequence[Hit], gallery: Gallery) -> Block:
    """The tiles of similar images."""
    from recognizer.cli.tiles import hit_tile

    return [
        hit_tile(hit, glyph)
        for hit, glyph in zip(hits, gallery.glyphs([hit.id for hit in hits]), strict=True)
    ]


def group_json(group: DuplicateGroup) -> str:
    """A group of duplicates as one JSON object."""
    return json.dumps({"exact": group.exact, "images": [hit.to_dict() for hit in group.hits]})


def group_lines(number: int, group: DuplicateGroup) -> list[str]:
    """A group of duplicates as tab-separated lines: its number, exact or near, then what tells an image."""
    kind = "exact" if group.exact else "near"
    return ["\t".join([str(number), kind, *hit_cells(hit)]) for hit in group.hits]
