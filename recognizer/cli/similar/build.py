"""`similar --build`: a folder of one's own images, or MNIST's 60,000, as a gallery."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recognizer.cli.common import UNREADABLE_EXIT
from recognizer.cli.progress import counted
from recognizer.cli.similar.output import BLANK, say
from recognizer.cli.similar.rebuilt import look_after, whole
from recognizer.cli.similar.upkeep import prepare_index
from recognizer.errors import RecognizerError, UsageError
from recognizer.galleries import MNIST_SOURCE, galleries_folder, gallery_address
from recognizer.glyph.finder import glyph_or_error
from recognizer.image.named_files import expand, printable

if TYPE_CHECKING:
    from recognizer.glyph.ink import Grey
    from recognizer.image.opening import ImageLike
    from retrieval import Gallery
    from retrieval.writing import Appended

MNIST = "mnist"
AT_ONCE = 2500  # images between two commits: what a stopped build has to do again


@dataclass(frozen=True, slots=True)
class Item:
    """An image to be added.

    Attributes:
        image: its file, or its pixels.
        id: what it is called in the gallery.
        label: 0–9, or None where that is not known.
        source: where it comes from.
    """

    image: ImageLike
    id: str
    label: int | None
    source: str


@dataclass(slots=True)
class Tally:
    """Counts over a build."""

    added: int = 0
    there: int = 0
    replaced: int = 0
    blank: int = 0
    unreadable: int = 0

    @property
    def taken(self) -> int:
        """How many images were looked at."""
        return self.added + self.there + self.replaced + self.blank + self.unreadable

    def add(self, done: Appended) -> None:
        """Count a piece."""
        self.added += done.added
        self.there += done.skipped
        self.replaced += done.replaced

    def summary(self) -> str:
        """One line, such as ``12 added, 3 there already, 0 replaced, 1 blank, 0 unreadable``."""
        left_out = f"{self.blank:,} blank, {self.unreadable:,} unreadable"
        return f"{self.added:,} added, {self.there:,} there already, {self.replaced:,} replaced, {left_out}"


def build(args: argparse.Namespace) -> int:
    """Add what is new to the gallery, which is made when there is none."""
    from retrieval import Gallery

    folder = None if args.build == MNIST else _whole_folder(args.build)
    items = list(_mnist(args.data) if folder is None else _images_of(folder))
    name = MNIST if folder is None else folder.resolve().name
    where = gallery_address(args.gallery) if args.gallery else galleries_folder() / name
    gallery = Gallery.create(where, threads=args.threads or os.cpu_count() or 1)
    tally = Tally()
    _add(gallery, items, tally, args.max_pixels)
    if folder is not None:
        look_after(gallery, folder, {item.id for item in items})
    # Before the index, which may fail: what was added stays.
    sys.stdout.write(f"{printable(gallery.address)}: {tally.summary()}; {len(gallery):,} in all\n")
    if args.prepare:
        prepare_index(gallery)
    return UNREADABLE_EXIT if tally.unreadable else 0


def _mnist(data: Path | None) -> Iterator[Item]:
    from recognizer.data import find_data, load_mnist

    images, labels = load_mnist(find_data(data), "train")
    for place, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
        yield Item(image, str(place), label, MNIST_SOURCE)


def _whole_folder(named: str) -> Path:
    folder = Path(named)
    if not folder.is_dir():
        raise UsageError(f"--build: {printable(named)} is not a folder, nor {MNIST}")
    return Path(whole(named))


def _images_of(folder: Path) -> Iterator[Item]:
    for file in expand([str(folder)]):
        # The whole path: found again from anywhere, and the same image is not taken twice.
        path = Path(file)
        yield Item(file, path.as_posix(), _label(path, folder), path.as_posix())


def _label(path: Path, top: Path) -> int | None:
    """The digit that the nearest folder is called by, up to the one that was named."""
    for folder in path.parents:
        if len(folder.name) == 1 and folder.name in "0123456789":
            return int(folder.name)
        if folder == top:
            break
    return None


def _add(gallery: Gallery, items: list[Item], tally: Tally, max_pixels: int) -> None:
    waiting = iter(items)
    with counted(2 * len(items), sys.stderr) as tell:  # each is read, then encoded
        while piece := list(islice(waiting, AT_ONCE)):
            start = 2 * tally.taken
            kept, glyphs = _read(piece, tally, max_pixels, _from(start, tell))
            if not kept:
                continue
            start += len(piece)
            done = gallery.append(
                np.stack(glyphs),
                [item.id for item in kept],
                [item.label for item in kept],
                [item.source for item in kept],
                _from(start, tell),
            )
            tally.add(done)


def _from(start: int, tell: Callable[[int], None]) -> Callable[[int], None]:
    return lambda done: tell(start + done)


def _read(
    piece: list[Item], tally: Tally, max_pixels: int, tell: Callable[[int], None]
) -> tuple[list[Item], list[Grey]]:
    """Those that something is drawn on, with their glyphs; the others are told and counted."""
    kept, glyphs = [], []
    for place, item in enumerate(piece, 1):
        glyph = glyph_or_error(item.image, max_pixels)
        if isinstance(glyph, RecognizerError):
            tally.unreadable += 1
            say(str(glyph))
        elif glyph.kind == "blank":
            tally.blank += 1
            say(f"{item.id}: {BLANK}, left out")
        else:
            kept.append(item)
            glyphs.append(glyph.image)
        tell(place)
    return kept, glyphs
