"""Labelled data sets to measure a model on: their examples, a choice among these, and their fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from recognizer.image.opening import ImageLike
    from recognizer.training.config import TrainingConfig

REJECT_NAME = "reject"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Example:
    """An image and what it shows.

    Attributes:
        image: as `Recognizer.recognize` takes it.
        label: 0–9, or 10 for what is no digit.
        name: what messages call it: its file, or its place in an array.
        family: the family of a generated non-digit; "" for others.
    """

    image: ImageLike
    label: int
    name: str
    family: str = ""


@dataclass
class Labelled:
    """A labelled data set.

    Attributes:
        name: as it was asked for.
        size: how many examples there are.
        read: starts reading them.
        note: what a reader of the figures should know of where they come from; may be "".
        generated: whether they are made as they are read, which takes its time.
        problems: a line for each entry that can't be used.
    """

    name: str
    size: int
    read: Callable[[], Iterator[Example]]
    note: str = ""
    generated: bool = False
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Choice:
    """Which examples of a data set to take.

    Attributes:
        root: the folder of data sets; None for that of RECOGNIZER_DATA.
        limit: the most examples of each data set, chosen at random; None for all.
        seed: of that choice, and of generated non-digits.
    """

    root: str | None = None
    limit: int | None = None
    seed: int = 0

    def of(self, size: int) -> NDArray[np.intp]:
        """The indices to take of ``size`` examples, ascending, int (min(size, limit),)."""
        if self.limit is None or self.limit >= size:
            return np.arange(size)
        return np.sort(np.random.default_rng(self.seed).permutation(size)[: self.limit])


@dataclass(frozen=True)
class Origin:
    """Which families of non-digits, and which split of MNIST, are meant.

    Attributes:
        config: of the training run.
        split_sha256: of the indices that it held out, if it recorded them.
    """

    config: TrainingConfig
    split_sha256: str | None = None


class Fingerprint:
    """The SHA-256 of images and of labels, in the order in which they are read.

    That of MNIST's whole test part is the SHA-256 of its uncompressed file without the header.
    """

    def __init__(self) -> None:
        self._images, self._labels = hashlib.sha256(), hashlib.sha256()
        self.n = 0

    def watch(self, examples: Iterable[Example]) -> Iterator[Example]:
        """Pass examples on, adding each: an array's pixels or a file's bytes."""
        for example in examples:
            self._add(example.image)
            self._labels.update(bytes([example.label]))
            self.n += 1
            yield example

    def _add(self, image: ImageLike) -> None:
        if isinstance(image, np.ndarray):
            self._images.update(np.ascontiguousarray(image).tobytes())
        elif isinstance(image, str) and Path(image).is_file():
            try:
                with Path(image).open("rb") as stream:
                    while block := stream.read(_BLOCK):
                        self._images.update(block)
            except OSError:  # the recognizer meets the same, and reports it
                return

    def to_dict(self, name: str) -> dict[str, Any]:
        """As a metrics file describes a data set."""
        return {
            "name": name,
            "n": self.n,
            "images_sha256": self._images.hexdigest(),
            "labels_sha256": self._labels.hexdigest(),
        }
