"""``badcase label``: someone settles what a case shows."""

from __future__ import annotations

import argparse
import sys

from recognizer.audit import whoami
from recognizer.cli.arguments import at_least
from recognizer.cli.badcase.options import add_store, existing_store
from recognizer.cli.badcase.options import label as parse_label


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("id", type=at_least(1), metavar="ID", help="the case's number")
    parser.add_argument("label", type=parse_label, metavar="LABEL", help="what it shows: 0 to 9, or reject")
    parser.add_argument("--reporter", metavar="NAME", help="who says so (default: the login name)")
    parser.add_argument("--note", default="", metavar="TEXT", help="the reason")
    add_store(parser)


def run(args: argparse.Namespace) -> int:
    """Settle, and tell the state that follows."""
    with existing_store(args) as store:
        case = store.decide(args.id, args.label, args.reporter or whoami(), args.note)
    sys.stdout.write(f"case {case.id}, {case.state}\n")
    return 0
