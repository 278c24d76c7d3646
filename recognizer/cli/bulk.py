"""``recognizer bulk``: very many images, into a folder of Parquet files."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import NoReturn

from recognizer.bulk import PART_ROWS, Asked, Result, recognize_bulk
from recognizer.bulk.output import packed
from recognizer.cli.arguments import add_max_error, add_model, at_least, digits
from recognizer.cli.common import UNREADABLE_EXIT
from recognizer.cli.entry import INTERRUPTED
from recognizer.cli.progress import counted
from recognizer.errors import WorkerError
from recognizer.image.named_files import printable
from recognizer.image.opening import MAX_PIXELS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="an image file, a folder, a pattern, a URL, or - to read a list of them from standard input; "
        "with --column: Parquet files instead of images",
    )
    parser.add_argument(
        "--out",
        required=True,
        metavar="RESULTS.parquet",
        help="the folder for the answers, or its URL; images that it has answers to are skipped",
    )
    parser.add_argument(
        "--column",
        metavar="NAME",
        help="the column that holds the images: the bytes of files, or paths or URLs",
    )
    parser.add_argument("--json", action="store_true", help="print the counts as a JSON object")
    parser.add_argument(
        "--retry", action="store_true", help="try again to read images that could not be read before"
    )
    _add_engine(parser)
    _add_asked(parser)


def _add_engine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="run on this Ray cluster; local starts one on this machine (default: no Ray)",
    )
    parser.add_argument(
        "--workers",
        type=at_least(1),
        metavar="N",
        help="worker processes (default: as many as there are cores)",
    )
    parser.add_argument(
        "--part",
        type=at_least(1),
        default=PART_ROWS,
        metavar="N",
        help="the most images in one file of answers (default: %(default)s)",
    )


def _add_asked(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--allowed",
        type=digits,
        metavar="1-9",
        help="the digits that can occur, such as 1-9 or 0,1,5; all others are refused",
    )
    add_model(parser)
    add_max_error(parser)
    parser.add_argument(
        "--explain",
        type=at_least(0),
        default=0,
        metavar="K",
        help="also give the K most similar known digits",
    )
    parser.add_argument(
        "--gallery",
        metavar="DIR",
        help="with --explain: the gallery of known digits (default: the one that ships)",
    )
    parser.add_argument(
        "--max-pixels",
        type=at_least(1),
        default=MAX_PIXELS,
        metavar="N",
        help="refuse to open images of more pixels (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Answer all images that are not done; the exit code says whether all in the output could be read."""
    try:
        result = _run(args)
    except KeyboardInterrupt:
        _stop("interrupted; the same command goes on from here", INTERRUPTED)
    except WorkerError as error:
        _stop(str(error), error.exit_code)
    sys.stdout.write(_as_json(result) if args.json else _as_text(result))
    return UNREADABLE_EXIT if result.tally.unreadable else 0


def _stop(line: str, code: int) -> NoReturn:
    """End at once: the engine's threads are in the middle of work, and would abort an orderly end."""
    sys.stderr.write(f"error: {line}\n")
    sys.stderr.flush()
    os._exit(code)


def _run(args: argparse.Namespace) -> Result:
    asked = Asked(args.model, args.max_error, args.allowed, args.explain, args.gallery, args.max_pixels)
    with ExitStack() as stack:
        return recognize_bulk(
            args.inputs,
            args.out,
            column=args.column,
            asked=asked,
            ray=args.ray,
            workers=args.workers,
            part_rows=args.part,
            retry=args.retry,
            progress=_bar(stack),
        )


def _bar(stack: ExitStack) -> Callable[[int, int], None]:
    tell: list[Callable[[int], None]] = []

    def show(done: int, total: int) -> None:
        if not tell:
            tell.append(stack.enter_context(counted(total, sys.stderr)))
        tell[0](done)

    return show


def _as_json(result: Result) -> str:
    return json.dumps({"out": result.out, "skipped": result.skipped, **packed(result.tally)}) + "\n"


def _as_text(result: Result) -> str:
    before = f" ({result.skipped} of them were done before)" if result.skipped else ""
    return f"{printable(result.out)}: {result.tally.summary()}{before}\n"
