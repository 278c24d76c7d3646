"""How many rows of handwritten digits are read without a mistake: spaced, touching, photographed, in several sizes.

    python benchmarks/fields.py --data DIR [--n 500] [--seed 1] [--test] [--model FOLDER]

Rows of 3–8 digits of MNIST's training part that the model was not trained on, or with ``--test`` of its test part. The
columns "number known" are with the number of digits given. "Alone" bounds what any segmentation could reach with the
model: the share of the same rows whose digits are all read right one by one. Timed is ``recognize_field`` on an array
in memory, on one thread.

The second table has rows with a printed separator between the digits, or a sign before or after them, in Pillow's
typeface: how many are read as another number without any ``?``, and how many have a ``?`` in the mark's place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from common import command_line, header, table, write
from numpy.typing import NDArray

from recognizer import Recognizer
from recognizer.data import find_data, load_mnist
from recognizer.measure.labelled_sources import held_out_digits, origin_of
from recognizer.results import REJECT_MARK, text_of
from reject_gen.paper import put_on_paper
from reject_gen.paper_settings import PHONE
from reject_gen.typefaces import BUILT_IN, glyph

Image = NDArray[np.uint8]
Layout = Callable[[Sequence[Image], np.random.Generator], Image]
INK = 60  # of 255: from here on a pixel of MNIST is ink
HEIGHT, MARGIN = 36, 6  # pixels of a row: 20 of the digit, the rest for jitter and paper
WIDEST_GAP = 80  # columns
# Lengths that are shares of the ink's longer side would be out of proportion in a row.
PAPER = replace(
    PHONE, ink_side=(120.0, 480.0), max_side=500, tight=1.0, tight_ratio=(1.02, 1.4), perspective=0.01, rotation=1.5,
    pen=(0.0, 0.0), blur=(0.0, 0.01), motion=0.0, neighbour=0.0,
)  # fmt: skip


def tiles(digits: Sequence[Image], _rng: np.random.Generator) -> Image:
    """MNIST's 28×28 images side by side."""
    return np.hstack(digits)


def spaced(digits: Sequence[Image], rng: np.random.Generator) -> Image:
    """2–10 empty columns between the digits' boxes."""
    return _row(digits, rng, lambda _: int(rng.integers(2, 11)))


def far_apart(digits: Sequence[Image], rng: np.random.Generator) -> Image:
    """30–80 empty columns between the digits' boxes, as in boxes of their own."""
    return _row(digits, rng, lambda _: int(rng.integers(30, WIDEST_GAP + 1)))


def abutting(digits: Sequence[Image], rng: np.random.Generator) -> Image:
    """Boxes side by side without an empty column."""
    return _row(digits, rng, lambda _: 0)


def overlapping(digits: Sequence[Image], rng: np.random.Generator) -> Image:
    """Boxes that share 1–3 columns."""
    return _row(digits, rng, lambda _: -int(rng.integers(1, 4)))


def pushed(digits: Sequence[Image], rng: np.random.Generator) -> Image:
    """Each digit moved to the left until its ink meets that of its neighbour in some row."""
    return _row(digits, rng, None)


def _row(
    digits: Sequence[Image], rng: np.random.Generator, gap: Callable[[int], int] | None, jitter: int = 2
) -> Image:
    page = np.zeros((HEIGHT, 2 * MARGIN + (28 + WIDEST_GAP) * len(digits)), np.uint8)
    end = MARGIN
    for place, digit in enumerate(digits):
        ink = _cut_out(digit)
        height, width = ink.shape
        y = (HEIGHT - height) // 2 + int(rng.integers(-jitter, jitter + 1))
        if place and gap:
            end += gap(place)
        elif place:
            end -= _slack(page[y : y + height, :end], ink)
        spot = page[y : y + height, end : end + width]
        np.maximum(spot, ink, out=spot)
        end += width
    return page[:, : end + MARGIN]


