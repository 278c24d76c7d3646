"""What the drawing families share: a pen that moves along smooth paths, and small changes of a glyph.

Paths are float (N, 2) arrays of (x, y) in the unit square; images are uint8, bright ink on black.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reject_gen.base import GreyImage, Material

Path = NDArray[np.float64]
Mask = NDArray[np.bool_]

PAGE = 96
MARGIN = 0.12
_SHIFT = 4  # cv2 takes fixed-point coordinates: 4 bits give a sixteenth of a pixel


@dataclass(frozen=True)
class Pen:
    """A pen: how thick it writes and how much that thickness wavers along a stroke.

    Attributes:
        width: stroke width in pixels on a page of ``PAGE`` pixels.
        waver: share of the width that may come and go, 0–1.
    """

    width: float
    waver: float

    @staticmethod
    def pick(rng: np.random.Generator, thin: float = 2.5, thick: float = 12.0) -> Pen:
        """Choose a pen between ``thin`` and ``thick`` pixels, thin ones as often as thick ones."""
        return Pen(float(np.exp(rng.uniform(np.log(thin), np.log(thick)))), float(rng.uniform(0, 0.6)))


def blank_page() -> GreyImage:
    """An empty drawing page, uint8 (PAGE, PAGE)."""
    return np.zeros((PAGE, PAGE), np.uint8)


def smooth(points: Path, steps: int = 8, closed: bool = False) -> Path:
    """Run a Catmull-Rom spline through ``points``, with ``steps`` points for each piece."""
    around = (
        np.vstack([points[-1:], points, points[:2]])
        if closed
        else np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    )
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    weights = 0.5 * np.hstack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3]
    )
    pieces = np.stack([around[i : len(around) - 3 + i] for i in range(4)], axis=1)
    curve: Path = np.einsum("sk,pkc->psc", weights, pieces).reshape(-1, 2)
    return np.vstack([curve, around[-2:-1]])


def stroke(page: GreyImage, path: Path, pen: Pen, rng: np.random.Generator) -> None:
    """Draw ``path`` on ``page`` in place; the width wavers slowly, as a hand's pressure does."""
    pixels = np.rint(path * (PAGE * (1 << _SHIFT))).astype(np.int64).tolist()
    phase, pace = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 2.5)
    along = np.linspace(0, 2 * np.pi * pace, len(path))
    widths = np.rint(pen.width * (1 - pen.waver * (0.5 + 0.5 * np.sin(along + phase)))).astype(int).tolist()
    for start, end, width in zip(pixels[:-1], pixels[1:], widths[:-1], strict=True):
        cv2.line(page, start, end, 255, max(1, width), cv2.LINE_AA, _SHIFT)


def hand(path: Path, rng: np.random.Generator, tremor: float = 0.02) -> Path:
    """Move each point of ``path`` a little, as a hand does (``tremor`` is the standard deviation)."""
    return path + rng.normal(0, tremor, path.shape)


def line(start: tuple[float, float], end: tuple[float, float], rng: np.random.Generator) -> Path:
    """A nearly straight hand-drawn line between two points of the unit square."""
    return smooth(hand(np.linspace(start, end, 4), rng, 0.012), 4)


def arc(
    centre: tuple[float, float], radii: tuple[float, float], start: float, sweep: float, points: int = 24
) -> Path:
    """A piece of an ellipse, from the angle ``start`` over ``sweep`` radians."""
    angles = start + np.linspace(0, sweep, points)
    return np.column_stack([centre[0] + radii[0] * np.cos(angles), centre[1] + radii[1] * np.sin(angles)])


def turned(path: Path, angle: float, centre: float = 0.5) -> Path:
    """``path`` turned by ``angle`` radians about the middle of the page."""
    cos, sin = np.cos(angle), np.sin(angle)
    moved: Path = (path - centre) @ np.array([[cos, sin], [-sin, cos]]) + centre
    return moved


def finish(page: GreyImage, rng: np.random.Generator) -> GreyImage:
    """Reduce a drawn page to a random size of 36–96 pixels and a random strength of ink."""
    size = int(rng.integers(36, PAGE + 1))
    small = cv2.resize(page, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.convertScaleAbs(small, alpha=float(rng.uniform(0.7, 1.0))), np.uint8)


def drawn(rng: np.random.Generator, paths: Sequence[Path], pen: Pen | None = None) -> GreyImage:
    """A finished page with all ``paths`` drawn by one pen, any pen unless given."""
    page = blank_page()
    pen = pen or Pen.pick(rng)
    for path in paths:
        stroke(page, path, pen, rng)
    return finish(page, rng)


def pick_digit(
    rng: np.random.Generator, material: Material, labels: tuple[int, ...] = ()
) -> tuple[GreyImage, int]:
    """One digit of ``material`` and its label; with ``labels``, one of those.

    Raises:
        ValueError: ``material`` has no digits, or none with these labels.
    """
    for _ in range(200):  # drawing again is faster than listing 60,000 labels for each sample
        if not len(material.labels):
            break
        i = int(rng.integers(len(material.labels)))
        if not labels or int(material.labels[i]) in labels:
            return material.digits[i], int(material.labels[i])
    candidates = np.flatnonzero(np.isin(material.labels, labels)) if labels else np.empty(0, np.int64)
    if not len(candidates):
        wanted = ", ".join(map(str, labels)) or "any"
        raise ValueError(f"this family is cut from digits, and the material has none ({wanted})")
    i = int(rng.choice(candidates))
    return material.digits[i], int(material.labels[i])


def ink_box(image: GreyImage, level: int = 40) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the ink above ``level``; the whole image where there is none."""
    found = cv2.boundingRect((image > level).view(np.uint8))
    if not found[2]:
        return 0, 0, image.shape[1], image.shape[0]
    return found[0], found[1], found[0] + found[2], found[1] + found[3]


def cropped(image: GreyImage) -> GreyImage:
    """The part of ``image`` that its ink fills."""
    left, top, right, bottom = ink_box(image)
    return image[top:bottom, left:right]


def framed(image: GreyImage, border: int = 4) -> GreyImage:
    """``image`` with ``border`` empty pixels on each side."""
    return np.pad(image, border)


def warped(image: GreyImage, degrees: float, scale: float = 1.0, shear: float = 0.0) -> GreyImage:
    """``image`` turned counter-clockwise, scaled and sheared about its middle, same size; edges go black."""
    height, width = image.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, scale)
    matrix[0, 1] += shear
    matrix[0, 2] -= shear * (height - 1) / 2
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR), np.uint8)
