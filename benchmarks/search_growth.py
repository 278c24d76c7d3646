"""How a gallery grows: time to build, memory, time to answer and bytes an item, for each mode and engine.

    python benchmarks/search_growth.py --data DIR [--largest 200000] [--queries 1000] [--seed 1]

The images are disturbed copies of MNIST's training images. One gallery grows to 10,000 images, to 60,000, to 200,000
and so on. At each size every engine is measured in processes of its own: one that makes its index, and one that finds
it on disk. `--largest 1000000` takes about fifteen minutes and 2 GB of memory, extrapolated from 200,000.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import header, seconds, table, write
from processes import measured_by, peak, seconds_of
from search_material import PACKAGES, agreement, encoder_line, load, options

from recognizer.training.embedding.queries import copies, usual
from retrieval import Encoder, Gallery

SIZES = (10_000, 60_000, 200_000, 1_000_000)
MODES = {"exact": "precision", "pynndescent": "precision", "inverted": "recall"}
K = 10
SINGLE = 30
COLD = 5
PIECE = 20_000
MEGABYTE = 1e6
IMAGE = Path(__file__).parents[1] / "examples" / "photo-4.png"
NOTE = (
    "The tables below give the time to make an index and the peak memory of that process; the same for a later "
    f"process, which loads what is saved (only the graph is); milliseconds of one query, from glyph to {K} hits, alone "
    "and in a batch of all; and how many of the exact search's ten it finds, which says nothing of recall mode's worth."
)
Result = dict[str, Any]


def in_this_process(job: Result) -> Result:
    """Open a gallery, get an engine ready, and ask it: what that takes. Codes are made before they are timed."""
    engine, queries = job["engine"], np.load(job["queries"])
    start = time.perf_counter()
    gallery = Gallery.open(job["gallery"], job["encoder"], threads=1)
    opened = time.perf_counter()
    gallery.prepare(engine)
    ready = time.perf_counter()
    before = seconds(lambda: gallery.encoder.both(queries[:1]), rounds=3)

    def ask(glyphs: Any) -> Any:  # noqa: ANN401
        return gallery.search(glyphs, K, MODES[engine], engine)

    answer = ask(queries)
    each = seconds(lambda: [ask(queries[row : row + 1]) for row in range(SINGLE)], rounds=3) / SINGLE
    start_batch = time.perf_counter()
    ask(queries)
    batch = (time.perf_counter() - start_batch) / len(queries)
    return {
        "open": opened - start,
        "ready": ready - opened,
        "encode": before,
        "single": each,
        "batch": batch,
        "ids": [[int(hit.id) for hit in hits] for hits in answer],
        "peak": peak(),
    }


def grow(gallery: Gallery, digits: np.ndarray[Any, Any], size: int, seed: int) -> tuple[float, float]:
    """Append disturbed copies until the gallery has this size; seconds for appending, and of these for encoding."""
    appending = 0.0
    for start in range(len(gallery), size, PIECE):
        numbers = np.arange(start, min(start + PIECE, size))
        glyphs = copies(digits[numbers % len(digits)], [seed, start], usual)
        begun = time.perf_counter()
        gallery.append(glyphs, ids=[str(number) for number in numbers])
        appending += time.perf_counter() - begun
    sample = copies(digits[:500], seed, usual)
    return appending, seconds(lambda: gallery.encoder.both(sample), rounds=3) / len(sample)


def stored(folder: Path) -> dict[str, int]:
    """Bytes on disk, by what they are for."""
    sizes = {"images": 0, "dense codes": 0, "wide codes": 0, "other": 0, "graph": 0}
    for file in folder.rglob("*"):
        if not file.is_file():
            continue
        kinds = {"glyphs": "images", "dense": "dense codes", "wide": "wide codes"}
        named = next((kind for start, kind in kinds.items() if file.name.startswith(start)), "other")
        sizes["graph" if file.parent.name.startswith("index-") else named] += file.stat().st_size
    return sizes


def cold(folder: Path) -> float:
    """Seconds of `similar IMAGE` from start to end, with files in the system's cache: the median of a few."""
    code = "import sys; from recognizer.cli.similar import main; sys.exit(main())"
    command = [sys.executable, "-c", code, str(IMAGE), "--gallery", str(folder)]
    return seconds_of(command, COLD)


def measure(folder: Path, job: Result) -> dict[str, Result]:
    """Each engine, in a process that makes its index and in one that finds it."""
    results = {}
    for engine in MODES:
        runs = [
            measured_by(sys.executable, "search_growth.py", job | {"gallery": str(folder), "engine": engine})
            for _ in range(2)
        ]
        results[engine] = runs[1] | {"made": runs[0]["ready"], "peak when made": runs[0]["peak"]}
    truth = np.array(results["exact"].pop("ids"))
    for engine in ("pynndescent", "inverted"):
        results[engine]["agreement"] = agreement(np.array(results[engine].pop("ids")), truth)
    return results


