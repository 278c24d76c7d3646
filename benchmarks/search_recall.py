"""Recall mode against dense exact search: bytes an item and milliseconds a query at equal recall.

    python benchmarks/search_recall.py --data DIR [--gallery 60000] [--n 1000] [--seed 1]

Recall mode takes candidates by the wide code from an inverted index. Both codes are also cut: the wide one to the
strongest few of each image's dimensions, the dense one to its first principal axes. This gives a curve for each: R@100
by size and by time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import RESULTS, header, seconds, table, write
from numpy.typing import NDArray
from search_material import (
    PACKAGES,
    Copies,
    disturb,
    encoder_line,
    figures,
    found,
    load,
    options,
)
from threadpoolctl import threadpool_limits

from recognizer.training.embedding.queries import usual
from retrieval import Encoder
from retrieval.arrivals import encode
from retrieval.codes import WideCodes, pack, unpack
from retrieval.exact import ExactIndex
from retrieval.inverted import InvertedIndex
from retrieval.neighbours import Rows

PICTURE = "search_recall.png"
KEPT = (4, 8, 12, 16, 24, 32)
AXES = (8, 12, 16, 24, 32, 48, 64, 96)
CANDIDATES = 100
TIMED = 50
# A row's number and a weight in a posting list; a dimension and a weight in the forward index, and a row's count.
POSTED, LISTED, COUNTED = 5, 3, 2


@dataclass(frozen=True)
class Point:
    """A point of a curve: a code, what it finds, and what it takes.

    Attributes:
        name: of the code.
        recall: R@1, R@10 and R@100.
        memory: bytes an item in memory, of the index that is searched.
        stored: bytes an item on disk.
        query: milliseconds a query, one at a time.
    """

    name: str
    recall: list[float]
    memory: float
    stored: float
    query: float

    def row(self) -> list[str]:
        """A row of the table."""
        sizes = [f"{self.memory:.0f}", f"{self.stored:.0f}"]
        return [self.name, *figures(self.recall), *sizes, f"{self.query:.2f}"]


def strongest(codes: WideCodes, most: int) -> WideCodes:
    """The ``most`` largest weights of each row, or fewer where it has fewer."""
    rows = np.repeat(np.arange(len(codes)), codes.counts)
    order = np.lexsort((codes.dimensions, -codes.weights.astype(np.int16), rows))
    rank = np.arange(len(rows)) - np.repeat(codes.starts()[:-1], codes.counts)
    kept = np.sort(order[rank < most])
    counts = np.bincount(rows[kept], minlength=len(codes)).astype(np.uint16)
    return WideCodes(counts, codes.dimensions[kept], codes.weights[kept])


def axes_of(codes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Principal axes as columns, the strongest first; without a shift, so that angles are kept."""
    _, axes = np.linalg.eigh(codes.T @ codes)
    turned: NDArray[np.float32] = axes[:, ::-1].astype(np.float32)
    return turned


def wide_point(name: str, gallery: WideCodes, queries: WideCodes, width: int, copies: Copies) -> Point:
    """Recall mode with these codes."""
    index = InvertedIndex(gallery, width)
    ids = index.search(queries, CANDIDATES)[0]
    single = [queries.take(np.array([row])) for row in range(min(TIMED, len(queries)))]
    spent = seconds(lambda: [index.search(one, CANDIDATES) for one in single], rounds=3) / len(single)
    entries = len(gallery.dimensions) / len(gallery)
    recall = found(ids, copies.originals)
    return Point(name, recall, POSTED * entries, LISTED * entries + COUNTED, 1e3 * spent)


def dense_point(name: str, gallery: NDArray[np.int8], queries: NDArray[np.int8], copies: Copies) -> Point:
    """Exact search with these codes."""
    index = ExactIndex(Rows([gallery]))
    ids = index.search(queries, CANDIDATES)[0]
    single = [queries[row : row + 1] for row in range(min(TIMED, len(queries)))]
    spent = seconds(lambda: [index.search(one, CANDIDATES) for one in single], rounds=3) / len(single)
    size = gallery.shape[1]
    return Point(name, found(ids, copies.originals), size, size, 1e3 * spent)


def at_recall(points: Sequence[Point], recall: float) -> tuple[float, float] | None:
    """Bytes in memory and milliseconds where a curve reaches a recall, between its points; None if it never does."""
    ordered = sorted(points, key=lambda point: point.memory)
    for before, after in zip([None, *ordered], ordered, strict=False):
        if after.recall[-1] < recall:
            continue
        if before is None or after.recall[-1] == before.recall[-1]:
            return after.memory, after.query
        share = (recall - before.recall[-1]) / (after.recall[-1] - before.recall[-1])
        return (
            before.memory + share * (after.memory - before.memory),
            before.query + share * (after.query - before.query),
        )
    return None


