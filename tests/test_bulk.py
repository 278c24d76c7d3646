"""Very many images: what is read, what comes out, and what is done again when a run was stopped."""

import contextlib
import functools
import gc
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from object_store import ObjectStore
from pages import DIGITS, coded, page_of

import recognizer
from recognizer import Recognizer
from recognizer.bulk import Asked, recognize_bulk
from recognizer.bulk.output import Done, _digests
from recognizer.bulk.parts import Part, images_of, read_rows
from recognizer.bulk.plan import Plan
from recognizer.cli import main
from recognizer.errors import UsageError

ROOT = Path(recognizer.__file__).parents[1]
COMMAND = [sys.executable, "-c", "import sys; from recognizer.cli import main; sys.exit(main())", "bulk"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
N = 30
# Daft leaves the output of its processes open until they are collected.
pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def collected():
    yield
    gc.collect()


@pytest.fixture(scope="module")
def pages():
    """The bytes of image files."""
    return [coded(page_of(digit, 40), "PNG") for digit in DIGITS[:N]]


@pytest.fixture(scope="module")
def folder(pages, tmp_path_factory):
    """A folder with two folders of images, one of which holds a file that is no image."""
    home = tmp_path_factory.mktemp("bulk")
    for number, page in enumerate(pages):
        place = home / "images" / f"page {number % 2}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:02}.png").write_bytes(page)
    (home / "images" / "page 1" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    return home


@pytest.fixture
def empty(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """A table of the numbers to 40."""
    file = tmp_path_factory.mktemp("numbered") / "n.parquet"
    pq.write_table(pa.table({"n": range(40)}), file, row_group_size=6)
    return str(file)


def table(file, **columns):
    pq.write_table(pa.table(columns), file, row_group_size=7)
    return str(file)


def rows(out):
    """The answers in a folder, by name; none may be there twice."""
    found = pq.read_table(out).to_pylist()
    assert max(Counter(row["path"] for row in found).values(), default=1) == 1
    return {row["path"]: row for row in found}


def parts(out):
    return sorted(path.name for path in Path(out).glob("part-*.parquet"))


def one_at_a_time(images, **options):
    """What `Recognizer` says of the same images."""
    return [answer.to_dict() for answer in Recognizer.load(threads=1).recognize_many(images, **options)]


def same(row, answer):
    """Whether a row has all that an answer has."""
    row = {key: value for key, value in row.items() if key != "path"}
    assert row.keys() == answer.keys()
    assert row.pop("scores") == pytest.approx(answer["scores"], abs=1e-6)
    return row == {key: value for key, value in answer.items() if key != "scores"}


def code_of(*argv):
    try:
        return main(["bulk", *map(str, argv)])
    except SystemExit as stopped:
        return stopped.code


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
    assert name == f"{tmp_path}/in/\\xff.png"


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


@pytest.mark.parametrize(
    ("asked", "difference"),
    [
        (Asked(allowed={1, 2, 3}), "allowed"),
        (Asked(max_error=0.3), "model"),
        (Asked(explain=1), "explain"),
        (Asked(max_pixels=1 << 20), "max_pixels"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_answers_to_different_questions_are_not_mixed(here, tmp_path, asked, difference):
    recognize_bulk(["images/page 0/00.png"], tmp_path / "out")
    before = parts(tmp_path / "out")
    with pytest.raises(UsageError, match=f"has answers with {difference} .*; name another folder"):
        recognize_bulk(["images/page 0/02.png"], tmp_path / "out", asked=asked)
    assert parts(tmp_path / "out") == before


def test_another_run_does_what_is_new(here, pages, tmp_path):
    out, home = tmp_path / "out", tmp_path / "in"
    shutil.copytree("images/page 0", home)
    first = recognize_bulk([home], out)
    before = {name: (out / name).read_bytes() for name in parts(out)}
    (home / "01.png").write_bytes(pages[1])  # sorts between those that are done
    second = recognize_bulk([home], out)
    assert (first.skipped, second.skipped) == (0, 15)
    assert second.tally.files == len(rows(out)) == 16
    assert all((out / name).read_bytes() == content for name, content in before.items())
    assert recognize_bulk([home], out).tally == second.tally
    assert len(parts(out)) == 2


def test_rows_of_a_table_are_done_once(pages, tmp_path):
    file = table(tmp_path / "t.parquet", image=pages)
    out = tmp_path / "out"
    recognize_bulk([file], out, column="image", workers=1, part_rows=3)
    names = parts(out)
    for lost in (names[1], names[2], names[-1]):
        (out / lost).unlink()
    assert recognize_bulk([file], out, column="image", workers=1).skipped == N - 9
    assert sorted(rows(out)) == sorted(f"{file}#{row}" for row in range(N))


def test_what_could_not_be_read_is_tried_again(here, pages, tmp_path):
    out, home = tmp_path / "out", tmp_path / "in"
    home.mkdir()
    (home / "good.png").write_bytes(pages[0])
    (home / "late.png").write_bytes(b"")
    assert code_of(home, "--out", out) == 1
    (home / "late.png").write_bytes(pages[1])
    assert code_of(home, "--out", out) == 1  # only when asked: it may take long, and in vain
    assert code_of(home, "--out", out, "--retry") == 0
    assert [row["error"] for row in rows(out).values()] == [None, None]


class Stopped:
    """A run in a process of its own, to be stopped after some parts."""

    def __init__(self, out, *arguments):
        self.out = Path(out)
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, arguments), "--out", str(out)],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def after(self, n, number):
        """Send a signal to the process when there are n parts; returns its code and last line."""
        while self.process.poll() is None and len(parts(self.out)) < n:
            time.sleep(0.005)
        os.kill(self.process.pid, number)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors.splitlines()[-1:]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)], ids=["kill", "interrupt"]
)
def test_a_run_that_was_stopped_goes_on(pages, tmp_path, number, code):
    file = table(tmp_path / "t.parquet", image=pages * 30)
    out = tmp_path / "out"
    stopped = Stopped(out, file, "--column", "image", "--part", "10", "--workers", "1")
    assert stopped.after(3, number)[0] == code
    whole = [pq.read_table(out / name) for name in parts(out)]  # each can be read
    left = sum(part.num_rows for part in whole)
    assert 0 < left < 30 * N
    result = recognize_bulk([file], out, column="image", workers=1)
    assert (result.skipped, result.tally.files) == (left, 30 * N)
    assert len(rows(out)) == 30 * N
    assert not [path.name for path in out.iterdir() if path.name.endswith(".partial")]


