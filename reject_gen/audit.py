"""Drops generated non-digits that came out as digits: to train on these as rejects costs accuracy on digits.

A plain digit classifier is a poor judge if one believes it at once. It knows ten classes only and calls three
quarters of all stripe patterns an 8 with a probability above 0.99: believing it would drop the very
non-digits that a recognizer must learn. Two things set that right.

The probability must be *steady*. A digit that is moved by a pixel or turned by a few degrees stays that
digit, while confidence in anything else is mostly an accident of where the ink lies. So the least probability
over a few views counts. And families that cannot make a digit are kept whatever the classifier says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Glyphs = NDArray[np.uint8]
Score = Callable[[Glyphs], NDArray[np.floating]]

NEVER_DIGITS = frozenset(
    (
        "bracket",
        "checks",
        "closed_figure",
        "coil",
        "cross",
        "crossed_out",
        "dashes",
        "doubled_digit",
        "fibres",
        "fractal_clouds",
        "gradients",
        "gratings",
        "hatching",
        "lattice",
        "lying_ring",
        "lying_stroke",
        "part_of_table",
        "ring_with_inside",
        "salt_and_pepper",
        "scattered_phases",
        "signature",
        "snow",
        "spaced_pair",
        "staple",
        "star",
        "struck_cell",
        "tally",
        "textures",
        "tick",
        "ticked_box",
        "touching_pair",
        "triple",
        "wave",
        "words",
        "wrong_cut_halves",
        "wrong_cut_neighbour",
    )
)
"""Families with too many strokes, too few, or none, for any sample to be a digit."""

_SHIFTS = ((0, 1), (0, -1), (1, 0), (-1, 0))
_TURNS = (-8.0, 8.0)


def audit(
    glyphs: Glyphs, score: Score, limit: float, families: Sequence[str] | None = None
) -> NDArray[np.bool_]:
    """Tell the non-digits to keep from those that are digits by accident.

    Args:
        glyphs: uint8 (N, 28, 28), as the classifier is used to them.
        score: glyphs -> probabilities, float (N, 10) or (N, 11); only the ten digits are looked at.
        limit: a sample goes when its steady probability of one digit is above this, 0–1. Of
            100 handwritten digits among the samples, 0.7 finds about 95, 0.9 about 93.
        families: the family of each glyph; those of ``NEVER_DIGITS`` are kept. Without it all are judged
            that are not blank.

    Returns:
        bool (N,): True = keep.

    Raises:
        ValueError: as many families as glyphs are needed, or the limit is not between 0 and 1.
    """
    if not 0 <= limit <= 1:
        raise ValueError(f"the limit is a probability, 0 to 1, not {limit}")
    if families is not None and len(families) != len(glyphs):
        raise ValueError(f"{len(families)} families for {len(glyphs)} glyphs")
    keep = np.ones(len(glyphs), np.bool_)
    inked = glyphs.any(axis=(1, 2))
    if families is not None:
        inked &= np.array([name not in NEVER_DIGITS for name in families], np.bool_)
    judged = np.flatnonzero(inked)
    if not len(judged):
        return keep
    first = score(glyphs[judged])[:, :10]
    sure = first.max(axis=1) > limit
    suspects, digits = judged[sure], first[sure].argmax(axis=1)
    for view in _VIEWS:
        if not len(suspects):
            break
        steady = score(view(glyphs[suspects]))[np.arange(len(suspects)), digits] > limit
        suspects, digits = suspects[steady], digits[steady]
    keep[suspects] = False
    return keep


def _shifted(dy: int, dx: int) -> Callable[[Glyphs], Glyphs]:
    return lambda glyphs: np.roll(glyphs, (dy, dx), axis=(1, 2))


def _turned(degrees: float) -> Callable[[Glyphs], Glyphs]:
    matrix = cv2.getRotationMatrix2D((13.5, 13.5), degrees, 1.0)

    def turn(glyphs: Glyphs) -> Glyphs:
        return np.stack([np.asarray(cv2.warpAffine(glyph, matrix, (28, 28)), np.uint8) for glyph in glyphs])

    return turn


_VIEWS = (*(_shifted(dy, dx) for dy, dx in _SHIFTS), *(_turned(degrees) for degrees in _TURNS))
