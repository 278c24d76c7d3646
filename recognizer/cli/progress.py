"""Progress of a long run, on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

Item = TypeVar("Item")
PATIENCE_S = 2.0


def watched(
    items: Iterable[Item], total: Callable[[], int | None], stream: TextIO, patience_s: float = PATIENCE_S
) -> Iterator[Item]:
    """Pass items on; once they have taken two seconds, show how far they are.

    Args:
        items: passed on as they come.
        total: counts them in advance, or gives None; called only when progress is shown.
        stream: the terminal to draw on.
        patience_s: seconds before anything is shown.
    """
    started, progress = time.monotonic(), None
    try:
        for done, item in enumerate(items):
            yield item
            if progress is None and time.monotonic() - started > patience_s:
                progress = _start(total(), stream)
            if progress is not None:
                progress.update(progress.task_ids[0], completed=done + 1)
    finally:
        if progress is not None:
            progress.stop()


@contextmanager
def counted(total: int | None, stream: TextIO) -> Iterator[Callable[[int], None]]:
    """A function to be told how many are done, which a bar shows if ``stream`` is a terminal."""
    progress = _start(total, stream) if stream.isatty() else None

    def tell(done: int) -> None:
        if progress is not None:
            progress.update(progress.task_ids[0], completed=done)

    try:
        yield tell
    finally:
        if progress is not None:
            progress.stop()


def _start(total: int | None, stream: TextIO) -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TimeRemainingColumn,
    )

    # Standard output is left alone: it carries the answers, perhaps into another program.
    columns = (SpinnerColumn("line"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=Console(file=stream), transient=True, redirect_stdout=False)
    progress.add_task("", total=total)
    progress.start()
    return progress
