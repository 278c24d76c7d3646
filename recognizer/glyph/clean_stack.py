"""The characters of many pages at once: bit by bit what `recognizer.glyph.clean` says of each, in far less time.

That is where the package was built with a C compiler, and while it searches, Python's global lock is free. Elsewhere
pages are looked at one by one, in Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from recognizer import compiled
from recognizer.glyph import SIDE
from recognizer.glyph.ink import Grey

if TYPE_CHECKING:
    from cv2.typing import MatLike


class Clean(NamedTuple):
    """The ink of a page's character alone.

    Attributes:
        kind: "one" character, or "several" side by side.
        image: uint8 (H, W), stretched so that paper is 0 and the core of strokes 255; all other ink is 0.
        box: (left, top, right, bottom) of this ink, pixels, without the faint rim of its strokes.
    """

    kind: Literal["one", "several"]
    image: Grey
    box: tuple[int, int, int, int]


def clean_all(inks: Sequence[Grey]) -> list[Clean | None]:
    """`recognizer.glyph.clean.clean` of each of any number of maps of ink.

    Args:
        inks: uint8 (H, W), C-contiguous, at most 2**18 pixels each; where nothing was compiled, any number.

    Raises:
        ValueError: others than these.
    """
    if compiled.native is None:
        from recognizer.glyph.clean import clean

        return [clean(ink) for ink in inks]
    images = [np.empty_like(ink) for ink in inks]
    found = compiled.native.clean(list(inks), images)
    return [
        None if each is None else Clean("several" if each[0] else "one", image, each[1])
        for each, image in zip(found, images, strict=True)
    ]


def centre_all(cuts: Sequence[MatLike], to_peak: Sequence[bool]) -> Sequence[Grey]:
    """`recognizer.glyph.clean.centre` of each of N cuts: N of uint8 (28, 28)."""
    if compiled.native is None:
        from recognizer.glyph.clean import centre

        return [centre(cut, peak) for cut, peak in zip(cuts, to_peak, strict=True)]
    glyphs = np.zeros((len(cuts), SIDE, SIDE), np.uint8)
    compiled.native.centre(list(cuts), bytes(to_peak), glyphs)  # type: ignore[arg-type]
    return list(glyphs)
