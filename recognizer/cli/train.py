"""``recognizer train``: from a configuration to a bundle, or to an encoder."""

from __future__ import annotations

import argparse
import sys

from recognizer.cli.arguments import add_training, work_folder
from recognizer.cli.common import need_training


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_training(parser, "configs/default.toml")


def run(args: argparse.Namespace) -> int:
    """Train, and say where the bundle or the encoder is. A run that was stopped goes on where it was."""
    need_training()
    from recognizer.data import find_data
    from recognizer.training.config import make_config
    from recognizer.training.embedding.config import KIND, make_embedding_config
    from recognizer.training.embedding.run import EmbeddingRun
    from recognizer.training.progress import Progress
    from recognizer.training.run import Run
    from recognizer.training.settings import read_toml

    values = read_toml(args.config)
    folder = work_folder(args)
    if values.get("kind") == KIND:
        embedding = make_embedding_config(values, args.config)
        made = EmbeddingRun(embedding, folder, find_data(args.data)).train(Progress())
    else:
        config = make_config(values, args.config)
        made = Run(config, folder, find_data(args.data), args.workers).train(Progress())
    sys.stdout.write(f"{made}\n")
    return 0
