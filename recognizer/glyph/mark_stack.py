"""The marks of many pages at once: bit by bit what `recognizer.glyph.marks` says of each, in about a tenth of the time.

That is where the package was built with a C compiler, and Python's global lock is free meanwhile. Elsewhere pages are
looked at one by one, in Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from recognizer import compiled
from recognizer.glyph.ink import Grey


class Marks(NamedTuple):
    """What was kept of a page's ink.

    Attributes:
        kind: "one" character, or "several" side by side.
        paper: the level of ink, 0–255, up to which a pixel is paper and its noise.
        core: the level of ink, 0–255, of a stroke's core.
        zone: uint8 (H, W), 255 where kept ink may lie and 0 elsewhere; None where nothing had to be dropped.
        box: (left, top, right, bottom) of the kept marks, pixels, without the soft rim of their strokes.
    """

    kind: Literal["one", "several"]
    paper: int
    core: int
    zone: Grey | None
    box: tuple[int, int, int, int]


def sort_all(inks: Sequence[Grey]) -> list[Marks | None]:
    """`recognizer.glyph.marks.sort_marks` of each of any number of maps of ink.

    Args:
        inks: uint8 (H, W), C-contiguous, at most 2**18 pixels each; where nothing was compiled, any number.

    Raises:
        ValueError: others than these.
    """
    if compiled.native is None:
        from recognizer.glyph.marks import sort_marks

        return [sort_marks(ink) for ink in inks]
    zones = [np.empty_like(ink) for ink in inks]
    found = compiled.native.sort_marks(list(inks), zones)
    return [
        None
        if each is None
        else Marks("several" if each[0] else "one", each[1], each[2], zone if each[3] else None, each[4])
        for each, zone in zip(found, zones, strict=True)
    ]
