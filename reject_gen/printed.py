"""Printed digits, labelled: no non-digits, but made from the same typefaces.

Forms and newspapers are set in plain faces, so faces count by how plain they are, each family once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from reject_gen.base import GreyImage
from reject_gen.typefaces import BUILT_IN, DIGITS, glyph, names, render, supports

# Ornamental, outlined and stencilled digits have other numbers of parts and holes than these.
_HOLES = ({1, 2}, {0}, {0, 1}, {0}, {0, 1}, {0}, {1}, {0}, {2}, {1})
_TEMPLATE_SIDE = 20
_SPECK = 6
_ITALIC = 0.2
_USUAL_BREADTH = 0.62
_LEGIBLE_DIGITS = 6
"""How many of the ten must look most like themselves among the plain face's ten."""


def digit_typefaces(paths: Sequence[str]) -> tuple[str, ...]:
    """The typefaces whose ten digits anyone would read: no dingbats, outlines, boxes or other scripts."""
    return tuple(path for path in paths if supports(path, DIGITS) and plainness(path) > 0)


@lru_cache(maxsize=4096)
def plainness(path: str) -> float:
    """How much the ten digits look like those of a plain sans-serif, 0–1; 0 where they aren't legible."""
    if not all(_whole(path, digit) for digit in range(10)):
        return 0.0
    digits = _templates(path)
    likeness = np.maximum(digits @ _templates(BUILT_IN).T, digits @ _templates(BUILT_IN, _ITALIC).T)
    right = int((likeness.argmax(axis=1) == np.arange(10)).sum())
    return float(np.diag(likeness).mean()) if right >= _LEGIBLE_DIGITS else 0.0


def _parts_and_holes(ink: GreyImage) -> tuple[int, int]:
    """How many parts the ink has and how many holes, leaving out those of a few pixels."""
    solid = (cv2.copyMakeBorder(ink, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0) > 100).view(np.uint8)
    sizes = cv2.connectedComponentsWithStats(solid)[2][1:, cv2.CC_STAT_AREA]
    # Label 0 is the ink here, and the margin, always large enough, is one of the others.
    gaps = cv2.connectedComponentsWithStats(1 - solid, connectivity=4)[2][1:, cv2.CC_STAT_AREA]
    return int((sizes >= _SPECK).sum()), int((gaps >= _SPECK).sum()) - 1


def _whole(path: str, digit: int) -> bool:
    parts, holes = _parts_and_holes(glyph(path, str(digit)))
    # A zero may hold a dot or a slash.
    return holes in _HOLES[digit] and parts <= (2 if digit == 0 else 1)


@lru_cache(maxsize=4)
def _templates(path: str, slant: float = 0.0) -> NDArray[np.float64]:
    """The ten digits, brought to a usual breadth, softened and of unit length: float64 (10, 400)."""
    rows = []
    breadth = float(
        np.median([glyph(path, digit).shape[1] / glyph(path, digit).shape[0] for digit in DIGITS])
    )
    for digit in DIGITS:
        ink = _slanted(glyph(path, digit), slant, _USUAL_BREADTH / breadth)
        scale = _TEMPLATE_SIDE / max(ink.shape)
        small = cv2.resize(ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        canvas = np.zeros((_TEMPLATE_SIDE, _TEMPLATE_SIDE), np.float64)
        height, width = min(small.shape[0], _TEMPLATE_SIDE), min(small.shape[1], _TEMPLATE_SIDE)
        top, left = (_TEMPLATE_SIDE - height) // 2, (_TEMPLATE_SIDE - width) // 2
        canvas[top : top + height, left : left + width] = small[:height, :width]
        soft = cv2.GaussianBlur(canvas, (0, 0), 1.5).ravel()
        rows.append(soft / np.linalg.norm(soft))
    return np.array(rows)


@lru_cache(maxsize=16)
def _families(paths: tuple[str, ...]) -> tuple[list[list[str]], NDArray[np.float64]]:
    """Legible typefaces by family, and each family's share of the draws."""
    grouped: dict[str, list[str]] = {}
    for path in digit_typefaces(paths) or (BUILT_IN,):
        grouped.setdefault(names(path)[0], []).append(path)
    groups = list(grouped.values())
    # The eighth power leaves a face of half the likeness 1/256 of the draws.
    weights = np.array([max(plainness(path) for path in group) ** 8 for group in groups])
    return groups, np.cumsum(weights / weights.sum())


def render_digits(
    rng: np.random.Generator, n: int, typefaces: Sequence[str]
) -> tuple[list[GreyImage], NDArray[np.uint8]]:
    """Print ``n`` digits, each label as likely as the others.

    Args:
        rng: the same state gives the same digits.
        n: how many.
        typefaces: paths to choose from; illegible ones are passed over, and Pillow's stands in for none.

    Returns:
        Images uint8 (H, W) of about 56 px, bright ink on black with a margin, and their labels uint8 (n,).
    """
    groups, shares = _families(tuple(typefaces))
    labels = rng.integers(0, 10, n).astype(np.uint8)
    images = []
    for label in labels:
        group = groups[min(int(np.searchsorted(shares, rng.random())), len(groups) - 1)]
        path = group[int(rng.integers(len(group)))]
        images.append(vary_print(render(str(label), path, 56, margin=8), rng))
    return images, labels


def vary_print(ink: GreyImage, rng: np.random.Generator) -> GreyImage:
    """Vary weight, slant, width and sharpness within what print shows: uint8 (H, W), as ``ink``."""
    if rng.random() < 0.4:
        ink = _reweigh(ink, rng)
    slant = 0.12 * rng.standard_normal() if rng.random() < 0.4 else 0.0
    ink = _slanted(ink, slant, stretch=float(np.exp(0.12 * rng.standard_normal())))
    if rng.random() < 0.3:
        ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), 0.4 + 1.2 * rng.random()), dtype=np.uint8)
    return ink


def _reweigh(ink: GreyImage, rng: np.random.Generator) -> GreyImage:
    """Thicken or thin the strokes a little; as it was where little would be left or a hole would close."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2, 2) if rng.random() < 0.6 else (3, 3))
    operation = cv2.MORPH_DILATE if rng.random() < 0.5 else cv2.MORPH_ERODE
    changed = np.asarray(cv2.morphologyEx(ink, operation, kernel), dtype=np.uint8)
    enough = changed.sum(dtype=np.int64) > 0.6 * ink.sum(dtype=np.int64)
    return changed if enough and _parts_and_holes(changed) == _parts_and_holes(ink) else ink


def _slanted(ink: GreyImage, slant: float, stretch: float = 1.0) -> GreyImage:
    """Lean to the right by ``slant`` pixels a row and widen by ``stretch``."""
    height, width = ink.shape
    new_width = round(width * stretch + abs(slant) * height)
    shift = (new_width - stretch * width + slant * height) / 2
    matrix = np.array([[stretch, -slant, shift], [0.0, 1.0, 0.0]])
    return np.asarray(cv2.warpAffine(ink, matrix, (new_width, height), flags=cv2.INTER_LINEAR), np.uint8)
