"""Whether the known digits that explain an answer show the digit of the image, for handwriting and for print.

    python benchmarks/explanations.py [--data DIR] [--n 1000] [--seed 0]

The gallery is the one that ships, with and without its print. A neighbour is right if it shows the digit of the image;
its similarity states which share of neighbours at that distance is right, as measured on MNIST. Images:

- MNIST's test part, and what the embedding's training held out;
- printed digits in typefaces that are held out, so that the gallery has none of them, as drawn and through a simulated
  phone;
- crops of photographed cells, which this project doesn't have: ``sudoku-cells.npz`` in the data folder, if it is there,
  with ``images``, ``labels`` over 9 for empty ones, ``printed``, ``photo``, and ``report`` for those to report on.

Whether a gallery should know print as drawn or as photographed is a choice: it is measured on images that are not kept
for reporting, in a table of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from common import command_line, header, table, write
from datasets import CELLS
from numpy.typing import NDArray
from search_material import Digits, encoder_line

from recognizer.data import find_data, load_mnist
from recognizer.galleries import MNIST_SOURCE
from recognizer.results import REJECT
from recognizer.training.config import DataConfig
from recognizer.training.embedding.config import EmbeddingConfig, EmbeddingDataConfig
from recognizer.training.embedding.starter import FAMILIES, known_print
from recognizer.training.samples import degrade, found_or_blank, glyph_or_blank, stratified_split
from reject_gen.printed import render_digits
from reject_gen.typefaces import find_typefaces, split_typefaces
from retrieval import Gallery, Hit

K = 10
FEW = 5  # neighbours that an explanation names
EDGES = (0.0, 0.98, 0.99, 0.995, 1.0)  # of similarities
WITHOUT, SHIPS = "without print", "as it ships"
PRINT = "print"  # in the names of printed images
Search = dict[str, list[list[Hit]]]
Inks = list[NDArray[np.uint8]] | NDArray[np.uint8]  # of one size in an array


class Images(NamedTuple):
    """What is looked up: a name, glyphs and labels, and whether they are kept for reporting."""

    name: str
    digits: Digits
    report: bool


class Found(NamedTuple):
    """Neighbours: bool (N, 10), whether they are right, and float (N, 10), the similarity that is stated."""

    right: NDArray[np.bool_]
    said: NDArray[np.float64]

    @classmethod
    def of(cls, hits: Sequence[Sequence[Hit]], labels: NDArray[np.uint8]) -> Found:
        """From the hits of each image, of which there are equally many, and the images' labels."""
        shown = np.array([[hit.label for hit in row] for row in hits])
        return cls(shown == labels[:, None], np.array([[hit.similarity for hit in row] for row in hits]))


def written(data: Path) -> Iterator[Images]:
    """MNIST's test part, and what training held out."""
    images, labels = load_mnist(data, "test")
    yield Images("MNIST test", _glyphs(images, labels), report=True)
    images, labels = load_mnist(data, "train")
    held_out = stratified_split(labels, EmbeddingDataConfig().validation, EmbeddingConfig.seed)[1]
    yield Images("MNIST held out", _glyphs(images[held_out], labels[held_out]), report=False)


def printed(n: int, seed: int) -> Iterator[Images]:
    """Digits in typefaces that are held out, as drawn and photographed."""
    faces = [face.path for face in split_typefaces(find_typefaces(), DataConfig().held_out_typefaces)[1]]
    rng = np.random.default_rng(seed)
    images, labels = render_digits(rng, n, faces)
    yield Images("print, as drawn", _glyphs(images, labels), report=False)
    images, labels = render_digits(rng, n, faces)
    yield Images("print, simulated phone", photographed(images, labels, rng, 0.0), report=False)


def cells(file: Path) -> Iterator[Images]:
    """Photographed cells, kept for reporting or not, handwritten and printed."""
    with np.load(file, allow_pickle=False) as stored:
        images, labels = stored["images"], stored["labels"].astype(np.uint8)
        in_print, report = stored["printed"].astype(bool), stored["report"].astype(bool)
        photos = stored["photo"]
    for part, of_report in ((report, True), (~report, False)):
        use = "reported" if of_report else "may be tuned on"
        for kind, chosen in (("handwriting", ~in_print), ("print", in_print)):
            ours = part & chosen & (labels < REJECT)
            name = f"sudoku cells, {kind}, {len(np.unique(photos[part]))} photos ({use})"
            yield Images(name, _glyphs(images[ours], labels[ours]), of_report)


def photographed(inks: Inks, labels: NDArray[np.uint8], rng: np.random.Generator, scanned: float) -> Digits:
    """Through a simulated phone, a share through a scanner; without those in which the digit was lost."""
    glyphs = np.stack([found_or_blank(degrade(ink, rng, 0.0, scanned), ink) for ink in inks])
    kept = glyphs.any(axis=(1, 2))
    return Digits(glyphs[kept], labels[kept])


def _glyphs(images: Inks, labels: NDArray[np.uint8]) -> Digits:
    return Digits(np.stack([glyph_or_blank(image) for image in images]), labels)


