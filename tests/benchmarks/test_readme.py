"""The list of benchmarks is whole."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "benchmarks"


def test_every_file_is_in_the_list_and_every_name_in_it_is_there():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    named = {name for name in re.findall(r"`(\w+\.py|\w+/)`", text) if name not in {"examples/", "docs/"}}
    there = {path.name for path in FOLDER.glob("*.py")} | {
        f"{path.parent.name}/" for path in FOLDER.glob("*/*.py")
    }
    assert named == there
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (FOLDER / target).is_file(), target


def test_commands_and_nothing_else_stand_in_the_column_of_commands():
    lines = [line.split("|") for line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()]
    listed = {name for cells in lines if len(cells) > 3 for name in re.findall(r"\w+\.py", cells[2])}
    runs = {
        path.name for path in FOLDER.glob("*.py") if 'if __name__ == "__main__"' in path.read_text("utf-8")
    }
    assert listed == {name for name in runs if not name.endswith("_process.py")}
