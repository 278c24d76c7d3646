"""Draws `docs/steps.png`: examples on their way from page to glyph.

    python benchmarks/draw_steps.py

A row is an image of `examples/`; its columns are the page, the paper as if nothing were written on it, the map of ink,
the strokes that are kept (dropped ones in red), and the glyph.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from recognizer.glyph.ink import background, ink_map
from recognizer.glyph.marks import sort_marks
from recognizer.glyph.normalise import find_glyph
from recognizer.image.opening import open_page

ROOT = Path(__file__).parents[1]
NAMES = ("photo-4.png", "shadow-2.jpg", "empty-cell.png")
STEPS = ("page", "paper", "ink", "strokes", "glyph")
SIDE, GAP, TITLE = 140, 8, 22
DROPPED = (200, 40, 40)

Picture = NDArray[np.uint8]


def strokes(ink: Picture) -> Picture:
    """The kept ink, dark on white, and what was dropped, in red: uint8 (H, W, 3)."""
    marks = sort_marks(ink)
    paper = 0 if marks is None else marks.paper
    core = 255 if marks is None else marks.core
    strength = np.clip((ink.astype(float) - paper) / max(1, core - paper), 0, 1)[..., None]
    zone = np.full(ink.shape, 255, np.uint8) if marks is None or marks.zone is None else marks.zone
    # On a blank page nothing is kept.
    kept = (zone > 0)[..., None] & (marks is not None)
    colour = np.where(kept, np.zeros(3), np.array(DROPPED))
    return np.rint(255 - strength * (255 - colour)).astype(np.uint8)


def steps(page: Picture) -> list[Picture]:
    """The pictures of one row; dark ink on light paper is assumed."""
    ink = ink_map(page)
    return [page, background(page), 255 - ink, strokes(ink), find_glyph(page).image]


def _tile(picture: Picture) -> Image.Image:
    scale = SIDE / max(picture.shape[:2])
    interpolation = cv2.INTER_NEAREST if scale > 1 else cv2.INTER_AREA
    return Image.fromarray(
        np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=interpolation))
    )


def main() -> None:
    """Draw the figure."""
    width, height = len(STEPS) * (SIDE + GAP) + GAP, TITLE + len(NAMES) * (SIDE + GAP) + GAP
    figure = Image.new("RGB", (width, height), "white")
    pen, font = ImageDraw.Draw(figure), ImageFont.load_default(13)
    for column, title in enumerate(STEPS):
        pen.text((GAP + column * (SIDE + GAP), 4), title, "black", font)
    for row, name in enumerate(NAMES):
        for column, picture in enumerate(steps(open_page(ROOT / "examples" / name))):
            x, y = GAP + column * (SIDE + GAP), TITLE + row * (SIDE + GAP)
            tile = _tile(picture)
            figure.paste(tile, (x, y))
            pen.rectangle((x - 1, y - 1, x + tile.width, y + tile.height), outline="#bbbbbb")
    figure.save(ROOT / "docs" / "steps.png", optimize=True)


if __name__ == "__main__":
    main()
