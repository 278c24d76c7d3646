"""Printed characters copied with a pen: the middle of their strokes, bent by hand and drawn anew.

Few scripts have typefaces that look handwritten. What a pen makes of a printed letter is near to handwriting.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from reject_gen.alphabets import alphabets
from reject_gen.base import GreyImage, Material, family
from reject_gen.characters import pick_character, shaken
from reject_gen.typefaces import render

_GROUP = "penned"
_HEIGHT = 72
_MARGIN = 14
_INK = 100  # from here on a pixel of print is ink


def penned_name(script: str) -> str:
    """The family that copies the characters of ``script``."""
    return f"{_GROUP}_{script}"


@dataclass(frozen=True)
class _OfScript:
    """Copies one character of a script; a class, since workers must be able to unpickle it."""

    script: str

    @property
    def __name__(self) -> str:
        return penned_name(self.script)

    def __call__(self, rng: np.random.Generator, material: Material) -> GreyImage:
        character, path = pick_character(rng, material, self.script)
        return copied(render(character, path, _HEIGHT, margin=_MARGIN), rng)


for _script in alphabets():
    family(_GROUP)(_OfScript(_script))


def copied(ink: GreyImage, rng: np.random.Generator) -> GreyImage:
    """Copy print with a pen.

    Args:
        ink: uint8 (H, W), bright on black, with a margin.
        rng: the same state gives the same copy.

    Returns:
        uint8 (H, W), bright on black.
    """
    line = middle_of_strokes(ink > _INK)
    if not line.any():
        return ink
    width = float(np.exp(rng.uniform(np.log(2.0), np.log(9.0))))
    side = max(1, round(width))
    pen = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    # A blurred line swings wide at corners, as a hand does; its steps of a pixel go.
    soft = cv2.GaussianBlur(cv2.dilate(line * np.uint8(255), pen), (0, 0), rng.uniform(0.8, 1.6))
    drawn = np.clip(soft.astype(np.float32) * 2.5 - 60, 0, 255).astype(np.uint8)
    return _leaning(shaken(drawn, rng, reach=rng.uniform(0.08, 0.25)), rng)


def _leaning(ink: GreyImage, rng: np.random.Generator) -> GreyImage:
    """Turned, slanted and stretched as writing is, on a page of the same size."""
    height, width = ink.shape
    turn, slant = rng.normal(0, 0.1), rng.normal(0, 0.15)
    across, down = np.exp(rng.normal(0, 0.15, 2))
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = turned @ np.array([[across, slant], [0.0, down]]) * 0.9
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    whole = np.column_stack([matrix, centre - matrix @ centre])
    return np.asarray(cv2.warpAffine(ink, whole, (width, height), flags=cv2.INTER_LINEAR), np.uint8)


def middle_of_strokes(ink: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Thin ink to lines of one pixel (Zhang and Suen, Communications of the ACM 27(3), 1984).

    Args:
        ink: bool (H, W).

    Returns:
        uint8 (H, W), 1 on the lines.
    """
    line = ink.astype(np.uint8)
    while True:
        before = int(line.sum())
        for outer in _outer_pixels():
            code = cv2.filter2D(line, -1, _NEIGHBOURS, borderType=cv2.BORDER_CONSTANT)
            line[(line > 0) & outer[code]] = 0
        if int(line.sum()) == before:
            return _with_dots(line, ink)


def _with_dots(line: NDArray[np.uint8], ink: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The lines, with a point for each part of the ink that thinning took away whole, such as a square of four."""
    labels = cv2.connectedComponents(ink.astype(np.uint8))[1]
    lost = np.setdiff1d(labels[ink], labels[line > 0])
    for part in lost:
        pixels = np.flatnonzero(labels == part)
        line.flat[pixels[len(pixels) // 2]] = 1
    return line


_NEIGHBOURS = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.float32)
"""The bit of each neighbour in a pixel's code, clockwise from the one above."""


@lru_cache(maxsize=1)
def _outer_pixels() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each half-step, which codes of neighbours let a pixel go: bool (256,)."""
    around = (np.arange(256)[:, None] >> np.arange(8)) & 1
    count = around.sum(1)
    starts = ((around == 0) & (np.roll(around, -1, 1) == 1)).sum(1)
    north, east, south, west = around[:, 0], around[:, 2], around[:, 4], around[:, 6]
    rim = (count >= 2) & (count <= 6) & (starts == 1)
    first = rim & (north * east * south == 0) & (east * south * west == 0)
    second = rim & (north * east * west == 0) & (north * south * west == 0)
    return first, second
