"""The command ``badcase COMMAND``; see `program`. Adding a command is a module here and a line in ``COMMANDS``."""

from __future__ import annotations

from collections.abc import Sequence

from recognizer.cli.program import Program

COMMANDS = {
    "add": "store an image with what it shows",
    "ingest": "store many, from a folder or a table",
    "list": "list cases, or count reports over time",
    "show": "show all that is known of a case",
    "label": "settle what a case shows",
    "similar": "show past mistakes that look like an image",
    "diagnose": "find patterns, doubtful labels, and what to do",
    "learn": "make a candidate that learnt from cases",
    "promote": "make the candidate the current model, if it is better",
    "rollback": "go back to the model before",
    "export": "write images and a table to a folder",
    "recheck": "read all cases with the current model",
}
PROGRAM = Program(
    "badcase",
    "Keep images that were read wrongly, with who said so.",
    "0 done; 1 some rows or images were refused, the others stored, or the candidate was; 2 wrong usage; "
    "3 no usable model or store",
    __name__,
    COMMANDS,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; on wrong usage argparse exits with 2."""
    return PROGRAM.main(argv)
