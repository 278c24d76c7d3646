"""Glyphs that are as different from each other as handwriting is, made quickly."""

from __future__ import annotations

import numpy as np


def many_glyphs(count, seed=0):
    """Smooth blots of eight kinds, as different as handwriting is."""
    rng = np.random.default_rng(seed)
    kinds = np.random.default_rng(1).random((8, 7, 7))
    blots = kinds[rng.integers(0, 8, count)] + 0.8 * rng.random((count, 7, 7))
    return (blots.repeat(4, 1).repeat(4, 2) * 140).astype(np.uint8)
