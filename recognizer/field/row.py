"""From a grey page to the ink of a row of characters: polarity, paper, lines and specks, at the size to read it at."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.field.row_lines import Labels, find_components, find_lines
from recognizer.glyph.ink import (
    CLEAR_WEIGHTS,
    DOUBT,
    DOUBTFUL_WEIGHTS,
    Grey,
    background,
    polarity_signs,
    rectangle,
    structure_signs,
)

LEAST_CONTRAST = 11  # of 255: fainter ink can't be told from the paper's own unevenness
NOISE_RATIO = 4.0  # ink stands out from the paper's noise by this many standard deviations
MOST = 64  # components of characters: a page with more is texture
SPECK = 0.025  # of a character's area: what is smaller is dirt
SEARCH = 64  # pixels: a page is searched for its row at this height
READ = 40  # pixels: characters are read at about this height
COARSEST = 24  # pixels: characters lower than this are looked at closer, if the page has more pixels
LONGEST = 8192  # pixels: no row is looked at any wider
ROUNDS = 4  # times that lines are taken out: a frame has four sides


@dataclass(frozen=True, slots=True)
class Row:
    """The ink of a row of characters, cut out of its page.

    Attributes:
        ink: uint8 (H, W), 0 is paper, 255 a stroke's core; nothing but the characters.
        size: the usual height of a character, pixels of ``ink``.
        corner: left and top of ``ink`` on the page, in the page's pixels.
        scale: pixels of ``ink`` for one of the page.
    """

    ink: Grey
    size: float
    corner: tuple[float, float]
    scale: float

    def on_page(self, box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        """(left, top, right, bottom) in pixels of ``ink`` as whole pixels of the page."""
        left, top = (corner + edge / self.scale for corner, edge in zip(self.corner, box[:2], strict=True))
        right, bottom = (
            corner + edge / self.scale for corner, edge in zip(self.corner, box[2:], strict=True)
        )
        return int(left + 1e-6), int(top + 1e-6), int(np.ceil(right - 1e-6)), int(np.ceil(bottom - 1e-6))


def find_row(page: Grey) -> Row | None:
    """The row of characters on a uint8 (H, W) page; None where there is no ink."""
    height, width = page.shape
    shrink = min(1.0, SEARCH / height if height > 1.5 * SEARCH else 1.0, LONGEST / width)
    found = _row_of(_resized(page, shrink))
    if found is None or shrink == 1.0:
        return found
    size = found.size / shrink
    found = replace(found, corner=(found.corner[0] / shrink, found.corner[1] / shrink), scale=shrink)
    if found.size >= COARSEST:
        return found
    tall, wide = found.ink.shape
    left, top, right, bottom = found.on_page((0, 0, wide, tall))
    margin = int(size / 2)
    x, y = max(0, left - margin), max(0, top - margin)
    near = page[y : bottom + margin, x : right + margin]
    shrink = min(1.0, READ / size, LONGEST / near.shape[1])
    closer = _row_of(_resized(near, shrink))
    if closer is None:
        return found
    return replace(
        closer, corner=(x + closer.corner[0] / shrink, y + closer.corner[1] / shrink), scale=shrink
    )


def _resized(page: Grey, shrink: float) -> Grey:
    if shrink == 1.0:
        return np.ascontiguousarray(page)
    size = max(1, round(page.shape[1] * shrink)), max(1, round(page.shape[0] * shrink))
    return cv2.resize(page, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _row_of(page: Grey) -> Row | None:
    low, high, _, _ = cv2.minMaxLoc(page)
    if high - low < LEAST_CONTRAST:
        return None
    ink, rounds = _ink(page), ROUNDS
    while True:
        threshold, paper, noise = _levels(ink)
        labels, stats = find_components(cv2.threshold(ink, threshold, 255, cv2.THRESH_BINARY)[1])
        lined = find_lines(labels, stats)
        if not rounds or not cv2.countNonZero(lined):
            break
        # A dark border hides faint characters from a common threshold: take it away and look again.
        ink = cv2.bitwise_and(ink, cv2.bitwise_not(cv2.dilate(lined, rectangle(3, 3))))  # type: ignore[assignment]
        rounds -= 1
    kept = _characters(stats, ink.shape)
    strokes: Grey = kept.astype(np.uint8).take(labels)
    contrast = cv2.mean(ink, strokes)[0] - paper
    if not 0 < np.count_nonzero(kept) <= MOST or contrast < max(LEAST_CONTRAST, NOISE_RATIO * noise):
        return None
    return _cut(ink, strokes, paper, stats[kept, cv2.CC_STAT_HEIGHT])


def _cut(ink: Grey, strokes: Grey, paper: int, heights: Labels) -> Row:
    """The ink around the strokes' pixels (not 0), stretched so that its paper is 0 and its core 255."""
    core = int(np.percentile(ink[strokes > 0], 90))
    table = np.clip((np.arange(256) - paper) * (255 / max(1, core - paper)), 0, 255).astype(np.uint8)
    reach = 1 + 2 * max(1, round(heights.max() / 24))
    zone = cv2.dilate(cv2.multiply(strokes, 255), rectangle(reach, reach))  # type: ignore[call-overload]
    left, top, width, height = cv2.boundingRect(strokes)
    left, top = max(0, left - reach), max(0, top - reach)
    near = slice(top, top + height + 2 * reach), slice(left, left + width + 2 * reach)
    clean: Grey = cv2.bitwise_and(cv2.LUT(ink, table), zone)  # type: ignore[assignment]
    size = float(np.median(heights[heights >= 0.6 * heights.max()]))
    return Row(np.ascontiguousarray(clean[near]), size, (float(left), float(top)), 1.0)


