"""How long one image takes, warm, on one thread; a batch; and how long the command takes from a cold start.

    python benchmarks/speed.py --data DIR [--n 1000] [--seed 0] [--model FOLDER]

Pages of 28×28 are digits of MNIST's training part as they are; pages of 56×56 the same on simulated photographs. Where
DIR holds `sudoku-cells.npz`, cells of photographed sudoku puzzles are read as well, most of them with a border. Each
image is timed alone; not timed: loading the model, and 100 images before. A cold start is timed from outside, with the
files in the system's cache and modules compiled: the process that recognizes one file, beside some that only import
libraries.
"""

from __future__ import annotations

import io
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import cv2
import numpy as np
from common import command_line, header, table, write
from datasets import CELLS
from numpy.typing import NDArray
from PIL import Image
from processes import ROOT, seconds_of
from speed_parts import parts, through_network
from speed_processes import rates

from recognizer import Recognizer, compiled, to_glyph
from recognizer.compiled import in_python
from recognizer.data import find_data, load_mnist
from recognizer.glyph.normalise import find_glyphs
from reject_gen.paper import put_on_paper

Grey = NDArray[np.uint8]
WARM_UP = 100
ROUNDS = 5  # over all images
COLD_STARTS = 9
EXAMPLE = ROOT / "examples" / "photo-4.png"
COLD = {
    "`import numpy`": ["-c", "import numpy"],
    "`import recognizer`": ["-c", "import recognizer"],
    "`import numpy, cv2, PIL.Image, onnxruntime`, all its libraries": [
        "-c",
        "import numpy, cv2, PIL.Image, onnxruntime",
    ],
    "`import numpy, PIL.Image, onnxruntime`": ["-c", "import numpy, PIL.Image, onnxruntime"],
    "`recognize` on one file": [
        "-c",
        "from recognizer.cli.entry import recognize; recognize()",
        str(EXAMPLE),
    ],
}


def photographs(digits: Grey, rng: np.random.Generator) -> Grey:
    """Simulated photographs, uint8 (N, 56, 56)."""
    pages = (put_on_paper(digit, rng) for digit in digits)
    return np.stack(
        [np.asarray(cv2.resize(page, (56, 56), interpolation=cv2.INTER_AREA), np.uint8) for page in pages]
    )


def cells_of(file: Path, n: int, rng: np.random.Generator) -> Grey:
    """Some cells of photographed puzzles, empty ones among them: uint8 (N, 56, 56)."""
    with np.load(file, allow_pickle=False) as stored:
        cells: Grey = stored["images"]
    return cells[rng.permutation(len(cells))[:n]]


def png(page: Grey) -> bytes:
    """The bytes of a PNG file."""
    stream = io.BytesIO()
    Image.fromarray(page).save(stream, "PNG")
    return stream.getvalue()


def each(call: Callable[[Grey | bytes], object], images: Sequence[Grey | bytes]) -> tuple[str, str]:
    """Median and 95th percentile of a call in milliseconds, as text."""
    for image in images[:WARM_UP]:
        call(image)
    times = []
    for image in images:
        start = time.perf_counter()
        call(image)
        times.append(1000 * (time.perf_counter() - start))
    return f"{np.median(times):.2f}", f"{np.percentile(times, 95):.2f}"


def pages_of(digits: Grey, rng: np.random.Generator) -> dict[str, Sequence[Grey | bytes]]:
    """The kinds of pages that are timed, as arrays and as PNG files."""
    arrays: dict[str, Sequence[Grey | bytes]] = {
        "28×28, array": digits,
        "56×56, array": photographs(digits, rng),
    }
    files = {name.replace("array", "PNG"): [png(page) for page in pages] for name, pages in arrays.items()}
    return dict(sorted({**arrays, **files}.items()))


