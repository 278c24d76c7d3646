"""Digits as people photograph and scan them: pages made from forty MNIST training images, four of each digit."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

with np.load(Path(__file__).parents[1] / "data" / "digits.npz", allow_pickle=False) as stored:
    DIGITS, LABELS = stored["images"], stored["labels"]
CLOSE = 0.77  # likeness of two glyphs: no two of these digits that show different ones are as alike


def tight(digit):
    """The digit without its margins."""
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    return digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def enlarged(digit, side):
    """Coverage by ink, float 0–1, with ``side`` pixels to what were 28."""
    size = tuple(max(1, round(n * side / 28)) for n in digit.shape[::-1])
    way = cv2.INTER_AREA if side < 28 else cv2.INTER_CUBIC
    return np.clip(cv2.resize(digit.astype(np.float32) / 255, size, interpolation=way), 0, 1)


def written(coverage, ink=30, paper=225):
    """A page, uint8: ``ink`` and ``paper`` are levels, or arrays of them."""
    return np.rint(paper + (ink - np.asarray(paper, np.float32)) * coverage).clip(0, 255).astype(np.uint8)


def page_of(digit, side=112, ink=30, paper=225):
    """A page with one digit, dark on light unless told otherwise."""
    return written(enlarged(digit, side), ink, paper)


def ramp(side, angle, low):
    """Light that falls off linearly over a page: factors from 1 to ``low``."""
    y, x = np.mgrid[:side, :side] / (side - 1) - 0.5
    along = x * np.cos(angle) + y * np.sin(angle)
    along = (along - along.min()) / np.ptp(along)
    return 1 - (1 - low) * along


def noisy(page, sigma, seed=0):
    """The page with Gaussian noise."""
    rng = np.random.default_rng(seed)
    return (page + rng.normal(0, sigma, page.shape)).round().clip(0, 255).astype(np.uint8)


def coded(page, form, **options):
    """The bytes of an image file."""
    out = io.BytesIO()
    Image.fromarray(page).save(out, form, **options)
    return out.getvalue()


def likeness(one, other):
    """The correlation of two glyphs' pixels, at the best of nine places: centring rounds to whole pixels.

    0 where one of them is blank.
    """
    if not one.any() or not other.any():
        return 0.0
    places = [np.roll(one, (y, x), (0, 1)).ravel() for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return max(float(np.corrcoef(place, other.ravel())[0, 1]) for place in places)


def many_digits(n, seed=0):
    """Images (n, 28, 28) and labels (n,), evenly of all digits: the forty, turned and moved a little."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) % 10).astype(np.uint8)
    images = []
    for label in labels:
        turn = cv2.getRotationMatrix2D((13.5, 13.5), rng.uniform(-15, 15), 1)
        turn[:, 2] += rng.uniform(-1.5, 1.5, 2)
        images.append(cv2.warpAffine(DIGITS[rng.choice(np.flatnonzero(label == LABELS))], turn, (28, 28)))
    return np.stack(images), labels
