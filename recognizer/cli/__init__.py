"""The command ``recognizer COMMAND``: a module of this package for each, imported only when it is run.

Such a module has ``add_arguments(parser)``, which declares its options, and ``run(args) -> int``, which does
the work, raises ``RecognizerError`` and returns an exit code. Adding a command is a line in ``COMMANDS``.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from types import ModuleType

from recognizer import __version__
from recognizer.cli.common import run_command

COMMANDS = {
    "train": "train a model from a configuration",
    "evaluate": "measure a model on labelled images",
    "calibrate": "fit a model's operating point to your own images",
    "ladder": "train models from the simplest on, and measure what each gains",
    "models": "register models, choose the current one, roll back",
    "data": "fetch and check the images used in training",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; on wrong usage argparse exits with 2."""
    words = list(sys.argv[1:] if argv is None else argv)
    args = _parser(words).parse_args(words)
    return run_command(_module(args.command).run, args)


def _parser(words: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="recognizer",
        description="Train, measure and look after recognizers of single digits.",
        epilog="Exit codes: 0 done; 1 an input could not be read; 2 wrong usage; 3 no usable model or data.",
    )
    parser.add_argument("--version", action="version", version=f"recognizer {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    wanted = next((word for word in words if not word.startswith("-")), None)
    for name, purpose in COMMANDS.items():
        command = commands.add_parser(name, help=purpose, description=f"{purpose.capitalize()}.")
        if name == wanted:
            _module(name).add_arguments(command)
    return parser


def _module(command: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{command}")
