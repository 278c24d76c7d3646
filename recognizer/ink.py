"""From a grey page to its ink: which side is the pen, what is paper, and how dark the ink is.

The map of ink is what the pen changed: paper, shadow and slow changes of light are divided out. Morphological closing
as the estimate of a page's background is a classic of document binarisation (Gatos, Pratikakis, Perantonis 2006);
here it runs at half the resolution, which is where its time goes.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cv2.typing import MatLike

Grey = NDArray[np.uint8]

# Logistic regression on digits whose polarity is known: MNIST and printed ones, cropped, shaded, put on simulated
# paper, and sudoku cells (`benchmarks/polarity.py` fits and measures it). A bias would favour one side: there is none.
CLEAR_WEIGHTS = {"rim": 17.5, "midrange": 33.5}
FRAMED = 0.55  # a rim so unlike the page is a line around it, and what lies inside decides
FLAT = 0.25  # of a page's range: with less than this inside of the line around it, the line is all its ink
CLEAN = 0.2  # of a page at least is paper
# Pixels a line of the page, at most, in the rims of strokes: the light part, and nearly all.
SOFT_RIM = (2.8, 5.6)
LEVEL = 0.12  # of the paper's light: with less change than this there is no slope that could lift an edge
COARSE = 28  # pixels: paper changes slowly, so that it is looked for at this size of the page's longer side
DOUBT = 4.0  # logits: nearer to 0 than this, the costlier signs are asked too
# Times the shorter side: a one that is cropped as tightly as this has more ink than paper, but a paler rim.
NARROW = 3.0
NARROW_DOUBT = 10.0  # logits: what is clear on other pages is in doubt on these
DOUBTFUL_WEIGHTS = {"rim": 19.8, "midrange": 21.4, "thin": 8.4, "skew": 4.4}


@cache
def rectangle(width: int, height: int) -> MatLike:
    """A structuring element of ones."""
    return cv2.getStructuringElement(cv2.MORPH_RECT, (width, height))


def level_page(shape: tuple[int, ...], level: int) -> Grey:
    """A uint8 page of one level: OpenCV takes it many times faster than a number, and numpy's ``full`` takes longer."""
    page = np.empty(shape, np.uint8)
    page.fill(level)
    return page


def polarity_signs(page: Grey) -> dict[str, float]:
    """Signs that the ink is the brighter side of a uint8 (H, W) page: each about -1..1, positive where it is.

    The inside is brighter than the rim; the mean lies below the middle of the range, as ink covers less than paper.
    """
    low, high, _, _ = cv2.minMaxLoc(page)
    span = max(high - low, 1.0)
    height, width = page.shape
    mean = cv2.mean(page)[0]
    ends = page[:: max(height - 1, 1)], page[:, :: max(width - 1, 1)]
    rim = (cv2.mean(ends[0])[0] * width + cv2.mean(np.ascontiguousarray(ends[1]))[0] * height) / (
        width + height
    )
    return {"rim": (mean - rim) / span, "midrange": ((low + high) / 2 - mean) / span}


