"""A better candidate is promoted, and rolled back; others are not."""

import json
import re

import pytest
from learning_cases import fill, learnt, verdict_of

from recognizer import Recognizer
from recognizer.cli.badcase import main
from recognizer.errors import UsageError
from recognizer.feedback.cases import Chosen
from recognizer.feedback.learning import candidate_folder, prepare
from recognizer.feedback.promotion import GALLERY, promote, read_candidate
from recognizer.galleries import galleries_folder, open_gallery
from recognizer.registry.versions import Registry


def test_a_better_candidate_is_promoted_and_rolled_back(store, capsys):
    current, _, said = learnt(store)
    watch = Registry().watch()
    verdict = verdict_of(store, current)
    assert verdict.passed, [each.to_dict() for each in verdict.checks]
    version = promote(store, verdict, "upside-down sevens", "ann")
    assert watch.changed()
    assert Registry().current == version
    assert Recognizer.load().bundle.name == version
    (event,) = [each for each in Registry().history() if each.action == "use" and each.version == version]
    assert (event.who, event.why) == ("ann", "upside-down sevens")
    cases = list(store.cases())
    assert {case.answer.model.partition(",")[0] for case in cases} == {version}
    assert {case.state for case in cases} <= {"learnt", "judged", "bad", "confirmed"}
    assert {case.id for case in store.cases(Chosen(used_for="learn"))} == set(said["learn"])
    assert len(open_gallery(galleries_folder() / GALLERY)) == sum(
        case.label < 10 for case in cases if case.id in said["learn"]
    )
    assert main(["rollback", "--why", "an example"]) == 0
    assert capsys.readouterr().out.strip() == Registry().current == current.name
    assert {case.answer.model.partition(",")[0] for case in store.cases()} == {current.name}


def test_a_candidate_of_another_model_is_refused(store, base):
    learnt(store)
    registry = Registry()
    registry.use("shipped", "meanwhile")
    with pytest.raises(UsageError, match="learn` again"):
        read_candidate(candidate_folder(), registry.open())


def test_earlier_judged_cases_are_judged_again(store):
    current, _, _ = learnt(store)
    promote(store, verdict_of(store, current), "first")
    fill(store, seed=50)
    Registry().rollback("to learn once more")
    current, _, _ = learnt(store)
    names = [check.name for check in verdict_of(store, current).checks]
    assert "earlier judged cases, answer" in names


def test_nothing_is_learnt_where_no_candidate_could_be_better(store):
    current, _, _ = learnt(store)
    promote(store, verdict_of(store, current), "all that there was to learn")
    fill(store, seed=50)  # more of the same, which the model now has right
    with pytest.raises(UsageError, match="no candidate could be better"):
        prepare(store, Recognizer.load(), open_gallery())


def test_the_command_judges_switches_and_reports(store, capsys, tmp_path):
    current, _, _ = learnt(store)
    store.close()
    assert main(["promote", "--dry-run", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["passed"]
    assert said["version"] is None
    assert Registry().current == current.name
    page = tmp_path / "report.html"
    assert main(["promote", "--report", str(page)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == Registry().current != current.name
    html = page.read_text(encoding="utf-8")
    assert html.count("data:image/png;base64,") == len(said["changes"]) > 0
    assert not re.findall(r'(?:src|href)="(?!data:)', html)
    assert main(["promote"]) == 2  # it was made from the model before
    assert "learn` again" in capsys.readouterr().err
