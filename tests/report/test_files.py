"""Files that are missing, bad, of another model or in two folders."""

import json
import re

import numpy as np
import pytest
from report_files import evaluate, mislabelled, values_of
from report_pages import CARD, page_of, report

from recognizer.bundle import META, shipped_folder
from recognizer.cli import main
from recognizer.report.sources import ALL


def test_without_files_every_command_is_told(tmp_path, capsys):
    assert report(tmp_path, "--results", tmp_path, "--run", tmp_path, "--data", tmp_path / "none") == 0
    text, page = page_of(tmp_path)
    told = "".join(page.alerts)
    captured = capsys.readouterr()
    assert captured.out.split() == [str(tmp_path / "r.html"), str(tmp_path / "c.md")]
    for source in ALL:
        assert f"missing: {source.name}; make it with: {source.command}" in captured.err
        assert source.command in told
    known = values_of(shipped_folder() / META)
    assert all(value in known for value, _ in page.figures)
    assert re.search(r"No pictures: \S+ is missing: run ", told)
    assert re.findall(r"^## (.*)$", (tmp_path / "c.md").read_text(), re.MULTILINE) == list(CARD)
    assert text.endswith("</html>\n")


def test_a_card_that_is_there_is_written_anew_only_where_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    asked = ["report", "--results", "none", "--run", "none", "--data", "none"]
    card = tmp_path / "MODEL_CARD.md"
    assert main(asked) == 0
    assert capsys.readouterr().out.split() == ["report.html", "MODEL_CARD.md"]
    written = card.read_text(encoding="utf-8")
    card.write_text("mine\n", encoding="utf-8")
    assert main(asked) == 0
    assert card.read_text(encoding="utf-8") == "mine\n"
    out, err = capsys.readouterr()
    assert (out.split(), err.splitlines()[0]) == (
        ["report.html"],
        "MODEL_CARD.md was left as it is: --card MODEL_CARD.md replaces it",
    )
    assert main([*asked, "--card", "MODEL_CARD.md"]) == 0
    assert card.read_text(encoding="utf-8").splitlines()[3:] == written.splitlines()[3:]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "can't be read"),
        ("[]", "not a metrics file"),
        ('{"format": "recognizer-metrics", "format_version": 99}', "update the package"),
        ('{"format": "recognizer-metrics", "format_version": 1}', "is incomplete"),
    ],
)
def test_a_bad_file_is_told_and_stops_nothing(content, words, place, tmp_path, capsys):
    (tmp_path / "ladder.json").write_text(content)
    assert report(tmp_path, "--results", tmp_path, place[1], "--run", tmp_path) == 0
    assert words in "".join(page_of(tmp_path)[1].alerts)
    assert f"ladder: {tmp_path / 'ladder.json'}" in capsys.readouterr().err


def test_figures_of_another_shape_count_as_missing(place, tmp_path):
    record = json.loads((place[1] / "ladder.json").read_text())
    (tmp_path / "ladder.json").write_text(json.dumps(record | {"figures": {"rungs": []}}))
    assert report(tmp_path, "--results", tmp_path, "--run", tmp_path) == 0
    told = "".join(page_of(tmp_path)[1].alerts)
    assert "ladder.json: holds other figures than this version shows" in told


def test_figures_of_another_model_are_marked(place, tmp_path):
    record = json.loads((place[1] / "evaluation.json").read_text())
    assert "not with what this report is about" not in (place[0] / "r.html").read_text()
    record["model"] = {"name": "other@7", "files": {META: "1", "stage1.onnx": "2"}}
    (tmp_path / "evaluation.json").write_text(json.dumps(record))
    record = json.loads((place[1] / "search_schemes.json").read_text())
    record["facts"]["encoder"] = "old, 0123456789ab, 64 dense dimensions"
    (tmp_path / "search_schemes.json").write_text(json.dumps(record))
    assert report(tmp_path, "--results", tmp_path, "--run", tmp_path) == 0
    text = (tmp_path / "r.html").read_text()
    assert "Measured with other@7, not with what this report is about" in text
    assert "Measured with encoder old, 0123456789ab" in text
    assert "Measured with other@7" in (tmp_path / "c.md").read_text()


def test_mistakes_of_other_images_are_not_shown(tmp_path):
    file = mislabelled(tmp_path)
    evaluate(tmp_path, file)
    with np.load(file) as stored:
        np.savez(file, images=stored["images"][::-1], labels=stored["labels"])
    assert report(tmp_path, "--results", tmp_path, "--run", tmp_path) == 0
    text, page = page_of(tmp_path)
    assert "holds other images now than those that were measured" in "".join(page.alerts)
    assert 'alt="' + str(file) not in text
    assert "mistakes;" in text


def test_the_first_folder_comes_first_and_one_may_hold_a_folder_of_that_name(place, tmp_path):
    (tmp_path / "ladder").mkdir()
    record = json.loads((place[1] / "ladder.json").read_text())
    record["figures"]["rungs"][0]["rung"] = "first of all"
    (tmp_path / "ladder" / "metrics.json").write_text(json.dumps(record))
    assert report(tmp_path, "--results", tmp_path, place[1], "--run", place[2]) == 0
    assert "first of all" in (tmp_path / "r.html").read_text()
    assert report(tmp_path, "--results", place[1], tmp_path, "--run", place[2]) == 0
    assert "first of all" not in (tmp_path / "r.html").read_text()