def structure_signs(page: Grey) -> dict[str, float]:
    """Two signs more, which shadows and frames disturb less: thin structures, and deviations from the surroundings.

    Strokes are thinner than the paper between them, and stand out further from their surroundings than paper does.
    """
    height, width = page.shape
    half = cv2.resize(page, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
    side = max(half.shape)
    kernel = rectangle(2 * max(1, side // 8) + 1, 2 * max(1, side // 8) + 1)
    root = math.sqrt(half.size)
    dark = cv2.norm(cv2.morphologyEx(half, cv2.MORPH_CLOSE, kernel), half, cv2.NORM_L2) / root
    bright = cv2.norm(cv2.morphologyEx(half, cv2.MORPH_OPEN, kernel), half, cv2.NORM_L2) / root
    near = max(3, side // 5) | 1
    smooth = cv2.blur(half, (near, near), borderType=cv2.BORDER_REPLICATE)
    apart = cv2.subtract(half, smooth, dtype=cv2.CV_32F).ravel()
    squares = apart * apart
    skew = float(squares @ apart) / half.size / ((float(squares.sum()) / half.size) ** 1.5 + 1e-3)
    return {"thin": (bright - dark) / (bright + dark + 0.1), "skew": math.tanh(skew)}


def ink_is_bright(page: Grey) -> bool:
    """Whether the pen is the brighter side of a uint8 (H, W) page."""
    signs = polarity_signs(page)
    if abs(signs["rim"]) > FRAMED and min(page.shape) > 8:
        inset = max(2, min(page.shape) // 16)
        inside = np.ascontiguousarray(page[inset:-inset, inset:-inset])
        if int(inside.max()) - int(inside.min()) < FLAT * (int(page.max()) - int(page.min())):
            return signs["rim"] < 0
        page = inside
        signs = polarity_signs(page)
    clear = CLEAR_WEIGHTS["rim"] * signs["rim"] + CLEAR_WEIGHTS["midrange"] * signs["midrange"]
    if max(page.shape) >= NARROW * min(page.shape) and abs(clear) < NARROW_DOUBT:
        return signs["rim"] > 0
    if abs(clear) >= DOUBT:
        return clear > 0
    signs |= structure_signs(page)
    return sum(weight * signs[name] for name, weight in DOUBTFUL_WEIGHTS.items()) > 0


def background(page: Grey) -> Grey:
    """The paper as if nothing were written on it, uint8 (H, W), for dark ink on light paper.

    A closing errs at the page's edge, either way: taken over the page alone it lifts the dark end of a slope of light;
    taken over a padded page it takes a stroke that touches the edge for paper. Between these two bounds the plane
    through the paper inside decides.
    """
    height, width = page.shape
    clean = _clean_level(page)
    if clean is not None:
        return level_page(page.shape, clean)
    shrink = max(2, round(max(height, width) / COARSE))
    size = max(1, -(-width // shrink)), max(1, -(-height // shrink))
    coarse = cv2.resize(page, size, interpolation=cv2.INTER_AREA)
    reach = max(2, max(size) // 4)  # wider than any stroke, or ink would pass for paper
    kernel = rectangle(2 * reach + 1, 2 * reach + 1)
    above = cv2.morphologyEx(coarse, cv2.MORPH_CLOSE, kernel)
    low, high, _, _ = cv2.minMaxLoc(above)
    if low == high:
        return level_page(page.shape, int(high))
    if high - low <= LEVEL * high:
        smooth = cv2.blur(above, (reach | 1, reach | 1), borderType=cv2.BORDER_REPLICATE)
        return cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]
    padded = cv2.copyMakeBorder(coarse, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    below = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)[reach:-reach, reach:-reach]
    paper = cv2.max(below, cv2.min(above, _plane(above, reach)))
    smooth = cv2.blur(paper, (reach | 1, reach | 1), borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]


def _clean_level(page: Grey) -> int | None:
    """The level of clean and evenly lit paper, as of a drawing or a good scan; None for any other.

    Bold ink that fills its crop leaves no paper within reach of its middle, but all of its level elsewhere.
    """
    low, high, _, _ = cv2.minMaxLoc(page)
    span = high - low
    paper = _above(page, high - 0.03 * span)
    if paper < CLEAN * page.size:
        return None
    lines = page.size / min(page.shape)
    for share, rim in zip((0.3, 0.75), SOFT_RIM, strict=True):
        if _above(page, high - share * span) - paper > rim * lines:
            return None  # light changes over the page, or part of it lies in shadow
    return int(high)


def _above(page: Grey, level: float) -> int:
    """How many pixels lie above a level."""
    return int(np.count_nonzero(page > int(level)))


def _plane(paper: MatLike, reach: int) -> Grey:
    """The plane through the part of an (H, W) image that is at least ``reach`` from its edges, over all of it."""
    height, width = paper.shape[:2]
    y, x = min(reach, (height - 1) // 3), min(reach, (width - 1) // 3)
    inside = paper[y : height - y, x : width - x]
    rows = cv2.reduce(inside, 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F)[:, 0]
    columns = cv2.reduce(inside, 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F)[0]
    down = _steps(height) * float(_slope(len(rows)) @ rows) + (float(rows.sum()) / len(rows) + 0.5)
    along = _steps(width) * float(_slope(len(columns)) @ columns)
    plane = down[:, None] + along
    return plane.clip(0, 255, out=plane).astype(np.uint8)


@cache
def _steps(count: int) -> NDArray[np.float32]:
    return np.arange(count, dtype=np.float32) - np.float32((count - 1) / 2)


@cache
def _slope(count: int) -> NDArray[np.float32]:
    """Weights whose product with ``count`` values at equal distances is the slope of the line through them."""
    steps = _steps(count)
    return steps / max(float(steps @ steps), 1e-6)


def ink_map(page: Grey) -> Grey:
    """How much ink lies on each pixel of a uint8 (H, W) page: uint8 (H, W), 0 is paper, 255 is black on white.

    Dark ink darkens in proportion to the light that falls on it, so that it is divided by the paper; bright ink on a
    dark ground is taken as a difference.
    """
    if ink_is_bright(page):
        turned: Grey = cv2.bitwise_not(page)  # type: ignore[assignment]
        return cv2.subtract(background(turned), turned)  # type: ignore[return-value]
    paper = background(page)
    if (
        cv2.countNonZero(paper) < paper.size
    ):  # of black paper all light is lost, and no ink can be told from it
        page, paper = np.maximum(page, 1), np.maximum(paper, 1)
    ratio = cv2.divide(page, paper, scale=255)
    return cv2.bitwise_not(ratio, ratio)  # type: ignore[return-value]
