"""Options that several sub-commands of ``badcase`` share."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from recognizer.audit import plain
from recognizer.cli.arguments import add_model
from recognizer.feedback.cases import STATES, Case, Chosen, from_source
from recognizer.feedback.fields import FieldError, parse_label, parse_time

if TYPE_CHECKING:
    from recognizer.feedback.store import Store

_Value = TypeVar("_Value")


def add_store(parser: argparse.ArgumentParser) -> None:
    """Declare where the store is."""
    parser.add_argument(
        "--store",
        metavar="PLACE",
        help="the store of bad cases: a file, or postgresql://user@host/database "
        "(default: RECOGNIZER_STORE, or a file below RECOGNIZER_HOME)",
    )


def existing_store(args: argparse.Namespace) -> Store:
    """The store that the options name, which must be there."""
    from recognizer.feedback.store import Store

    return Store.existing(args.store)


def add_origin(parser: argparse.ArgumentParser, source: str) -> None:
    """Declare source and reporter, for reports that don't name theirs, and the model that is asked."""
    parser.add_argument("--source", metavar="NAME", help=f"where the images come from (default: {source})")
    parser.add_argument("--reporter", metavar="NAME", help="who reports them (default: the login name)")
    add_model(parser)
    parser.add_argument(
        "--json", action="store_true", help="write one JSON object a line for each row, once it is stored"
    )


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Declare which cases are meant."""
    parser.add_argument(
        "--state",
        choices=STATES,
        action="append",
        default=[],
        help="only cases in this state; may be repeated",
    )
    parser.add_argument(
        "--pair", type=_pair, metavar="3-8", help="only cases where one was read as the other"
    )
    parser.add_argument(
        "--label", type=label, metavar="L", help="only cases with this label: 0 to 9, or reject"
    )
    parser.add_argument(
        "--source", type=plain, metavar="GLOB", help="only cases whose source matches, such as 'meter-*'"
    )


def chosen(args: argparse.Namespace) -> Chosen:
    """The cases that the options mean, but for their sources."""
    return Chosen(tuple(args.state), args.pair, args.label)


def chosen_cases(store: Store, args: argparse.Namespace) -> Iterator[Case]:
    """The cases that the options mean."""
    return (case for case in store.cases(chosen(args)) if from_source(case.source, args.source))


def number_of(n: int, what: str) -> str:
    """A number of things, such as "1 case" or "2 cases"."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def label(text: str) -> int:
    """Parse a label: 0 to 9, or reject."""
    return _parsed(parse_label, text)


def moment(text: str) -> str:
    """Parse a time, such as 2026-03-01T12:00."""
    return _parsed(parse_time, text)


def _parsed(parse: Callable[[str], _Value], text: str) -> _Value:
    try:
        return parse(text)
    except FieldError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _pair(text: str) -> tuple[int, int]:
    parts = re.fullmatch(r"(\w+)-(\w+)", text)
    if not parts or parts[1] == parts[2]:
        raise argparse.ArgumentTypeError(f"{text!r} is not a pair such as 3-8 or 1-reject")
    return label(parts[1]), label(parts[2])