def test_two_workers_and_clean_output(here, tmp_path):
    file = table(tmp_path / "t.parquet", image=[(here / "images/page 1/bad.png").read_bytes(), b"x"] * 300)
    out = tmp_path / "out"
    command = [*COMMAND, file, "--column", "image", "--workers", "2", "--out", str(out), "--json"]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert json.loads(done.stdout)["unreadable"] == len(rows(out)) == 600
    assert done.stderr == ""


def test_a_ray_cluster_of_two_workers(here, tmp_path):
    command = [*COMMAND, "images", "--ray", "local", "--workers", "2", "--part", "16", "--json"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out")],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["unreadable"] == 1
    recognize_bulk(["images"], tmp_path / "alone")
    found = rows(tmp_path / "out")
    bad = str(Path("images/page 1/bad.png"))
    assert found.pop(bad)["error"]
    assert found == {name: row for name, row in rows(tmp_path / "alone").items() if name != bad}
    assert len(parts(tmp_path / "out")) == 2
    assert {path.name for path in (tmp_path / "out").iterdir()} == {".lock", *parts(tmp_path / "out")}


def ray_workers(ancestor):
    """The processes of Ray that read images and that a process started, itself or by others."""
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(file.parent.name)] = int(file.read_text().rpartition(")")[2].split()[1])
    for process in parents:
        with contextlib.suppress(OSError):
            above = process
            while above in parents and above != ancestor:
                above = parents[above]
            if above == ancestor and b"ray::UDFActor" in Path(f"/proc/{process}/cmdline").read_bytes():
                yield process


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds processes in /proc")
def test_a_ray_worker_that_dies_is_replaced(pages, tmp_path):
    file = table(tmp_path / "t.parquet", image=pages * 300)
    command = [*COMMAND, file, "--column", "image", "--ray", "local", "--workers", "2", "--part", "100"]
    out = tmp_path / "out"
    with subprocess.Popen([*command, "--out", str(out)], env=ENVIRONMENT, stderr=subprocess.DEVNULL) as run:
        while run.poll() is None and len(parts(out)) < 4:
            time.sleep(0.05)
        os.kill(next(ray_workers(run.pid)), signal.SIGKILL)
        assert run.wait(300) == 0
    assert len(rows(out)) == 300 * N


def test_a_cluster_that_is_not_there(here, tmp_path, capsys):
    assert code_of("images", "--out", tmp_path / "out", "--ray", "127.0.0.1:1") == 2
    assert "--ray 127.0.0.1:1: can't be used here" in capsys.readouterr().err


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
    assert not parts("out") if Path("out").exists() else True


def test_the_output_is_a_folder_of_answers_alone(pages, tmp_path, capsys):
    images = table(tmp_path / "t.parquet", image=pages[:2])
    options = ("--column", "image", "--out")
    assert code_of(images, *options, images) == 2
    assert "t.parquet is a file; name a folder" in capsys.readouterr().err
    assert code_of(images, *options, tmp_path) == 2
    assert "t.parquet: holds no answers of" in capsys.readouterr().err
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


@given(st.sets(st.text(max_size=5)), st.lists(st.text(max_size=5)))
def test_done_is_a_set_of_names(done, asked):
    digests = Done([_digests(sorted(done))] if done else ())
    assert len(digests) == len(done)
    assert digests.missing(asked) == [name not in done for name in asked]


@given(st.integers(0, 40), st.integers(0, 60))
def test_rows_are_those_asked_for(numbered, first, count):
    found = [value for batch in read_rows(numbered, "n", first, count) for value in batch]
    assert found == list(range(40))[first : first + count]


@given(
    st.lists(st.integers(1, 3000), max_size=5),
    st.integers(1, 8),
    st.integers(1, 2000),
)
def test_parts_are_all_rows_once(lengths, workers, most):
    spans = [Part(0, f"file {i}", "image", 7, rows, f"{i}", "") for i, rows in enumerate(lengths)]
    cut = Plan(sum(lengths), 0, spans).parts(workers, most)
    assert [part.number for part in cut] == list(range(len(cut)))
    assert all(1 <= part.rows <= most for part in cut)
    rows_of = [(part.file, part.first + i) for part in cut for i in range(part.rows)]
    assert rows_of == [(f"file {i}", 7 + j) for i, rows in enumerate(lengths) for j in range(rows)]


def test_no_more_images_are_held_than_a_batch(pages, tmp_path):
    file = table(tmp_path / "t.parquet", image=pages * 10)
    held = [len(batch) for batch in images_of(Part(0, file, "image", 3, 200, "t", ""))]
    assert sum(held) == 200
    assert max(held) <= 64


def test_documents_tell_all_options():
    text = (ROOT / "docs" / "bulk.md").read_text(encoding="utf-8")
    done = subprocess.run([*COMMAND, "--help"], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    options = set(re.findall(r"--[a-z-]+", done.stdout)) - {"--help"}
    assert {option for option in options if f"`{option}" not in text} == set()
