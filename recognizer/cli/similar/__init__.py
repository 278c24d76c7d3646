"""The command `similar`: the images of a gallery that are most like these, and what keeps galleries in order."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from recognizer.cli.common import run_command
from recognizer.cli.similar.options import action_of, check, parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; on wrong usage argparse exits with 2."""
    return run_command(run, parser().parse_args(argv))


def run(args: argparse.Namespace) -> int:
    """Do what parsed arguments ask for; the exit code says whether all inputs could be read."""
    check(args)
    action = action_of(args)
    # Each is imported only when it is run: a search starts the sooner.
    if action == "search":
        from recognizer.cli.similar.search import search

        return search(args)
    if action == "build":
        from recognizer.cli.similar.build import build

        return build(args)
    if action == "duplicates":
        from recognizer.cli.similar.duplicates import duplicates

        return duplicates(args)
    from recognizer.cli.similar import upkeep

    run_action = {
        "reencode": upkeep.reencode,
        "remove": upkeep.remove,
        "prepare": upkeep.prepare,
        "verify": upkeep.verify,
    }[action]
    return run_action(args)
