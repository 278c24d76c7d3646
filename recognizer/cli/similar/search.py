"""`similar PATH…`: the most similar images of each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np

from recognizer.cli.common import UNREADABLE_EXIT
from recognizer.cli.progress import watched
from recognizer.cli.similar.output import BLANK, Found, json_writer, plain_writer, say, tiles_of
from recognizer.errors import RecognizerError, UsageError
from recognizer.galleries import open_gallery
from recognizer.glyph import SIDE
from recognizer.glyph.finder import glyph_or_error
from recognizer.image.named_files import NOTHING_LISTED, expand, named_error, total_of

if TYPE_CHECKING:
    from recognizer.cli.tiles import SheetFile
    from retrieval import Gallery

CARDS = 3
AT_ONCE = 256
DIGITS = range(10)
NAMED = 3  # sources, where none fits


def search(args: argparse.Namespace) -> int:
    """Answer every image; the exit code says whether all could be read."""
    gallery = open_gallery(args.gallery, args.threads or 1)
    gallery.plan(1, args.mode, args.engine)  # what doesn't go together is told before anything is read
    check_filters(gallery, args.label, args.source)
    paths = expand(args.paths)
    sheet = _sheet(args)
    people = sys.stdout.isatty() and not args.json
    head = list(islice(paths, CARDS + 1)) if people else []
    write = _writer(gallery, args, people, few=len(head) <= CARDS)
    answers = found_of(gallery, chain(head, paths), args)
    if sys.stderr.isatty() and not sys.stdout.isatty():
        answers = watched(answers, lambda: total_of(args.paths), sys.stderr)
    listed = unreadable = False
    for found in answers:
        listed = True
        unreadable |= found.error is not None
        if not args.json and (found.error or (found.blank and not people)):
            say(str(found.error or f"{found.path}: {BLANK}"))
        write(found)
        if sheet:
            sheet.add(tiles_of(found, gallery, args.max_pixels))
    if not listed:
        say(NOTHING_LISTED)
    if sheet:
        sheet.close()
        say(sheet.summary())
    return UNREADABLE_EXIT if unreadable else 0


def found_of(gallery: Gallery, paths: Iterator[str], args: argparse.Namespace) -> Iterator[Found]:
    """The answers, in order; images are searched for in batches."""
    while chunk := list(islice(paths, AT_ONCE)):
        read = [glyph_or_error(path, args.max_pixels) for path in chunk]
        inked = [g.image for g in read if not isinstance(g, RecognizerError) and g.kind != "blank"]
        glyphs = np.array(inked, np.uint8).reshape(-1, SIDE, SIDE)
        answer = gallery.search(glyphs, args.k, args.mode, args.engine, label=args.label, source=args.source)
        hits = iter(answer)
        for path, glyph in zip(chunk, read, strict=True):
            if isinstance(glyph, RecognizerError):
                yield Found(path, args.mode, error=named_error(path, glyph))
            elif glyph.kind == "blank":
                yield Found(path, args.mode, glyph=glyph.image)
            else:
                yield Found(path, args.mode, answer.engine, tuple(next(hits)), glyph.image)


def check_filters(gallery: Gallery, label: int | None, source: str | None) -> None:
    """Say so where no image of the gallery passes the filters: all answers are then empty.

    Raises:
        UsageError: the label is no digit, and no image has it.
    """
    if _passes(gallery, label, source):
        return
    if not _passes(gallery, label, None):
        if label not in DIGITS:
            raise UsageError(
                f"--label {label}: no image of the gallery has it, and it is not a digit from 0 to 9"
            )
        say(f"no image of the gallery has the label {label}")
    elif not _passes(gallery, None, source):
        known = list(islice(gallery.sources(), NAMED + 1))
        told = ", ".join(known[:NAMED]) + (", …" if len(known) > NAMED else "")
        say(f"no source in the gallery matches {source}; some sources: {told or 'none'}")
    else:
        say(f"no image of the gallery has the label {label} and a source that matches {source}")


def _passes(gallery: Gallery, label: int | None, source: str | None) -> bool:
    if label is None and source is None:
        return True
    # Filters count before ranking: whatever is asked, something is found if anything passes.
    anything = np.zeros((1, SIDE, SIDE), np.uint8)
    return bool(gallery.search(anything, 1, label=label, source=source)[0])


def _writer(gallery: Gallery, args: argparse.Namespace, people: bool, few: bool) -> Callable[[Found], object]:
    if not people:
        return json_writer(sys.stdout) if args.json else plain_writer(sys.stdout)
    from rich.console import Console

    from recognizer.cli.similar.screen import Screen

    screen = Screen(Console(file=sys.stdout, highlight=False), gallery)
    return screen.card if few else screen.line


def _sheet(args: argparse.Namespace) -> SheetFile | None:
    if args.sheet is None:
        return None
    from recognizer.cli.tiles import SheetFile

    return SheetFile(args.sheet)
