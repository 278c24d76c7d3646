"""Galleries in Milvus as they grow: time to build, bytes an item, time to answer, and what is found of the exact ten.

    python benchmarks/milvus.py --data DIR [--quick] [--largest 60000] [--address milvus://HOST:PORT/NAME]

The images are disturbed copies of MNIST's training images. For each index one gallery grows, in a file of Milvus Lite
or, with `--address`, in collections on a server (NAME_hnsw and so on, which must not be there). At each size one
process builds and another one opens and asks. `python benchmarks/cost_model.py` then brings docs/scale.md up to date.

A file of Milvus Lite is served by the process that asks, so its seconds are CPU time: other work on the machine is not
in them. A server's seconds are wall-clock time.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import header, table, write
from processes import measured_by, peak
from search_growth import MEGABYTE, power
from search_material import agreement, encoder_line, load, options

from recognizer.training.embedding.queries import copies, usual
from retrieval import Encoder, Gallery
from retrieval.arrivals import encode
from retrieval.exact import ExactIndex
from retrieval.neighbours import Rows

SIZES = (5_000, 10_000, 20_000, 60_000, 200_000, 1_000_000)
QUICK = (1_000, 3_000)
INDEXES = ("HNSW", "IVF_FLAT", "IVF_SQ8")
PACKAGES = ("numpy", "onnxruntime", "pymilvus", "milvus-lite", "faiss-cpu")
K = 10
SINGLE = 20
PIECE = 20_000
COLUMNS = (
    "images",
    "stored, s",
    "indexed, s",
    "rows, bytes an item",
    "index, bytes an item",
    "peak, MB",
    "opened, s",
    "one dense query, ms",
    "in a batch, ms",
    "one sparse query, ms",
    "in a batch, ms ",
    "of the exact ten",
)
NOTE = (
    "Seconds are CPU time, Milvus Lite's included; a server's are wall-clock time. “Stored” is the time that `append` "
    "took in all, without encoding; "
    "“indexed” is the time to write and index what was still in memory; both count from the empty gallery. The peak "
    f"is that of the process that asks, with Milvus Lite in it. A query goes from glyph to {K} hits."
)
Result = dict[str, Any]


def timed(job: Result, call: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of a call, and what it returns."""
    clock = time.perf_counter if "://" in job["address"] else time.process_time
    start = clock()
    found = call()
    return clock() - start, found


def build(job: Result) -> Result:
    """Append copies until the gallery has this size, and let it be indexed."""
    encoder = Encoder.open(job["encoder"], threads=1)
    gallery = Gallery.create(job["address"], encoder)
    before, appending, encoding = len(gallery), 0.0, 0.0
    digits = load(job["data"], "train").glyphs
    for start in range(before, job["size"], PIECE):
        numbers = np.arange(start, min(start + PIECE, job["size"]))
        glyphs = copies(digits[numbers % len(digits)], [job["seed"], start], usual)
        names = [str(number) for number in numbers]
        appending += timed(job, lambda glyphs=glyphs, names=names: gallery.append(glyphs, ids=names))[0]
        encoding += timed(job, lambda glyphs=glyphs: encoder.both(glyphs))[0]
    indexed, _ = timed(job, gallery.prepare)
    return {
        "stored": appending - encoding,
        "indexed": indexed,
        "encoded": encoding / max(1, len(gallery) - before),
        "added": len(gallery) - before,
        "peak": peak(),
    }


def ask(job: Result) -> Result:
    """Open it, and ask by dense and by sparse codes, one query at a time and all at once."""
    queries = np.load(job["queries"])
    encoder = Encoder.open(job["encoder"], threads=1)
    encoder.both(queries[:1])
    opened, gallery = timed(job, lambda: Gallery.open(job["address"], encoder))
    found: Result = {"opened": opened, "why": gallery.plan(1).why}
    for mode, most in (("precision", len(queries)), ("recall", SINGLE)):

        def search(rows: Any, mode: str = mode) -> Any:  # noqa: ANN401
            return gallery.search(rows, K, mode)

        search(queries[:1])
        each = [timed(job, lambda row=row: search(queries[row : row + 1]))[0] for row in range(SINGLE)]
        batch, answer = timed(job, lambda most=most: search(queries[:most]))
        found[mode] = {
            "single": float(np.median(each)),
            "batch": batch / most,
            "ids": [[int(hit.id) for hit in hits] for hits in answer],
        }
    return found | {"peak": peak()}


def bytes_of(address: str) -> dict[str, int]:
    """Bytes that a file of Milvus Lite has on disk, for rows and for the index; 0 for a server, which doesn't tell."""
    sizes = {"rows": 0, "index": 0}
    if "://" not in address:
        for file in Path(address.partition("?")[0]).rglob("*"):
            sizes["index" if file.suffix == ".idx" else "rows"] += (
                file.stat().st_size if file.is_file() else 0
            )
    return sizes


def truth_of(encoder: Encoder, digits: Any, queries: Any, sizes: Sequence[int], seed: int) -> Result:  # noqa: ANN401
    """The exact ten nearest of each query at each size, and the mean number of dimensions of a wide code."""
    codes = encoder.dense(queries)
    parts: list[np.ndarray[Any, Any]] = []
    answers, dimensions, start = {}, [], 0
    for size in sizes:
        while start < size:
            numbers = np.arange(start, min(start + PIECE, size))
            dense, wide = encode(encoder, copies(digits[numbers % len(digits)], [seed, start], usual))
            parts.append(dense)
            dimensions.append(float(wide.counts.mean()))
            start = int(numbers[-1]) + 1
        answers[size] = ExactIndex(Rows(parts)).search(codes, K)[0]
    return {"answers": answers, "dimensions": float(np.mean(dimensions))}


