"""Work of many requests, done together or in turn, with bounds on how much may wait and how long."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from recognizer.service.problems import BusyError

Item = TypeVar("Item")
Kind = TypeVar("Kind", bound=Hashable)
Result = TypeVar("Result")


class Watcher(Protocol):
    """Is told what happens in a queue."""

    def began(self, images: int, waited_s: float) -> None:
        """A batch began, whose first image had waited so long."""


@dataclass(slots=True)
class _Job(Generic[Item, Kind, Result]):
    item: Item
    kind: Kind
    since: float
    answer: asyncio.Future[Result] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Batcher(Generic[Item, Kind, Result]):
    """Does work on items that different requests bring, several at a time, on a thread of its own.

    An item never waits for others to come: as soon as the thread is free, all that wait are taken, up to ``batch`` of
    one kind. It only waits for what came before it: at most ``most_waiting`` items, and at most ``patience_s``.

    Args:
        work: does it, for items of one kind: a result for each, in order.
        batch: the most items that it takes at a time.
        most_waiting: the most items that may wait.
        patience_s: items that waited longer are refused.
        watcher: is told of each batch.
    """

    def __init__(
        self,
        work: Callable[[Kind, Sequence[Item]], Sequence[Result]],
        batch: int,
        most_waiting: int,
        patience_s: float,
        watcher: Watcher,
    ) -> None:
        self._work, self._batch, self._most, self._patience = work, batch, most_waiting, patience_s
        self._watcher = watcher
        self._waiting: deque[_Job[Item, Kind, Result]] = deque()
        self._working = False
        self._thread = ThreadPoolExecutor(1, "batch")

    @property
    def waiting(self) -> int:
        """How many items wait."""
        return len(self._waiting)

    async def submit(self, item: Item, kind: Kind) -> Result:
        """The result for an item.

        Raises:
            BusyError: there are too many before it, or they took too long.
        """
        if len(self._waiting) >= self._most:
            raise BusyError
        job: _Job[Item, Kind, Result] = _Job(item, kind, time.monotonic())
        self._waiting.append(job)
        if not self._working:
            self._working = True
            # After what else has arrived by now was read: it comes into the same batch.
            asyncio.get_running_loop().call_soon(self._next)
        return await job.answer

    def close(self) -> None:
        """End the thread once its work is done."""
        self._thread.shutdown()

    def _next(self) -> None:
        jobs = self._take()
        self._working = bool(jobs)
        if not jobs:
            return
        loop = asyncio.get_running_loop()
        kind, items = jobs[0].kind, [job.item for job in jobs]

        def work() -> None:
            try:
                outcome: Sequence[Result] | Exception = self._work(kind, items)
            except Exception as error:
                outcome = error
            loop.call_soon_threadsafe(self._done, jobs, outcome)

        self._thread.submit(work)

    def _take(self) -> list[_Job[Item, Kind, Result]]:
        now = time.monotonic()
        while self._waiting and self._late(self._waiting[0], now):
            self._waiting.popleft()
        jobs: list[_Job[Item, Kind, Result]] = []
        while self._waiting and len(jobs) < self._batch:
            if jobs and self._waiting[0].kind != jobs[0].kind:
                break
            job = self._waiting.popleft()
            if not self._late(job, now):
                jobs.append(job)
        if jobs:
            self._watcher.began(len(jobs), now - jobs[0].since)
        return jobs

    def _late(self, job: _Job[Item, Kind, Result], now: float) -> bool:
        if now - job.since > self._patience and not job.answer.done():
            job.answer.set_exception(BusyError())
        return job.answer.done()  # or the client went away

    def _done(self, jobs: list[_Job[Item, Kind, Result]], outcome: Sequence[Result] | Exception) -> None:
        for number, job in enumerate(jobs):
            if job.answer.done():
                continue
            if isinstance(outcome, Exception):
                job.answer.set_exception(outcome)
            else:
                job.answer.set_result(outcome[number])
        self._next()


class Lane:
    """Longer work, a call at a time on each of some threads; the others wait, within the same bounds.

    Args:
        threads: how many calls may be in work.
        most_waiting: the most images that all calls together may hold.
        patience_s: calls that waited longer are refused.
    """

    def __init__(self, threads: int, most_waiting: int, patience_s: float) -> None:
        self._most, self._patience = most_waiting, patience_s
        self._threads = ThreadPoolExecutor(threads, "lane")
        self.held = 0

    async def run(self, call: Callable[[], Result], images: int = 1) -> Result:
        """The result of a call that is about so many images.

        Raises:
            BusyError: there is too much before it, or that took too long.
        """
        if self.held and self.held + images > self._most:
            raise BusyError
        since = time.monotonic()

        def begin() -> Result:
            if time.monotonic() - since > self._patience:
                raise BusyError
            return call()

        self.held += images
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, begin)
        finally:
            self.held -= images

    def close(self) -> None:
        """End the threads once their work is done."""
        self._threads.shutdown()
