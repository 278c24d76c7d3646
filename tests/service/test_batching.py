"""Batches: what is done together and in which order, and bounds on waiting."""

import asyncio
import threading

import pytest

from recognizer.service.batching import Batcher, Lane
from recognizer.service.problems import BusyError


class Log:
    def __init__(self):
        self.sizes = []

    def began(self, images, waited_s):
        self.sizes.append(images)
        assert waited_s >= 0


def doubled(kind, items):
    return [(kind, 2 * item) for item in items]


def batcher(work=doubled, batch=8, most=100, patience=5.0):
    log = Log()
    return Batcher(work, batch, most, patience, log), log


def test_what_waits_is_done_together_and_in_order():
    async def scene():
        many, log = batcher()
        answers = await asyncio.gather(*(many.submit(number, "a") for number in range(20)))
        many.close()
        return answers, log.sizes

    answers, sizes = asyncio.run(scene())
    assert answers == [("a", 2 * number) for number in range(20)]
    assert sizes == [8, 8, 4]


def test_kinds_are_not_mixed():
    async def scene():
        many, _ = batcher()
        return await asyncio.gather(*(many.submit(number, number % 3) for number in range(9)))

    assert asyncio.run(scene()) == [(number % 3, 2 * number) for number in range(9)]


def test_an_error_reaches_those_it_concerns():
    def work(kind, items):
        if kind == "bad":
            raise ValueError("no")
        return items

    async def scene():
        many, _ = batcher(work)
        calls = [many.submit(1, "good"), many.submit(2, "bad"), many.submit(3, "good")]
        return await asyncio.gather(*calls, return_exceptions=True)

    first, second, third = asyncio.run(scene())
    assert (first, third) == (1, 3)
    assert isinstance(second, ValueError)


class Held:
    """Work that begins, and ends when it is let go."""

    def __init__(self):
        self.done, self.began, self.going = [], threading.Event(), threading.Event()

    def __call__(self, _, items):
        self.began.set()
        assert self.going.wait(30)
        self.done.extend(items)
        return items

    async def has_begun(self):
        assert await asyncio.to_thread(self.began.wait, 30)


def test_more_than_may_wait_is_refused_at_once():
    work = Held()

    async def scene():
        many, _ = batcher(work, batch=1, most=3)
        first = asyncio.create_task(many.submit(0, "a"))
        await work.has_begun()
        waiting = [asyncio.create_task(many.submit(number, "a")) for number in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await many.submit(9, "a")
        work.going.set()
        return await asyncio.gather(first, *waiting)

    assert asyncio.run(scene()) == [0, 0, 1, 2]


def test_what_waited_too_long_is_refused_and_not_done():
    work, patience = Held(), 1.0

    async def scene():
        many, _ = batcher(work, batch=1, patience=patience)
        calls = [asyncio.create_task(many.submit(number, "a")) for number in range(3)]
        await work.has_begun()
        await asyncio.sleep(patience + 0.1)
        work.going.set()
        return await asyncio.gather(*calls, return_exceptions=True)

    first, *others = asyncio.run(scene())
    assert first == 0
    assert all(isinstance(each, BusyError) for each in others)
    assert work.done == [0]


def test_a_lane_holds_so_many_images():
    work = Held()

    async def scene():
        lane = Lane(1, 10, 30.0)
        first = asyncio.create_task(lane.run(lambda: work(None, "a"), 8))
        await work.has_begun()
        with pytest.raises(BusyError):
            await lane.run(lambda: "b", 3)
        work.going.set()
        second = await lane.run(lambda: "c", 2)
        alone = await lane.run(lambda: "d", 99)  # what is too large for any queue is not refused for ever
        return await first, second, alone, lane.held

    assert asyncio.run(scene()) == ("a", "c", "d", 0)
