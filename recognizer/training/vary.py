"""Small changes of ink, such as another writer or another pen would make of it. Worker processes load no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from recognizer.training.samples import glyph_or_blank
from reject_gen.base import GreyImage
from reject_gen.mix import Degrade

CHILDREN = 6  # of each find
PAGE_SIDE = 28  # pixels of a glyph: a pen is changed by about one of these


@dataclass(frozen=True)
class Find:
    """A sample that was accepted.

    Attributes:
        glyph: uint8 (28, 28).
        ink: what was photographed, uint8 (H, W).
        family: of the ink.
        root: index of the sample that it was first found in.
    """

    glyph: GreyImage
    ink: GreyImage
    family: str
    root: int


Part = tuple[Sequence[Find], Sequence[tuple[int, ...]]]
"""Some finds to vary, each with the seed of its changes."""


def breed(degrade: Degrade, part: Part) -> list[Find]:
    """Some children of each find, changed and photographed anew; whether they fool anybody is not known yet."""
    children = []
    for lead, seed in zip(*part, strict=True):
        rng = np.random.default_rng(seed)
        for _ in range(CHILDREN):
            ink = vary(lead.ink, rng)
            glyph = glyph_or_blank(degrade(ink, rng))
            children.append(replace(lead, glyph=glyph, ink=ink))
    return children


def vary(ink: GreyImage, rng: np.random.Generator) -> GreyImage:
    """Change an ink a little.

    Args:
        ink: uint8 (H, W).
        rng: the same state gives the same change.

    Returns:
        uint8 (H', W'): as it is, for another photograph; bent; with another pen; partly covered.
    """
    if rng.random() < 0.25:
        return ink
    changed = _bent(ink, rng)
    if rng.random() < 0.4:
        changed = _with_other_pen(changed, rng)
    if rng.random() < 0.3:
        changed = _covered(changed, rng)
    return changed if (changed != changed[0, 0]).any() else ink


def _paper(ink: GreyImage) -> int:
    rim = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
    return int(np.median(rim))


def _bent(ink: GreyImage, rng: np.random.Generator) -> GreyImage:
    """Turned, stretched and slanted, on a page that still holds all of it."""
    paper, border = _paper(ink), max(ink.shape) // 6
    page = cv2.copyMakeBorder(ink, border, border, border, border, cv2.BORDER_CONSTANT, value=[paper])
    height, width = page.shape
    turn, slant, across, down = rng.normal(0, (0.1, 0.08, 0.06, 0.06))
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = turned @ np.array([[np.exp(across), slant], [0, np.exp(down)]])
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    whole = np.column_stack([matrix, middle - matrix @ middle])
    return np.asarray(cv2.warpAffine(page, whole, (width, height), borderValue=[paper]), np.uint8)


def _with_other_pen(ink: GreyImage, rng: np.random.Generator) -> GreyImage:
    side = max(2, round(max(ink.shape) / PAGE_SIDE))
    change = cv2.dilate if rng.random() < 0.5 else cv2.erode
    return np.asarray(change(ink, np.ones((side, side), np.uint8)), np.uint8)


def _covered(ink: GreyImage, rng: np.random.Generator) -> GreyImage:
    """Without what lies in a strip across it, or in a corner."""
    height, width = ink.shape
    reach = rng.uniform(0.05, 0.25, 2) * (width, height)
    x, y = rng.uniform(0.1, 0.9, 2) * (width, height)
    if rng.random() < 0.5:
        reach[rng.integers(2)] = max(width, height)
    left, top = max(0, round(x - reach[0])), max(0, round(y - reach[1]))
    covered = ink.copy()
    covered[top : round(y + reach[1]) + 1, left : round(x + reach[0]) + 1] = _paper(ink)
    return covered
