"""What every result states: date, hardware, versions, n and seed. And its tables, and timing.

A result is written twice: as Markdown for people, and beside it as a metrics file, which `recognizer report` reads.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from recognizer.files import write_whole
from recognizer.measure.record import as_text, hardware, make_record

RESULTS = Path(__file__).parent / "results"


class Facts(str):
    """The lines of a header, which remember their values."""

    __slots__ = ("values",)
    values: dict[str, object]

    def __new__(cls, values: Mapping[str, object]) -> Facts:
        """A line of Markdown for each."""
        made = super().__new__(cls, "\n".join(f"- {name}: {value}" for name, value in values.items()) + "\n")
        made.values = dict(values)
        return made


class Table(str):
    """A table in Markdown, which remembers its columns and rows."""

    __slots__ = ("columns", "rows")
    columns: list[str]
    rows: list[list[object]]

    def __new__(cls, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
        """The first column to the left, the others to the right."""
        marks = ["---", *["---:"] * (len(columns) - 1)]
        lines = (f"| {' | '.join(map(str, row))} |" for row in (columns, marks, *rows))
        made = super().__new__(cls, "\n".join(lines) + "\n")
        made.columns, made.rows = list(columns), [list(row) for row in rows]
        return made

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: cells are numbers or texts."""
        return {"columns": self.columns, "rows": [[_plain(cell) for cell in row] for row in self.rows]}


def _plain(cell: object) -> int | float | str:
    return cell if isinstance(cell, int | float | str) else str(cell)


def processor() -> str:
    """The processor's name and how many threads may run at once."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{hardware()['cpu']}, {usable} threads, {platform.system()}"


def command_line(
    doc: str | None, *, data: str | None = None, model: bool = False, seed: int | None = None
) -> argparse.ArgumentParser:
    """The command line of a benchmark, with the options that many have.

    Args:
        doc: the module's docstring, which ``--help`` shows.
        data: what the folder that ``--data`` names must hold; None without this option.
        model: whether there is a ``--model``, for `Recognizer.load`.
        seed: the default of ``--seed``; None without this option.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    if data is not None:
        parser.add_argument("--data", help=f"the folder that holds {data} (default: RECOGNIZER_DATA)")
    if model:
        parser.add_argument("--model", help="a bundle or a registered model (default: the current one)")
    if seed is not None:
        parser.add_argument("--seed", type=int, default=seed)
    return parser


def header(packages: Sequence[str], **facts: object) -> Facts:
    """Date, hardware, versions of Python and ``packages``, and further facts such as n and seed."""
    return Facts({
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "hardware": processor(),
        **_load(),
        "versions": ", ".join(
            [f"Python {platform.python_version()}", *(f"{p} {_version(p)}" for p in packages)]
        ),
        **facts,
    })  # fmt: skip


def _load() -> dict[str, str]:
    """The load average of the last minute, the benchmark included: times need a machine that is free."""
    return {"load": f"{os.getloadavg()[0]:.1f} at the end"} if hasattr(os, "getloadavg") else {}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table in Markdown; the first column to the left, the others to the right."""
    return Table(columns, list(rows))


def write(
    name: str,
    title: str,
    facts: Facts,
    *parts: str,
    figures: Mapping[str, Any] | None = None,
    record: Mapping[str, Any] | None = None,
) -> Path:
    """Write ``results/NAME.md`` from its parts, print it, and write ``results/NAME.json`` with the same.

    Args:
        name: of the files.
        title: of the result.
        facts: what `header` gives.
        parts: texts and tables, in order.
        figures: further ones for the metrics file alone, JSON-ready.
        record: the metrics file, where a command wrote one already; None to make it.
    """
    text = f"# {title}\n\n" + "\n".join((facts, *parts))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.md"
    path.write_text(text, encoding="utf-8")
    written = record or as_record(title, facts, parts, figures or {})
    write_whole(path.with_suffix(".json"), as_text(written).encode())
    print(text)
    return path


def as_record(title: str, facts: Facts, parts: Sequence[str], figures: Mapping[str, Any]) -> dict[str, Any]:
    """A metrics file of a benchmark: the ``parts`` among its figures are texts, and tables as columns and rows."""
    values = facts.values
    told = [part.to_dict() if isinstance(part, Table) else {"text": str(part)} for part in parts]
    command = str(values.get("command", "")).strip("`")
    record = make_record(title, command, {"seed": values.get("seed")}, [], {"parts": told, **figures})
    model = values.get("model")
    # n is given in words: how many, and of what.
    return record | {
        "n": values.get("n"),
        "model": {"name": str(model)} if model else None,
        "facts": {key: str(value) for key, value in values.items()},
    }


def seconds(call: Callable[[], object], rounds: int = 7, least: float = 0.05) -> float:
    """Seconds of one call: the median of ``rounds`` rounds, each with as many calls as take ``least``."""
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
