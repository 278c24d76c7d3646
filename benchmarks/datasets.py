"""Files in the folder of data sets besides MNIST's: their names, and the one whose form needs a word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

OMNIGLOT, CELLS, USPS = "omniglot.npz", "sudoku-cells.npz", "usps-train.npz"
SIDE = 105  # pixels of a character of Omniglot; its rows of bits are filled up to whole bytes


def omniglot(file: str | Path) -> NDArray[np.uint8]:
    """Omniglot's characters, of which none is a digit: uint8 (N, 105, 105), dark on light."""
    with np.load(file, allow_pickle=False) as stored:
        pages: NDArray[np.uint8] = np.unpackbits(stored["images"], axis=-1)[..., :SIDE] * np.uint8(255)
    return pages
