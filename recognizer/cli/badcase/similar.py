"""``badcase similar``: the past mistakes that an image looks like."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from recognizer.cli.arguments import PATH, at_least
from recognizer.cli.badcase.options import add_store, existing_store
from recognizer.cli.common import UNREADABLE_EXIT
from recognizer.errors import RecognizerError
from recognizer.feedback.told import mistake
from recognizer.glyph.finder import glyph_or_error
from recognizer.image.named_files import NOTHING_LISTED, expand, named_error, printable

if TYPE_CHECKING:
    from recognizer.feedback.mistakes import Mistake

FAR = "this looks like no past mistake; the nearest:"
NOTHING = "this looks like no past mistake"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help=PATH)
    parser.add_argument(
        "-k", type=at_least(1), default=10, metavar="K", help="how many cases to show (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="write one JSON object a line")
    add_store(parser)


def run(args: argparse.Namespace) -> int:
    """Search; the exit code says whether all images could be read."""
    from recognizer.feedback.mistakes import PastMistakes

    failed = False
    with existing_store(args) as store:
        past = PastMistakes(store)
        path = None
        for path in expand(args.paths):
            glyph = glyph_or_error(path)
            if isinstance(glyph, RecognizerError):
                failed = True
                _tell(path, (), args.json, str(named_error(path, glyph)))
                continue
            found = past.similar(glyph.image[None], args.k)[0] if np.any(glyph.image) else []
            _tell(path, found, args.json)
    if path is None:
        sys.stderr.write(f"{NOTHING_LISTED}\n")
    return UNREADABLE_EXIT if failed else 0


def _tell(path: str, found: Sequence[Mistake], as_json: bool, error: str | None = None) -> None:
    from recognizer.feedback.mistakes import told

    if as_json:
        said = {
            "path": path,
            "told": told(found),
            "mistakes": [each.to_dict() for each in found],
            "error": error,
        }
        sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")
        return
    if error:
        sys.stderr.write(f"{error}\n")
        return
    sys.stdout.write(f"{printable(path)}: {told(found) or (FAR if found else NOTHING)}\n")
    for each in found:
        words = mistake(each.label, each.read)
        cells = (f"  case {each.case}", words, f"{each.similarity:.2f}", printable(each.source))
        sys.stdout.write("\t".join(cells) + "\n")
