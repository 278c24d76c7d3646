"""Near-duplicates: precision and recall of our codes and of a perceptual hash (imagehash's pHash), on the same pairs.

    python benchmarks/duplicates.py --data DIR [--gallery 9000] [--n 500] [--seed 1] [--env DIR]

The gallery holds MNIST's test images. Queries are disturbed copies of some of them, and as many images without a copy
there, disturbed in the same way. A pair of a query and an image of the gallery counts as found if its distance is at
most the threshold. Thresholds are chosen in the same way on training images: the largest with the wanted precision.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, header, table, write
from duplicate_material import CHANGES, Setting, draw_setting
from environments import environment
from numpy.typing import NDArray
from processes import measured_by
from search_material import PACKAGES, Glyphs, encoder_line, load, options
from threadpoolctl import threadpool_limits

from retrieval import Encoder
from retrieval.codes import unpack

PICTURE = "duplicates.png"
BITS = 64
USUAL_BITS = 10
BINS = 1000  # of dense distances, 0–2
AT_ONCE = 500
Codes = NDArray[np.float32]


@dataclass(frozen=True)
class Counts:
    """How many pairs lie at each distance: all, and those of a copy and its original; and how many copies there are."""

    pairs: NDArray[np.int64]
    right: NDArray[np.int64]
    copies: int

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.pairs + other.pairs, self.right + other.right, self.copies + other.copies)

    @property
    def precision(self) -> NDArray[np.float64]:
        """The share of right pairs among those found, by the bin that is the threshold; 1 where none is found."""
        found = np.cumsum(self.pairs)
        return np.where(found, np.cumsum(self.right) / np.maximum(found, 1), 1.0)

    @property
    def recall(self) -> NDArray[np.float64]:
        """The share of copies whose original is found."""
        shares: NDArray[np.float64] = np.cumsum(self.right) / self.copies
        return shares

    def largest(self, precision: float) -> int:
        """The last bin at which the precision is reached; -1 if it never is."""
        reached = np.flatnonzero((self.precision >= precision) & (np.cumsum(self.pairs) > 0))
        return int(reached[-1]) if len(reached) else -1

    def found_at(self, precision: float) -> float:
        """The recall with the last bin at which the precision is reached."""
        last = self.largest(precision)
        return float(self.recall[last]) if last >= 0 else 0.0

    def at(self, threshold: int) -> str:
        """Precision and recall with a threshold, as text."""
        if threshold < 0:
            return "– / 0.000"
        return f"{self.precision[threshold]:.3f} / {self.recall[threshold]:.3f}"


@dataclass(frozen=True)
class Method:
    """A way to tell duplicates: glyphs to vectors, two sets of these to bins of their distances; how to say a bin."""

    name: str
    normalise: bool
    encode: Callable[[Glyphs], Codes]
    bins: Callable[[Codes, Codes], NDArray[np.int64]]
    say: Callable[[int], str]

    def counts(self, setting: Setting) -> dict[str, Counts]:
        """By kind of change."""
        gallery = self.encode(setting.gallery)
        return {kind: self._count(gallery, queries, setting) for kind, queries in setting.queries.items()}

    def _count(self, gallery: Codes, queries: Glyphs, setting: Setting) -> Counts:
        codes, originals = self.encode(queries), setting.originals
        size = BINS + 1
        pairs, right = np.zeros(size, np.int64), np.zeros(size, np.int64)
        for start in range(0, len(codes), AT_ONCE):
            far = self.bins(codes[start : start + AT_ONCE], gallery)
            own = originals[start : start + AT_ONCE]  # strangers, which come last, have none
            pairs += np.bincount(far.ravel(), minlength=size)
            right += np.bincount(far[np.arange(len(own)), own], minlength=size)
        return Counts(pairs, right, len(originals))


def dense_bins(queries: Codes, gallery: Codes) -> NDArray[np.int64]:
    """Distances of directions, in bins."""
    far = np.sqrt(np.maximum(2 - 2 * queries @ gallery.T, 0))
    return np.asarray(np.ceil(far * (BINS / 2) - 1e-6), np.int64).clip(0, BINS)


def hash_bins(queries: Codes, gallery: Codes) -> NDArray[np.int64]:
    """How many bits differ; bits are -1 and 1."""
    return np.asarray(np.rint((BITS - queries @ gallery.T) / 2), np.int64)


def hashing(python: Path, folder: Path, about: dict[str, Any]) -> Callable[[Glyphs], Codes]:
    """An encoder to pHash's bits as -1 and 1; notes in ``about`` the version and the time a hash took."""

    def encode(glyphs: Glyphs) -> Codes:
        job = {"glyphs": str(folder / "glyphs.npy"), "bits": str(folder / "bits.npy")}
        np.save(job["glyphs"], glyphs)
        about.update(measured_by(python, "hash_process.py", job))
        bits: Codes = np.load(job["bits"]).astype(np.float32) * 2 - 1
        return bits

    return encode


