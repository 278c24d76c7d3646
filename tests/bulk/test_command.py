"""The command ``recognizer bulk``: what is asked, and what is refused in a line."""

import re
import subprocess
from pathlib import Path

import pytest
from bulk_runs import COMMAND, LEFT_OPEN, code_of, parts, rows, same, table
from commands import ROOT, environment

from recognizer import Recognizer
from recognizer.bulk import Asked, recognize_bulk

pytestmark = LEFT_OPEN


@pytest.fixture
def empty(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)


def test_what_is_asked(here, tmp_path):
    files = sorted(map(str, Path("images/page 0").iterdir()))
    out = tmp_path / "out"
    recognize_bulk(files, out, asked=Asked(allowed={1, 2}, max_error=0.01, explain=2))
    found = rows(out)
    recognizer = Recognizer.load(max_error=0.01, threads=1)
    for file, answer in zip(files, recognizer.recognize_many(files, explain=2, allowed={1, 2}), strict=True):
        assert same(found[file], answer.to_dict())
        assert len(found[file]["neighbors"]) == 2
    assert {row["digit"] for row in found.values()} <= {1, 2, None}


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["t.parquet"], "name the column that has the images, with --column"),
        (["t.parquet", "--column", "none"], "has no column 'none', but image, id"),
        (["t.parquet", "--column", "id"], "name one that has the bytes of files"),
        (["empty"], "no image in the folder empty"),
        (["empty", "--column", "image"], "no Parquet file in the folder empty"),
        (["t.parquet", "--column", "image", "--model", "nowhere"], "nowhere"),
        (["t.parquet", "--column", "image", "--explain", "1", "--gallery", "nowhere"], "nowhere"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_usage_is_a_line(pages, capsys, arguments, message):
    table("t.parquet", image=pages[:2], id=[1, 2])
    assert code_of(*arguments, "--out", "out") == (3 if "nowhere" in message else 2)
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not parts("out")


def test_the_output_is_a_folder_of_answers_alone(pages, tmp_path, capsys):
    images = table(tmp_path / "t.parquet", image=pages[:2])
    options = ("--column", "image", "--out")
    assert code_of(images, *options, images) == 2
    assert "t.parquet is a file; name a folder" in capsys.readouterr().err
    assert code_of(images, *options, tmp_path) == 2
    assert "t.parquet: holds no answers of" in capsys.readouterr().err
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(pages[0])
    assert code_of(tmp_path / "photos", "--out", tmp_path / "photos") == 2
    assert "photos holds other files, such as a.png; name another folder" in capsys.readouterr().err
    assert [file.name for file in (tmp_path / "photos").iterdir()] == ["a.png"]
    assert code_of(images, *options, tmp_path / "out") == 0
    (part,) = (tmp_path / "out").glob("part-*")
    part.write_bytes(part.read_bytes()[:-9])
    assert code_of(images, *options, tmp_path / "out") == 2
    assert "remove it to have its images done again" in capsys.readouterr().err


def test_without_the_extra(here, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "daft" else name)
    assert code_of("images", "--out", tmp_path / "out") == 2
    assert capsys.readouterr().err == (
        "error: bulk work needs daft: pip install 'digit-recognizer-eleven[scale]'\n"
    )


def test_documents_tell_all_options():
    text = (ROOT / "docs" / "bulk.md").read_text(encoding="utf-8")
    done = subprocess.run(
        [*COMMAND, "--help"], env=environment(OMP_NUM_THREADS="1"), capture_output=True, text=True, check=True
    )
    options = set(re.findall(r"--[a-z-]+", done.stdout)) - {"--help"}
    assert {option for option in options if f"`{option}" not in text} == set()
