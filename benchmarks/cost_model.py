"""What galleries of a million, a hundred million and a thousand million images would cost, from measured slopes.

    python benchmarks/cost_model.py

Reads `results/milvus.json`, `results/search_growth.md` and `results/speed.md`, and writes the tables of docs/scale.md.
Nothing is measured here; the assumptions are in `Machine`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import table
from cost_slopes import Slopes, at, read_slopes

SIZES = (10**6, 10**8, 10**9)
NAMES = ("10⁶ images", "10⁸ images", "10⁹ images")
DOCUMENT = Path(__file__).parents[1] / "docs" / "scale.md"
SEGMENT_SIZE = "https://milvus.io/docs/v2.4.x/configure_datacoord.md"
GB = 1e9
HOUR = 3600.0
PAIR = 8  # bytes of a dimension and its weight in a sparse index


@dataclass(frozen=True)
class Machine:
    """The assumptions: none of these was measured.

    Attributes:
        memory: bytes.
        usable: the share of it that indexes may fill.
        cores: how many.
        segment: bytes of rows that Milvus puts together and indexes as one (`dataCoord.segment.maxSize`).
    """

    memory: float = 64 * GB
    usable: float = 0.7
    cores: int = 16
    segment: float = 1024 * 2**20


def machines(size: float, each: float, machine: Machine) -> int:
    """How many machines it takes to hold that many bytes for each image in memory."""
    return math.ceil(size * each / (machine.memory * machine.usable))


def milvus_rows(slopes: Slopes, machine: Machine) -> list[list[str]]:
    """What a gallery on a Milvus cluster costs."""
    sparse = slopes.wide * PAIR
    hnsw, squares = slopes.indexes["HNSW"], slopes.indexes["IVF_SQ8"]
    segment = machine.segment / slopes.rows

    def cores(size: float) -> int:
        return machines(size, hnsw + sparse, machine) * machine.cores

    def dense_query(size: float) -> float:
        each = math.ceil(max(1.0, size / segment) / cores(size))
        return each * at(slopes.query, min(size, segment))

    rows: list[tuple[str, Callable[[float], str], str]] = [
        ("read and normalise, core hours", lambda n: hours(n * slopes.read), "measured for one, × n"),
        ("encode, core hours", lambda n: hours(n * slopes.encode), "measured for one, × n"),
        (
            "store and index, core hours",
            lambda n: hours(n * slopes.store),
            f"measured up to {slopes.largest:,}, × n",
        ),
        ("rows on disk", lambda n: size_text(n * slopes.rows), f"measured up to {slopes.largest:,}, × n"),
        (
            "dense codes in memory, HNSW",
            lambda n: size_text(n * hnsw),
            f"index files measured up to {slopes.largest:,}, × n",
        ),
        (
            "dense codes in memory, IVF_SQ8",
            lambda n: size_text(n * squares),
            f"index files measured up to {slopes.largest:,}, × n",
        ),
        (
            "sparse codes in memory",
            lambda n: size_text(n * sparse),
            f"{slopes.wide:.0f} dimensions measured, {PAIR} bytes each assumed",
        ),
        (
            "machines, HNSW and sparse",
            lambda n: f"{machines(n, hnsw + sparse, machine):,}",
            "from the lines above",
        ),
        (
            "machines, IVF_SQ8 and sparse",
            lambda n: f"{machines(n, squares + sparse, machine):,}",
            "from the lines above",
        ),
        (
            "built by these machines (HNSW and sparse), hours",
            lambda n: hours(n * (slopes.read + slopes.encode + slopes.store) / cores(n)),
            "all cores busy: assumed",
        ),
        (
            "one dense query, ms",
            lambda n: milliseconds(dense_query(n)),
            f"measured up to {slopes.largest:,}; segments shared by all cores: assumed",
        ),
        (
            "one query of recall mode, ms",
            lambda n: milliseconds(slopes.encode + n * slopes.posted / cores(n) + dense_query(n)),
            f"the folder's inverted index up to {slopes.largest_folder:,}; shared by all cores: assumed",
        ),
    ]
    return [[name, *(cell(size) for size in SIZES), known] for name, cell, known in rows]


def folder_rows(slopes: Slopes) -> list[list[str]]:
    """What a gallery in a folder costs, on one core of one machine."""
    known = f"measured up to {slopes.largest_folder:,}"
    rows: list[tuple[str, Callable[[float], str], str]] = [
        ("files", lambda n: size_text(n * slopes.folder), f"{known}, × n"),
        ("memory while the graph is built", lambda n: size_text(n * slopes.graph_memory), f"{known}, × n"),
        ("graph built, hours", lambda n: hours(n * slopes.graph), f"{known}, × n"),
        (
            "one exact query, ms",
            lambda n: milliseconds(slopes.encode + n * slopes.exact),
            f"{known}, linear",
        ),
        (
            "one query by the graph, ms",
            lambda n: milliseconds(at(slopes.graph_query, n)),
            f"{known}, with the logarithm",
        ),
        (
            "one query of recall mode, ms",
            lambda n: milliseconds(slopes.encode + n * slopes.posted),
            f"{known}, linear",
        ),
    ]
    return [[name, *(cell(size) for size in SIZES), known] for name, cell, known in rows]


def slope_rows(slopes: Slopes, machine: Machine) -> list[list[str]]:
    """The measured slopes that the model starts from."""
    milvus, growth = (
        "[Milvus](../benchmarks/results/milvus.md)",
        "[folders](../benchmarks/results/search_growth.md)",
    )
    return [
        [
            "opening and normalising a small page",
            f"{1e6 * slopes.read:.0f} µs",
            "[speed](../benchmarks/results/speed.md)",
        ],
        ["encoding an image", f"{1e6 * slopes.encode:.0f} µs", growth],
        ["storing and indexing it in Milvus Lite", f"{1e6 * slopes.store:.0f} µs", milvus],
        ["its row on disk", f"{slopes.rows:.0f} bytes", milvus],
        *(
            [f"its dense code in an index {name}", f"{size:.0f} bytes", milvus]
            for name, size in slopes.indexes.items()
        ),
        ["dimensions of its wide code", f"{slopes.wide:.1f}", milvus],
        [
            "a query's growth by HNSW, for ten times the images",
            f"{1e3 * slopes.query[1] * math.log(10):.2f} ms",
            milvus,
        ],
        ["exact search, a query and image", f"{1e9 * slopes.exact:.0f} ns", growth],
        ["inverted index, a query and image", f"{1e9 * slopes.posted:.0f} ns", growth],
        [
            "a machine",
            f"{machine.memory / GB:.0f} GB, {machine.cores} cores, {machine.usable:.0%} of memory for indexes",
            "assumed",
        ],
        [
            "a segment",
            f"{machine.segment / 2**30:.0f} GiB, {short(machine.segment / slopes.rows)} images",
            f"[Milvus's default]({SEGMENT_SIZE}); images from the row's bytes",
        ],
    ]


def hours(seconds: float) -> str:
    """Seconds in hours, with two significant digits."""
    return short(seconds / HOUR)


def milliseconds(seconds: float) -> str:
    """Seconds in milliseconds, with two significant digits."""
    return short(1e3 * seconds)


def size_text(count: float) -> str:
    """Bytes in units that people read."""
    for unit, size in (("TB", 1e12), ("GB", 1e9)):
        if count >= size:
            return f"{short(count / size)} {unit}"
    return f"{short(count / 1e6)} MB"


def short(value: float) -> str:
    """A number with two significant digits."""
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def tables(slopes: Slopes, machine: Machine) -> dict[str, str]:
    """The document's tables, by the names of their places."""
    columns = ["", *NAMES, "known by"]
    return {
        "slopes": table(["slope", "value", "from"], slope_rows(slopes, machine)),
        "milvus": table(columns, milvus_rows(slopes, machine)),
        "folder": table(columns, folder_rows(slopes)),
    }


def filled(text: str, found: dict[str, Any]) -> str:
    """The document with the tables in their places, which comments mark."""
    for name, content in found.items():
        text = re.sub(
            rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", lambda _, c=content: c, text, flags=re.DOTALL
        )
    return text


def main() -> None:
    """Write the tables."""
    found = tables(read_slopes(), Machine())
    DOCUMENT.write_text(filled(DOCUMENT.read_text(encoding="utf-8"), found), encoding="utf-8")
    print("\n".join(found.values()))


if __name__ == "__main__":
    main()
