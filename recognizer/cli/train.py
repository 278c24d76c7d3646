"""``recognizer train``: from a configuration to a bundle, or to an encoder."""

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
    """Train, and say where the bundle or the encoder is. A run that was stopped goes on where it was."""
    need_training()
    from recognizer.data import find_data
    from recognizer.training.config import make_config, read_toml
    from recognizer.training.embedding.config import KIND, make_embedding_config
    from recognizer.training.embedding.run import EmbeddingRun
    from recognizer.training.progress import Progress
    from recognizer.training.run import Run

    values = read_toml(args.config)
    folder = Path(args.out) if args.out else Path("runs") / Path(args.config).stem
    if values.get("kind") == KIND:
        embedding = make_embedding_config(values, args.config)
        made = EmbeddingRun(embedding, folder, find_data(args.data)).train(Progress())
    else:
        config = make_config(values, args.config)
        made = Run(config, folder, find_data(args.data), max(1, args.workers)).train(Progress())
    sys.stdout.write(f"{made}\n")
    return 0
