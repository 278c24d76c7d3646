"""``recognizer ladder``: what each step from the simplest model to the one that ships is worth."""

from __future__ import annotations

import argparse

from recognizer.cli.arguments import add_training, work_folder
from recognizer.cli.common import need_training


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_training(parser, "configs/ladder.toml")


def run(args: argparse.Namespace) -> int:
    """Train and measure all rungs, and print their figures and gains."""
    need_training()
    from rich.console import Console

    from recognizer.data import find_data
    from recognizer.training.config import load_config
    from recognizer.training.ladder import as_tables, climb
    from recognizer.training.progress import Progress

    config = load_config(args.config)
    folder = work_folder(args)
    measured = climb(config, folder, find_data(args.data), args.workers, Progress())
    console = Console()
    # A table that is cut off where nobody looks at a terminal would be of no use.
    console.width = max(console.width, 120)
    for table in as_tables(measured):
        console.print(table)
    return 0
