"""On the way to another model: cases are read anew, diagnosed and learnt from."""

from commands import objects
from labelled_images import png, write_folder

from recognizer.cli.badcase import main


def test_recheck_tells_what_changed(badcase, tmp_path):
    write_folder(tmp_path / "meters", range(5))
    badcase("ingest", "meters")
    assert badcase("recheck").startswith("5 cases read by eleven@1, ")
    assert badcase("recheck").endswith(": no state changed\n")


def test_what_another_model_gets_right_is_confirmed(badcase, image, tmp_path, capsys):
    from bundles import copy_of_shipped

    path, label = image
    point = {"name": "none", "threshold": 2.0, "coverage": 0.0, "error": 0.0}
    copy_of_shipped(tmp_path / "strict", operating_point=point, version="strict")
    assert badcase("add", path, "--label", label, "--model", "strict") == "img.png: case 1, bad\n"
    assert main(["list"]) == 0
    assert "1 of these were last read by another model than the current one" in capsys.readouterr().err
    told = badcase("recheck")
    assert told.endswith(": 1 from bad to confirmed\n")
    assert main(["list", "--state", "confirmed"]) == 0
    assert capsys.readouterr().err == ""


def test_diagnose_proposes_and_draws(badcase, tmp_path):
    folder = write_folder(tmp_path / "meters", range(40))
    for number in range(100, 104):  # under a label that is not theirs
        content, label = png(number)
        (folder / str((label + 1) % 10) / f"{number}.png").write_bytes(content)
    badcase("ingest", "meters")
    mislabelled = {case["id"] for case in objects(badcase("list", "--state", "bad", "--json"))}
    said = objects(badcase("diagnose", "--json", "--sheet", "sheets"))
    assert {each["suspect"] for each in said if "suspect" in each} == mislabelled
    groups = [each for each in said if "proposal" in each]
    assert (groups[0]["name"], groups[0]["action"]) == ("likely label errors", "look")
    assert set(groups[0]["cases"]) == mislabelled
    assert len(list((tmp_path / "sheets").iterdir())) == len(groups)
    shown = badcase("diagnose").splitlines()
    assert shown[0].startswith("44 cases, 4 ")
    assert sum(line.startswith("look: case ") for line in shown) == 4
    badcase("diagnose", "--sheet", "sheets", code=2)


def test_without_a_candidate_there_is_nothing_to_promote(badcase, image, capsys):
    path, label = image
    badcase("add", path, "--label", label)
    assert main(["promote"]) == 2
    assert "badcase learn" in capsys.readouterr().err


def test_what_learning_needs_is_said(badcase, image, capsys, monkeypatch):
    path, label = image
    badcase("add", path, "--label", label)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["learn"]) == 2
    assert "pip install" in capsys.readouterr().err


def test_rollback_without_a_switch(capsys):
    assert main(["rollback", "--why", "nothing was switched"]) == 2
    assert "nothing to roll back to" in capsys.readouterr().err
