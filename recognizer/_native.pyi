"""Compiled from the C files in `native`."""

import numpy as np
from numpy.typing import NDArray

CONSTANTS: dict[str, float]
"""What the C says of the constants of `components.py`, `lines.py` and `marks.py`."""

SOURCES: str
"""The SHA-256 of the C files that this was compiled from."""

def sort_marks(
    inks: list[NDArray[np.uint8]], zones: list[NDArray[np.uint8]]
) -> list[tuple[bool, int, int, bool, tuple[int, int, int, int]] | None]:
    """`recognizer.glyph.marks.sort_marks` of each page, without Python's global lock.

    Args:
        inks: uint8 (H, W), C-contiguous, of at most 2**18 pixels each.
        zones: as many of the same shapes, which are written to; none shares memory with an ink.

    Returns:
        For each page None, or several, paper, core, whether its zone is to be used, and box: see `Marks`.

    Raises:
        TypeError: no lists of arrays.
        ValueError: arrays of other shapes or types, that are not contiguous, or zones that are read-only. Other
            holders of memory say the last two by a BufferError.
        MemoryError: there is not enough.
    """

def unfilter(stream: bytes, pixels: NDArray[np.uint8]) -> bool:
    """Undo the filters of a PNG file's rows.

    Args:
        stream: for each row the number of its filter, and its bytes.
        pixels: uint8 (H, W) or (H, W, channels), C-contiguous, at most 2**24 bytes; written to.

    Returns:
        Whether all filters are known.

    Raises:
        TypeError: no bytes, or no array.
        ValueError: another shape or type, not contiguous or read-only, or as many bytes as don't fit.
    """
