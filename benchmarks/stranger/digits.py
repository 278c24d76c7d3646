"""Strangers: handwritten digits that can no longer be read, or several of them in one image."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from stranger.drawing import (
    SIDE,
    Dice,
    Ink,
    Mask,
    Points,
    arc,
    bounds,
    inked,
    place,
    polygon,
    polyline,
    straight,
    text,
    warp,
    zigzag,
)
from stranger.family import family, trim
from stranger.typefaces import TEXT


@family()
def digit_blackened(dice: Dice) -> Ink:
    """Digits under a scrawl or a blot."""
    digit = place(dice.digit()[0], size=80)
    left, top, right, bottom = (each / SIDE for each in bounds(digit, 0.3))
    wider = max(0, 0.7 * (bottom - top) - (right - left)) / 2
    left, right = left - wider, right + wider
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    half = np.array([(right - left) / 2, (bottom - top) / 2])
    cover = np.zeros((SIDE, SIDE), np.uint8)
    cover_with = dice.pick((_zigzags, _rounds, _blot))
    cover_with(dice, cover, middle, half * dice.between(0.85, 1.15))
    return np.maximum(digit, warp(cover, dice, 1.5) / np.float32(255))


def _zigzags(dice: Dice, cover: Mask, middle: Points, half: Points) -> None:
    """Two, one over the other, slanted."""
    lines = []
    for _ in range(2):
        angle = np.radians(dice.between(0, 180))
        line = zigzag(dice, (-1, 1), (-1, 1), dice.whole(11, 16))
        line = line * np.sqrt(np.maximum(0.15, 1 - 0.7 * line[:, :1] ** 2))
        x, y = line.T
        turned = [x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)]
        lines.append(np.column_stack(turned) * half * 1.1 + middle)
    width = dice.whole(7, 10)
    for line in lines:
        polyline(cover, line * SIDE, width)


def _rounds(dice: Dice, cover: Mask, middle: Points, half: Points) -> None:
    """Round and round."""
    t = np.linspace(0, 6.28 * dice.whole(5, 8), 240)
    radius = 0.35 + 0.65 * np.abs(np.sin(t * 0.061 + dice.between(0, 3))) * (1 + 0.06 * np.sin(t * 1.7))
    line = np.column_stack([np.cos(t), np.sin(t)]) * radius[:, None] * half * 1.1 + middle
    width = dice.whole(9, 13)
    polygon(cover, arc(*middle, *(half * 0.65)) * SIDE)
    polyline(cover, line * SIDE, width)


def _blot(dice: Dice, cover: Mask, middle: Points, half: Points) -> None:
    """Solid and uneven."""
    t = np.linspace(0, 6.28, 40)
    radius = 1 + 0.12 * np.sin(t * 3 + dice.between(0, 6)) + 0.08 * np.sin(t * 5 + dice.between(0, 6))
    line = np.column_stack([np.cos(t), np.sin(t)]) * radius[:, None] * half * 1.05 + middle
    polygon(cover, line * SIDE)
    polyline(cover, line * SIDE, 4)


@family()
def digit_struck(dice: Dice) -> Ink:
    """Digits crossed out with three lines or more."""
    digit = place(dice.digit([0, 2, 3, 4, 5, 6, 8, 9])[0], size=74)
    left, top, right, bottom = bounds(digit, 0.3)
    down, across = np.where(digit > 0.3)
    x, y = across.mean(), down.mean()
    wide, high = max(30, (right - left) * 0.5 + 14), (bottom - top) * 0.5 + 6
    width = int(dice.between(6, 11))
    cover = np.zeros((SIDE, SIDE), np.uint8)
    for line in _strikes(dice, wide, high):
        ends = [int(at + each + dice.around(4)) for at, each in zip((x, y, x, y), line, strict=True)]
        straight(cover, (ends[0], ends[1]), (ends[2], ends[3]), width)
    return np.maximum(digit, warp(cover, dice, 2) / np.float32(255))


def _strikes(dice: Dice, wide: float, high: float) -> list[tuple[float, float, float, float]]:
    """Lines from (x, y) to (x, y), around the digit's middle."""
    kind = dice.whole(0, 3)
    cross = [(-wide, -high, wide, high), (wide, -high, -wide, high)]
    if kind == 0:
        rows = np.linspace(-high * 0.75, high * 0.75, dice.whole(4, 5))
        return [(-wide, y, wide, y + dice.around(4)) for y in rows]
    if kind == 1:
        return [*cross, (-wide, dice.around(4), wide, dice.around(4))]
    if kind == 2:
        rows = np.linspace(-high * 0.7, high * 0.7, dice.whole(4, 5))
        return [(-wide * 1.1, y + 18, wide * 1.1, y - 18) for y in rows]
    upper = (-wide * 1.1, -high * 0.5 + dice.around(4), wide * 1.1, -high * 0.5 + dice.around(4))
    lower = (-wide * 1.1, high * 0.5 + dice.around(4), wide * 1.1, high * 0.5 + dice.around(4))
    return [*cross, upper, lower]


