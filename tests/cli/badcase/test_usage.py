"""Help, and what is refused."""

import pytest
from bundles import copy_of_shipped

from recognizer.cli.badcase import COMMANDS, main


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["nothing"],
        ["add"],
        ["add", "x.png"],
        ["list", "--state", "good"],
        ["show", "x"],
        ["add", "x", "--label", "11"],
        ["add", "x", "--label", "3", "--time", "now"],
    ],
)
def test_wrong_usage(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert "usage: badcase" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["--help"], ["--version"], *([command, "--help"] for command in COMMANDS)])
def test_help_and_version(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 0
    assert "badcase" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["list"], 3, "no bad cases are stored there"),
        (["show", "1"], 3, "no bad cases are stored there"),
        (["ingest", "nothing.csv"], 3, "no such file"),
        (["ingest", "nothing"], 2, "pass a folder, a .csv or .jsonl file, or - for standard input"),
        (["ingest", "-", "--model", "eleven@9"], 3, "no model is registered"),
        (["list", "--out", "x.png"], 2, "--out needs --trend"),
        (["list", "--by", "day"], 2, "--by needs --trend"),
        (["list", "--trend", "--state", "bad"], 2, "only be combined with --source"),
        (["list", "--store", "mysql://a@b/c"], 2, "mysql is not supported"),
        (["add", "x.png", "--label", "3", "--store", ":memory:"], 2, "would keep nothing"),
        (["promote", "--why", "w" * 501], 2, "why is longer than 500 characters"),
        (["rollback", "--why", "w" * 501], 2, "why is longer than 500 characters"),
    ],
)
def test_what_is_refused_is_one_line(argv, code, words, capsys, home):
    assert main(argv) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.count("\n") == 1
    assert not home.exists()


def test_a_case_that_is_not_there(badcase, image, capsys):
    badcase("add", image[0], "--label", image[1])
    for argv in (["show", "7"], ["label", "7", "3"]):
        assert main(argv) == 2
        assert capsys.readouterr().err == "error: there is no case 7: `badcase list` shows those there are\n"


@pytest.mark.parametrize(
    "change",
    [
        {"from": 5},
        {"learn": ["1"]},
        {"look": None},
        {"proposals": [{"group": "3-8"}]},
        {"validation_sha256": None},
        None,
    ],
)
def test_a_candidate_whose_description_makes_no_sense_is_one_line(change, capsys, home):
    said = {"from": "eleven@1", "at": "", "learn": [1], "look": [], "validation_sha256": ""}
    said |= {"proposals": [], "replayed": None, "seconds": 1.0}
    copy_of_shipped(home / "candidate", learning=change and said | change)
    assert main(["promote"]) == 3
    err = capsys.readouterr().err
    assert "damaged, its record of what it learnt is not valid: run `badcase learn` again" in err
    assert err.count("\n") == 1
