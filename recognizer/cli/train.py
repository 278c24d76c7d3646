"""``recognizer train``: from a configuration to a bundle."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from recognizer.cli.common import need_training


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--config", required=True, help="a TOML file, such as configs/default.toml")
    parser.add_argument("--data", help="the folder that holds mnist/ (default: RECOGNIZER_DATA)")
    parser.add_argument("--out", help="the folder to work in (default: runs/NAME of the configuration)")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes that make samples"
    )


def run(args: argparse.Namespace) -> int:
    """Train, and say where the bundle is. A run that was stopped goes on where it was."""
    need_training()
    from recognizer.data import find_data
    from recognizer.training.config import load_config
    from recognizer.training.progress import Progress
    from recognizer.training.run import Run

    config = load_config(args.config)
    folder = Path(args.out) if args.out else Path("runs") / Path(args.config).stem
    bundle = Run(config, folder, find_data(args.data), max(1, args.workers)).train(Progress())
    sys.stdout.write(f"{bundle}\n")
    return 0
