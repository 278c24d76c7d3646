"""Where the time of `recognize_many` goes, part by part, beside what the machine needs for the bare work."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from common import Table, seconds, table
from numpy.typing import NDArray

from recognizer import Recognizer
from recognizer.bundle import Bundle
from recognizer.glyph.clean import clean
from recognizer.glyph.clean_stack import clean_all
from recognizer.glyph.ink_stack import ink_maps
from recognizer.glyph.normalise import find_glyphs
from recognizer.image.opening import open_page
from recognizer.stages.both_stages import Stages
from recognizer.stages.network import Network
from recognizer.stream import CHUNK

SIDE = 1024  # of the matrices whose product shows what the processor can do


def parts(recognizer: Recognizer, files: Sequence[bytes]) -> Table:
    """Microseconds an image of each part on one thread, and of the bare work.

    Args:
        recognizer: of one thread.
        files: PNG files of small grey pages, all with ink.
    """
    pages = [open_page(file) for file in files]
    chunks = [pages[low : low + CHUNK] for low in range(0, len(pages), CHUNK)]
    inks = [ink_maps(chunk) for chunk in chunks]
    found = [find_glyphs(chunk) for chunk in chunks]
    glyphs = [np.stack([glyph.image for glyph in chunk]) for chunk in found]
    network, stages = Network.of(recognizer.bundle), Stages(recognizer.bundle)

    def spent(call: Callable[[Any], object], given: Sequence[Any]) -> float:
        return 1e6 * seconds(lambda: [call(each) for each in given]) / len(files)

    decoding = spent(open_page, files)
    ink = spent(ink_maps, chunks)
    marks = spent(clean_all, inks)
    marks_in_python = spent(lambda part: [clean(each) for each in part], inks)
    normalising = spent(find_glyphs, chunks)
    first, read = spent(network.first_logits, glyphs), spent(stages.read, glyphs)
    answers = spent(recognizer.recognize_glyphs, found)
    total = 1e6 * seconds(lambda: list(recognizer.recognize_many(files))) / len(files)
    product, share = _product(recognizer.bundle, first)
    rows: list[tuple[str, float, str, float | str]] = [
        ("decoding", decoding, "the pixels' stream through zlib", spent(zlib.decompress, _streams(files))),
        ("ink: polarity and paper", ink, "", ""),
        ("marks: components, lines, what is kept", marks, "the same in Python alone", marks_in_python),
        (
            "scaling and centring",
            normalising - ink - marks,
            "one resampling of the page",
            spent(_shrunk, pages),
        ),
        ("network, first look", first, f"as many multiplications in a matrix product: {share}", product),
        ("network, second look", read - first, "", ""),
        ("deciding", answers - read, "", ""),
        ("handing on", total - decoding - normalising - answers, "", ""),
        ("all of it, `recognize_many`", total, "", ""),
    ]
    told = [
        [name, f"{own:.1f}", bare, f"{limit:.1f}" if isinstance(limit, float) else limit]
        for name, own, bare, limit in rows
    ]
    return table(["part", "µs an image", "bare work", "µs an image"], told)


def through_network(recognizer: Recognizer, glyphs: NDArray[np.uint8], threads: int) -> float:
    """Glyphs a second through both stages, second looks included."""
    from concurrent.futures import ThreadPoolExecutor

    stages = Stages(recognizer.bundle)
    batches = [glyphs[low : low + CHUNK] for low in range(0, len(glyphs), CHUNK)]
    with ThreadPoolExecutor(threads) as pool:
        return len(glyphs) / seconds(lambda: list(pool.map(stages.read, batches)))


def _shrunk(page: NDArray[np.uint8]) -> object:
    return cv2.resize(page, (20, 20), interpolation=cv2.INTER_AREA)


def _streams(files: Sequence[bytes]) -> list[bytes]:
    """The compressed pixels of PNG files with a single chunk of them."""
    streams = []
    for file in files:
        start = file.index(b"IDAT") + 4
        streams.append(file[start : start + int.from_bytes(file[start - 8 : start - 4])])
    return streams


def _product(bundle: Bundle, first: float) -> tuple[float, str]:
    """Microseconds a glyph if its multiplications were one product of float32 matrices; and both speeds, as text."""
    from threadpoolctl import threadpool_limits

    matrix = np.random.default_rng(0).random((SIDE, SIDE), np.float32)
    with threadpool_limits(1):
        speed = SIDE**3 / seconds(lambda: matrix @ matrix)
    count = _multiplications(bundle)
    told = f"{2e-9 * speed:.0f} GFLOP/s, the network {2e-3 * count / first:.0f}"
    return 1e6 * count / speed, told


def _multiplications(bundle: Bundle) -> int:
    """Of the convolutions of stage one for a glyph, from the widths in the model's description."""
    network = bundle.meta["config"]["network"]
    half, quarter = network["half"], network["quarter"]
    count = 14 * 14 * 25 * half[0]
    count += sum(14 * 14 * 9 * a * b for a, b in pairwise(half))
    return int(count + sum(7 * 7 * 9 * a * b for a, b in pairwise((half[-1], *quarter))))
