"""``recognizer specialists``: stage two for a model, with proof of what it is worth."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from recognizer.cli.arguments import add_out, work_folder
from recognizer.cli.common import need_training


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--config",
        required=True,
        metavar="FILE",
        help="the configuration, a TOML file such as configs/specialists.toml",
    )
    parser.add_argument(
        "--run",
        required=True,
        metavar="DIR",
        help="the folder of the model's training run, which has the pools",
    )
    parser.add_argument(
        "--light",
        nargs="+",
        required=True,
        metavar="DIR",
        help="the folders of the training runs of light models (configs/light*.toml) on the same pools, "
        "the most important one first",
    )
    parser.add_argument(
        "--model", metavar="DIR", help="the model's bundle (default: the one in the folder of --run)"
    )
    add_out(parser)


def run(args: argparse.Namespace) -> int:
    """Make both models' specialists, print what they change, and say where the bundles are."""
    need_training()
    from recognizer.cli.stage_tables import show_stages
    from recognizer.training.progress import Progress
    from recognizer.training.specialists.config import load_specialist_config
    from recognizer.training.specialists.run import BUNDLE, SpecialistRun

    config = load_specialist_config(args.config)
    folder = work_folder(args)
    model = Path(args.model) if args.model else Path(args.run) / BUNDLE
    made = SpecialistRun(config, Path(args.run), tuple(map(Path, args.light)), model, folder).make(Progress())
    for name, figures in made.figures.items():
        show_stages({f"{name}, {what}": figures[key] for key, what in TITLES.items()})
    for path in made.bundles.values():
        sys.stdout.write(f"{path}\n")
    return 0


TITLES = {"out_of_fold": "out of fold", "validation": "validation pool"}
