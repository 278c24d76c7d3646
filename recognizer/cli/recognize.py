"""The command `recognize`: which digit is on each of these images, or why there is no answer."""

from __future__ import annotations

import argparse
import atexit
import gc
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from recognizer import Recognizer, __version__
from recognizer.cli.arguments import PATH, PathsParser, add_max_error, add_model, at_least, digits
from recognizer.cli.common import UNREADABLE_EXIT, run_command
from recognizer.cli.formats import Write, csv_writer, json_writer, plain_writer
from recognizer.cli.past import with_mistakes
from recognizer.cli.progress import watched
from recognizer.errors import RecognizerError, UsageError
from recognizer.glyph.normalise import find_glyph
from recognizer.image.named_files import NOTHING_LISTED, expand, named_error, total_of
from recognizer.image.opening import MAX_PIXELS, open_page
from recognizer.results import FileReading, Tally

if TYPE_CHECKING:
    from recognizer.cli.sheet import Sheet
    from recognizer.glyph.ink import Grey
    from retrieval import Gallery

CARDS = 3


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    # Else Python ends by a search for garbage in all that the libraries made: a fifteenth of a process for one image.
    # Where another program calls this, what that program left open may be among the garbage.
    if argv is None:
        atexit.register(gc.freeze)
    return run_command(run, parser().parse_args(argv))


def run(args: argparse.Namespace) -> int:
    """Answer every image of parsed arguments; the exit code says whether all could be read."""
    check(args)
    paths = expand(args.paths)
    recognizer = Recognizer.load(args.model, args.max_error, args.threads, args.max_pixels, args.gallery)
    known = recognizer.gallery if args.explain else None
    sheet = _sheet(args, known)
    people = sys.stdout.isatty() and not (args.json or args.csv)
    head = list(islice(paths, CARDS + 1)) if people else []
    write = _for_people(args, known, len(head) <= CARDS) if people else _for_programs(args)
    readings = (_rows if args.field else _singles)(recognizer, chain(head, paths), args)
    if args.explain:
        readings = with_mistakes(readings, args.explain, args.max_pixels)
    if sys.stderr.isatty() and not sys.stdout.isatty():
        readings = watched(readings, lambda: total_of(args.paths), sys.stderr)
    tally = Tally()
    for reading in readings:
        if reading.error and not (args.json or args.csv):
            _tell(str(reading.error))
        write(reading)
        tally.add(reading)
        if sheet:
            sheet.add(reading)
    if not tally.files:
        _tell(NOTHING_LISTED)
    _finish(tally, sheet, summary=sys.stderr.isatty() and tally.files > CARDS)
    return UNREADABLE_EXIT if tally.unreadable else 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = PathsParser(
        prog="recognize",
        description="Read the digit on each image, or refuse and say why.",
        epilog="Exit codes: 0 all images were processed (a refusal is an answer); 1 some could not be read; "
        "2 wrong usage; 3 no usable model or gallery.",
    )
    p.add_argument("paths", nargs="+", metavar="PATH", help=PATH)
    form = p.add_mutually_exclusive_group()
    form.add_argument(
        "--json", action="store_true", help="write one JSON object per image, a line each, in input order"
    )
    form.add_argument("--csv", action="store_true", help="write CSV: a header, then a row per image")
    p.add_argument(
        "--explain",
        type=at_least(0),
        default=0,
        metavar="K",
        help="also show the K most similar known digits, and similar past mistakes",
    )
    p.add_argument(
        "--gallery",
        metavar="DIR",
        help="with --explain: the gallery of known digits, by folder, name or address (default: the one that ships)",
    )
    p.add_argument(
        "--sheet",
        type=Path,
        metavar="OUT.png",
        help="also draw a contact sheet: each image, what the network saw of it, and the answer",
    )
    p.add_argument("--field", action="store_true", help="read a row of digits from each image")
    p.add_argument(
        "--length", type=at_least(1), metavar="N", help="with --field: how many digits the row has"
    )
    p.add_argument(
        "--allowed",
        type=digits,
        metavar="1-9",
        help="the digits that can occur, such as 1-9 or 0,1,5; all others are refused",
    )
    add_model(p)
    add_max_error(p)
    p.add_argument(
        "--max-pixels",
        type=at_least(1),
        default=MAX_PIXELS,
        metavar="N",
        help="refuse to open images of more pixels (default: %(default)s)",
    )
    p.add_argument(
        "--threads",
        type=at_least(1),
        metavar="N",
        help="threads to use (default: as many as there are cores)",
    )
    p.add_argument("--version", action="version", version=f"recognize {__version__}")
    return p


def check(args: argparse.Namespace) -> None:
    """Refuse options that don't go together, rather than drop one of them.

    Raises:
        UsageError: names the two options.
    """
    if args.length and not args.field:
        raise UsageError("--length needs --field: it says how many digits the row has")
    if args.gallery and not args.explain:
        raise UsageError("--gallery needs --explain: it says where the known digits are")
    if args.field and args.explain:
        raise UsageError("--explain can't be combined with --field")


def _singles(recognizer: Recognizer, paths: Iterator[str], args: argparse.Namespace) -> Iterator[FileReading]:
    asked: deque[str] = deque()

    def noted() -> Iterator[str]:
        for path in paths:
            asked.append(path)
            yield path

    for answer in recognizer.recognize_many(noted(), explain=args.explain, allowed=args.allowed):
        path = asked.popleft()
        if answer.error:
            answer = replace(answer, error=named_error(path, answer.error))  # noqa: PLW2901
        yield FileReading(path, (answer,), answer.error)


def _rows(recognizer: Recognizer, paths: Iterator[str], args: argparse.Namespace) -> Iterator[FileReading]:
    answers_of = partial(recognizer.recognize_field, length=args.length, allowed=args.allowed)
    for path in paths:
        try:
            reading = FileReading(path, answers_of(path))
        except RecognizerError as error:
            reading = FileReading(path, (), named_error(path, error))
        yield reading


def _for_programs(args: argparse.Namespace) -> Write:
    if args.json:
        return json_writer(sys.stdout, args.field)
    explained = args.explain > 0
    return csv_writer(sys.stdout, args.field, explained) if args.csv else plain_writer(sys.stdout, explained)


def _for_people(args: argparse.Namespace, known: Gallery | None, few: bool) -> Write:
    from rich.console import Console

    from recognizer.cli.terminal import Screen

    def glyph_of(path: str) -> Grey | None:
        try:
            return find_glyph(open_page(path, max_pixels=args.max_pixels)).image
        except RecognizerError:
            return None  # the file has gone since it was read

    screen = Screen(Console(file=sys.stdout, highlight=False), glyph_of, known)
    return screen.card if few else screen.line


def _sheet(args: argparse.Namespace, known: Gallery | None) -> Sheet | None:
    if args.sheet is None:
        return None
    from recognizer.cli.sheet import Sheet

    return Sheet(args.sheet, args.max_pixels, known)


def _finish(tally: Tally, sheet: Sheet | None, summary: bool) -> None:
    if summary:
        _tell(tally.summary())
    if sheet:
        sheet.file.close()
        _tell(sheet.file.summary())


def _tell(line: str) -> None:
    sys.stderr.write(f"recognize: {line}\n")


if __name__ == "__main__":
    sys.exit(main())
