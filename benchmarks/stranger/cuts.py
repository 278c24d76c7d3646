"""Strangers: parts of digits, digits turned or mirrored, counters between two digits, seven segments that show none."""

from __future__ import annotations

import cv2
import numpy as np

from stranger.drawing import SIDE, Dice, Ink, Mask, bounds, place, polygon, text
from stranger.family import family
from stranger.typefaces import TEXT

SEGMENTS = {
    "a": (0, 0, 1, 0), "b": (1, 0, 1, 1), "c": (1, 1, 1, 2), "d": (0, 2, 1, 2), "e": (0, 1, 0, 2), "f": (0, 0, 0, 1),
    "g": (0, 1, 1, 1),
}  # fmt: skip
LIT = (
    "adefg", "aefg", "bcefg", "def", "abefg", "abcefg", "ceg", "eg", "adg", "efg", "cefg", "defg", "ad", "fdb", "gd",
    "ag",
)  # fmt: skip
CORNERS = ((0, 2, 3, 5, 8, 9), (0, 3, 5), (0, 3, 5))  # of which digits: top left, bottom left, bottom right
INKED = 90  # of 255


@family()
def digit_slice(dice: Dice) -> Ink:
    """A flat slice of a digit."""
    while True:
        digit = place(dice.digit([0, 2, 3, 5, 6, 8, 9, 4])[0], size=118)
        _, top, _, bottom = bounds(digit, 0.3)
        height, share = bottom - top, dice.between(0.12, 0.2)
        y = int(top + dice.between(0.08, 0.92 - share) * height)
        cut = digit[y : y + int(share * height)]
        if (cut > 0.3).any():
            left, first, right, last = bounds(cut, 0.3)
            if right - left > 2.6 * (last - first + 1):
                break
    canvas = np.zeros((SIDE, SIDE), np.float32)
    canvas[50 : 50 + cut.shape[0]] = cut
    return canvas


@family("frame")
def digit_corner(dice: Dice) -> Ink:
    """A digit's corner in the corner of the image."""
    while True:
        digit, label = dice.digit([0, 2, 3, 5, 6, 8, 9])
        drawn = place(digit, size=110)
        left, top, right, bottom = bounds(drawn, 0.3)
        share = dice.between(0.22, 0.34)
        wide, tall = int((right - left) * share), int((bottom - top) * share * 0.8)
        corner = dice.whole(0, 2)
        if label not in CORNERS[corner]:
            continue
        cut = (
            drawn[top : top + tall, left : left + wide],
            drawn[bottom - tall : bottom, left : left + wide],
            drawn[bottom - tall : bottom, right - wide : right],
        )[corner]
        if cut.size and (cut > 0.3).mean() > 0.08 and min(cut.shape) > 8:
            break
    side = int(max(cut.shape) * dice.between(1.6, 2.4))
    canvas = np.zeros((side, side), np.float32)
    tall, wide = cut.shape
    # In the opposite corner, so that the frame seems to cut it.
    y, x = ((side - tall, side - wide), (0, side - wide), (0, 0))[corner]
    canvas[y : y + tall, x : x + wide] = cut
    return canvas


@family("frame")
def neighbours_cut(dice: Dice) -> Ink:
    """An empty cell into which the neighbours on both sides reach."""
    canvas = np.zeros((SIDE, SIDE), np.float32)
    for on_left in (True, False):
        digit = place(dice.digit([0, 2, 3, 5, 6, 8, 9])[0], size=dice.between(84, 100))
        left, _, right, _ = bounds(digit, 0.3)
        wide = int((right - left) * dice.between(0.08, 0.2))
        moved = np.roll(digit, dice.whole(-6, 6), 0)
        if on_left:
            canvas[:, :wide] = moved[:, right + 1 - wide : right + 1]
        else:
            canvas[:, SIDE - wide :] = moved[:, left : left + wide]
    return canvas


def holes(digit: Mask) -> int:
    """How many a digit uint8 (28, 28) has."""
    return int(cv2.connectedComponents((np.pad(digit, 1) <= INKED).astype(np.uint8), connectivity=4)[0] - 2)


