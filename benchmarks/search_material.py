"""What the benchmarks of the search share: MNIST, disturbed copies, how well they are found, where they are kept."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from common import command_line
from numpy.typing import NDArray

from recognizer.data import Part, find_data, load_mnist
from recognizer.training.embedding.queries import Change, copies
from retrieval import Encoder

Glyphs = NDArray[np.uint8]
Ids = NDArray[np.int64]
RANKS = (1, 10, 100)
PACKAGES = ("numpy", "onnxruntime", "pynndescent", "numba")


@dataclass(frozen=True)
class Digits:
    """Glyphs uint8 (N, 28, 28) and their labels uint8 (N,)."""

    glyphs: Glyphs
    labels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Ids) -> Digits:
        """Some of them."""
        return Digits(self.glyphs[rows], self.labels[rows])


@dataclass(frozen=True)
class Copies:
    """Disturbed copies: glyphs uint8 (N, 28, 28), and the row of the original of each."""

    glyphs: Glyphs
    originals: Ids


def options(description: str | None, gallery: int | None = None) -> argparse.ArgumentParser:
    """The options that all of them share; the gallery's size only where there is one size."""
    parser = command_line(description, data="mnist/", seed=1)
    parser.add_argument("--encoder", help="the folder of an encoder (default: the one that ships)")
    if gallery is not None:
        parser.add_argument("--gallery", type=int, default=gallery, help="images in the gallery")
    return parser


def load(data: str | None, part: Part, most: int | None = None) -> Digits:
    """The first images of a part of MNIST."""
    images, labels = load_mnist(find_data(data), part)
    return Digits(images[:most], labels[:most])


def draw(n: int, among: int, seed: int) -> Ids:
    """``n`` or fewer different rows below ``among``."""
    return np.random.default_rng(seed).permutation(among)[:n]


def disturb(digits: Digits, n: int, seed: int, *changes: Change, normalise: bool = False) -> Copies:
    """Disturbed copies of ``n`` digits drawn at random; the same digits whatever the changes."""
    rows = draw(n, len(digits), seed)
    return Copies(copies(digits.glyphs[rows], [seed, 1], *changes, normalise=normalise), rows)


def found(ids: Ids, originals: Ids) -> list[float]:
    """R@1, R@10 and R@100: the share of queries whose original is among the first 1, 10, 100 of ``ids`` (N, 100)."""
    places = ids == originals[:, None]
    return [float(places[:, :k].any(axis=1).mean()) for k in RANKS]


def same_digit(ids: Ids, gallery: NDArray[np.uint8], labels: NDArray[np.uint8]) -> float:
    """P@10: the share of the ten nearest, ``ids`` (N, 10 or more), that show the query's digit."""
    return float((gallery[ids[:, :10]] == labels[:, None]).mean())


def agreement(ids: Ids, truth: Ids) -> float:
    """Recall of an approximate search: the share of the true neighbours (N, k) that ``ids`` (N, k) has."""
    return float((truth[:, :, None] == ids[:, None, :]).any(axis=2).mean())


def encoder_line(encoder: Encoder) -> str:
    """Which encoder was measured."""
    return (
        f"{encoder.name}, {encoder.hash[:12]}, {encoder.dense_dimensions} dense dimensions, "
        f"{encoder.wide_dimensions} wide ones"
    )


def figures(values: Sequence[float], places: int = 3) -> list[str]:
    """Numbers as text."""
    return [f"{value:.{places}f}" for value in values]
