"""Several workers, on this machine and on a Ray cluster."""

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from bulk_runs import COMMAND, LEFT_OPEN, N, code_of, parts, rows, table
from commands import environment
from hypothesis import given
from hypothesis import strategies as st

from recognizer.bulk import recognize_bulk
from recognizer.bulk.parts import Part
from recognizer.bulk.plan import Plan

pytestmark = LEFT_OPEN


def test_two_workers_and_clean_output(here, tmp_path):
    file = table(tmp_path / "t.parquet", image=[(here / "images/page 1/bad.png").read_bytes(), b"x"] * 300)
    out = tmp_path / "out"
    command = [*COMMAND, file, "--column", "image", "--workers", "2", "--out", str(out), "--json"]
    done = subprocess.run(
        command, env=environment(OMP_NUM_THREADS="1"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["unreadable"] == len(rows(out)) == 600
    assert done.stderr == ""


def test_a_ray_cluster_of_two_workers(here, tmp_path):
    command = [*COMMAND, "images", "--ray", "local", "--workers", "2", "--part", "16", "--json"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out")],
        env=environment(OMP_NUM_THREADS="1"),
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
    with subprocess.Popen(
        [*command, "--out", str(out)], env=environment(OMP_NUM_THREADS="1"), stderr=subprocess.DEVNULL
    ) as run:
        while run.poll() is None and len(parts(out)) < 4:
            time.sleep(0.05)
        os.kill(next(ray_workers(run.pid)), signal.SIGKILL)
        assert run.wait(300) == 0
    assert len(rows(out)) == 300 * N


def test_a_cluster_that_is_not_there(here, tmp_path, capsys):
    assert code_of("images", "--out", tmp_path / "out", "--ray", "127.0.0.1:1") == 2
    assert "--ray 127.0.0.1:1: can't be used here" in capsys.readouterr().err


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
