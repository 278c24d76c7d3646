"""The command ``recognizer COMMAND``; see `program`. Adding a command is a module here and a line in ``COMMANDS``."""

from __future__ import annotations

from collections.abc import Sequence

from recognizer.cli.program import Program

COMMANDS = {
    "train": "train a model from a configuration",
    "specialists": "give a model specialists for the pairs that it confuses",
    "evaluate": "measure a model on labelled images",
    "calibrate": "fit a model's operating point to your own images",
    "ladder": "train models from the simplest on, and measure what each gains",
    "models": "register models, choose the current one, roll back",
    "bulk": "read very many images, into Parquet files",
    "serve": "answer over HTTP, with pages to look, draw, correct and review",
    "report": "write the report: one page, and a model card, of all figures",
    "starter": "write the gallery of known digits that ships",
    "data": "fetch and check the images used in training",
}

PROGRAM = Program(
    "recognizer",
    "Train, measure and look after recognizers of single digits.",
    "0 done; 1 an input could not be read; 2 wrong usage; 3 no usable model or data",
    "recognizer.cli",
    COMMANDS,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; on wrong usage argparse exits with 2."""
    return PROGRAM.main(argv)
