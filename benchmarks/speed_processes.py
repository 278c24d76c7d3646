"""How many files several processes read a second, each with a model of its own and one thread."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext

from recognizer import Recognizer
from recognizer.compiled import in_python
from recognizer.glyph.finder import without_opencv_threads

PART = 250  # files that a process gets at a time
_loaded: list[Recognizer] = []


def rates(model: str | None, files: Sequence[bytes], processes: int, rounds: int) -> tuple[float, float]:
    """Files a second, from handing them to the processes to having their answers; and the same in Python alone.

    Both are medians of several rounds, taken in turn.
    """
    parts = [files[start : start + PART] for start in range(0, len(files), PART)]
    times: dict[bool, list[float]] = {True: [], False: []}
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _load, (model,)) as pool:
        for _ in range(rounds + 1):
            for with_native, taken in times.items():
                start = time.perf_counter()
                answered = sum(map(len, pool.map(_read, parts, [with_native] * len(parts))))
                taken.append(time.perf_counter() - start)
                assert answered == len(files)
    quick, slow = (len(files) / statistics.median(taken[1:]) for taken in times.values())
    return quick, slow


def _load(model: str | None) -> None:
    without_opencv_threads()
    _loaded.append(Recognizer.load(model, threads=1))


def _read(files: Sequence[bytes], with_native: bool) -> list[tuple[int | None, float]]:
    with nullcontext() if with_native else in_python():
        return [(answer.digit, answer.confidence) for answer in _loaded[0].recognize_many(files)]