def _slack(before: Image, ink: Image) -> int:
    """By how many columns ``ink`` can move to the left before it meets the ink of the same rows in ``before``."""
    gaps = []
    for row, own in zip(before, ink, strict=True):
        theirs, mine = np.flatnonzero(row >= INK), np.flatnonzero(own >= INK)
        if len(theirs) and len(mine):
            gaps.append(len(row) - 1 - int(theirs[-1]) + int(mine[0]))
    return max(0, min(gaps, default=0))


def photographed(layout: Layout) -> Layout:
    """The row on paper, under uneven light, at an angle, with lines, specks, blur and noise."""
    return lambda digits, rng: put_on_paper(layout(digits, rng), rng, PAPER)


def enlarged(layout: Layout) -> Layout:
    """1.5–10 times as large, dark on white."""

    def draw(digits: Sequence[Image], rng: np.random.Generator) -> Image:
        scale = float(np.exp(rng.uniform(np.log(1.5), np.log(10))))
        page = cv2.resize(layout(digits, rng), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        return np.asarray(255 - page, np.uint8)

    return draw


LAYOUTS: dict[str, Layout] = {
    "tiles": tiles,
    "spaced": spaced,
    "far apart": far_apart,
    "abutting": abutting,
    "pushed until ink meets": pushed,
    "overlapping 1–3 px": overlapping,
    "spaced, 30–200 px high": enlarged(spaced),
    "pushed, 30–200 px high": enlarged(pushed),
    "spaced, on paper": photographed(spaced),
    "pushed, on paper": photographed(pushed),
}


SEPARATORS = ".,-:/()%A|$"
BEFORE, BEHIND = "$(", "%)"


def separated(digits: Sequence[Image], mark: str, rng: np.random.Generator) -> tuple[Image, int]:
    """Digits of one height on one ground line with a printed ``mark`` among them, and its place."""
    place = 0 if mark in BEFORE else len(digits) if mark in BEHIND else int(rng.integers(1, len(digits)))
    inks = [_cut_out(digit) for digit in digits]
    below = glyph(BUILT_IN, mark)
    scale = 20 / glyph(BUILT_IN, "0").shape[0]
    # Drawn with a nought, a mark keeps its height above the ground line.
    pair = glyph(BUILT_IN, mark + "0")
    size = max(1, round(below.shape[1] * scale)), max(1, round(pair.shape[0] * scale))
    drawn = cv2.resize(pair[:, : below.shape[1]], size, interpolation=cv2.INTER_AREA)
    high = np.flatnonzero(pair[:, below.shape[1] + 1 :].any(axis=1))
    drop = round((pair.shape[0] - 1 - int(high[-1])) * scale)
    items = [(ink, 0) for ink in inks]
    items.insert(place, (np.asarray(drawn, np.uint8), drop))
    page = np.zeros((HEIGHT + 8, 2 * MARGIN + sum(ink.shape[1] + 10 for ink, _ in items)), np.uint8)
    end = MARGIN
    for ink, depth in items:
        bottom = HEIGHT - MARGIN + depth
        page[bottom - ink.shape[0] : bottom, end : end + ink.shape[1]] = ink
        end += ink.shape[1] + int(rng.integers(2, 11))
    return page[:, : end + MARGIN], place


def _cut_out(digit: Image) -> Image:
    left, top, width, height = cv2.boundingRect((digit >= INK).view(np.uint8))
    return digit[top : top + height, left : left + width]


def measure_mark(recognizer: Recognizer, digits: Digits, mark: str, n: int, seed: int) -> list[float]:
    """Shares of rows with a mark: no ``?`` at all, a ``?`` in its place, all right; right with the number known."""
    rng = np.random.default_rng(seed)
    silent = placed = right = known = 0
    for _ in range(n):
        chosen = rng.integers(len(digits.labels), size=int(rng.integers(3, 9)))
        page, place = separated([digits.images[i] for i in chosen], mark, rng)
        numbers = "".join(map(str, digits.labels[chosen]))
        truth = f"{numbers[:place]}{REJECT_MARK}{numbers[place:]}"
        found = text_of(recognizer.recognize_field(np.ascontiguousarray(page)))
        silent += REJECT_MARK not in found
        placed += len(found) == len(truth) and found[place] == REJECT_MARK
        right += found == truth
        known += text_of(recognizer.recognize_field(page, length=len(chosen))) == numbers
    return [silent / n, placed / n, right / n, known / n]


@dataclass(frozen=True)
class Digits:
    """Images uint8 (N, 28, 28), their labels uint8 (N,), and what the recognizer says of each alone."""

    images: Image
    labels: Image
    alone: list[int | None]


def strings(digits: Digits, layout: Layout, n: int, seed: int) -> Iterator[tuple[Image, NDArray[np.intp]]]:
    """``n`` rows of 3–8 digits, each with the indices of its digits."""
    rng = np.random.default_rng(seed)
    for _ in range(n):
        chosen = rng.integers(len(digits.labels), size=int(rng.integers(3, 9)))
        yield np.ascontiguousarray(layout([digits.images[i] for i in chosen], rng)), chosen


def measure(recognizer: Recognizer, digits: Digits, layout: Layout, n: int, seed: int) -> list[float]:
    """Shares of strings read right: number unknown, known, each digit alone; and milliseconds a row."""
    right = known = bound = 0
    spent = 0.0
    for page, chosen in strings(digits, layout, n, seed):
        truth = digits.labels[chosen].tolist()
        start = time.perf_counter()
        found = recognizer.recognize_field(page)
        spent += time.perf_counter() - start
        right += [p.best for p in found] == truth
        known += [p.best for p in recognizer.recognize_field(page, length=len(truth))] == truth
        bound += [digits.alone[i] for i in chosen] == truth
    return [right / n, known / n, bound / n, 1000 * spent / n]


def main() -> None:
    """Measure, print, and write the table."""
    p = command_line(__doc__, data="mnist/", model=True, seed=1)
    p.add_argument("--n", type=int, default=500, help="rows of each kind")
    p.add_argument("--test", action="store_true", help="MNIST's test images rather than validation images")
    args = p.parse_args()
    recognizer, data = Recognizer.load(args.model, threads=1), find_data(args.data)
    images, labels = (
        load_mnist(data, "test") if args.test else held_out_digits(str(data), origin_of(recognizer.bundle))
    )
    digits = Digits(images, labels, [p.best for p in recognizer.recognize_many(images)])
    rows = {}
    for name, layout in LAYOUTS.items():
        rows[name] = measure(recognizer, digits, layout, args.n, args.seed)
        print(name, *(f"{value:.3f}" for value in rows[name]), flush=True)
    marks = {mark: measure_mark(recognizer, digits, mark, args.n, args.seed) for mark in SEPARATORS}
    part = "test" if args.test else "validation"
    write(
        "fields",
        "Rows of digits",
        header(
            ("numpy", "onnxruntime", "opencv-python-headless"),
            model=recognizer.model,
            n=f"{args.n} rows of 3–8 digits of MNIST's {part} images for each line",
            seed=args.seed,
            command="`python benchmarks/fields.py --test`" if args.test else "`python benchmarks/fields.py`",
        ),
        "One thread.\n",
        table(
            ["rows", "right", "right, number known", "alone", "ms a row"],
            [
                [name, *(f"{value:.1%}" for value in found), f"{spent:.1f}"]
                for name, (*found, spent) in rows.items()
            ],
        ),
        "\nRows with one printed mark that is no digit. With the number of digits known, it should be left out.\n",
        table(
            ["mark", "another number, no `?`", "`?` in its place", "right", "right, number known"],
            [
                [f"`{mark}`".replace("|", "\\|"), *(f"{value:.1%}" for value in found)]
                for mark, found in marks.items()
            ],
        ),
    )


if __name__ == "__main__":
    main()
