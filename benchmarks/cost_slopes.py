"""What galleries were measured to cost, for one image or as they grow: read from the benchmarks' results."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import RESULTS

PAGE = "56×56, PNG"


@dataclass(frozen=True)
class Slopes:
    """Measured costs, for one image or as galleries grow; seconds and bytes.

    Attributes:
        read: opening a small page and normalising it.
        encode: making both codes.
        store: sending it to Milvus Lite, writing and indexing it.
        rows: on disk, without the index.
        indexes: of dense codes, by the index's name.
        wide: dimensions of a wide code.
        query: of dense codes by HNSW, with the client: the constant, and what each e-fold of images adds.
        posted: the inverted index in a folder, per query and image.
        folder: on disk in a folder, with the graph.
        exact: exact search in a folder, per query and image.
        graph: building the graph of a folder.
        graph_memory: bytes while the graph is built.
        graph_query: as ``query``, by that graph.
        largest: the largest gallery that was measured in Milvus Lite.
        largest_folder: the largest that was measured in a folder.
    """

    read: float
    encode: float
    store: float
    rows: float
    indexes: dict[str, float]
    wide: float
    query: tuple[float, float]
    posted: float
    folder: float
    exact: float
    graph: float
    graph_memory: float
    graph_query: tuple[float, float]
    largest: int
    largest_folder: int


def read_slopes(folder: Path = RESULTS) -> Slopes:
    """The slopes, from files that benchmarks wrote."""
    milvus = json.loads((folder / "milvus.json").read_text(encoding="utf-8"))["figures"]["growth"]
    growth = tables_of((folder / "search_growth.md").read_text(encoding="utf-8"))
    speed = tables_of((folder / "speed.md").read_text(encoding="utf-8"))[0]
    sizes, hnsw = milvus["sizes"], milvus["indexes"]["HNSW"]
    general, exact, graph, inverted = (rows_with_images(rows) for rows in growth)
    folder_sizes = [number(row["images"]) for row in general]
    bytes_each = [value for key, value in general[-1].items() if key.endswith("bytes an item")]
    return Slopes(
        read=1e-3 * number(next(row for row in speed if row["page"] == PAGE)["to_glyph alone, median"]),
        encode=1e-6 * number(general[-1]["µs to encode one"]),
        store=(hnsw[-1]["stored"] + hnsw[-1]["indexed"]) / sizes[-1],
        rows=hnsw[-1]["bytes"]["rows"] / sizes[-1],
        indexes={
            name: results[-1]["bytes"]["index"] / sizes[-1] for name, results in milvus["indexes"].items()
        },
        wide=milvus["dimensions"],
        query=logarithmic(sizes, [each["precision"]["batch"] for each in hnsw]),
        posted=linear(folder_sizes, [1e-3 * number(row["one query, ms"]) for row in inverted]),
        folder=sum(map(number, bytes_each)),
        exact=linear(folder_sizes, [1e-3 * number(row["one query, ms"]) for row in exact]),
        graph=number(graph[-1]["index made, s"]) / folder_sizes[-1],
        graph_memory=1e6 * number(graph[-1]["peak, MB"]) / folder_sizes[-1],
        graph_query=logarithmic(folder_sizes, [1e-3 * number(row["one query, ms"]) for row in graph]),
        largest=sizes[-1],
        largest_folder=int(folder_sizes[-1]),
    )


def tables_of(text: str) -> list[list[dict[str, str]]]:
    """The tables of a Markdown file: the rows of each, by column; where columns share a name, the first."""
    found = []
    for block in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()]
        rows = [dict(reversed(list(zip(lines[0], line, strict=True)))) for line in lines[2:]]
        found.append(rows)
    return found


def rows_with_images(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Those rows that are about a number of images."""
    return [row for row in rows if re.fullmatch(r"[\d,]+", row["images"])]


def number(cell: str) -> float:
    """A cell's number."""
    return float(cell.replace(",", ""))


def linear(sizes: Sequence[float], values: Sequence[float]) -> float:
    """How much a value grows with each image: the least-squares slope."""
    return float(np.polyfit(sizes, values, 1)[0])


def logarithmic(sizes: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """The constant, and the growth with the natural logarithm of the number of images, by least squares."""
    slope, constant = np.polyfit(np.log(sizes), values, 1)
    return float(constant), float(slope)


def at(fit: tuple[float, float], size: float) -> float:
    """The value of such a fit; never below that at one image in a thousand."""
    return max(fit[0] + fit[1] * math.log(size), 1e-6)
