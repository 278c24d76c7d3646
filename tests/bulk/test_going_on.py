"""What is done again, and what is not, when a run was stopped or there is more to do."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from bulk_runs import COMMAND, LEFT_OPEN, N, code_of, parts, rows, table
from commands import environment
from hypothesis import given
from hypothesis import strategies as st

from recognizer.bulk import Asked, recognize_bulk
from recognizer.bulk.output import Done, _digests
from recognizer.errors import UsageError

pytestmark = LEFT_OPEN


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
            env=environment(OMP_NUM_THREADS="1"),
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


@given(st.sets(st.text(max_size=5)), st.lists(st.text(max_size=5)))
def test_done_is_a_set_of_names(done, asked):
    digests = Done([_digests(sorted(done))] if done else ())
    assert len(digests) == len(done)
    assert digests.missing(asked) == [name not in done for name in asked]
