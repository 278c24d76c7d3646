"""The command ``recognizer COMMAND``; see `program`. Adding a command is a module here and a line in ``COMMANDS``."""

from __future__ import annotations

from collections.abc import Sequence

from recognizer.cli.program import Program

COMMANDS = {
    "train": "train a model from a configuration",
    "specialists": "add specialists for the pairs of classes that a model confuses",
    "evaluate": "measure a model on labelled images",
    "calibrate": "fit a model's temperature and threshold to your own images",
    "ladder": "train models from the simplest up, and measure what each step gains",
    "models": "register models, choose the current one, roll back",
    "bulk": "read very many images, and write the answers to Parquet files",
    "serve": "answer over HTTP, with web pages to draw digits, correct answers and review mistakes",
    "report": "write a page and a model card with all figures",
    "starter": "write the gallery of known digits that ships",
    "data": "fetch and check the images used in training",
}

PROGRAM = Program(
    "recognizer",
    "Train, measure and manage models that read single digits.",
    "0 done; 1 an input could not be read; 2 wrong usage; 3 no usable model or data",
    "recognizer.cli",
    COMMANDS,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; on wrong usage argparse exits with 2."""
    return PROGRAM.main(argv)
