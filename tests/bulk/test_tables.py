"""Images in the columns of tables: contents, names and addresses."""

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bulk_runs import LEFT_OPEN, N, code_of, one_at_a_time, parts, rows, same, table
from hypothesis import given
from hypothesis import strategies as st

from recognizer.bulk import recognize_bulk
from recognizer.bulk.parts import Part, images_of, read_rows

pytestmark = LEFT_OPEN


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """A table of the numbers to 40."""
    file = tmp_path_factory.mktemp("numbered") / "n.parquet"
    pq.write_table(pa.table({"n": range(40)}), file, row_group_size=6)
    return str(file)


def test_a_column_of_images(pages, tmp_path):
    file = table(tmp_path / "t.parquet", id=range(N), image=[*pages[:8], None, b"", *pages[10:]])
    told = []
    result = recognize_bulk(
        [file],
        tmp_path / "out",
        column="image",
        workers=1,
        part_rows=4,
        progress=lambda *counts: told.append(counts),
    )
    assert told == [(done, N) for done in (4, 8, 12, 16, 20, 24, 28, 30)]
    found = rows(tmp_path / "out")
    assert list(found) == [f"{file}#{row}" for row in range(N)]
    assert len(parts(tmp_path / "out")) == len(told)
    errors = {name: row["error"] for name, row in found.items() if row["error"]}
    assert errors.keys() == {f"{file}#8", f"{file}#9"}
    assert errors[f"{file}#8"] == "no image: null"
    assert errors[f"{file}#9"].startswith(f"{file}#9: ")
    assert result.tally.unreadable == 2
    kept = [row for row in range(N) if row not in (8, 9)]
    for row, answer in zip(kept, one_at_a_time([pages[row] for row in kept]), strict=True):
        assert same(found[f"{file}#{row}"], answer)


def test_a_column_of_pairs(pages, tmp_path):
    """As image data sets are published: contents, and a name."""
    pairs = [{"bytes": page, "path": f"{i}.png"} for i, page in enumerate(pages[:3])]
    file = table(tmp_path / "t.parquet", image=pairs)
    assert recognize_bulk([file], tmp_path / "out", column="image").tally.unreadable == 0
    assert len(rows(tmp_path / "out")) == 3


def test_a_column_of_names(here, pages, tmp_path):
    first, second = (here / "images" / "page 0" / name for name in ("00.png", "02.png"))
    names = ["images/page 0/00.png", str(second), f"file://{quote(str(first))}", "gone.png", None]
    file = table(tmp_path / "t.parquet", name=names)
    assert code_of(file, "--column", "name", "--out", tmp_path / "out") == 1
    found = rows(tmp_path / "out")
    assert list(found) == [*names[:4], ""]
    assert [bool(row["error"]) for row in found.values()] == [False] * 3 + [True] * 2
    assert found[names[0]]["scores"] == found[names[2]]["scores"]


def test_a_column_of_urls(folder, tmp_path):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/images"
        names = [f"{address}/page%200/{name}.png" for name in ("00", "02", "missing")]
        names.append(f"{address}/page%201/bad.png")
        file = table(tmp_path / "t.parquet", url=names)
        recognize_bulk([file], tmp_path / "out", column="url")
        server.shutdown()
    found = rows(tmp_path / "out")
    assert [row["error"] is None for row in found.values()] == [True, True, False, False]
    assert f"{names[2]}: can't be fetched (" in found[names[2]]["error"]
    assert f"{names[3]}: this PNG is damaged" in found[names[3]]["error"]
    files = [folder / "images" / "page 0" / name for name in ("00.png", "02.png")]
    for name, answer in zip(names, one_at_a_time(files), strict=False):
        assert same(found[name], answer)


def test_a_folder_of_tables_one_of_them_damaged(pages, tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    good = table(tmp_path / "in" / "deep" / "b.parquet", image=pages[:3])
    whole = Path(table(tmp_path / "in" / "c.parquet", image=pages)).read_bytes()
    (tmp_path / "in" / "a.parquet").write_bytes(b"no table")
    # The first images are not what they were, the table's end is.
    (tmp_path / "in" / "c.parquet").write_bytes(whole[:4] + bytes(600) + whole[604:])
    recognize_bulk([tmp_path / "in"], tmp_path / "out", column="image", workers=1, part_rows=7)
    found = rows(tmp_path / "out")
    assert "can't be read as Parquet" in found[str(tmp_path / "in" / "a.parquet")]["error"]
    assert [found[f"{good}#{row}"]["error"] for row in range(3)] == [None] * 3
    damaged = [found[f"{tmp_path / 'in' / 'c.parquet'}#{row}"]["error"] for row in range(N)]
    assert [error is None for error in damaged] == [False] * 7 + [True] * (N - 7)
    assert "c.parquet: can't be read (" in damaged[0]
    assert len(damaged[0].splitlines()) == 1
    assert recognize_bulk([tmp_path / "in"], tmp_path / "out", column="image").skipped == N + 4


@given(st.integers(0, 40), st.integers(0, 60))
def test_rows_are_those_asked_for(numbered, first, count):
    found = [value for batch in read_rows(numbered, "n", first, count) for value in batch]
    assert found == list(range(40))[first : first + count]


def test_no_more_images_are_held_than_a_batch(pages, tmp_path):
    file = table(tmp_path / "t.parquet", image=pages * 10)
    held = [len(batch) for batch in images_of(Part(0, file, "image", 3, 200, "t", ""))]
    assert sum(held) == 200
    assert max(held) <= 64