def batches(
    model: str | None, kinds: Mapping[str, Sequence[Grey | bytes]], threads: int
) -> Iterator[list[object]]:
    """Rows: how many images of each kind `recognize_many` reads a second, and how many in Python alone.

    Both are medians of several rounds, taken in turn.
    """
    many = Recognizer.load(model, threads=threads)
    for kind, pages in kinds.items():
        list(many.recognize_many(pages[:WARM_UP]))
        times: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(ROUNDS):
            for with_native, taken in times.items():
                with nullcontext() if with_native else in_python():
                    start = time.perf_counter()
                    list(many.recognize_many(pages))
                    taken.append(time.perf_counter() - start)
        yield [kind, 1, threads, *(round(len(pages) / statistics.median(taken)) for taken in times.values())]


def cold_starts() -> dict[str, float]:
    """Milliseconds of each kind of process, the median; in turn, so that all meet the machine in the same state."""
    rounds = [
        {name: seconds_of([sys.executable, *words], 1) for name, words in COLD.items()}
        for _ in range(COLD_STARTS)
    ]
    return {name: 1000 * statistics.median(each[name] for each in rounds) for name in COLD}


def main() -> None:
    """Measure, and write the tables."""
    parser = command_line(__doc__, data="mnist/", model=True, seed=0)
    parser.add_argument("--n", type=int, default=1000, help="images of each kind")
    options = parser.parse_args()
    if compiled.native is None:
        sys.exit("nothing was compiled to measure: install the package where there is a C compiler")
    cv2.setNumThreads(1)
    rng = np.random.default_rng(options.seed)
    images = load_mnist(find_data(options.data), "train")[0]
    digits = images[rng.permutation(len(images))[: options.n]]
    recognizer = Recognizer.load(options.model, threads=1)
    kinds = pages_of(digits, rng)
    cells = find_data(options.data) / CELLS
    if cells.is_file():
        kinds["cell of 56×56, PNG"] = [png(page) for page in cells_of(cells, options.n, rng)]
    rows = [
        [kind, *each(recognizer.recognize, pages), *each(to_glyph, pages)] for kind, pages in kinds.items()
    ]
    counts = sorted({1, os.cpu_count() or 1})
    many = [row for threads in counts for row in batches(options.model, kinds, threads)]
    for kind, pages in kinds.items():
        each_file = [file for file in pages if isinstance(file, bytes)]
        if not each_file:
            continue
        many.append(
            [kind, counts[-1], 1, *map(round, rates(options.model, each_file * 4, counts[-1], ROUNDS))]
        )
    digit_glyphs = np.stack([found.image for found in find_glyphs(list(digits))])
    networks = [[threads, round(through_network(recognizer, digit_glyphs, threads))] for threads in counts]
    files = [file for file in kinds["56×56, PNG"] if isinstance(file, bytes) and to_glyph(file).any()]
    spent = parts(recognizer, files)
    cold = cold_starts()
    bare, full = list(cold.values())[-2:]
    write(
        "speed",
        "Speed",
        header(
            ("numpy", "opencv-python-headless", "onnxruntime", "pillow"),
            model=recognizer.model,
            n=f"{options.n} images of each kind",
            seed=options.seed,
            command="`python benchmarks/speed.py`",
        ),
        "One warm image on one thread, milliseconds.\n",
        table(
            ["page", "recognize, median", "95th percentile", "to_glyph alone, median", "95th percentile"],
            rows,
        ),
        f"`recognize_many`, images a second; medians of {ROUNDS} rounds. In Python alone, in turn: as where the "
        "package was built without a C compiler. Several processes get the bytes of files.\n",
        table(["page", "processes", "threads of each", "images a second", "in Python alone"], many),
        "Glyphs of MNIST a second through the network, in batches, second looks included.\n",
        table(["threads", "glyphs a second"], networks),
        "Where the time for a file of 56×56 goes, on one thread, in chunks; and how long the bare work takes.\n",
        spent,
        f"Cold start of a process, milliseconds, median of {COLD_STARTS}.\n",
        table(["process", "ms"], [[name, f"{value:.0f}"] for name, value in cold.items()]),
        f"`recognize` takes {full / bare:.2f} times as long as the imports of numpy, Pillow and ONNX Runtime.\n",
    )


if __name__ == "__main__":
    main()
