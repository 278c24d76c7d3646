"""Bulk work as it grows: images per second and core, memory, the cost of resuming, one worker against two.

    python benchmarks/bulk.py --data DIR [--work DIR] [--largest 1000000] [--seed 0] [--quick]

The images are disturbed copies of MNIST's training images, dark on light, PNG files of 56×56 in tables of 10,000 rows.
They are made once in the folder WORK; a million takes 2.5 GB. Each run is a process of its own. Memory is a process's
peak, shared libraries included: of the one that gives out work, and of the largest worker.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from common import command_line, header, table, write
from numpy.typing import NDArray
from processes import measured_by

from recognizer import Recognizer
from recognizer.data import find_data, load_mnist
from recognizer.training.embedding.queries import copies, usual

SIZES = (10_000, 100_000, 1_000_000)
QUICK_SIZES = (1_000, 3_000)
ROWS = 10_000  # of a table
QUICK_ROWS = 500
SCALED = 100_000  # images to compare numbers of workers on
SIDE = 56
COLUMN = "image"


def png(glyph: NDArray[np.uint8]) -> bytes:
    """A PNG file of a glyph, enlarged, dark on light."""
    page = 255 - cv2.resize(glyph, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return cv2.imencode(".png", page)[1].tobytes()


def make_tables(work: Path, data: Path, n: int, rows: int, seed: int) -> list[str]:
    """Tables of n images in all; existing ones are reused."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = [work / f"images-{rows}-{seed}-{number:04}.parquet" for number in range(-(-n // rows))]
    missing = [number for number, file in enumerate(files) if not file.exists()]
    if missing:
        digits = load_mnist(data, "train")[0]
    for number in missing:
        chosen = np.random.default_rng([seed, number]).integers(0, len(digits), rows)
        pages = [png(glyph) for glyph in copies(digits[chosen], [seed, number], usual)]
        partial = files[number].with_suffix(".partial")
        pq.write_table(pa.table({COLUMN: pages}), partial)
        partial.replace(files[number])
        print(f"{files[number].name} is made", file=sys.stderr, flush=True)
    return [str(file) for file in files]


def measure(files: list[str], out: Path, rows: int, workers: int, ray: str | None = None) -> dict[str, Any]:
    """What a run took."""
    job = {
        "files": files,
        "out": str(out),
        "column": COLUMN,
        "workers": workers,
        "ray": ray,
        "part_rows": rows,
    }
    print(f"{len(files)} tables, {workers} workers{', Ray' if ray else ''}", file=sys.stderr, flush=True)
    return measured_by(sys.executable, "bulk_process.py", job)


def growth(runs: dict[int, dict[str, Any]], again: dict[int, dict[str, Any]], workers: int) -> str:
    """A row for each size."""
    rows = [
        [
            f"{n:,}",
            f"{run['seconds']:.1f}",
            f"{run['rate']:,.0f}",
            f"{run['rate'] / workers:,.0f}",
            f"{run['driver_mib']:.0f}",
            f"{run['worker_mib']:.0f}",
            f"{run['out_bytes'] / n:.0f}",
            f"{again[n]['seconds']:.1f}",
            f"{again[n]['driver_mib']:.0f}",
        ]
        for n, run in runs.items()
    ]
    return table(
        [
            "images",
            "seconds",
            "images a second",
            "… and worker",
            "MiB, giving out",
            "MiB, largest worker",
            "bytes of answer an image",
            "seconds to find all done",
            "MiB then",
        ],
        rows,
    )


def scaling(runs: dict[tuple[str, int], dict[str, Any]]) -> str:
    """A row for each engine and number of workers; gains are over one worker of the same engine."""
    rows = [
        [
            engine,
            workers,
            f"{run['first_s']:.1f}",
            f"{run['rate']:,.0f}",
            f"{run['rate'] / runs[engine, 1]['rate']:.2f}",
        ]
        for (engine, workers), run in runs.items()
    ]
    return table(["engine", "workers", "seconds to the first part", "images a second", "gain"], rows)


def told(runs: dict[int, dict[str, Any]]) -> str:
    """What stays the same and what grows, from the smallest run to the largest; empty for a single run."""
    (small, first), (large, last) = min(runs.items()), max(runs.items())
    if small == large:
        return ""
    ratios = ", ".join(
        f"{name} {last[key] / first[key]:.2f} times"
        for name, key in (
            ("images a second", "rate"),
            ("memory giving out", "driver_mib"),
            ("memory of a worker", "worker_mib"),
        )
    )
    return f"From {small:,} to {large:,} images, {large / small:.0f} times as many: {ratios}.\n"


def main() -> None:
    """Measure, and write the tables."""
    parser = command_line(__doc__, data="mnist/", seed=0)
    parser.add_argument("--work", type=Path, help="where the images are kept (default: removed at the end)")
    parser.add_argument("--largest", type=int, default=max(SIZES), help="most images")
    parser.add_argument("--workers", type=int, default=2, help="as many as there are free cores")
    parser.add_argument("--quick", action="store_true", help="a few thousand images, no result written")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as scratch:
        work = options.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        _run(options, work, Path(scratch))


def _run(options: argparse.Namespace, work: Path, scratch: Path) -> None:
    rows = QUICK_ROWS if options.quick else ROWS
    sizes = [n for n in (QUICK_SIZES if options.quick else SIZES) if n <= options.largest]
    files = make_tables(work, find_data(options.data), max(sizes), rows, options.seed)
    runs, again = {}, {}
    for n in sizes:
        out = scratch / f"out-{n}"
        runs[n] = measure(files[: n // rows], out, rows, options.workers)
        again[n] = measure(files[: n // rows], out, rows, options.workers)
        assert (runs[n]["n"], again[n]["skipped"], runs[n]["unreadable"]) == (n, n, 0)
    few = files[: min(max(sizes), SCALED) // rows]
    scaled = {
        (name, workers): measure(few, scratch / f"{name}-{workers}", rows, workers, ray)
        for name, ray in (("native", None), ("Ray", "local"))
        for workers in (1, 2)
    }
    parts = (
        f"{options.workers} workers. Images a second are counted from the first finished part to the last; seconds "
        "cover the whole run but Python's start.\n",
        growth(runs, again, options.workers),
        told(runs),
        f"{len(few) * rows:,} images. Ray runs as a cluster on this machine alone.\n",
        scaling(scaled),
    )
    if options.quick:  # says nothing about larger runs
        print("\n".join(parts))
        return
    write(
        "bulk",
        "Bulk work",
        header(
            ("daft", "ray", "pyarrow", "numpy", "opencv-python-headless", "onnxruntime"),
            model=Recognizer.load().model,
            n=f"up to {max(sizes):,} images, PNG of {SIDE}×{SIDE}, parts of {rows:,}",
            seed=options.seed,
            command="`python benchmarks/bulk.py`",
        ),
        *parts,
    )


if __name__ == "__main__":
    main()
