"""``recognizer report``: one page and a model card, of figures that other commands wrote."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from recognizer.cli.arguments import DATA, add_model

CARD = Path("MODEL_CARD.md")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    from recognizer.report.sources import RESULTS, RUN

    add_model(parser)
    parser.add_argument(
        "--results", nargs="+", type=Path, default=list(RESULTS), metavar="DIR",
        help="folders to look for NAME.json and NAME/metrics.json in, in this order "
        f"(default: {' '.join(map(str, RESULTS))})",
    )  # fmt: skip
    parser.add_argument(
        "--run",
        type=Path,
        default=RUN,
        metavar="DIR",
        help=f"the folder of the model's training run (default: {RUN})",
    )
    parser.add_argument(
        "--data",
        metavar="DIR",
        help=f"for pictures: {DATA}",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("report.html"),
        metavar="FILE",
        help="the page (default: %(default)s)",
    )
    parser.add_argument(
        "--card", type=Path, metavar="FILE",
        help=f"the model card (default: {CARD}, unless that file exists already)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Gather what there is, write the files, and name what is missing."""
    from rich.console import Console

    from recognizer.audit import now
    from recognizer.files import write_whole
    from recognizer.pipeline import Recognizer
    from recognizer.report.card import to_markdown
    from recognizer.report.page import to_html
    from recognizer.report.sources import ALL, gather

    bundle = Recognizer.load(args.model).bundle
    material = gather(bundle, args.results, args.run, args.data)
    when = now()
    with Console(stderr=True).status("drawing the page"):
        pages = {args.out: to_html(material, when)}
        if args.card or not CARD.exists():
            pages[args.card or CARD] = to_markdown(material, when)
    for path, content in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content.encode())
        sys.stdout.write(f"{path}\n")
    if args.card is None and CARD not in pages:
        sys.stderr.write(f"{CARD} was left as it is: --card {CARD} replaces it\n")
    for name, problem in material.problems.items():
        sys.stderr.write(f"{name}: {problem}\n")
    missing = [source for source in ALL if source.name not in material.found]
    for source in missing:
        sys.stderr.write(f"missing: {source.name}; make it with: {source.command}\n")
    return 0
