"""In which form a library is given a page: polarity, crop, size, margin. Numpy and Pillow alone, as every library has.

A library is told whether ink is bright or dark; ours, which finds that out, gets pages as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.uint8]
FAINT = 0.2  # of full ink: what is less is paper
SIDE, INNER = 28, 20  # pixels of an image of MNIST, and of the box that its ink is scaled to


@dataclass(frozen=True)
class Form:
    """A way to prepare a page.

    Attributes:
        ink: of what comes out; "as it is" passes the page on untouched.
        side: height that the page is scaled to, pixels; 0 keeps its size.
        margin: paper added on all sides, as a share of the scaled height.
        boxed: whether the ink is put as MNIST does: scaled to 20 pixels, in the middle of 28×28 by its mass.
        crop: share of the page that is cut off on all sides first.
    """

    ink: Literal["bright", "dark", "as it is"] = "as it is"
    side: int = 0
    margin: float = 0.0
    boxed: bool = False
    crop: float = 0.0

    def __str__(self) -> str:
        """In words."""
        if self.ink == "as it is":
            return "as it is"
        parts = [f"{self.ink} ink"]
        parts += [f"{100 * self.crop:g} % cut off on all sides"] if self.crop else []
        parts += ["boxed as in MNIST"] if self.boxed else []
        parts += [f"scaled to {self.side} px"] if self.side else []
        parts += [f"margin of {100 * self.margin:g} %"] if self.margin else []
        return ", ".join(parts)


def prepare(page: Grey, bright: bool, form: Form) -> Grey:
    """A page, uint8 (H, W), in a form; ``bright`` says whether its ink is brighter than its paper."""
    if form.ink == "as it is":
        return page
    ink = page if bright else 255 - page  # bright on dark until the end
    if form.crop:
        down, across = (round(form.crop * side) for side in ink.shape)
        ink = ink[down : ink.shape[0] - down, across : ink.shape[1] - across]
    if form.boxed:
        ink = boxed(ink)
    if form.side and form.side != ink.shape[0]:
        width = max(1, round(form.side * ink.shape[1] / ink.shape[0]))
        ink = np.asarray(Image.fromarray(ink).resize((width, form.side), Image.Resampling.BICUBIC))
    if form.margin:
        ink = np.pad(ink, round(form.margin * ink.shape[0]), constant_values=int(np.percentile(ink, 10)))
    return np.ascontiguousarray(ink if form.ink == "bright" else 255 - ink)


def boxed(ink: Grey) -> Grey:
    """Bright ink, uint8 (H, W), as MNIST puts it: uint8 (28, 28); a page of one grey comes out black."""
    limit = otsu(ink)
    bright = ink > limit
    if bright.all() or not bright.any():
        return np.zeros((SIDE, SIDE), np.uint8)
    paper, full = float(np.median(ink[~bright])), float(np.percentile(ink[bright], 95))
    level = np.clip((ink - paper) / max(full - paper, 1.0), 0, 1)
    level[level < FAINT] = 0
    rows, columns = np.flatnonzero(level.any(axis=1)), np.flatnonzero(level.any(axis=0))
    level = level[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = INNER / max(level.shape)
    size = (max(1, round(scale * level.shape[1])), max(1, round(scale * level.shape[0])))
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    small = np.asarray(Image.fromarray(np.rint(255 * level).astype(np.uint8)).resize(size, how))
    top, left = (_start(small.sum(axis=1 - axis, dtype=np.float64)) for axis in (0, 1))
    page = np.zeros((SIDE, SIDE), np.uint8)
    page[top : top + small.shape[0], left : left + small.shape[1]] = small
    return page


def _start(mass: NDArray[np.float64]) -> int:
    """Where ink with this mass in each row or column begins, if its centre of mass is to be that of MNIST's images."""
    middle = float(mass @ np.arange(len(mass))) / max(float(mass.sum()), 1.0)
    return min(max(round(SIDE / 2 - middle), 0), SIDE - len(mass))


def otsu(page: Grey) -> int:
    """The level that splits a page, uint8 (H, W), into two classes with the most variance between (Otsu 1979)."""
    counts = np.bincount(page.ravel(), minlength=256).astype(np.float64)
    below = counts.cumsum()
    levels = (counts * np.arange(256)).cumsum()
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (levels[-1] * below / below[-1] - levels) ** 2 / (below * above)
    return int(np.nanargmax(np.where(np.isfinite(between), between, -1)))
