"""Compiled from the C files in `native`."""

import numpy as np
from numpy.typing import NDArray

CONSTANTS: dict[str, float]
"""What the C says of the constants of `components.py`, `lines.py`, `marks.py` and `clean.py`."""

SOURCES: str
"""The SHA-256 of the C files that this was compiled from."""

def clean(
    inks: list[NDArray[np.uint8]], cleaned: list[NDArray[np.uint8]]
) -> list[tuple[bool, tuple[int, int, int, int]] | None]:
    """`recognizer.glyph.clean.clean` of each page, without Python's global lock.

    Args:
        inks: uint8 (H, W), C-contiguous, of at most 2**18 pixels each.
        cleaned: as many of the same shapes: the images of `Clean` are written to them; none shares memory with an ink.

    Returns:
        For each page None, or whether there are several, and the box.

    Raises:
        TypeError: no lists of arrays.
        ValueError: arrays of other shapes or types, that are not contiguous, or that can't be written to. Other
            holders of memory say the last two by a BufferError.
        MemoryError: there is not enough.
    """

def centre(cuts: list[NDArray[np.uint8]], to_peak: bytes, glyphs: NDArray[np.uint8]) -> None:
    """`recognizer.glyph.clean.centre` of each cut.

    Args:
        cuts: N of uint8 (H, W), at most 28 pixels high and wide, their rows contiguous.
        to_peak: a byte for each: 1 if its darkest pixel is taken to 255, else 0.
        glyphs: uint8 (N, 28, 28), C-contiguous, all 0; written to.

    Raises:
        TypeError: no list of arrays.
        ValueError: other shapes or types, or not contiguous, or glyphs that are read-only.
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
