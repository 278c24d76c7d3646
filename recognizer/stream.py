"""Many images, chunk by chunk on several threads, and answered in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

Image = TypeVar("Image")
Taken = TypeVar("Taken")
Opened = TypeVar("Opened")
Found = TypeVar("Found")
Answer = TypeVar("Answer")

CHUNK = 64  # images that one step takes at a time
AHEAD = 2  # chunks that are opened while another is searched


class Steps(NamedTuple, Generic[Image, Taken, Opened, Found, Answer]):
    """The steps from images to answers.

    Attributes:
        take: reads what is needed of an image, in the caller's thread; afterwards the caller may change the image.
        open: decodes a chunk of images, mostly without Python's global lock.
        find: finds their glyphs; its many small calls hold the lock, so one thread makes them all.
        read: runs the network, without the lock.
    """

    take: Callable[[Image], Taken]
    open: Callable[[list[Taken]], list[Opened]]
    find: Callable[[list[Opened]], list[Found]]
    read: Callable[[list[Found]], list[Answer]]


def stream(
    images: Iterable[Image],
    steps: Steps[Image, Taken, Opened, Found, Answer],
    batch_size: int,
    threads: int,
) -> Iterator[Answer]:
    """One answer per image, lazily and in order.

    Args:
        images: taken as they are needed.
        steps: what to do with them; an error in one of them is the caller's.
        batch_size: the most images that are taken before the first answer is given.
        threads: how many threads work, this one among them.

    Raises:
        Exception: whatever the source of the images raises, once those that it gave before are answered.
    """
    size = max(1, min(CHUNK, batch_size // threads))
    failures: list[Exception] = []
    chunks = _chunks(images, steps.take, size, failures)
    first = next(chunks, [])
    if threads == 1 or len(first) < size:  # of few images there is nothing to share
        for chunk in chain([first] if first else [], chunks):
            yield from steps.read(steps.find(steps.open(chunk)))
    else:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(threads - 1, "recognize") as workers:
            yield from _shared(chain([first], chunks), steps, max(1, batch_size // size), workers, threads)
    if failures:
        raise failures[0]


def _chunks(
    images: Iterable[Image], take: Callable[[Image], Taken], size: int, failures: list[Exception]
) -> Iterator[list[Taken]]:
    """Chunks of ``size`` images. An error of their source ends them, and is put into ``failures``."""
    chunk: list[Taken] = []
    try:
        for image in images:
            chunk.append(take(image))
            if len(chunk) == size:
                yield chunk
                chunk = []
    except Exception as error:
        failures.append(error)
    if chunk:
        yield chunk


def _shared(
    chunks: Iterator[list[Taken]],
    steps: Steps[Image, Taken, Opened, Found, Answer],
    most: int,
    workers: ThreadPoolExecutor,
    threads: int,
) -> Iterator[Answer]:
    """This thread finds; the workers open and read, and this one as well where they don't keep up."""
    from concurrent.futures import Future

    opening: deque[tuple[list[Taken], Future[list[Opened]]]] = deque()
    reading: deque[Future[list[Answer]]] = deque()
    while True:
        room = min(AHEAD - len(opening), most - len(opening) - len(reading))
        for chunk in islice(chunks, max(0, room)):
            opening.append((chunk, workers.submit(steps.open, chunk)))
        if not opening:
            break
        chunk, opened = opening.popleft()
        found = steps.find(steps.open(chunk) if opened.cancel() else opened.result())
        if sum(not answers.done() for answers in reading) < threads:
            reading.append(workers.submit(steps.read, found))
        else:
            reading.append(Future())
            reading[-1].set_result(steps.read(found))
        while reading and (len(opening) + len(reading) >= most or reading[0].done()):
            yield from reading.popleft().result()
    while reading:
        yield from reading.popleft().result()
