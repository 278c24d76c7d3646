"""``badcase rollback``: back to the model that was current before the last switch."""

from __future__ import annotations

import argparse
import sys

from recognizer.cli.badcase.options import add_store
from recognizer.registry.versions import Registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--why", required=True, metavar="TEXT", help="the reason, for the record")
    parser.add_argument("--who", metavar="NAME", help="who does it (default: the login name)")
    add_store(parser)


def run(args: argparse.Namespace) -> int:
    """Switch, ask that model about all cases anew, and tell its version."""
    from recognizer.feedback.promotion import refresh
    from recognizer.feedback.store import Store

    version = Registry().rollback(args.why, args.who)
    store = Store.find(args.store)
    if store:
        with store:
            refresh(store)
    sys.stdout.write(f"{version}\n")
    return 0
