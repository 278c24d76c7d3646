"""Other processes: what a script says of a job, how long a command takes, and the memory that a process holds.

The standard library alone: scripts that run where little else is installed use it, too.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def measured_by(
    python: str | Path, script: str, job: Mapping[str, Any], threads: int | None = 1, **settings: str
) -> dict[str, Any]:
    """What a script beside this one says of a job, in a process of its own with that many threads.

    Args:
        python: the interpreter.
        script: its name; it reads the job as JSON from its first argument and prints an object as its last line.
        job: what to do.
        threads: how many threads numerical libraries may use; None for as many as they take.
        settings: further environment variables.
    """
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    limits = {name: str(threads) for name in names} if threads else {}
    done = subprocess.run(
        [str(python), str(Path(__file__).with_name(script)), json.dumps(dict(job))],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=with_project(**limits, **settings),
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def with_project(**settings: str) -> dict[str, str]:
    """The environment of a process that is to find this project, with its modules compiled as pip leaves them."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    found = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONDONTWRITEBYTECODE": ""}
    return {**os.environ, **found, **settings}


def seconds_of(command: Sequence[str], rounds: int) -> float:
    """Seconds of a process from start to end: the median of ``rounds``, after one that is not counted."""
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=with_project())
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def resident() -> int:
    """Bytes of memory that the process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def peak() -> int:
    """Bytes of memory that the process held at most; `getrusage` would count what its parent held."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024
