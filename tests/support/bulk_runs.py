"""Bulk runs: the command in this process or one of its own, and what is in the folder of answers afterwards."""

import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recognizer import Recognizer
from recognizer.cli import main

COMMAND = [sys.executable, "-c", "import sys; from recognizer.cli import main; sys.exit(main())", "bulk"]
N = 30  # images in the folder
# Daft leaves the output of its processes open until they are collected.
LEFT_OPEN = pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")


def table(file, **columns):
    pq.write_table(pa.table(columns), file, row_group_size=7)
    return str(file)


def rows(out):
    """The answers in a folder, by name; none may be there twice."""
    found = pq.read_table(out).to_pylist()
    assert max(Counter(row["path"] for row in found).values(), default=1) == 1
    return {row["path"]: row for row in found}


def parts(out):
    return sorted(path.name for path in Path(out).glob("part-*.parquet"))


def one_at_a_time(images, **options):
    """What `Recognizer` says of the same images."""
    return [answer.to_dict() for answer in Recognizer.load(threads=1).recognize_many(images, **options)]


def same(row, answer):
    """Whether a row has all that an answer has."""
    row = {key: value for key, value in row.items() if key != "path"}
    assert row.keys() == answer.keys()
    assert row.pop("scores") == pytest.approx(answer["scores"], abs=1e-6)
    return row == {key: value for key, value in answer.items() if key != "scores"}


def code_of(*argv):
    try:
        return main(["bulk", *map(str, argv)])
    except SystemExit as stopped:
        return stopped.code
