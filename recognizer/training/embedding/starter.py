"""The starter gallery: known digits that ship, taken from what the encoder and the classifier learnt from."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from recognizer.data import load_mnist
from recognizer.galleries import MNIST_SOURCE
from recognizer.glyph import find_glyph
from recognizer.training.embedding.config import EmbeddingConfig, EmbeddingDataConfig
from recognizer.training.samples import stratified_split
from retrieval.starter import COUNT, write_starter

_ALL = 60_000


def make_starter(
    root: str | os.PathLike[str],
    folder: Path | None = None,
    count: int = COUNT,
    progress: Callable[[int], None] | None = None,
) -> Path:
    """Write the starter gallery from MNIST training images, as many of each digit; ids are positions in the file.

    What training holds out for validation is left out: nothing that is measured there finds itself.

    Args:
        root: the folder of data sets, as ``find_data`` returns it.
        folder: where; by default its place in the package.
        count: how many images; a multiple of ten.
        progress: called with how many of them are encoded.

    Returns:
        The folder.

    Raises:
        DataError: MNIST is missing or damaged.
        QueryError: there are too few images for ``count``.
        EncoderError: there is no usable encoder.
    """
    images, labels = load_mnist(root, "train")
    held_out = EmbeddingDataConfig().validation * len(labels) // _ALL
    learnt, _ = stratified_split(labels, held_out, EmbeddingConfig.seed)
    glyphs = np.stack([find_glyph(image).image for image in images[learnt]])
    names = [str(place) for place in learnt.tolist()]
    return write_starter(
        glyphs, labels[learnt], names, MNIST_SOURCE, folder=folder, count=count, progress=progress
    )
