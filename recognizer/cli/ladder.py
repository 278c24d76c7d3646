"""``recognizer ladder``: what each step from the simplest model to the one that ships is worth."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from recognizer.cli.common import need_training


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--config", required=True, help="a TOML file, such as configs/ladder.toml")
    parser.add_argument("--data", help="the folder that holds mnist/ (default: RECOGNIZER_DATA)")
    parser.add_argument("--out", help="the folder to work in (default: runs/NAME of the configuration)")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes that make samples"
    )


def run(args: argparse.Namespace) -> int:
    """Train and measure all rungs, and print their figures and gains."""
    need_training()
    from rich.console import Console

    from recognizer.data import find_data
    from recognizer.training.config import load_config
    from recognizer.training.ladder import as_tables, climb
    from recognizer.training.progress import Progress

    config = load_config(args.config)
    folder = Path(args.out) if args.out else Path("runs") / Path(args.config).stem
    measured = climb(config, folder, find_data(args.data), max(1, args.workers), Progress())
    console = Console()
    # A table that is cut off where nobody looks at a terminal would be of no use.
    console.width = max(console.width, 120)
    for table in as_tables(measured):
        console.print(table)
    return 0
