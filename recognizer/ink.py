"""From a grey page to its ink: which side is the pen, what is paper, and how dark the ink is.

The map of ink is what the pen changed: paper, shadow and slow changes of light are divided out. Morphological closing
as the estimate of a page's background is a classic of document binarisation (Gatos, Pratikakis, Perantonis 2006);
here it runs at half the resolution, which is where its time goes.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cv2.typing import MatLike

Grey = NDArray[np.uint8]

# Logistic regression on MNIST and printed digits under eight photometric changes, both ways round, and on sudoku cells
# (`benchmarks/polarity.py` fits and measures it again). A bias would favour one polarity, so there is none.
POLARITY_WEIGHTS = {"rim": 10.0, "corners": 9.5, "midrange": 50.0}


@cache
def rectangle(width: int, height: int) -> MatLike:
    """A structuring element of ones."""
    return cv2.getStructuringElement(cv2.MORPH_RECT, (width, height))


def polarity_signs(page: Grey) -> dict[str, float]:
    """Signs that the ink is the brighter side of a uint8 (H, W) page: each about -1..1, positive where it is.

    The inside is brighter than the rim and than the corners; the mean lies below the middle of the range, because ink
    covers less than paper.
    """
    low, high, _, _ = cv2.minMaxLoc(page)
    span = max(high - low, 1.0)
    height, width = page.shape
    mean = cv2.mean(page)[0]
    ends = page[:: max(height - 1, 1)], page[:, :: max(width - 1, 1)]
    rim = (cv2.mean(ends[0])[0] * width + cv2.mean(np.ascontiguousarray(ends[1]))[0] * height) / (width + height)
    corners = (int(page[0, 0]) + int(page[0, -1]) + int(page[-1, 0]) + int(page[-1, -1])) / 4
    return {
        "rim": (mean - rim) / span,
        "corners": (mean - corners) / span,
        "midrange": ((low + high) / 2 - mean) / span,
    }


def ink_is_bright(page: Grey) -> bool:
    """Whether the pen is the brighter side of a uint8 (H, W) page."""
    signs = polarity_signs(page)
    return sum(weight * signs[name] for name, weight in POLARITY_WEIGHTS.items()) > 0


def background(page: Grey) -> Grey:
    """The paper as if nothing were written on it, uint8 (H, W), for dark ink on light paper.

    A closing errs at the page's edge, either way: taken over the page alone it lifts the dark end of a slope of light;
    taken over a padded page it takes a stroke that touches the edge for paper. Between these two bounds the plane
    through the paper inside decides.
    """
    height, width = page.shape
    half: Grey = cv2.resize(page, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    reach = max(2, max(half.shape) // 4)  # wider than any stroke, or ink would pass for paper
    kernel = rectangle(2 * reach + 1, 2 * reach + 1)
    above = cv2.morphologyEx(half, cv2.MORPH_CLOSE, kernel)
    low, high, _, _ = cv2.minMaxLoc(above)
    if low == high:
        return np.full_like(page, int(high))
    padded = cv2.copyMakeBorder(half, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    below = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)[reach:-reach, reach:-reach]
    paper = cv2.max(below, cv2.min(above, _plane(above, reach)))  # type: ignore[call-overload]
    smooth = cv2.blur(paper, (reach | 1, reach | 1), borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]


def _plane(paper: MatLike, reach: int) -> Grey:
    """The plane through the part of an (H, W) image that is at least ``reach`` from its edges, over all of it."""
    height, width = paper.shape
    y, x = min(reach, (height - 1) // 3), min(reach, (width - 1) // 3)
    inside = paper[y : height - y, x : width - x].astype(np.float32)
    rows, columns = inside.mean(axis=1), inside.mean(axis=0)
    down, along = _slope(rows), _slope(columns)
    middle = float(rows.mean())
    ramp_y = (np.arange(height, dtype=np.float32) - (height - 1) / 2) * down
    ramp_x = (np.arange(width, dtype=np.float32) - (width - 1) / 2) * along
    return np.clip(middle + ramp_y[:, None] + ramp_x[None, :] + 0.5, 0, 255).astype(np.uint8)


def _slope(values: NDArray[np.float32]) -> float:
    steps = np.arange(len(values), dtype=np.float32) - (len(values) - 1) / 2
    return float(steps @ values / max(float(steps @ steps), 1e-6))


def ink_map(page: Grey) -> Grey:
    """How much ink lies on each pixel of a uint8 (H, W) page: uint8 (H, W), 0 is paper, 255 is black on white.

    Dark ink darkens in proportion to the light that falls on it, so that it is divided by the paper; bright ink on a
    dark ground is taken as a difference.
    """
    if ink_is_bright(page):
        turned: Grey = cv2.bitwise_not(page)  # type: ignore[assignment]
        return cv2.subtract(background(turned), turned)  # type: ignore[return-value]
    return cv2.bitwise_not(cv2.divide(page, background(page), scale=255))  # type: ignore[return-value]
