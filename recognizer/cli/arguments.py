"""Options that several commands share, and parsers for the values of options."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from recognizer.errors import UsageError
from recognizer.stages.decide import allowed_digits

DATA = "the folder that contains mnist/ (default: RECOGNIZER_DATA)"
PATH = "an image file, a folder of images, a pattern such as 'scans/*.png', or - to read paths from standard input"


class PathsParser(argparse.ArgumentParser):
    """A parser for PATHs: if a file's name was taken for an option, the error says how to write it instead."""

    _words: Sequence[str] = ()

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """See argparse."""
        self._words = sys.argv[1:] if args is None else list(args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """See argparse."""
        file = next((word for word in self._words if word.startswith("-") and Path(word).is_file()), None)
        super().error(f"{message}; for the file {file} write ./{file}" if file else message)


def add_model(parser: argparse.ArgumentParser, default: str = "the current model") -> None:
    """Declare which model answers."""
    parser.add_argument(
        "--model",
        metavar="M",
        help="the model: the folder of a bundle, a registered version such as eleven@2, or shipped "
        f"(default: {default})",
    )


def add_max_error(parser: argparse.ArgumentParser) -> None:
    """Declare how sure an answer must be."""
    parser.add_argument(
        "--max-error",
        type=share,
        metavar="E",
        help="the share of accepted answers that may be wrong, such as 0.001; a smaller share refuses more images",
    )


def add_training(parser: argparse.ArgumentParser, example: str) -> None:
    """Declare what a command that trains reads, where it works, and on how many processors."""
    parser.add_argument(
        "--config", required=True, metavar="FILE", help=f"the configuration, a TOML file such as {example}"
    )
    parser.add_argument("--data", metavar="DIR", help=DATA)
    add_out(parser)
    parser.add_argument(
        "--workers",
        type=at_least(1),
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes that make samples (default: as many as there are cores)",
    )


def add_out(parser: argparse.ArgumentParser) -> None:
    """Declare where a command that trains works; see `work_folder`."""
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="the folder to work in (default: runs/ and the name of the configuration's file)",
    )


def work_folder(args: argparse.Namespace) -> Path:
    """Where a command that trains works."""
    return Path(args.out) if args.out else Path("runs") / Path(args.config).stem


def at_least(least: int) -> Callable[[str], int]:
    """A parser of whole numbers of ``least`` or more, for ``type=``; it raises `argparse.ArgumentTypeError`."""

    def whole(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text) or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} on")
        return int(text)

    return whole


def share(text: str) -> float:
    """Parse a share between 0 and 1, both excluded.

    Raises:
        ArgumentTypeError: it is none; argparse tells the user.
    """
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share between 0 and 1, such as 0.001")
    return value


def digits(text: str) -> frozenset[int]:
    """Parse a set of digits; see `allowed_digits`.

    Raises:
        ArgumentTypeError: it is none; argparse tells the user.
    """
    try:
        return allowed_digits(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
