"""The command ``badcase COMMAND``; see `program`. Adding a command is a module here and a line in ``COMMANDS``."""

from __future__ import annotations

from collections.abc import Sequence

from recognizer.cli.program import Program

COMMANDS = {
    "add": "store images with the right answer",
    "ingest": "store many images with the right answers, from a folder or a table",
    "list": "list cases, or count reports over time",
    "show": "show everything about a case",
    "label": "settle the label of a case",
    "similar": "show past mistakes that look like an image",
    "diagnose": "find patterns and doubtful labels, and propose what to do",
    "learn": "make a candidate: a model that learnt from the cases",
    "promote": "make the candidate the current model if it is better",
    "rollback": "go back to the previous model",
    "export": "write images and a table of the cases to a folder",
    "recheck": "read the cases again with the current model",
}
PROGRAM = Program(
    "badcase",
    "Keep images that were read wrongly, and learn from them.",
    "0 done; 1 some rows or images were refused and the others stored, or the candidate was refused; 2 wrong usage; "
    "3 no usable model or store",
    __name__,
    COMMANDS,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; on wrong usage argparse exits with 2."""
    return PROGRAM.main(argv)
