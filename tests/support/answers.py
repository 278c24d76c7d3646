"""Pages of all kinds to ask a recognizer about, and when two answers are the same."""

from __future__ import annotations

import numpy as np
import pytest
from pages import DIGITS, enlarged, noisy, page_of, tight, written

BLANK = np.full((50, 60), 235, np.uint8)


def side_by_side(left, right, gap=20):
    parts = [enlarged(tight(digit), 90) for digit in (left, right)]
    height = max(map(len, parts))
    parts = [np.pad(part, ((height - len(part), 0), (0, 0))) for part in parts]
    return written(np.pad(np.hstack([parts[0], np.zeros((height, gap)), parts[1]]), 25))


SEVERAL = side_by_side(DIGITS[8], DIGITS[12])
SCRIBBLE = np.random.default_rng(3).integers(0, 2, (9, 9)).repeat(9, 0).repeat(9, 1).astype(np.uint8) * 255
PAGES = [*map(page_of, DIGITS), BLANK, SEVERAL, noisy(page_of(DIGITS[5], 60, 120, 180), 25), SCRIBBLE]


def same(one, other):
    """Equal answers; scores may differ in the last digits, since batches are computed in another order."""
    plain, again = one.to_dict(), other.to_dict()
    close = pytest.approx(again.pop("scores"), abs=1e-5), pytest.approx(again.pop("confidence"), abs=1e-5)
    return (plain.pop("scores"), plain.pop("confidence")) == close and plain == again
