"""What tests of commands share: the environment of a process of its own, and the objects of ``--json``."""

import json
import os
from pathlib import Path

import recognizer

ROOT = Path(recognizer.__file__).parents[1]


def environment(**settings):
    """That of this process as it is now, in which this package can be imported from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **settings}


def objects(text):
    """What a command wrote, an object a line."""
    return [json.loads(line) for line in text.splitlines()]
