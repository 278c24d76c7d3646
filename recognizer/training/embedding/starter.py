"""The starter gallery: known digits that ship, handwritten and printed, none of which is held out of training."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recognizer.data import load_mnist
from recognizer.galleries import MNIST_SOURCE, PRINT_SOURCE
from recognizer.glyph.normalise import find_glyph
from recognizer.training.config import DataConfig
from recognizer.training.embedding.config import EmbeddingConfig, EmbeddingDataConfig
from recognizer.training.samples import stratified_split
from reject_gen.printed import digit_typefaces, plainness
from reject_gen.typefaces import (
    DIGITS,
    Typeface,
    built_in,
    find_typefaces,
    glyph,
    render,
    split_typefaces,
)
from retrieval.starter import COUNT, equal_shares, write_starter

FAMILIES = 60  # of typefaces; their digits take a quarter of a megabyte
_ALL = 60_000
_SIZE, _MARGIN = 56, 8  # of print, pixels


class Known(NamedTuple):
    """Digits that are known.

    Attributes:
        glyphs: uint8 (N, 28, 28).
        labels: uint8 (N,).
        ids: N different strings.
        sources: where each comes from.
    """

    glyphs: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    ids: list[str]
    sources: list[str]


def make_starter(
    root: str | os.PathLike[str],
    folder: Path | None = None,
    count: int = COUNT,
    progress: Callable[[int], None] | None = None,
) -> Path:
    """Write the starter gallery from MNIST training images, as many of each digit, and print.

    What training holds out for validation is left out, images and typefaces: nothing that is measured there finds
    itself.

    Args:
        root: the folder of data sets, as ``find_data`` returns it.
        folder: where; by default its place in the package.
        count: how many images of MNIST; a multiple of ten.
        progress: called with how many digits are encoded.

    Returns:
        The folder.

    Raises:
        DataError: MNIST is missing or damaged.
        QueryError: there are too few images for ``count``.
        EncoderError: there is no usable encoder.
    """
    written, printed = handwritten(root, count), known_print()
    return write_starter(
        np.concatenate([written.glyphs, printed.glyphs]),
        np.concatenate([written.labels, printed.labels]),
        written.ids + printed.ids,
        written.sources + printed.sources,
        folder=folder,
        progress=progress,
    )


def handwritten(root: str | os.PathLike[str], count: int) -> Known:
    """Digits that the encoder learnt from; ids are positions in MNIST's training file."""
    images, labels = load_mnist(root, "train")
    held_out = EmbeddingDataConfig().validation * len(labels) // _ALL
    learnt, _ = stratified_split(labels, held_out, EmbeddingConfig.seed)
    chosen = learnt[equal_shares(labels[learnt], count)]
    glyphs = np.stack([find_glyph(image).image for image in images[chosen]])
    return Known(glyphs, labels[chosen], list(map(str, chosen.tolist())), [MNIST_SOURCE] * len(chosen))


def known_print(families: int = FAMILIES) -> Known:
    """Ten digits of each of the plainest families of typefaces here, as they are drawn.

    Not as photographs show them: these would be found for photographed handwriting, too.
    """
    glyphs, ids, sources = [], [], []
    for face in _plainest(split_typefaces(find_typefaces(), DataConfig().held_out_typefaces)[0], families):
        source = f"{PRINT_SOURCE}/{face.family} {face.style}"
        glyphs += [find_glyph(render(digit, face.path, _SIZE, _MARGIN)).image for digit in DIGITS]
        ids += [f"{source}/{digit}" for digit in DIGITS]
        sources += [source] * len(DIGITS)
    labels = np.tile(np.arange(len(DIGITS), dtype=np.uint8), len(ids) // len(DIGITS))
    return Known(np.stack(glyphs), labels, ids, sources)


def _plainest(faces: tuple[Typeface, ...], families: int) -> list[Typeface]:
    """The plainest face of each family, of the plainest families; no two draw the same digits."""
    by_path = {face.path: face for face in faces}
    plain: dict[str, Typeface] = {}
    drawn: set[bytes] = set()
    for path in sorted(digit_typefaces(list(by_path)), key=plainness, reverse=True):
        face, digits = by_path[path], b"".join(glyph(path, digit).tobytes() for digit in DIGITS)
        if face.family not in plain and digits not in drawn:
            plain[face.family] = face
        drawn.add(digits)
    return list(plain.values())[:families] or [built_in()]
