"""What is asked of a gallery, and the images with labels that it hands out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CANDIDATES = 100  # of the wide code, to be ranked by the dense one


class Labelled(NamedTuple):
    """Images that have a label.

    Attributes:
        glyphs: uint8 (N, 28, 28).
        labels: uint8 (N,).
        codes: float32 (N, D), of unit length.
    """

    glyphs: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    codes: NDArray[np.float32]


class Question(NamedTuple):
    """What is asked of a gallery; see `Gallery.search`."""

    k: int
    mode: str
    engine: str
    rerank: bool
    label: int | None
    source: str | None
