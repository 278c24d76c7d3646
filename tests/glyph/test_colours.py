"""The same glyph whatever the colours of pen and paper."""

from __future__ import annotations

import numpy as np
import pytest
from pages import DIGITS, coded, likeness, page_of

from recognizer import to_glyph

PENS = {
    "blue": (30, 40, 160),
    "red": (200, 30, 30),
    "green": (20, 120, 40),
    "yellow": (230, 200, 20),
    "pencil": (120, 120, 120),
}
PAPERS = {
    "white": (250, 250, 248),
    "cream": (240, 230, 200),
    "pink": (250, 200, 210),
    "light blue": (190, 210, 245),
    "kraft": (190, 150, 110),
}


def in_colour(digit, pen, paper):
    return np.dstack([page_of(digit, 112, ink, ground) for ink, ground in zip(pen, paper, strict=True)])


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("pen", PENS)
def test_coloured_pens_on_coloured_paper(pen, paper):
    for digit in DIGITS[::5]:
        glyph = to_glyph(in_colour(digit, PENS[pen], PAPERS[paper]))
        assert likeness(glyph, to_glyph(page_of(digit))) > 0.9


def test_chalk():
    for digit in DIGITS[::5]:
        glyph = to_glyph(in_colour(digit, (235, 235, 230), (40, 70, 50)))
        assert likeness(glyph, to_glyph(page_of(digit))) > 0.9


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (20, 40, 180)])
def test_ink_in_the_alpha_channel(colour):
    for digit in DIGITS[::5]:
        ink = [np.full((112, 112), value, np.uint8) for value in colour]
        page = np.dstack([*ink, page_of(digit, 112, 255, 0)])
        plain = to_glyph(page_of(digit))
        assert likeness(to_glyph(page), plain) > 0.9
        assert likeness(to_glyph(coded(page, "PNG")), plain) > 0.9