def verdict(wide: Sequence[Point], dense: Sequence[Point]) -> str:
    """What either takes at the recall that recall mode reaches, in words."""
    mode = wide[-1]
    same = at_recall(dense, mode.recall[-1])
    if same is None:
        return (
            f"Recall mode reaches an R@100 of {mode.recall[-1]:.3f}, which no dense code here does: the whole one, "
            f"with {dense[-1].memory:.0f} bytes, reaches {dense[-1].recall[-1]:.3f}.\n"
        )
    size, spent = same
    return (
        f"At recall mode's R@100 of {mode.recall[-1]:.3f}: recall mode {mode.memory:.0f} bytes an item and "
        f"{mode.query:.2f} ms a query; dense exact search {size:.0f} bytes and {spent:.2f} ms (interpolated). "
        f"Recall mode takes {mode.memory / size:.1f} times the bytes and {mode.query / spent:.1f} times the time.\n"
    )


def draw_picture(curves: dict[str, list[Point]], file: Path) -> None:
    """R@100 by bytes and by milliseconds."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained", sharey=True)
    for axes, label in zip(panels, ("bytes an item in memory", "milliseconds a query"), strict=True):
        for name, points in curves.items():
            x = [point.memory if "bytes" in label else point.query for point in points]
            axes.plot(x, [point.recall[-1] for point in points], marker=".", label=name)
        axes.set(xlabel=label, xscale="log")
        axes.grid(alpha=0.3, which="both")
    panels[0].set_ylabel("R@100")
    panels[0].legend()
    figure.savefig(file, dpi=120, metadata={"Software": None})


def wide_curve(gallery: WideCodes, queries: WideCodes, width: int, copies: Copies) -> list[Point]:
    """Recall mode with less and less cut away; the last point is the whole code."""
    points = []
    for most in (each for each in KEPT if each < gallery.counts.max()):
        kept, asked = strongest(gallery, most), strongest(queries, most)
        points.append(wide_point(f"wide, strongest {most}", kept, asked, width, copies))
    return [*points, wide_point("wide, as in recall mode", gallery, queries, width, copies)]


def dense_curve(gallery: NDArray[np.int8], queries: NDArray[np.int8], copies: Copies) -> list[Point]:
    """Exact search by more and more of the principal axes; the last point is the whole code."""
    axes = axes_of(unpack(gallery))
    turned, asked = unpack(gallery) @ axes, unpack(queries) @ axes
    points = []
    for n in (each for each in AXES if each < axes.shape[1]):
        points.append(dense_point(f"dense, {n} axes", pack(turned[:, :n]), pack(asked[:, :n]), copies))
    return [*points, dense_point("dense, as in precision mode", gallery, queries, copies)]


def main() -> None:
    """Measure, and write the table and the plot."""
    parser = options(__doc__, 60_000)
    parser.add_argument("--n", type=int, default=1000, help="disturbed copies")
    args = parser.parse_args()
    encoder = Encoder.open(args.encoder, threads=1)
    gallery = load(args.data, "train", args.gallery)
    copies = disturb(gallery, args.n, args.seed, usual)
    with threadpool_limits(1):
        dense, wide = encode(encoder, gallery.glyphs)
        asked, asked_wide = encoder.both(copies.glyphs)
        by_wide = wide_curve(wide, asked_wide, encoder.wide_dimensions, copies)
        by_dense = dense_curve(dense, asked, copies)
    RESULTS.mkdir(exist_ok=True)
    draw_picture({"recall mode": by_wide, "dense, exact": by_dense}, RESULTS / PICTURE)
    write(
        "search_recall",
        "Recall mode and dense exact search",
        header(
            PACKAGES,
            encoder=encoder_line(encoder),
            n=f"{len(gallery):,} training images, {args.n} disturbed copies as queries",
            seed=args.seed,
            command="`python benchmarks/search_recall.py`",
        ),
        f"A wide code has {len(wide.dimensions) / len(wide):.1f} non-zeros on average. Timed: one query at a time on "
        f"one thread, {CANDIDATES} hits, codes made before, without re-ranking; the mean of {TIMED} queries, the "
        "median of 3 rounds. The forward index is on disk, the inverted one in memory.\n",
        table(
            ["code", "R@1", "R@10", "R@100", "bytes an item", "on disk", "ms a query"],
            [point.row() for point in (*by_wide, *by_dense)],
        ),
        verdict(by_wide, by_dense),
        f"![R@100 by bytes and by time]({PICTURE})\n",
    )


if __name__ == "__main__":
    main()
