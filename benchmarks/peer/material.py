"""What recognizers are compared on, as files that any process can read: digits, photographs, and what is no digit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from peer.forms import FAINT, Grey
from recognizer.bundle import Bundle
from recognizer.data import load_mnist
from recognizer.results import REJECT
from recognizer.training.config import make_config
from recognizer.training.samples import stratified_split

TIGHT = 16  # pixels of a side, as envelopes were scanned for USPS
KINDS = ("digits", "tight", "photographs")
KIND_OF = {
    "validation": "digits",
    "MNIST": "digits",
    "USPS": "tight",
    "Omniglot": "tight",
    "sudoku": "photographs",
    "empty cells": "photographs",
}
REPORTED = ("MNIST", "USPS", "sudoku", "empty cells", "Omniglot")
EMPTY = 255  # the label of a sudoku cell without a digit


@dataclass(frozen=True)
class Scale:
    """How much is measured.

    Attributes:
        n: images of each set at most; 0 for all.
        validation: digits that thresholds are chosen on.
        chosen: images of each kind that forms and options are chosen on.
        learn: digits that learners learn from; 0 for all but those held out.
        learn_few: those that they learn from while options are tried.
        timed: images timed alone.
        together: images timed in one call.
        starts: processes started cold.
    """

    n: int = 0
    validation: int = 5000
    chosen: int = 500
    learn: int = 0
    learn_few: int = 5000
    timed: int = 300
    together: int = 2000
    starts: int = 5


FULL = Scale()
QUICK = Scale(150, 300, 20, 8000, 2000, 60, 300, 1)


@dataclass(frozen=True)
class Pages:
    """Images of one kind.

    Attributes:
        images: uint8 (N, H, W).
        labels: uint8 (N,), 0–9, or 10 for what is no digit.
        bright: whether ink is brighter than paper.
        printed: bool (N,); whether each is print.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    bright: bool
    printed: NDArray[np.bool_] | None = None

    def some(self, n: int, seed: int) -> Pages:
        """``n`` of them at random; 0 for all."""
        if not n or n >= len(self.labels):
            return self
        return self.take(np.sort(np.random.default_rng(seed).permutation(len(self.labels))[:n]))

    def take(self, chosen: NDArray[Any]) -> Pages:
        """Those at indices or of a mask."""
        printed = None if self.printed is None else self.printed[chosen]
        return Pages(self.images[chosen], self.labels[chosen], self.bright, printed)

    def write(self, path: Path) -> str:
        """As a file that `peer_process.material` reads; returns its path."""
        np.savez(path, allow_pickle=False, images=self.images, labels=self.labels, bright=self.bright)
        return str(path)


def load(data: Path, model: Bundle, scale: Scale, seed: int) -> dict[str, Pages]:
    """All there is: "learn", "chosen" with each kind of page, "validation", and the sets to report.

    The digits held out are those that the model was not trained on.
    """
    images, labels = load_mnist(data, "train")
    config = make_config(model.meta["config"], str(model.folder))
    train, held_out = stratified_split(labels, config.data.validation, config.seed)
    digits = Pages(images, labels, True)
    cells, reported = _sudoku(data / datasets.CELLS)
    chosen = digits.take(held_out).some(scale.chosen, seed)
    sets = {
        "learn": digits.take(train).some(scale.learn, seed),
        "chosen digits": chosen,
        "chosen tight": Pages(np.stack([tight(image) for image in chosen.images]), chosen.labels, True),
        "chosen photographs": cells.take(~reported & (cells.labels < REJECT)).some(scale.chosen, seed),
        "validation": digits.take(held_out).some(scale.validation, seed),
    }
    report = {
        "MNIST": Pages(*load_mnist(data, "test"), True),
        "USPS": _usps(data / datasets.USPS),
        "sudoku": cells.take(reported & (cells.labels < REJECT)),
        "empty cells": cells.take(reported & (cells.labels == REJECT)),
        "Omniglot": _omniglot(data / datasets.OMNIGLOT),
    }
    return sets | {name: pages.some(scale.n, seed) for name, pages in report.items()}


def tight(image: Grey) -> Grey:
    """A digit of MNIST without its margin, uint8 (16, 16): other populations have none."""
    ink = image > 255 * FAINT
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    digit = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    side = max(digit.shape)
    spare = [side - length for length in digit.shape]
    square = np.pad(digit, [(each // 2, each - each // 2) for each in spare])
    return np.asarray(Image.fromarray(square).resize((TIGHT, TIGHT), Image.Resampling.BOX))


def _usps(file: Path) -> Pages:
    with np.load(file, allow_pickle=False) as stored:
        return Pages(stored["images"], stored["labels"].astype(np.uint8), True)


def _omniglot(file: Path) -> Pages:
    images = datasets.omniglot(file)
    return Pages(images, np.full(len(images), REJECT, np.uint8), False)


def _sudoku(file: Path) -> tuple[Pages, NDArray[np.bool_]]:
    with np.load(file, allow_pickle=False) as stored:
        labels = stored["labels"].astype(np.uint8)
        labels[labels == EMPTY] = REJECT
        return Pages(stored["images"], labels, False, stored["printed"]), stored["report"]


def write_all(sets: Mapping[str, Pages], folder: Path) -> dict[str, str]:
    """Each as a file in a folder; their paths by name."""
    return {name: pages.write(folder / f"{name.replace(' ', '-')}.npz") for name, pages in sets.items()}
