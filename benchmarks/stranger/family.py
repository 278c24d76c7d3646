"""What a family of strangers is, and how its ink becomes an image: cut from a page, or bright on black."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from stranger.drawing import Dice, Ink, Mask, Material, bounds

Kind = Literal["ink", "frame", "picture"]
Drawing = Callable[[Dice], Ink]


@dataclass(frozen=True)
class Family:
    """One kind of image that a person would not read as a digit.

    Attributes:
        name: unique.
        what: it is, in a few words.
        draw: makes one.
        kind: "ink", of which the image shows a cut; "frame", where the ink's place matters; "picture", in shades of
            grey, where 1 is white paper.
    """

    name: str
    what: str
    draw: Drawing
    kind: Kind

    def sample(self, seed: int, index: int, material: Material) -> Mask:
        """The image of that number, uint8 (H, W): those of even numbers from a page, the others bright on black."""
        rng = np.random.default_rng([seed, zlib.crc32(self.name.encode()), index])
        dice = Dice(rng, index % 2 == 1, material)
        return finish(self.draw(dice), dice, self.kind)


FAMILIES: dict[str, Family] = {}


def register(name: str, what: str, draw: Drawing, kind: Kind = "ink") -> None:
    """Add a family."""
    assert name not in FAMILIES, name
    FAMILIES[name] = Family(name, what, draw, kind)


def family(kind: Kind = "ink") -> Callable[[Drawing], Drawing]:
    """Add a family that bears its function's name, with its docstring to say what it is."""

    def add(draw: Drawing) -> Drawing:
        register(draw.__name__, (draw.__doc__ or "").splitlines()[0].rstrip("."), draw, kind)
        return draw

    return add


def trim(ink: Ink, dice: Dice, least: float, most: float, square: bool) -> Ink:
    """Cut to the ink with a margin, a share of its longer side, roughly in the middle."""
    if not (ink > 0.25).any():
        return ink
    left, top, right, bottom = bounds(ink, 0.25)
    right, bottom = right + 1, bottom + 1
    tall, wide = bottom - top, right - left
    longer, margin = max(tall, wide), dice.between(least, most)
    height = width = longer * (1 + 2 * margin)
    if not square and dice.happens(0.5):
        height = max(tall + 2 * margin * longer, 0.5 * longer)
        width = max(wide + 2 * margin * longer, 0.5 * longer)
    off = 0.03 * longer * margin * 4
    y, x = (top + bottom) / 2 + dice.around(off), (left + right) / 2 + dice.around(off)
    return _window(
        ink, round(y - round(height) / 2), round(x - round(width) / 2), round(height), round(width)
    )


def _window(ink: Ink, y: int, x: int, height: int, width: int) -> Ink:
    """A cut that may reach beyond the ink's canvas."""
    cut = np.zeros((height, width), np.float32)
    top, bottom = max(0, y), min(ink.shape[0], y + height)
    left, right = max(0, x), min(ink.shape[1], x + width)
    cut[top - y : bottom - y, left - x : right - x] = ink[top:bottom, left:right]
    return cut


def finish(ink: Ink, dice: Dice, kind: Kind) -> Mask:
    """What a family drew, as an image."""
    ink = np.clip(ink, 0, 1).astype(np.float32)
    if kind == "picture":
        return _picture(ink, dice)
    if kind == "ink":
        least, most = (0.14, 0.26) if dice.bright else (0.1, 0.35)
        ink = trim(ink, dice, least, most, square=dice.bright)
    return _bright(ink, dice) if dice.bright else _page(ink, dice)


def _sized(ink: Ink, width: int, height: int) -> Ink:
    way = cv2.INTER_LINEAR if width > ink.shape[1] else cv2.INTER_AREA
    return np.asarray(cv2.resize(ink, (max(1, width), max(1, height)), interpolation=way), np.float32)


def _picture(shades: Ink, dice: Dice) -> Mask:
    if dice.bright:
        side = dice.whole(28, 40)
        return _levels((1 - _sized(shades, side, side)) * 255)
    side = dice.whole(28, 120)
    page = _sized(shades, side, max(28, int(side * shades.shape[0] / shades.shape[1]))) * 255
    return _levels(page + dice.rng.normal(0, dice.between(0, 4), page.shape))


def _bright(ink: Ink, dice: Dice) -> Mask:
    side = dice.pick([28, 28, 28, 32, 36, 40])
    ink = _sized(ink, side, side)
    ink = ink / max(ink.max(), 0.3)
    if dice.happens(0.4):
        ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), dice.between(0.3, 0.6)), np.float32)
        ink = ink / max(ink.max(), 0.3)
    return _levels(ink * dice.between(205, 255))


def _page(ink: Ink, dice: Dice) -> Mask:
    """Dark on paper, with a shadow, blur and noise."""
    side = dice.whole(28, 120)
    scale = side / max(ink.shape)
    width, height = max(16, int(ink.shape[1] * scale)), max(16, int(ink.shape[0] * scale))
    ink = _sized(ink, width, height)
    if ink.max() > 0.05:
        ink = ink / max(ink.max(), 0.5)
    if dice.happens(0.6):
        blur = dice.between(0.25, 0.9) * max(0.7, side / 80)
        ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), blur), np.float32)
    paper, darkest = dice.between(185, 252), dice.between(8, 105)
    down, across = np.mgrid[:height, :width].astype(np.float32)
    angle = dice.between(0, 6.28)
    shadow = (across / width - 0.5) * np.cos(angle) + (down / height - 0.5) * np.sin(angle)
    light = paper + shadow * dice.between(0, 22)
    noise = dice.rng.normal(0, dice.between(0, 6), (height, width))
    page = _levels(light - (paper - darkest) * ink + noise)
    return _compressed(page, dice.whole(45, 85)) if dice.happens(0.3) else page


def _compressed(page: Mask, quality: int) -> Mask:
    """Through a JPEG."""
    stream = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(stream, cv2.IMREAD_GRAYSCALE), np.uint8)


def _levels(values: Ink) -> Mask:
    return np.asarray(np.clip(values, 0, 255), np.uint8)
