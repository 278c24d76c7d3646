"""What a training run shows while it runs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from recognizer.training.loop import Watcher

SMOOTHING = 0.98


class Progress:
    """Progress bars on standard error, and a line for each thing worth keeping."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._start = time.monotonic()
        self._bars: Bars | None = None

    def stage(self, what: str, done: int, of: int) -> None:
        """Say how far the making of one kind of samples is."""
        if self.console.is_terminal:
            self.console.print(f"  {what}: {done}/{of}", end="\r" if done < of else "\n", highlight=False)
        elif done == of:
            self.note(what, {"chunks": of})

    def note(self, what: str, figures: Mapping[str, float]) -> None:
        """Keep a line of figures."""
        shown = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
        self.console.print(
            f"[{time.monotonic() - self._start:6.0f} s] {what}: {shown}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )

    @contextmanager
    def epochs(self, epochs: int, steps: int, what: str = "training") -> Iterator[Watcher]:
        """A bar over all steps with the running loss; gives the function that moves it."""
        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("epoch {task.fields[epoch]}  loss {task.fields[loss]:.4f}"), TimeRemainingColumn(),
        )  # fmt: skip
        running = 0.0
        with Bars(*columns, console=self.console, disable=not self.console.is_terminal) as bars:
            task = bars.add_task(what, total=epochs * steps, epoch=0, loss=0.0)

            def watch(epoch: int, step: int, loss: float) -> None:
                nonlocal running
                running = loss if running == 0.0 else SMOOTHING * running + (1 - SMOOTHING) * loss
                bars.update(task, completed=epoch * steps + step + 1, epoch=epoch + 1, loss=running)

            yield watch
