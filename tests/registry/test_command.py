"""The command ``recognizer models``."""

import json

import pytest

from recognizer.cli import main


def told(capsys, *argv, code=0):
    assert main(["models", *map(str, argv)]) == code
    return capsys.readouterr().out


def test_the_command(registry, bundle, capsys):
    assert told(capsys, "add", bundle(0.8), "--why", "meters") == "eleven@2\n"
    assert told(capsys, "add", bundle(0.9), "--use", "--who", "ann") == "eleven@3\n"
    rows = [json.loads(line) for line in told(capsys, "list", "--json").splitlines()]
    assert [(row["version"], row["current"]) for row in rows] == [
        ("shipped", False),
        ("eleven@2", False),
        ("eleven@3", True),
    ]
    shown = told(capsys, "list")
    assert "meters" in shown
    assert [line.split()[1] for line in shown.splitlines() if line.startswith("*")] == ["eleven@3"]
    assert told(capsys, "rollback", "--why", "worse") == "shipped\n"
    assert told(capsys, "use", "eleven@2") == "eleven@2\n"
    assert told(capsys, "remove", "eleven@3") == "eleven@3\n"
    events = [json.loads(line) for line in told(capsys, "list", "--history", "--json").splitlines()]
    assert [event["action"] for event in events] == ["add", "add", "use", "rollback", "use", "remove"]
    assert "worse" in told(capsys, "list", "--history")


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["add", "nowhere"], 3, "no model there"),
        (["use", "eleven@9"], 3, "no model is registered"),
        (["rollback"], 2, "nothing to roll back to"),
        (["remove", "shipped"], 2, "can't be removed"),
        (["use", "shipped", "--why", "w" * 501], 2, "why is longer than 500 characters"),
    ],
)
def test_what_the_command_refuses_is_one_line(registry, capsys, argv, code, words):
    assert main(["models", *argv]) == code
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1
