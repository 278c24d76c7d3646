"""What the README shows of a command's answers is what the model that ships answers."""

import subprocess
import sys

import pytest
from commands import ROOT, environment

BLOCK = "```console\n$ recognize examples/photo-4.png examples/tick.png | cat\n"


def test_the_first_answers_are_those_of_the_model_that_ships():
    shown = (ROOT / "README.md").read_text(encoding="utf-8").partition(BLOCK)[2].partition("```")[0]
    done = subprocess.run(
        [sys.executable, "-m", "recognizer.cli.recognize", "examples/photo-4.png", "examples/tick.png"],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows, wanted = ([line.split("\t") for line in text.splitlines()] for text in (done.stdout, shown))
    assert len(wanted) == 2
    for row, told in zip(rows, wanted, strict=True):
        assert float(row.pop(2)) == pytest.approx(float(told.pop(2)), abs=1e-4)
        assert row == told
