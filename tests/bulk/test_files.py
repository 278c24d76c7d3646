"""Images in files, folders, patterns, lists and stores."""

import io
import json
import os
import sys
from collections import Counter
from pathlib import Path

import pytest
from bulk_runs import LEFT_OPEN, code_of, one_at_a_time, rows, same, table
from object_store import ObjectStore

from recognizer.bulk import recognize_bulk
from recognizer.errors import UsageError

pytestmark = LEFT_OPEN


def test_a_folder(here, tmp_path, capsys):
    out = tmp_path / "answers.parquet"
    assert code_of("images", "--out", out, "--json") == 1  # one file is no image
    told = json.loads(capsys.readouterr().out)
    found = rows(out)
    files = sorted(str(path) for path in Path("images").rglob("*.png"))
    assert sorted(found) == files
    good = [file for file in files if "bad" not in file]
    for file, answer in zip(good, one_at_a_time(good), strict=True):
        assert same(found[file], answer)
    bad = found[str(Path("images/page 1/bad.png"))]
    assert (bad["digit"], bad["rejected"], bad["scores"]) == (None, False, [])
    assert "bad.png: this PNG is damaged" in bad["error"]
    assert told == {
        "out": str(out),
        "skipped": 0,
        "accepted": sum(row["digit"] is not None for row in found.values()),
        "unreadable": 1,
        "refused": Counter(row["reason"] for row in found.values() if row["rejected"]),
    }


@pytest.mark.parametrize(
    ("inputs", "n"),
    [
        (["images/page 0"], 15),
        (["images/page 0/*.png"], 15),
        (["images/**/??.png"], 30),
        (["images/page 0/00.png", "images/page 1/01.png"], 2),
    ],
    ids=["folder", "pattern", "deep pattern", "files"],
)
def test_inputs(here, tmp_path, inputs, n):
    result = recognize_bulk(inputs, tmp_path / "out")
    assert len(rows(tmp_path / "out")) == result.tally.files == n
    assert not result.tally.unreadable


def test_a_list_on_standard_input(here, tmp_path, monkeypatch):
    names = "images/page 0/00.png\nimages/missing.png\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(names.encode())))
    assert code_of("-", "--out", tmp_path / "out") == 1
    found = rows(tmp_path / "out")
    assert list(found) == names.splitlines()
    assert "no such file" in found["images/missing.png"]["error"]


def test_a_file_whose_name_is_no_text(pages, tmp_path):
    (tmp_path / "in").mkdir()
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/in/\xff.png")).write_bytes(pages[0])
    except OSError:
        pytest.skip("this system's file names are text")
    for skipped in (0, 1):
        result = recognize_bulk([tmp_path / "in"], tmp_path / "out")
        assert (result.tally.unreadable, result.skipped) == (0, skipped)
    (name,) = rows(tmp_path / "out")
    assert name == f"file://{tmp_path}/in/%FF.png"
    again = recognize_bulk([tmp_path / "out"], tmp_path / "again", column="path")
    assert (again.tally.files, again.tally.unreadable) == (1, 0)
    assert list(rows(tmp_path / "again")) == [name]


def test_a_store(pages, tmp_path, monkeypatch):
    """Images, a table and answers in a store; a second run finds what is there."""
    table(tmp_path / "t.parquet", image=pages[:5])
    with ObjectStore().running() as store:
        store.objects |= {f"digits/scans/deep/{number}.png": page for number, page in enumerate(pages[:4])}
        store.objects |= {
            "digits/scans/note.txt": b"no image",
            "digits/scans/bad.png": b"\x89PNG\r\n\x1a\nno",
        }
        store.objects["digits/tables/t.parquet"] = (tmp_path / "t.parquet").read_bytes()

        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        out = "s3://digits/out"
        first = recognize_bulk(["s3://digits/scans/", "s3://digits/gone.png"], out)
        assert (first.tally.files, first.tally.unreadable, first.skipped) == (6, 2, 0)
        second = recognize_bulk(["s3://digits/tables/"], out, column="image")
        assert (second.tally.files, second.tally.unreadable, second.skipped) == (11, 2, 0)
        third = recognize_bulk(["s3://digits/tables/*.parquet"], out, column="image")
        assert (third.tally, third.skipped) == (second.tally, 5)
        with pytest.raises(UsageError, match="s3://digits/nothing/: no such files there"):
            recognize_bulk(["s3://digits/nothing/"], out)
        for name, content in store.objects.items():
            if name.startswith("digits/out/"):
                (tmp_path / "out").mkdir(exist_ok=True)
                (tmp_path / "out" / Path(name).name).write_bytes(content)
    found = rows(tmp_path / "out")
    images = {f"s3://digits/scans/deep/{number}.png": page for number, page in enumerate(pages[:4])}
    images |= {f"s3://digits/tables/t.parquet#{row}": page for row, page in enumerate(pages[:5])}
    assert found.keys() == {*images, "s3://digits/scans/bad.png", "s3://digits/gone.png"}
    for name, expected in zip(images, one_at_a_time(images.values()), strict=True):
        assert same(found[name], expected)
    assert "s3://digits/gone.png: can't be fetched (" in found["s3://digits/gone.png"]["error"]