def address_of(args: argparse.Namespace, place: Path, index: str) -> str:
    """Where the gallery of an index is made."""
    base = f"{args.address}_{index.lower()}" if args.address else str(place / f"{index.lower()}.db")
    return f"{base}?index={index}"


def follow(args: argparse.Namespace, sizes: Sequence[int], place: Path) -> Result:
    """Let a gallery grow for each index, and measure it at each size."""
    encoder = Encoder.open(args.encoder, threads=1)
    digits = load(args.data, "train").glyphs
    queries = load(args.data, "test", args.queries).glyphs
    np.save(place / "queries.npy", queries)
    truth = truth_of(encoder, digits, queries, sizes, args.seed)
    job = {
        "data": args.data,
        "encoder": args.encoder,
        "seed": args.seed,
        "queries": str(place / "queries.npy"),
    }
    found: Result = {"sizes": list(sizes), "dimensions": truth["dimensions"], "indexes": {}}
    for index in args.indexes:
        address, stored, indexed, rows = address_of(args, place, index), 0.0, 0.0, []
        for size in sizes:
            here = job | {"address": address, "size": size}
            made = measured_by(sys.executable, "milvus.py", here | {"do": "build"})
            asked = measured_by(sys.executable, "milvus.py", here | {"do": "ask"})
            stored, indexed = stored + made["stored"], indexed + made["indexed"]
            shares = {
                mode: agreement(
                    np.array(asked[mode].pop("ids")), truth["answers"][size][: len(queries)][:most]
                )
                for mode, most in (("precision", None), ("recall", SINGLE))
            }
            rows.append(
                asked
                | {
                    "stored": stored,
                    "indexed": indexed,
                    "encoded": made["encoded"],
                    "bytes": bytes_of(address),
                    "peak when built": made["peak"],
                    "found": shares,
                }
            )
            print(index, size, rows[-1], flush=True)
        found["indexes"][index] = rows
    return found


def rows_of(found: Result, index: str) -> list[list[str]]:
    """A table's rows for an index; the last row gives the power of the size that a column grows with."""
    sizes, results = found["sizes"], found["indexes"][index]
    columns = {
        "stored": [each["stored"] for each in results],
        "indexed": [each["indexed"] for each in results],
        **{
            kind: [each["bytes"][kind] / size for size, each in zip(sizes, results, strict=True)]
            for kind in ("rows", "index")
        },
        "peak": [each["peak"] / MEGABYTE for each in results],
        "opened": [each["opened"] for each in results],
        **{
            f"{mode}, {way}": [1e3 * each[mode][way] for each in results]
            for mode in ("precision", "recall")
            for way in ("single", "batch")
        },
    }
    forms = (
        "{:.1f}",
        "{:.1f}",
        "{:.0f}",
        "{:.0f}",
        "{:.0f}",
        "{:.2f}",
        "{:.1f}",
        "{:.2f}",
        "{:.1f}",
        "{:.2f}",
    )
    rows = [
        [
            f"{size:,}",
            *(form.format(column[place]) for form, column in zip(forms, columns.values(), strict=True)),
            f"{results[place]['found']['precision']:.3f}",
        ]
        for place, size in enumerate(sizes)
    ]
    return [*rows, ["grows with the power", *(power(sizes, column) for column in columns.values()), ""]]


def report(args: argparse.Namespace, found: Result, keep: bool) -> None:
    """Write the tables and their figures; or only print them."""
    parts = []
    for index, results in found["indexes"].items():
        parts += [f"## {results[0]['why']}\n", table(COLUMNS, rows_of(found, index))]
    if not keep:
        print("\n".join(parts))
        return
    sizes = [f"{size:,}" for size in found["sizes"]]
    write(
        "milvus",
        "Galleries in Milvus",
        header(
            PACKAGES,
            encoder=encoder_line(Encoder.open(args.encoder)),
            n=f"{', '.join(sizes)} disturbed copies; {args.queries} test images as queries",
            seed=args.seed,
            command=f"`python benchmarks/milvus.py --largest {found['sizes'][-1]}`",
        ),
        f"{NOTE} A wide code has {found['dimensions']:.1f} dimensions.\n",
        *parts,
        figures={"growth": found},
    )


def main() -> None:
    """Measure, and write the tables and their figures."""
    parser = options(__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="small galleries, to see that it runs; nothing is written"
    )
    parser.add_argument("--largest", type=int, default=60_000, help="the largest of the sizes")
    parser.add_argument("--queries", type=int, default=500, help="test images to search with")
    parser.add_argument("--address", help="a server, milvus://HOST:PORT/NAME, instead of a file")
    parser.add_argument("--indexes", nargs="+", default=INDEXES, choices=INDEXES, metavar="INDEX")
    args = parser.parse_args()
    sizes = QUICK if args.quick else [size for size in SIZES if size <= args.largest]
    with tempfile.TemporaryDirectory() as place:
        found = follow(args, sizes, Path(place))
    report(args, found, keep=not args.quick)


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1].startswith("{"):
        job = json.loads(sys.argv[1])
        print(json.dumps({"build": build, "ask": ask}[job["do"]](job)))
    else:
        main()