@family()
def digit_overwritten(dice: Dice) -> Ink:
    """Three digits on one another, none of which hides in the strokes of the others."""
    best, chosen = -1.0, None
    for _ in range(60):
        drawn = []
        for label in dice.rng.choice([2, 3, 4, 5, 6, 7, 8, 9], 3, replace=False):
            digit = place(dice.digit([int(label)])[0], size=dice.between(78, 90))
            move = np.array([[1, 0, dice.around(2)], [0, 1, dice.around(2)]], np.float32)
            drawn.append(np.asarray(cv2.warpAffine(digit, move, (SIDE, SIDE)), np.float32))
        tangle = _tangle(drawn)
        if tangle > best:
            best, chosen = tangle, drawn
        if tangle > 0.99:
            break
    assert chosen is not None
    return np.asarray(np.max(chosen, axis=0), np.float32)


def _tangle(drawn: Sequence[Ink]) -> float:
    """0.4 where each has enough ink of its own, and 0.1 for each of up to six eyes between them."""
    near = np.ones((7, 7), np.uint8)
    inks = [each > 0.5 for each in drawn]
    own = []
    for k in range(3):
        others = inks[(k + 1) % 3] | inks[(k + 2) % 3]
        own.append((inks[k] & ~(cv2.dilate(others.astype(np.uint8), near) > 0)).sum() / inks[k].sum())
    ground = (~(inks[0] | inks[1] | inks[2])).astype(np.uint8)
    areas = cv2.connectedComponentsWithStats(ground, connectivity=4)[2][1:, cv2.CC_STAT_AREA]
    return float(min(*own, 0.4) + 0.1 * min(int((areas > 25).sum()) - 1, 6))


def row(dice: Dice, digits: Sequence[Mask], gap: Callable[[], float]) -> Ink:
    """Digits side by side."""
    cut = []
    for digit in digits:
        part = trim(place(digit, size=70 * dice.between(0.9, 1.1)), dice, 0, 0.001, square=False)
        cut.append(inked(part, 0.25))
    height = int(max(part.shape[0] for part in cut) * 1.15)
    line = np.zeros((height, sum(part.shape[1] for part in cut) + (len(cut) - 1) * 80 + 20), np.float32)
    x = 0
    for part in cut:
        tall, wide = part.shape
        y = int(np.clip((height - tall) / 2 + dice.around(3), 0, height - tall))
        line[y : y + tall, x : x + wide] = np.maximum(line[y : y + tall, x : x + wide], part)
        x = max(0, x + wide + int(gap()))
    return line


@family()
def digits_two(dice: Dice) -> Ink:
    """Two digits side by side."""
    digits = [dice.digit([0, 2, 3, 4, 5, 6, 7, 8, 9])[0] for _ in range(2)]
    return row(dice, digits, lambda: dice.between(-4, 26))


@family()
def digits_three_more(dice: Dice) -> Ink:
    """Three to five digits side by side, by hand or in print."""
    if dice.happens(0.4):
        digits = "".join(dice.pick("0123456789") for _ in range(dice.whole(3, 5)))
        return text(digits, dice.pick(dice.faces(TEXT, "0123456789")), 60)
    return row(dice, [dice.digit()[0] for _ in range(dice.whole(3, 4))], lambda: dice.between(2, 22))


@family()
def digit_fraction(dice: Dice) -> Ink:
    """A digit over another, with a line between."""
    parts = []
    for _ in range(2):
        digit = place(dice.digit([2, 3, 4, 5, 6, 7, 8, 9])[0], size=44)
        parts.append(trim(digit, dice, 0, 0.001, square=False))
    width = max(part.shape[1] for part in parts) + 50
    canvas = np.zeros((130, width), np.float32)
    for part, y in zip(parts, (4, 78), strict=True):
        x, tall = (width - part.shape[1]) // 2, min(48, part.shape[0])
        canvas[y : y + tall, x : x + part.shape[1]] = part[:48]
    drawn = (canvas * 255).astype(np.uint8)
    left, right, middle = width // 2 - 38, width // 2 + 38, 64
    start, end = ((x, middle + dice.whole(-4, 4)) for x in (left, right))
    straight(drawn, start, end, dice.whole(4, 6))
    return drawn / np.float32(255)
