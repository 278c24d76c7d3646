"""What each way of searching is worth: the same digit among the first ten, and disturbed copies of images found again.

    python benchmarks/search_schemes.py --data DIR [--gallery 60000] [--n 1000] [--seed 1] [--small 1000]

The gallery is MNIST's training part. P@10 is on images of its test part; R@1, R@10 and R@100 say how often the original
of a disturbed copy is the first, among the first 10, among the first 100. Copies are turned by up to 12°, moved by up
to 3 pixels, half of them thickened, with 2 % stray pixels on and off and Gaussian noise of 0.1.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import baselines
import numpy as np
from baselines import ExemplarIndex, Way, flat_way, own_ways
from common import RESULTS, header, table, write
from search_material import (
    PACKAGES,
    Digits,
    disturb,
    draw,
    encoder_line,
    figures,
    found,
    load,
    options,
    same_digit,
)
from threadpoolctl import threadpool_limits

from recognizer.training.embedding.queries import UNSEEN, Change, usual
from retrieval import Encoder

PICTURE = "search_schemes.png"
MARKERS = "os^Dv<>PX"
RECALL = ("R@1", "R@10", "R@100")


@dataclass(frozen=True)
class Worth:
    """How well a way of searching finds, and what it costs.

    Attributes:
        name: the way's.
        precision: P@10.
        recall: R@1, R@10 and R@100 of copies as they are.
        normalised: the same of copies that passed the normaliser.
        item_bytes: what an image takes in the index.
        encoding: microseconds that the code of an image takes.
        query: milliseconds that a search takes, with its code made before.
    """

    name: str
    precision: float
    recall: list[float]
    normalised: list[float]
    item_bytes: float
    encoding: float
    query: float

    def row(self) -> list[object]:
        """A row of the table."""
        return [
            self.name,
            *figures([self.precision, *self.recall, *self.normalised]),
            f"{self.item_bytes:,.0f}",
            f"{self.encoding:.0f}",
            f"{self.query:.2f}",
        ]


COLUMNS = [
    "code",
    "P@10",
    *RECALL,
    *(f"{name}, normalised" for name in RECALL),
    "bytes an item",
    "µs to encode",
    "ms a query",
]


def worth(way: Way, gallery: Digits, test: Digits, n: int, seed: int) -> Worth:
    """Measure one way."""
    copies = disturb(gallery, n, seed, usual)
    start = time.perf_counter()
    codes = way.encode(copies.glyphs)
    encoded = time.perf_counter()
    ids = way.index.search(codes, 100)[0]
    done = time.perf_counter()
    again = disturb(gallery, n, seed, usual, normalise=True)
    result = Worth(
        way.name,
        same_digit(way.nearest(test.glyphs, 10), gallery.labels, test.labels),
        found(ids, copies.originals),
        found(way.nearest(again.glyphs, 100), again.originals),
        way.item_bytes,
        1e6 * (encoded - start) / len(copies.originals),
        1e3 * (done - encoded) / len(copies.originals),
    )
    print(way.name, *result.row()[1:], flush=True)
    return result


def known_ways(gallery: Digits, model: str | None) -> list[Way]:
    """The baselines, over a gallery."""
    glyphs = gallery.glyphs
    encoders = {
        "pixels": baselines.pixels,
        "pixels, centred by mass": baselines.centred,
        f"PCA {baselines.COMPONENTS}, centred": baselines.principal_components(glyphs),
        "moments of 4×4 regions": baselines.moments(glyphs),
        "HOG": baselines.gradients,
        "classifier features": baselines.classifier_features(model),
    }
    return [flat_way(name, encode, glyphs) for name, encode in encoders.items()]


def on_a_small_gallery(
    gallery: Digits, test: Digits, encoder: Encoder, n: int, seed: int
) -> tuple[str, float]:
    """The table with exemplar SVMs, and the milliseconds that one of them took to train."""
    glyphs = gallery.glyphs
    start = time.perf_counter()
    index = ExemplarIndex(baselines.gradients(glyphs))
    trained = 1e3 * (time.perf_counter() - start) / len(gallery)
    size = baselines.gradients(glyphs[:1]).nbytes + 4
    ways = [
        Way("exemplar SVMs of HOG", baselines.gradients, index, size),
        flat_way("HOG", baselines.gradients, glyphs),
        flat_way("pixels, centred by mass", baselines.centred, glyphs),
        *own_ways(glyphs, encoder),
    ]
    return table(COLUMNS, [worth(way, gallery, test, n, seed).row() for way in ways]), trained


def finding(gallery: Digits, ways: Sequence[Way], n: int, seed: int, *changes: Change) -> list[float]:
    """By the dense code R@1, R@10 and R@100, by the wide one R@100."""
    copies = disturb(gallery, n, seed, *changes)
    dense, wide = (found(way.nearest(copies.glyphs, 100), copies.originals) for way in ways[:2])
    return [*dense, wide[-1]]


def generalisation(
    full: Digits, test: Digits, *, encoder: Encoder, ways: Sequence[Way], n: int, seed: int
) -> list[str]:
    """What is found in images never trained on, and of disturbances that training did not use."""
    few = full.take(np.sort(draw(len(test), len(full), seed)))
    galleries = {
        f"{len(full):,} training images": (full, ways),
        f"{len(few):,} of them": (few, own_ways(few.glyphs, encoder)),
        f"{len(test):,} test images": (test, own_ways(test.glyphs, encoder)),
    }
    changes: dict[str, tuple[Change, ...]] = {"as above": (usual,)}
    changes |= {name: (change,) for name, change in UNSEEN.items()}
    changes |= {f"{name}, then as above": (change, usual) for name, change in UNSEEN.items()}
    rows = []
    for changed, chain in changes.items():
        cells = [figures(finding(gallery, some, n, seed, *chain)) for gallery, some in galleries.values()]
        rows.append([changed, *(cell for one in cells for cell in one)])
        print(*rows[-1], flush=True)
    short = (*(f"dense {name}" for name in RECALL), "wide R@100")
    parts: list[str] = []
    for number, name in enumerate(galleries):
        columns = [f"gallery: {name}", *short]
        parts.append(table(columns, [[row[0], *row[1 + 4 * number : 5 + 4 * number]] for row in rows]))
    return [*parts, _loss(rows)]


def _loss(rows: Sequence[Sequence[str]]) -> str:
    """How much less is found of images that were never trained on than of as many that were."""
    seen, unseen = (np.array(rows[0][first : first + 4], float) for first in (5, 9))
    lost = [f"{1 - each:+.1%}" for each in unseen / np.maximum(seen, 1e-9)]
    return (
        f"Relative loss of {len(seen)} figures, test images against as many training images, copies as above: "
        f"{', '.join(lost)} (a minus is a gain).\n"
    )


def draw_picture(results: Sequence[Worth], file: Path) -> None:
    """Both questions in one plot: P@10 and R@1."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for number, result in enumerate(results):
        colour = "tab:red" if result.name.startswith(("dense", "wide")) else "tab:grey"
        place = (result.precision, result.recall[0])
        axes.scatter(
            *place, 55, colour, MARKERS[number % len(MARKERS)], label=result.name, alpha=0.8, zorder=3
        )
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    axes.set(xlabel="P@10: same digit among the first ten", ylabel="R@1: the original of a copy first")
    axes.set(ylim=(-0.03, 1.03))
    axes.grid(alpha=0.3)
    figure.savefig(file, dpi=120, metadata={"Software": None})