def methods(encoder: Encoder, hashed: Callable[[Glyphs], Codes]) -> list[Method]:
    """Ours and the other, on copies as they are and on copies that passed the normaliser, as files do."""

    def dense(glyphs: Glyphs) -> Codes:
        return unpack(encoder.dense(glyphs))

    def distance(number: int) -> str:
        return f"distance {number * 2 / BINS:.3f}" if number >= 0 else "none"

    def bits(number: int) -> str:
        return f"{number} bits" if number >= 0 else "none"

    return [
        Method("ours, normalised", True, dense, dense_bins, distance),
        Method("ours", False, dense, dense_bins, distance),
        Method("pHash, normalised", True, hashed, hash_bins, bits),
        Method("pHash", False, hashed, hash_bins, bits),
    ]


def draw_picture(totals: dict[str, Counts], chosen: dict[str, int], file: Path) -> None:
    """Precision by recall, and the thresholds that were chosen."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4.2), layout="constrained")
    for number, (name, counts) in enumerate(totals.items()):
        some = np.flatnonzero(np.cumsum(counts.pairs))
        axes.plot(counts.recall[some], counts.precision[some], color=f"C{number}", label=name)
        if chosen[name] >= 0:
            axes.plot(counts.recall[chosen[name]], counts.precision[chosen[name]], "o", color=f"C{number}")
    axes.set(xlabel="recall: copies whose original is found", ylabel="precision of the pairs found")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(file, dpi=120, metadata={"Software": None})


def total(counts: dict[str, Counts]) -> Counts:
    """All kinds of change together."""
    first, *others = counts.values()
    for each in others:
        first += each
    return first


def measure(
    args: argparse.Namespace, encoder: Encoder, ways: Sequence[Method]
) -> tuple[list[str], dict[str, Counts]]:
    """The tables, and what was counted on test images."""
    train, test = load(args.data, "train"), load(args.data, "test")
    rows, totals, chosen = [], {}, {}
    columns: dict[str, list[str]] = {}
    settings = {
        normalise: [
            draw_setting(part, args.gallery, args.n, args.seed, normalise=normalise) for part in (train, test)
        ]
        for normalise in (False, True)
    }
    for way in ways:
        learnt, reported = (way.counts(setting) for setting in settings[way.normalise])
        totals[way.name] = total(reported)
        chosen[way.name] = total(learnt).largest(args.precision)
        thresholds = {f"{way.name}, {way.say(chosen[way.name])}": chosen[way.name]}
        if way.bins is dense_bins:
            shipped = int(encoder.duplicate_distance * BINS / 2)
            thresholds[f"{way.name}, as shipped: {way.say(shipped)}"] = shipped if shipped else -1
        elif not way.normalise:
            thresholds[f"{way.name}, {USUAL_BITS} bits, imagededup's default"] = USUAL_BITS
        for name, threshold in thresholds.items():
            columns[name] = [each.at(threshold) for each in (*reported.values(), totals[way.name])]
        best = totals[way.name].largest(args.precision)
        rows.append([way.name, way.say(best), totals[way.name].at(best)])
        print(way.name, rows[-1], flush=True)
    RESULTS.mkdir(exist_ok=True)
    draw_picture(totals, chosen, RESULTS / PICTURE)
    kinds = [*CHANGES, "all of them"]
    lines = [[name, *cells] for name, cells in columns.items()]
    return [
        "Precision / recall on test images, with thresholds chosen on training images.\n",
        table(["threshold", *kinds], lines),
        f"The highest recall at a precision of {args.precision}, with thresholds chosen on these test images.\n",
        table(["", "threshold", "precision / recall"], rows),
    ], totals


def main() -> None:
    """Measure, and write the tables and the plot."""
    parser = options(__doc__, 9000)
    parser.add_argument("--n", type=int, default=500, help="copies of each kind, and as many strangers")
    parser.add_argument("--precision", type=float, default=0.99, help="what thresholds are chosen for")
    parser.add_argument("--env", help="folder of the environment with the other libraries")
    args = parser.parse_args()
    encoder = Encoder.open(args.encoder, threads=1)
    python = environment(args.env)
    about: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place, threadpool_limits(1):
        parts, totals = measure(args, encoder, methods(encoder, hashing(python, Path(place), about)))
    ours, other = (
        max(each.found_at(args.precision) for name, each in totals.items() if name.startswith(start))
        for start in ("ours", "pHash")
    )
    write(
        "duplicates",
        "Near-duplicates",
        header(
            (*PACKAGES, "opencv-python-headless"),
            other=about["package"],
            encoder=encoder_line(encoder),
            n=f"a gallery of {args.gallery:,} MNIST test images; of each kind {args.n} copies and {args.n} strangers",
            seed=args.seed,
            command="`python benchmarks/duplicates.py`",
        ),
        "“Normalised”: the queries went through `to_glyph` first, as files do with `similar`. Shifts up to 3 px, scale "
        f"0.8–1.2, JPEG of quality 20, noise of 0.1. One hash takes {1e6 * about['seconds']:.0f} µs; nothing else is "
        "timed.\n",
        *parts,
        f"At that precision ours finds {ours:.1%} of the copies, pHash {other:.1%}, each in its better form.\n",
        f"![Precision by recall]({PICTURE})\n",
    )


if __name__ == "__main__":
    main()