class Galleries:
    """The gallery that ships, as it is and otherwise filled."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Galleries of photographed print lie in a folder."""
        self.shipped = Gallery.open()
        self.photographs: dict[str, Gallery] = {}
        for families in (FAMILIES, 2 * FAMILIES):
            known = known_print(families)
            rng = np.random.default_rng([seed, families])
            taken = photographed(known.glyphs, known.labels, rng, DataConfig().scanner_share)
            gallery = Gallery.create(folder / str(families))
            gallery.append(taken.glyphs, labels=taken.labels.tolist(), sources="photographed")
            self.photographs[f"{len(gallery):,} photographs of {families} typefaces"] = gallery

    def search(self, images: Images) -> Search:
        """Ten neighbours of each image, by what the gallery knows; photographs only where a choice may be made."""
        glyphs = images.digits.glyphs
        alone = self.shipped.search(glyphs, K, engine="exact", source=MNIST_SOURCE)
        found: Search = {WITHOUT: alone, SHIPS: self.shipped.search(glyphs, K, engine="exact")}
        if not images.report:
            for name, gallery in self.photographs.items():
                found[name] = merged(alone, gallery.search(glyphs, K, engine="exact"))
        return found


def merged(some: Sequence[list[Hit]], others: Sequence[list[Hit]]) -> list[list[Hit]]:
    """The ten nearest of two galleries."""
    both = (one + other for one, other in zip(some, others, strict=True))
    return [sorted(hits, key=lambda hit: hit.distance)[:K] for hits in both]


def shares(found: Found) -> list[str]:
    """The shares of the first, five and ten neighbours that are right, and the share stated for the five."""
    values = [found.right[:, :k].mean() for k in (1, FEW, K)]
    return [f"{100 * value:.2f} %" for value in (*values, found.said[:, :FEW].mean())]


def bins(found: Found) -> list[list[str]]:
    """The five neighbours by stated similarity: how many, the share stated to be right, and the share that is."""
    said, right = found.said[:, :FEW], found.right[:, :FEW]
    rows = []
    for low, high in pairwise(EDGES):
        inside = (said >= low) & ((said < high) | (high == EDGES[-1]))
        told = (
            [f"{100 * each[inside].mean():.1f} %" for each in (said, right)] if inside.any() else ["–", "–"]
        )
        rows.append([f"{low:g}–{high:g}", f"{inside.sum():,}", *told])
    return rows


class Rows(NamedTuple):
    """The rows of the three tables."""

    worth: list[list[str]]
    reliability: list[list[str]]
    choice: list[list[str]]

    def add(self, images: Images, search: Search) -> None:
        """What was found for some images."""
        found = {name: Found.of(hits, images.digits.labels) for name, hits in search.items()}
        told = {
            name: [images.name, f"{len(images.digits):,}", name, *shares(each)]
            for name, each in found.items()
        }
        self.worth.extend(told[name] for name in (WITHOUT, SHIPS))
        if PRINT in images.name:
            for name in (WITHOUT, SHIPS):
                self.reliability.extend([images.name, name, *row] for row in bins(found[name]))
        if not images.report:
            self.choice.extend(told.values())


def main() -> None:
    """Measure all images and write the tables."""
    parser = command_line(__doc__, data="mnist/", seed=0)
    parser.add_argument("--n", type=int, default=1000, help="printed digits of each kind")
    args = parser.parse_args()
    data = find_data(args.data)
    sets = [*written(data), *printed(args.n, args.seed)]
    if (data / CELLS).is_file():
        sets += cells(data / CELLS)
    rows = Rows([], [], [])
    with TemporaryDirectory() as folder:
        galleries = Galleries(Path(folder), args.seed)
        for images in sets:
            rows.add(images, galleries.search(images))
    shipped = galleries.shipped
    shown = ("first right", f"{FEW} right", f"{K} right", f"said of the {FEW}")
    write(
        "explanations", "Where similarity holds",
        header(("numpy", "onnxruntime", "opencv-python-headless"), encoder=encoder_line(shipped.encoder),
               n="; ".join(f"{len(images.digits):,} {images.name}" for images in sets), seed=args.seed,
               command="`python benchmarks/explanations.py`"),
        f"Neighbours in the shipped gallery of {len(shipped):,} digits. Printed digits are set in typefaces of this "
        "machine that the gallery lacks. Photographs in which the digit was lost are left out.\n",
        table(("images", "n", "gallery", *shown), rows.worth),
        f"The first {FEW} neighbours by similarity: the share said to be right, and the share that is right.\n",
        table(("images", "gallery", "similarity", "neighbours", "said", "right"), rows.reliability),
        "Which print a gallery should hold besides handwriting: none, print as drawn (this ships), or photographs of "
        "print instead. Measured only on images that are not kept for reporting.\n",
        table(("images", "n", "gallery", *shown), rows.choice),
    )  # fmt: skip


if __name__ == "__main__":
    main()
