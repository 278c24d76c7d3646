"""What every result states: when, on what, with which versions, n and seed. And its tables, and timing."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def processor() -> str:
    """The processor's name and how many threads may run at once."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line.partition(":") for line in info.read_text().splitlines()]
        name = next((value.strip() for key, _, value in lines if key.strip() == "model name"), name)
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {usable} threads, {platform.system()}"


def header(packages: Sequence[str], **facts: object) -> str:
    """Lines of Markdown: date, hardware, versions of Python and ``packages``, and further facts such as n and seed."""
    lines = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "hardware": processor(),
        **_load(),
        "versions": ", ".join(
            [f"Python {platform.python_version()}", *(f"{p} {_version(p)}" for p in packages)]
        ),
        **facts,
    }
    return "\n".join(f"- {name}: {value}" for name, value in lines.items()) + "\n"


def _load() -> dict[str, str]:
    """How many processes ran on average in the last minute, these among them: times need a machine that is free."""
    return {"load": f"{os.getloadavg()[0]:.1f} at the end"} if hasattr(os, "getloadavg") else {}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown; the first column to the left, the others to the right."""
    marks = ["---", *["---:"] * (len(columns) - 1)]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in (columns, marks, *rows)) + "\n"


def write(name: str, title: str, *parts: str) -> Path:
    """Write ``results/NAME.md`` from its parts, and print it."""
    text = f"# {title}\n\n" + "\n".join(parts)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.md"
    path.write_text(text, encoding="utf-8")
    print(text)
    return path


def seconds(call: Callable[[], object], rounds: int = 7, least: float = 0.05) -> float:
    """Seconds of one call: the median of ``rounds`` rounds, each as many calls as take ``least`` seconds."""
    call()
    start = time.perf_counter()
    call()
    once = max(time.perf_counter() - start, 1e-7)
    calls = max(1, round(least / once))
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        times.append((time.perf_counter() - start) / calls)
    return statistics.median(times)
