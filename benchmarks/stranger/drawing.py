"""What strangers are drawn with: dice, strokes by an unsteady hand, characters of typefaces, digits to spoil.

Coordinates of strokes are shares of a box, x to the right and y down. Ink is float, 0–1, on a canvas of ``SIDE``
pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from reject_gen.typefaces import has_glyph
from stranger.typefaces import Typefaces, font

SIDE = 128
Ink = NDArray[np.floating]
Mask = NDArray[np.uint8]
Points = NDArray[np.float64]
T = TypeVar("T")

_SHAKE = 0.018  # of the drawing's size
_SUBPIXELS = 16
_HEART_AT = np.linspace(0, 6.29, 60)
HEART: Points = np.array(
    [
        [
            16 * np.sin(t) ** 3,
            -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)),
        ]
        for t in _HEART_AT
    ]
) / 17  # fmt: skip
DOWN, ACROSS = np.mgrid[:SIDE, :SIDE].astype(np.float32)


@dataclass(frozen=True)
class Material:
    """What samples are made from.

    Attributes:
        digits: uint8 (N, 28, 28), bright ink on black.
        labels: uint8 (N,).
        typefaces: to print with.
    """

    digits: Mask
    labels: Mask
    typefaces: Typefaces


class Dice:
    """The random source of one sample, and its material; ``bright`` for ink on black, otherwise a cut from a page."""

    def __init__(self, rng: np.random.Generator, bright: bool, material: Material) -> None:
        self.rng, self.bright, self.material = rng, bright, material

    def between(self, low: float, high: float) -> float:
        """Any number from low to high."""
        return float(self.rng.uniform(low, high))

    def around(self, spread: float = 1.0) -> float:
        """A number near 0."""
        return float(self.rng.normal(0, spread))

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def happens(self, share: float) -> bool:
        """True in that share of cases."""
        return bool(self.rng.random() < share)

    def pick(self, things: Sequence[T]) -> T:
        """One of them."""
        return things[int(self.rng.integers(len(things)))]

    def pen(self) -> float:
        """The width of a pen, which must still be seen where a sample is 28 pixels wide."""
        return self.between(7, 12) if self.bright else self.between(4, 9)

    def digit(self, labels: Sequence[int] = range(10)) -> tuple[Mask, int]:
        """A handwritten digit, uint8 (28, 28), and which."""
        label = self.pick(labels)
        of_it = np.flatnonzero(self.material.labels == label)
        return self.material.digits[of_it[int(self.rng.integers(len(of_it)))]], label

    def faces(self, names: Sequence[str], characters: str, bold: bool = False) -> tuple[str, ...]:
        """See `Typefaces.having`."""
        return self.material.typefaces.having(names, characters, bold)


def points(*numbers: float) -> Points:
    """Float (N, 2) from x and y in turn."""
    return np.array(numbers, float).reshape(-1, 2)


def curve(*numbers: float, steps: int = 10) -> Points:
    """A smooth line through points (Catmull and Rom 1974)."""
    given = points(*numbers)
    ends = np.vstack([2 * given[0] - given[1], given, 2 * given[-1] - given[-2]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        square, cube = 2 * a - 5 * b + 4 * c - d, 3 * b - a - 3 * c + d
        pieces.append(0.5 * (2 * b + (c - a) * t + square * t**2 + cube * t**3))
    return np.vstack([*pieces, given[-1:]])


def arc(
    x: float, y: float, wide: float, high: float | None = None, span: tuple[float, float] = (0, 360)
) -> Points:
    """Part of an ellipse around (x, y), in degrees clockwise from the right."""
    t = np.radians(np.linspace(*span, 40))
    return np.column_stack([x + wide * np.cos(t), y + (wide if high is None else high) * np.sin(t)])


def dot(x: float, y: float) -> Points:
    """A stroke so short that it is a dot."""
    return points(x, y, x + 0.01, y + 0.01)


def spoke(angle: float, near: float, far: float) -> Points:
    """A line away from the middle, at an angle in radians."""
    return np.outer([near, far], [np.cos(angle), np.sin(angle)])


def star(count: int, inner: float, start: float = -90) -> Points:
    """The outline of a star with ``count`` points; ``inner`` is the radius between them."""
    t = np.radians(start + np.arange(2 * count + 1) * 180 / count)
    radius = np.where(np.arange(2 * count + 1) % 2 == 0, 1, inner)
    return np.column_stack([radius * np.cos(t), radius * np.sin(t)])


def zigzag(dice: Dice, across: tuple[float, float], down: tuple[float, float], turns: int) -> Points:
    """Up and down from left to right, not quite evenly."""
    top, bottom = down
    x = np.linspace(*across, turns) + dice.rng.normal(0, 0.01, turns)
    y = np.where(np.arange(turns) % 2 == 0, top, bottom)
    y = y + dice.rng.normal(0, 0.04 * abs(bottom - top), turns)
    return curve(*np.column_stack([x, y]).ravel(), steps=4)


def smooth_noise(dice: Dice, count: int) -> Ink:
    """Noise on the canvas that changes ``count`` times across."""
    coarse = dice.rng.normal(0, 1, (count, count)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), np.float32)


def polyline(canvas: Mask, path: Points, width: int, level: int = 255, closed: bool = False) -> None:
    """Draw a line of points in pixels, to a sixteenth of one."""
    fixed = np.round(path * _SUBPIXELS).astype(np.int32)
    cv2.polylines(canvas, [fixed], closed, (level,), width, cv2.LINE_AA, 4)


def polygon(canvas: Mask, outline: Points) -> None:
    """Fill an outline of points in pixels."""
    cv2.fillPoly(canvas, [np.round(outline * _SUBPIXELS).astype(np.int32)], (255,), cv2.LINE_AA, 4)


def straight(canvas: Mask, start: tuple[int, int], end: tuple[int, int], width: int) -> None:
    """Draw a straight line between whole pixels."""
    cv2.line(canvas, start, end, (255,), width, cv2.LINE_AA)


def warp(canvas: Mask, dice: Dice, amount: float) -> Mask:
    """Bend by up to a few pixels."""
    count = dice.whole(3, 5)
    coarse = dice.rng.normal(0, amount, (count, count, 2)).astype(np.float32)
    moves = cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return np.asarray(
        cv2.remap(canvas, ACROSS + moves[..., 0], DOWN + moves[..., 1], cv2.INTER_LINEAR), np.uint8
    )


def draw(
    dice: Dice,
    strokes: Sequence[Points],
    fills: Sequence[Points] = (),
    pen: float | None = None,
    turn: float = 7,
) -> Ink:
    """Strokes and filled outlines as by a hand: stretched, slanted, turned up to ``turn`` degrees, shaken and bent."""
    pen = dice.pen() if pen is None else pen
    wide, high, slant = dice.between(0.85, 1.15), dice.between(0.85, 1.15), dice.around(0.08)
    angle = np.radians(dice.between(-turn, turn))
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turned @ np.array([[wide, slant], [0, high]])
    everything = np.vstack([*strokes, *fills])
    low, high_end = everything.min(0), everything.max(0)
    size = max((high_end - low).max(), 0.2)

    def shaken(path: Points) -> Points:
        moved = path - (low + high_end) / 2 + dice.rng.normal(0, _SHAKE, (1, 2))
        if len(path) < 8:
            moved = moved + dice.rng.normal(0, _SHAKE, path.shape)
        return np.asarray((moved / size) @ matrix.T * (SIDE * 0.66) + SIDE / 2)

    canvas = np.zeros((SIDE, SIDE), np.uint8)
    for outline in fills:
        polygon(canvas, shaken(outline))
    for stroke in strokes:
        width = max(1, round(pen * dice.between(0.85, 1.15)))
        polyline(canvas, shaken(stroke), width)
    return warp(canvas, dice, 1.6).astype(np.float32) / 255


def place(digit: Mask, size: float = 90) -> Ink:
    """A digit uint8 (28, 28) enlarged on the canvas, its longer side ``size`` pixels."""
    cut = np.pad(inked(digit, 40), 1)
    scale = size / max(cut.shape)
    large = cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)[:SIDE, :SIDE]
    return centred(np.clip(large / 255.0, 0, 1))


def centred(part: NDArray[np.floating]) -> Ink:
    """In the middle of an empty canvas."""
    canvas = np.zeros((SIDE, SIDE), np.float32)
    y, x = (SIDE - part.shape[0]) // 2, (SIDE - part.shape[1]) // 2
    canvas[y : y + part.shape[0], x : x + part.shape[1]] = part
    return canvas


A = TypeVar("A", Mask, Ink)


def inked(image: A, over: float) -> A:
    """An image cut to what is brighter than ``over``."""
    left, top, right, bottom = bounds(image, over)
    return image[top : bottom + 1, left : right + 1]


def bounds(image: NDArray[np.generic], over: float) -> tuple[int, int, int, int]:
    """The first and last columns and rows of what is brighter: left, top, right, bottom."""
    down, across = np.where(np.asarray(image) > over)
    return int(across.min()), int(down.min()), int(across.max()), int(down.max())


def text(words: str, face: str, size: int = 96) -> Ink:
    """Words in a typeface, with a margin of 4 pixels."""
    drawn = font(face, size)
    left, top, right, bottom = (int(edge) for edge in drawn.getbbox(words))
    image = Image.new("L", (max(1, right - left) + 8, max(1, bottom - top) + 8), 0)
    ImageDraw.Draw(image).text((4 - left, 4 - top), words, 255, font=drawn)
    return np.asarray(image, np.float32) / 255


def glyph(dice: Dice, signs: Sequence[str], faces: Sequence[str]) -> Ink:
    """One of ``signs`` in a typeface that has it, turned a little."""
    while True:
        sign, face = dice.pick(signs), dice.pick(faces)
        if all(has_glyph(face, each) for each in sign):
            break
    drawn = text(sign, face)
    scale = 90 / max(drawn.shape)
    sized = cv2.resize(drawn, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas = centred(np.asarray(sized, np.float32))
    turned = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), dice.between(-4, 4), 1)
    return np.asarray(cv2.warpAffine(canvas, turned, (SIDE, SIDE)), np.float32)