def power(sizes: Sequence[int], values: Sequence[float]) -> str:
    """The power of the size that a value grows with, from the first size to the last."""
    if len(sizes) < 2 or min(values) <= 0:
        return "–"
    return f"{math.log(values[-1] / values[0]) / math.log(sizes[-1] / sizes[0]):.2f}"


def engine_tables(by_size: dict[int, dict[str, Result]]) -> list[str]:
    """A table for each engine; the last line gives the power of the size that a column grows with."""
    columns = {
        "index made, s": ("made", 1.0, "{:.2f}"),
        "peak, MB": ("peak when made", 1 / MEGABYTE, "{:.0f}"),
        "opened, s": ("open", 1.0, "{:.2f}"),
        "index loaded, s": ("ready", 1.0, "{:.2f}"),
        "peak, MB ": ("peak", 1 / MEGABYTE, "{:.0f}"),
        "one query, ms": ("single", 1e3, "{:.2f}"),
        "of which encoding": ("encode", 1e3, "{:.2f}"),
        "in a batch, ms": ("batch", 1e3, "{:.2f}"),
    }
    parts = []
    for engine, mode in MODES.items():
        rows = []
        for size, results in by_size.items():
            result = results[engine]
            cells = [form.format(result[key] * scale) for key, scale, form in columns.values()]
            rows.append([f"{size:,}", *cells, f"{result['agreement']:.3f}" if "agreement" in result else "–"])
        sizes = list(by_size)
        growth = [
            power(sizes, [by_size[size][engine][key] for size in sizes]) for key, *_ in columns.values()
        ]
        rows.append(["grows with the power", *growth, ""])
        parts += [f"## {engine}, {mode} mode\n", table(["images", *columns, "of the exact ten"], rows)]
    return parts


def follow(args: argparse.Namespace, sizes: Sequence[int], encoder: Encoder, place: Path) -> list[str]:
    """Let a gallery grow and measure it at each size: the tables."""
    digits = load(args.data, "train").glyphs
    np.save(place / "queries.npy", load(args.data, "test", args.queries).glyphs)
    job = {"queries": str(place / "queries.npy"), "encoder": args.encoder}
    gallery, spent = Gallery.create(place / "gallery", encoder), 0.0
    by_size: dict[int, dict[str, Result]] = {}
    general: list[list[str]] = []
    for size in sizes:
        took, encoding = grow(gallery, digits, size, args.seed)
        spent += took
        begun = f"{cold(gallery.path):.2f}" if args.encoder is None else "–"
        by_size[size] = measure(gallery.path, job)
        each = [f"{count / size:.0f}" for count in stored(gallery.path).values()]
        general.append([f"{size:,}", f"{spent:.0f}", f"{1e6 * encoding:.0f}", *each, begun])
        print(general[-1], by_size[size], flush=True)
    kinds = [f"{kind}, bytes an item" for kind in stored(gallery.path)]
    columns = ["images", "built, s", "µs to encode one", *kinds, "cold start, s"]
    return [table(columns, general), f"{NOTE}\n", *engine_tables(by_size)]


def main() -> None:
    """Measure, and write the tables."""
    parser = options(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", help="sizes of the gallery instead of the usual ones")
    parser.add_argument("--largest", type=int, default=200_000, help="the largest of the usual sizes")
    parser.add_argument("--queries", type=int, default=1000, help="test images to search with")
    args = parser.parse_args()
    sizes = args.sizes or [size for size in SIZES if size <= args.largest]
    encoder = Encoder.open(args.encoder, threads=1)
    with tempfile.TemporaryDirectory() as place:
        parts = follow(args, sizes, encoder, Path(place))
    write(
        "search_growth",
        "How a gallery grows",
        header(
            PACKAGES,
            encoder=encoder_line(encoder),
            n=f"{', '.join(f'{size:,}' for size in sizes)} disturbed copies; {args.queries} test images as queries",
            seed=args.seed,
            command="`python benchmarks/search_growth.py`",
        ),
        "One thread. “Built” is the time that `append` took in all, encoding and writing to disk included. A cold "
        f"start is the command `similar IMAGE --gallery DIR`, a process from start to end; the median of {COLD}.\n",
        *parts,
    )


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1].startswith("{"):
        print(json.dumps(in_this_process(json.loads(sys.argv[1]))))
    else:
        main()
