"""What the commands that measure share: the options that name data, progress, and figures as text."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from recognizer.bundle import Bundle
from recognizer.cli.arguments import DATA, add_model, at_least
from recognizer.cli.common import UNREADABLE_EXIT
from recognizer.cli.progress import watched
from recognizer.image.named_files import printable
from recognizer.measure.evaluation import LISTED
from recognizer.measure.labelled import Choice, Labelled, Origin
from recognizer.measure.labelled_sources import ROOT_OPTION, SPECS, open_labelled, origin_of

Item = TypeVar("Item")


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that name a model and labelled data."""
    add_model(parser)
    parser.add_argument("--data", nargs="+", action="extend", required=True, metavar="SPEC", help=SPECS)
    parser.add_argument(ROOT_OPTION, metavar="DIR", help=DATA)
    parser.add_argument(
        "--limit",
        type=at_least(1),
        metavar="N",
        help="use at most N images of each data set, chosen at random (default: all)",
    )
    parser.add_argument(
        "--seed",
        type=at_least(0),
        default=0,
        metavar="S",
        help="the random seed of that choice and of rejects (default: %(default)s)",
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="the training configuration that rejects and mnist:validation follow (default: the model's own)",
    )


def open_sets(args: argparse.Namespace, bundle: Bundle) -> list[Labelled]:
    """The data sets that ``--data`` names, each once; all are found before the first is read."""
    from recognizer.training.config import load_config

    def origin() -> Origin:
        return Origin(load_config(args.config)) if args.config else origin_of(bundle)

    choice = Choice(args.root, args.limit, args.seed)
    return [open_labelled(spec, choice, origin) for spec in dict.fromkeys(args.data)]


def arguments_of(args: argparse.Namespace) -> dict[str, Any]:
    """The arguments as a metrics file holds them."""
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in vars(args).items()
        if name != "command"
    }


def progress(items: Iterable[Item], total: int) -> Iterator[Item]:
    """Pass items on, and show on a terminal how far they are."""
    return watched(items, lambda: total, sys.stderr) if sys.stderr.isatty() else iter(items)


def tell_problems(problems: Sequence[str]) -> int:
    """List what could not be used on standard error; returns the exit code."""
    for line in problems[:LISTED]:
        sys.stderr.write(f"{printable(line)}\n")
    if len(problems) > LISTED:
        sys.stderr.write(f"and {len(problems) - LISTED} more\n")
    return UNREADABLE_EXIT if problems else 0


def percent(share: float | None) -> str:
    """A share as text, such as "99.12 %"."""
    return "–" if share is None else f"{100 * share:.2f} %"


def counted(found: dict[str, Any]) -> str:
    """What `metrics.share_of` gives, as text: "12 of 9920, 0.12 % (0.07–0.21)"."""
    low, high = found["interval_95"]
    return f"{found['count']} of {found['n']}, {percent(found['share'])} ({100 * low:.2f}–{100 * high:.2f})"
