"""How many files several processes read a second, each with a model of its own and one thread."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from recognizer import Recognizer
from recognizer.glyph.finder import without_opencv_threads

PART = 250  # files that a process gets at a time
_loaded: list[Recognizer] = []


def rate(model: str | None, files: Sequence[bytes], processes: int, rounds: int) -> float:
    """Files a second, from handing them to the processes to having their answers; the median of several rounds."""
    parts = [files[start : start + PART] for start in range(0, len(files), PART)]
    times = []
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _load, (model,)) as pool:
        for _ in range(rounds + 1):
            start = time.perf_counter()
            answered = sum(map(len, pool.map(_read, parts)))
            times.append(time.perf_counter() - start)
            assert answered == len(files)
    return len(files) / statistics.median(times[1:])


def _load(model: str | None) -> None:
    without_opencv_threads()
    _loaded.append(Recognizer.load(model, threads=1))


def _read(files: Sequence[bytes]) -> list[tuple[int | None, float]]:
    return [(answer.digit, answer.confidence) for answer in _loaded[0].recognize_many(files)]