def _ink(page: Grey) -> Grey:
    """How much ink lies on each pixel, uint8 (H, W): `ink_map` of `recognizer.glyph.ink` for a wide page."""
    if _is_bright(page):
        turned: Grey = cv2.bitwise_not(page)  # type: ignore[assignment]
        return cv2.subtract(_paper(turned), turned)  # type: ignore[return-value]
    return cv2.bitwise_not(cv2.divide(page, _paper(page), scale=255))  # type: ignore[return-value]


def _is_bright(page: Grey) -> bool:
    """Whether the ink is the brighter side: asked of the whole page, and where it is unclear, of square pieces of it.

    It is unclear too where the page without its rim says the contrary: a frame may run along the page's edges.
    """
    margin = page.shape[0] // 8
    inner = page[margin : page.shape[0] - margin, margin : max(margin + 1, page.shape[1] - margin)]
    inner = np.ascontiguousarray(inner) if min(inner.shape) > 1 else page
    clear, clear_inside = (
        _vote(polarity_signs(page), CLEAR_WEIGHTS),
        _vote(polarity_signs(inner), CLEAR_WEIGHTS),
    )
    if abs(clear) >= DOUBT and (clear * clear_inside > 0 or abs(clear_inside) < DOUBT):
        return clear > 0
    votes = 0.0
    for start, end in _pieces(inner.shape, 1.0):
        piece = np.ascontiguousarray(inner[:, start:end])
        # A piece without ink has little contrast, and little to say.
        votes += float(np.ptp(piece)) * _vote(
            polarity_signs(piece) | structure_signs(piece), DOUBTFUL_WEIGHTS
        )
    return votes > 0


def _vote(signs: dict[str, float], weights: dict[str, float]) -> float:
    return sum(weight * signs[name] for name, weight in weights.items())


def _paper(page: Grey) -> Grey:
    """`background` of `recognizer.glyph.ink`, of pieces about as wide as high, blended; a wide page is too coarse."""
    height, width = page.shape
    if width <= 2 * height:
        return background(page)
    total, weights = np.zeros(page.shape, np.float32), np.zeros(width, np.float32)
    for start, end in _pieces(page.shape, 2.0):
        length = end - start
        weight = np.minimum(np.arange(1, length + 1), np.arange(length, 0, -1)).astype(np.float32)
        total[:, start:end] += weight * background(np.ascontiguousarray(page[:, start:end]))
        weights[start:end] += weight
    return (total / weights + 0.5).astype(np.uint8)


def _pieces(shape: tuple[int, ...], overlap: float) -> list[tuple[int, int]]:
    """Columns (start, end) of pieces about as wide as ``overlap`` heights, about one for each height."""
    height, width = shape
    length = min(width, max(16, round(overlap * height)))
    count = max(1, round(overlap * width / length))
    return [(start, start + length) for start in np.linspace(0, width - length, count).astype(int).tolist()]


def _levels(ink: Grey) -> tuple[int, int, float]:
    """Otsu's threshold, the level below which there is only paper, and the paper's noise (one standard deviation)."""
    threshold = int(cv2.threshold(ink, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0])
    counts = cv2.calcHist([ink], [0], None, [256], [0, 256]).ravel()[: threshold + 1].cumsum()
    tenth, middle = counts.searchsorted((0.1 * counts[-1], 0.5 * counts[-1]))
    noise = float(middle - tenth) / 1.28
    return threshold, int(min(middle + 2 * noise, 0.7 * threshold)), noise


def _characters(stats: Labels, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which components, of OpenCV's (N, 5) statistics, belong to characters: no specks, no bits at the edges."""
    height, width = shape
    left, top, wide, high, area = stats.T
    kept: NDArray[np.bool_] = area > 1
    kept[0] = False
    if not kept.any():
        return kept
    at_edge = (left <= 0) | (top <= 0) | (left + wide >= width) | (top + high >= height)
    free = kept & ~at_edge
    usual = free if free.any() and high[free].max() >= 0.5 * high[kept].max() else kept
    tall = usual & (high >= 0.6 * high[usual].max())
    kept &= area >= SPECK * np.median(area[tall])
    # Strokes of other rows, and what a removed line left, come in over the edge.
    bit = at_edge & (high < 0.5 * np.median(high[tall]))
    return np.asarray(kept if (tall & at_edge).any() else kept & ~bit, bool)
