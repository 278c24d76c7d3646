"""The command ``recognizer models``: which models are registered, and which one is current."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from recognizer.cli.common import plain_table, table_console
from recognizer.registry.versions import Registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list the models")
    listing.add_argument("--history", action="store_true", help="list all changes instead: who, when, why")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    adding = actions.add_parser("add", help="register a model")
    adding.add_argument(
        "folder", type=Path, metavar="FOLDER", help="a bundle, as `recognizer train` writes it"
    )
    adding.add_argument("--use", action="store_true", help="also make it the current model")
    using = actions.add_parser("use", help="make a model the current one")
    removing = actions.add_parser("remove", help="delete a model that is not the current one")
    for action in (using, removing):
        action.add_argument("version", metavar="VERSION", help="such as eleven@2, or shipped")
    back = actions.add_parser("rollback", help="go back to the model that was current before")
    for action in (adding, using, removing, back):
        action.add_argument("--why", default="", metavar="TEXT", help="the reason, for the history")
        action.add_argument(
            "--who", metavar="NAME", help="who does it, for the history (default: the login name)"
        )


def run(args: argparse.Namespace) -> int:
    """Do what the arguments say, and tell the version concerned."""
    registry = Registry()
    if args.action == "list":
        _list(registry, args)
        return 0
    if args.action == "add":
        done = registry.register(args.folder, args.why, args.who).version
        if args.use:
            registry.use(done, args.why, args.who)
    elif args.action == "rollback":
        done = registry.rollback(args.why, args.who)
    else:
        done = getattr(registry, args.action)(args.version, args.why, args.who)
    sys.stdout.write(f"{done}\n")
    return 0


def _list(registry: Registry, args: argparse.Namespace) -> None:
    columns: tuple[str, ...]
    if args.history:
        rows = [asdict(event) for event in registry.history()]
        columns = ("at", "who", "action", "version", "before", "after", "why")
    else:
        rows = registry.catalogue()
        columns = ("current", "version", "origin", "at", "who", "why")
    if args.json:
        for row in rows:
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
    else:
        _table(rows, columns)


def _table(rows: list[dict[str, object]], columns: tuple[str, ...]) -> None:
    from rich.text import Text

    from recognizer.image.named_files import printable

    table = plain_table(*("" if column == "current" else column for column in columns))
    for row in rows:
        marked = {**row, "current": "*" if row.get("current") else "", "at": str(row["at"])[:19]}
        table.add_row(*(Text(printable(str(marked[column]))) for column in columns))
    table_console().print(table)
