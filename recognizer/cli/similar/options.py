"""The command line of `similar`, and which of its options go together."""

from __future__ import annotations

import argparse
from pathlib import Path

from recognizer import __version__
from recognizer.cli.arguments import DATA, PATH, PathsParser, at_least
from recognizer.errors import UsageError
from recognizer.image.opening import MAX_PIXELS

K, MODE, ENGINE = 10, "precision", "auto"
_ACTIONS = ("build", "duplicates", "reencode", "remove", "verify")
# What each option is for; `--gallery` and `--threads` are for everything.
_FOR = {
    "paths": ("search",),
    "k": ("search",),
    "mode": ("search",),
    "engine": ("search",),
    "label": ("search",),
    "source": ("search",),
    "json": ("search", "duplicates"),
    "sheet": ("search", "duplicates"),
    "data": ("build",),
    "prepare": ("build", "prepare"),
    "max_pixels": ("search", "build"),
}
_NEEDS_GALLERY = ("reencode", "remove", "prepare")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = PathsParser(
        prog="similar",
        description="Show the images of a gallery that are most similar to yours, or make and manage galleries.",
        epilog="Exit codes: 0 all images were processed; 1 some could not be read; 2 wrong usage; "
        "3 no usable gallery, encoder or data.",
    )
    p.add_argument("paths", nargs="*", metavar="PATH", help=PATH)
    _searching(p.add_argument_group("searching"))
    _keeping(p.add_argument_group("making and managing galleries, instead of PATHs"))
    p.add_argument(
        "--gallery",
        metavar="DIR",
        help="the gallery: its folder, its name below RECOGNIZER_HOME, FILE.db of Milvus Lite, or "
        "milvus://HOST:PORT/COLLECTION (default: the starter gallery that ships; with --build: named after the folder)",
    )
    p.add_argument("--json", action="store_true", help="write one JSON object a line, in input order")
    p.add_argument("--sheet", type=Path, metavar="OUT.png", help="also draw a contact sheet")
    p.add_argument(
        "--max-pixels",
        type=at_least(1),
        metavar="N",
        help=f"refuse to open images of more pixels (default: {MAX_PIXELS})",
    )
    p.add_argument(
        "--threads",
        type=at_least(1),
        metavar="N",
        help="threads to use (default: 1 to search, otherwise as many as there are cores)",
    )
    p.add_argument("--version", action="version", version=f"similar {__version__}")
    return p


def _searching(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-k", type=at_least(1), metavar="K", help=f"how many similar images to show (default: {K})"
    )
    group.add_argument(
        "--mode",
        choices=("precision", "recall", "duplicates"),
        help="what to find: precision, the same character; recall, the same image, even if disturbed; duplicates, only "
        f"the same image or nearly the same (default: {MODE})",
    )
    group.add_argument(
        "--engine",
        choices=("auto", "exact", "pynndescent", "inverted", "milvus"),
        help=f"how to search (default: {ENGINE}, whichever takes less time)",
    )
    group.add_argument("--label", type=at_least(0), metavar="L", help="only images with this label")
    group.add_argument("--source", metavar="GLOB", help="only images whose source matches, such as 'form-A*'")


def _keeping(group: argparse._ArgumentGroup) -> None:
    actions = group.add_mutually_exclusive_group()
    actions.add_argument(
        "--build",
        metavar="FOLDER|mnist",
        help="add the images of a folder, or MNIST's 60,000 training images, to a gallery",
    )
    actions.add_argument(
        "--duplicates",
        action="store_true",
        help="list groups of images that are the same, or nearly the same",
    )
    actions.add_argument(
        "--reencode", action="store_true", help="encode a gallery again that another encoder made"
    )
    actions.add_argument("--remove", nargs="+", metavar="ID", help="remove images from a gallery")
    actions.add_argument(
        "--verify", action="store_true", help="check all files of a gallery against their checksums"
    )
    group.add_argument(
        "--prepare",
        action="store_true",
        help="build the index that makes many searches fast: alone, or after --build",
    )
    group.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help=f"with --build mnist: {DATA}",
    )


def action_of(args: argparse.Namespace) -> str:
    """What is asked for: "search", "build", "duplicates", "reencode", "remove", "verify" or "prepare"."""
    chosen = next((action for action in _ACTIONS if getattr(args, action)), None)
    return chosen or ("prepare" if args.prepare and not args.paths else "search")


def check(args: argparse.Namespace) -> None:
    """Refuse options that don't go together, rather than drop one of them; then fill in what is left out.

    Raises:
        UsageError: names what doesn't fit.
    """
    action = action_of(args)
    for option, purposes in _FOR.items():
        if _is_given(getattr(args, option)) and action not in purposes:
            raise UsageError(f"{_spelled(option)} can't be combined with {_spelled(action)}")
    if action == "search" and not args.paths:
        raise UsageError(
            "nothing to do: name images to search for, or give --build, --duplicates, --reencode, --remove or --verify"
        )
    if args.data and args.build != "mnist":
        raise UsageError("--data needs --build mnist: it says where MNIST is")
    if action in _NEEDS_GALLERY and not args.gallery:
        raise UsageError(f"{_spelled(action)} changes a gallery: name it with --gallery")
    args.k, args.mode, args.engine = args.k or K, args.mode or MODE, args.engine or ENGINE
    args.max_pixels = args.max_pixels or MAX_PIXELS


def _is_given(value: object) -> bool:
    return value is not None and value is not False and value != []  # 0 is a label


def _spelled(option: str) -> str:
    special = {"paths": "a PATH", "search": "a PATH", "k": "-k"}
    return special.get(option) or f"--{option.replace('_', '-')}"
