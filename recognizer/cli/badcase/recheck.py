"""``badcase recheck``: which cases does the model that is used now get right?"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from functools import partial

from recognizer import Recognizer
from recognizer.cli.arguments import add_model
from recognizer.cli.badcase.options import add_choice, add_store, chosen_cases, existing_store, number_of
from recognizer.cli.measuring import progress
from recognizer.feedback.ingest import recheck


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_choice(parser)
    add_model(parser)
    add_store(parser)


def run(args: argparse.Namespace) -> int:
    """Read the cases anew, and tell which states changed."""
    recognizer = Recognizer.load(args.model)
    with existing_store(args) as store:
        before = {case.id: case.state for case in chosen_cases(store, args)}
        recheck(store, recognizer, list(before), partial(progress, total=len(before)))
        changed = Counter(
            f"{before[case.id]} to {case.state}"
            for case in store.cases()
            if before.get(case.id, case.state) != case.state
        )
    what = ", ".join(f"{n} from {change}" for change, n in sorted(changed.items())) or "no state changed"
    sys.stdout.write(f"{number_of(len(before), 'case')} read by {recognizer.model}: {what}\n")
    return 0
