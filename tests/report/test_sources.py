"""The commands that make the files exist, and the document lists them; run as a program, this writes the list anew."""

import shlex
from pathlib import Path

import pytest

from recognizer import cli
from recognizer.report.sources import ALL

ROOT = Path(__file__).parents[2]


def table_of_commands():
    rows = ["| file | minutes | command |", "| --- | ---: | --- |"]
    rows += [f"| `{each.name}` | {each.minutes or '< 1'} | `{each.command}` |" for each in ALL]
    return "\n".join(rows)


def test_the_document_lists_the_commands():
    """To mend a difference: `python tests/report/test_sources.py` writes the table anew."""
    text = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    assert text.partition("<!-- sources -->\n")[2].partition("\n<!-- /sources -->")[0] == table_of_commands()


@pytest.mark.parametrize("source", ALL, ids=lambda source: source.name)
def test_commands_exist(source):
    words = shlex.split(source.command.partition(" >")[0])
    if words[0] == "python":
        assert (ROOT / words[1]).is_file()
        return
    cli.PROGRAM.parser(words[1:]).parse_args(words[1:])
    assert all((ROOT / word).is_file() for word in words if word.startswith("configs/"))


def write_table():
    file = ROOT / "docs" / "report.md"
    head, _, rest = file.read_text(encoding="utf-8").partition("<!-- sources -->\n")
    tail = rest.partition("<!-- /sources -->")[2]
    whole = f"{head}<!-- sources -->\n{table_of_commands()}\n<!-- /sources -->{tail}"
    file.write_text(whole, encoding="utf-8")


if __name__ == "__main__":
    write_table()