def parts(digit: Mask) -> int:
    """Of how many pieces it is."""
    return int(cv2.connectedComponents((digit > INKED).astype(np.uint8), connectivity=8)[0] - 1)


@family()
def digit_rotated(dice: Dice) -> Ink:
    """Threes on their side, like m and w, and ones lying flat."""
    # 2, 4, 5 and 7 turned still looked like digits.
    wanted = dice.pick([3, 3, 3, 1])
    while True:
        digit, _ = dice.digit([wanted])
        upright = _without_slant(digit) if wanted == 3 else digit
        turned = np.rot90(upright, dice.pick([1, 3]))
        left, top, right, bottom = bounds(turned, INKED)
        wide, tall = right - left, bottom - top
        if wanted == 1 and wide > 3 * tall:
            break
        if wanted == 3 and holes(turned) == 0 and parts(turned) == 1 and wide > 1.25 * tall:
            cut = turned[top : bottom + 1, left : right + 1] > INKED
            mirrored = cut[:, ::-1]
            if (cut & mirrored).sum() > 0.58 * (cut | mirrored).sum():
                break
    return place(turned, size=84)


def _without_slant(digit: Mask) -> Mask:
    moments = cv2.moments(digit)
    slant = moments["mu11"] / moments["mu02"]
    upright = np.array([[1, -slant, slant * 14], [0, 1, 0]], np.float32)
    return np.asarray(cv2.warpAffine(digit, upright, (28, 28)), np.uint8)


@family()
def digit_mirrored(dice: Dice) -> Ink:
    """Mirrored 3, 7 and 9."""
    # Mirrored fours still read as 4, and sevens with a short bar as 1.
    while True:
        digit, label = dice.digit([3, 7, 9])
        mirrored = digit[:, ::-1].copy()
        _, top, _, bottom = bounds(mirrored, INKED)
        height = bottom - top + 1
        bar = (mirrored[top : top + height // 4] > INKED).any(axis=0).sum()
        if parts(mirrored) != 1 or holes(mirrored) != (1 if label == 9 else 0):
            continue
        if label != 7 or bar > 0.6 * height:
            return place(mirrored, size=90)


@family("frame")
def meter_between(dice: Dice) -> Ink:
    """A counter between two digits: the foot of one above, the head of the next below."""
    digit = dice.pick([2, 3, 4, 5, 7, 8, 9])
    face = dice.pick(dice.faces(TEXT, "0123456789", bold=True))
    upper, lower = text(str(digit), face, 100), text(str((digit + 1) % 10), face, 100)
    share = dice.between(0.18, 0.3)
    foot, head = int(share * upper.shape[0]), int((0.48 - share) * lower.shape[0])
    canvas = np.zeros((SIDE, 100), np.float32)
    left, right = 50 - upper.shape[1] // 2, 50 - lower.shape[1] // 2
    canvas[:foot, left : left + upper.shape[1]] = upper[upper.shape[0] - 4 - foot : -4]
    canvas[SIDE - head :, right : right + lower.shape[1]] = lower[4 : 4 + head]
    return canvas


@family()
def seven_segment_other(dice: Dice) -> Ink:
    """Seven segments that show no digit."""
    width, canvas = dice.between(9, 15), np.zeros((SIDE, SIDE), np.uint8)
    slant = dice.between(0, 0.15)
    for name in dice.pick(LIT):
        ends = np.array(SEGMENTS[name], float).reshape(2, 2)
        x, y = ends.T
        start, end = np.column_stack([36 + x * 46 - (y * 44) * slant + 10, 18 + y * 44])
        along = (end - start) / np.linalg.norm(end - start)
        aside, half = np.array([-along[1], along[0]]), width / 2
        start, end = start + along * (half * 0.35), end - along * (half * 0.35)
        near, far = start + along * half, end - along * half
        sides = [start, near + aside * half, far + aside * half, end, far - aside * half, near - aside * half]
        polygon(canvas, np.array(sides))
    return canvas / np.float32(255)
