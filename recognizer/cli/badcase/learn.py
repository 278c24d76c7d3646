"""``badcase learn``: a candidate, which is a copy of the current model that learnt from cases."""

from __future__ import annotations

import argparse
import json
import sys

from recognizer.cli.arguments import at_least
from recognizer.cli.badcase.options import add_store, existing_store, number_of
from recognizer.cli.common import need_training
from recognizer.image.named_files import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="the folder that contains mnist/, whose digits are shown again so that nothing is forgotten "
        "(default: RECOGNIZER_DATA; without MNIST, the digits of the starter gallery)",
    )
    parser.add_argument(
        "--seed", type=at_least(0), default=0, metavar="S", help="the random seed (default: %(default)s)"
    )
    parser.add_argument(
        "--workers",
        type=at_least(1),
        metavar="N",
        help="processes that make training samples (default: as many as there are cores)",
    )
    parser.add_argument("--json", action="store_true", help="print what was done as a JSON object")
    add_store(parser)


def run(args: argparse.Namespace) -> int:
    """Learn, and tell where the candidate is. The current model stays as it is."""
    need_training()
    from recognizer import Recognizer
    from recognizer.feedback.diagnosis import need_packages
    from recognizer.feedback.learning import candidate_folder, learn, prepare
    from recognizer.galleries import open_gallery
    from recognizer.training.learn import LearnConfig
    from recognizer.training.progress import Progress
    from recognizer.training.replay import ReplayConfig, prepare_replay

    need_packages()
    recognizer = Recognizer.load()
    with existing_store(args) as store:
        material = prepare(store, recognizer, open_gallery())
    progress, bundle = Progress(), recognizer.bundle
    pools = prepare_replay(bundle, ReplayConfig(), progress, args.data, args.workers)
    folder = candidate_folder()
    said = learn(bundle, material, pools, LearnConfig(seed=args.seed), progress, folder)
    if args.json:
        sys.stdout.write(json.dumps({"candidate": str(folder), **said}, ensure_ascii=False) + "\n")
        return 0
    for each in said["proposals"]:
        sys.stderr.write(
            f"{printable(each['group'])}: {number_of(each['cases'], 'case')}, {each['proposal']}\n"
        )
    sys.stderr.write(
        f"learnt from {number_of(len(said['learn']), 'case')} in {said['seconds']} s, "
        f"to be judged by {len(said['judge'])}; {len(said['look'])} are left out, their labels are in doubt\n"
    )
    if not said["share"]:
        sys.stderr.write("stage one could learn none of it without forgetting more than is allowed\n")
    sys.stdout.write(f"{printable(str(folder))}\n")
    return 0
