"""The examples are answered as the documents say."""

import re

import pytest
from documents import ROOT

from recognizer import Recognizer


def example_rows():
    text = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| [^|]+ \| (\w+) \|", text, re.MULTILINE)
    assert {name for name, _ in rows} == {path.name for path in (ROOT / "examples").iterdir()} - {"README.md"}
    return rows


@pytest.fixture(scope="module")
def shipped():
    return Recognizer.load()


@pytest.mark.parametrize(("name", "answer"), example_rows())
def test_examples_are_answered_as_said(name, answer, shipped):
    found = shipped.recognize(ROOT / "examples" / name)
    assert (found.reason or str(found.digit)) == answer


def test_row_is_read(shipped):
    found = shipped.recognize_field(ROOT / "examples" / "row-2706.png")
    assert [answer.digit for answer in found] == [2, 7, 0, 6]