def best(results: Sequence[Worth]) -> str:
    """Which way comes first in each column."""
    columns = {"P@10": [r.precision for r in results]}
    columns |= {name: [r.recall[i] for r in results] for i, name in enumerate(RECALL)}
    lines = [f"{name}: {results[int(np.argmax(values))].name}" for name, values in columns.items()]
    return "First by " + "; by ".join(lines) + ".\n"


def main() -> None:
    """Measure, and write the tables and the plot."""
    parser = options(__doc__, 60_000)
    parser.add_argument("--n", type=int, default=1000, help="disturbed copies")
    parser.add_argument("--digits", type=int, default=2000, help="test images to find the digit of")
    parser.add_argument("--small", type=int, default=1000, help="images with a classifier each")
    parser.add_argument("--model", help="a bundle (default: the shipped model)")
    args = parser.parse_args()
    with threadpool_limits(1):
        write("search_schemes", "Ways of searching", *_parts(args))


def _parts(args: argparse.Namespace) -> list[str]:
    encoder = Encoder.open(args.encoder, threads=1)
    full, test = load(args.data, "train", args.gallery), load(args.data, "test")
    asked = test.take(draw(args.digits, len(test), args.seed))
    results = [worth(way, full, asked, args.n, args.seed) for way in known_ways(full, args.model)]
    own = own_ways(full.glyphs, encoder)
    results += [worth(way, full, asked, args.n, args.seed) for way in own]
    small = full.take(draw(args.small, len(full), args.seed))
    exemplars, trained = on_a_small_gallery(small, asked, encoder, args.n, args.seed)
    general = generalisation(full, test, encoder=encoder, ways=own, n=args.n, seed=args.seed)
    RESULTS.mkdir(exist_ok=True)
    draw_picture(results, RESULTS / PICTURE)
    return [
        header(
            (*PACKAGES, "opencv-python-headless", "scikit-learn"),
            encoder=encoder_line(encoder),
            n=f"{len(asked)} test images for P@10, {args.n} disturbed copies for R@k",
            seed=args.seed,
            command="`python benchmarks/search_schemes.py`",
        ),
        f"Gallery: {len(full):,} MNIST training images. Timed on one thread, in batches of {args.n}: encoding copies, "
        "and exact search with codes made before (of the wide code: the inverted index). “Normalised”: copies went "
        "through `to_glyph` first, as files do. Baselines are float32. Nothing was chosen by these figures.\n",
        table(COLUMNS, [result.row() for result in results]),
        best(results),
        f"![P@10 and R@1]({PICTURE})\n",
        f"## A classifier for each image\n\nGallery: {len(small):,} of the training images. Training takes "
        f"{trained:.1f} ms an image, to tell it from {len(small):,}, and grows with their number: about "
        f"{trained * len(full) ** 2 / len(small) / 3.6e6:.0f} hours for {len(full):,}.\n",
        exemplars,
        "## Images and disturbances that training did not use\n\nCopies are sheared by up to 0.3, eroded by a pixel, "
        "lack a quarter, or are JPEG files of quality 20; “then as above” adds the usual disturbances.\n",
        *general,
    ]


if __name__ == "__main__":
    main()
