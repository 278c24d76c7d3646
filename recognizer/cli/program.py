"""A command that has sub-commands: a module for each, imported only when it is run.

Such a module has ``add_arguments(parser)``, which declares its options, and ``run(args) -> int``, which does the work,
raises ``RecognizerError`` and returns an exit code.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import NamedTuple

from recognizer import __version__
from recognizer.cli.arguments import PathsParser
from recognizer.cli.common import run_command


class Program(NamedTuple):
    """A command.

    Attributes:
        name: as it is called.
        description: what it is for.
        exit_codes: what they mean.
        package: where the modules of its sub-commands are.
        commands: what each of them is for, by name.
    """

    name: str
    description: str
    exit_codes: str
    package: str
    commands: Mapping[str, str]

    def main(self, argv: Sequence[str] | None = None) -> int:
        """Run a command line and return its exit code; on wrong usage argparse exits with 2."""
        words = list(sys.argv[1:] if argv is None else argv)
        args = self.parser(words).parse_args(words)
        return run_command(self._module(args.command).run, args)

    def parser(self, words: Sequence[str]) -> argparse.ArgumentParser:
        """The parser of a command line, with the options of the sub-command that it names."""
        parser = PathsParser(
            prog=self.name, description=self.description, epilog=f"Exit codes: {self.exit_codes}."
        )
        parser.add_argument("--version", action="version", version=f"{self.name} {__version__}")
        commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
        wanted = next((word for word in words if not word.startswith("-")), None)
        for name, purpose in self.commands.items():
            command = commands.add_parser(
                name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}."
            )
            if name == wanted:
                self._module(name).add_arguments(command)
        return parser

    def _module(self, command: str) -> ModuleType:
        return importlib.import_module(f"{self.package}.{command}")
