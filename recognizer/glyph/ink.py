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
PAPER = 0.03  # of a page's range below its lightest: clean paper
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
    if is_narrow(page.shape) and abs(clear) < NARROW_DOUBT:
        return signs["rim"] > 0
    if abs(clear) >= DOUBT:
        return clear > 0
    signs |= structure_signs(page)
    return sum(weight * signs[name] for name, weight in DOUBTFUL_WEIGHTS.items()) > 0


def is_narrow(shape: tuple[int, ...]) -> bool:
    """Whether a page is so narrow that it may be cropped to a one."""
    return max(shape) >= NARROW * min(shape)


def background(page: Grey) -> Grey:
    """The paper as if nothing were written on it, uint8 (H, W), for dark ink on light paper.

    A closing errs at the page's edge, either way: taken over the page alone it lifts the dark end of a slope of light;
    taken over a padded page it takes a stroke that touches the edge for paper. Between these two bounds the plane
    through the paper inside decides.
    """
    clean = clean_level(page)
    if clean is not None:
        return level_page(page.shape, clean)
    coarse = cv2.resize(page, coarse_size(page.shape), interpolation=cv2.INTER_AREA)
    above = closed(coarse)
    low, high, _, _ = cv2.minMaxLoc(above)
    if high - low > LEVEL * high:
        above = cv2.max(closed_to_edge(coarse), cv2.min(above, planes(deep(above))[..., 0]))
    return enlarged(above, page.shape)


def coarse_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Width and height at which the paper of an (H, W) page is looked for."""
    height, width = shape
    shrink = max(2, round(max(height, width) / COARSE))
    return max(1, -(-width // shrink)), max(1, -(-height // shrink))


def deep(image: MatLike) -> Grey:
    """With its channels, of which OpenCV drops a single one: (H, W) becomes (H, W, 1)."""
    return np.asarray(image, np.uint8).reshape(*image.shape[:2], -1)


def _reach(coarse: MatLike) -> int:
    """Pixels of a coarse page: wider than any stroke, or ink would pass for paper."""
    return max(2, int(max(coarse.shape[:2])) // 4)


def closed(coarse: MatLike) -> MatLike:
    """The paper of a coarse page (H, W), or of N of them (H, W, N), taken over the page alone."""
    return _close(coarse, _reach(coarse))


def _close(coarse: MatLike, reach: int) -> MatLike:
    return cv2.morphologyEx(coarse, cv2.MORPH_CLOSE, rectangle(2 * reach + 1, 2 * reach + 1))


def closed_to_edge(coarse: MatLike) -> MatLike:
    """The same, taken over a padded page."""
    reach = _reach(coarse)
    padded = cv2.copyMakeBorder(coarse, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    return _close(padded, reach)[reach:-reach, reach:-reach]


def enlarged(paper: MatLike, shape: tuple[int, ...]) -> Grey:
    """The smooth paper of an (H, W) page, from the coarse one; or of N of them, (H, W, N)."""
    side = _reach(paper) | 1
    smooth = cv2.blur(paper, (side, side), borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(smooth, shape[::-1], interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]


def clean_level(page: Grey) -> int | None:
    """The level of clean and evenly lit paper, as of a drawing or a good scan; None for any other.

    Bold ink that fills its crop leaves no paper within reach of its middle, but all of its level elsewhere.
    """
    low, high, _, _ = cv2.minMaxLoc(page)
    span = high - low
    paper = _above(page, high - PAPER * span)
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


def planes(papers: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The plane through the part that lies well inside of each of N coarse pages, (H, W, N), over all of it."""
    height, width, _ = papers.shape
    reach = _reach(papers)
    y, x = min(reach, (height - 1) // 3), min(reach, (width - 1) // 3)
    inside = papers[y : height - y, x : width - x]
    rows, columns = _averages(inside, 1), _averages(inside, 0)
    middle = rows.sum(axis=1).astype(np.float64) / rows.shape[1] + 0.5
    down = _steps(height)[:, None] * _slopes(rows) + middle.astype(np.float32)
    levels = down[:, None] + _steps(width)[:, None] * _slopes(columns)
    return np.asarray(levels.clip(0, 255, out=levels), np.uint8)


def _averages(papers: NDArray[np.uint8], axis: int) -> NDArray[np.float32]:
    """The means of N pages (H, W, N) along an axis, float32 (N, H or W)."""
    means = cv2.reduce(papers, axis, cv2.REDUCE_AVG, dtype=cv2.CV_32F)
    return np.ascontiguousarray(means.reshape(-1, papers.shape[2]).T, np.float32)


def _slopes(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The slope of the line through each row of values at equal distances."""
    weights = _slope(values.shape[1])
    return np.array([weights @ row for row in values], np.float32)


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
