"""Ruled lines and frames around a row of characters: alone, at its ends, and where characters touch them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.glyph.ink import Grey, rectangle

if TYPE_CHECKING:
    from cv2.typing import MatLike

Labels: TypeAlias = "NDArray[np.int32]"

FLAT = 0.2  # of the page's height: a line is thinner
REACH = 0.7  # of the page's width: a line along it is longer
INSIDE = 0.15  # of the page's height: what lies within this of the page's edges may be a frame
# Of the page's height: characters that stand in a frame keep this distance from the page's edges.
CLEAR = 0.06


def find_components(binary: MatLike) -> tuple[Labels, Labels]:
    """The number of each pixel's component, int32 (H, W), and OpenCV's statistics of the components, int32 (N, 5)."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(binary)
    return labels, stats  # type: ignore[return-value]


def find_lines(labels: Labels, stats: Labels) -> Grey:
    """255 where ruled lines and frames lie, 0 elsewhere: uint8 (H, W).

    Args:
        labels: int32 (H, W), the number of each pixel's connected piece of ink, 0 for paper.
        stats: int32 (N, 5), OpenCV's statistics of the pieces.
    """
    height, width = labels.shape
    _, _, wide, high, area = stats.T
    rim = round(INSIDE * height)
    inner = labels[rim : height - rim, rim : max(rim, width - rim)]
    inside = np.bincount(inner.ravel(), minlength=len(stats))
    along = (wide >= REACH * width) & (high <= FLAT * height) & (wide > 4 * high)
    framing = (wide >= max(0.4 * width, 1.2 * height)) & (wide > 2 * high) & (inside < 0.15 * area)
    lines = along | framing
    lines[0] = False
    lines |= _side_lines(stats, ~lines, labels.shape)
    apart: Grey = 255 * lines.astype(np.uint8).take(labels)
    rest: Grey = 255 * ((labels > 0) & (apart == 0)).astype(np.uint8)
    return cv2.bitwise_or(apart, _joined_lines(rest))  # type: ignore[return-value]


def _side_lines(stats: Labels, others: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which components are upright lines at the row's ends, from the page's top to its bottom.

    A one in a tight crop looks the same, but then the ``others`` reach the page's edges too.
    """
    height, width = shape
    left, top, wide, high, area = stats.T
    beside = (left <= 0.3 * height) | (left + wide >= width - 0.3 * height)
    straight = (high >= 0.9 * height) & (wide <= 0.25 * height) & (area >= 0.6 * wide * high)
    lines = np.asarray(others & beside & straight, bool)
    slivers = lines & (wide <= 0.05 * height) & ((left <= 0) | (left + wide >= width))
    tall = others & ~lines & (high >= 0.3 * height)
    tall[0] = False
    if not tall.any():
        return lines if width >= 2 * height else slivers
    room = max(top[tall].min(), height - (top + high)[tall].max())
    return lines if room >= CLEAR * height else slivers


def _joined_lines(binary: Grey) -> Grey:
    """255 where lines run that characters touch.

    Touching characters make long runs too, and a one is as straight as a frame's side: along the row a line is longer
    than the bars of two characters; across it, it counts only where the characters keep clear of the page's edges.
    """
    height, width = binary.shape
    run = round(min(REACH * width, 2.0 * height))
    found = np.zeros_like(binary)
    outside = {"borderType": cv2.BORDER_CONSTANT, "borderValue": 0}
    if run >= 8 and width >= 2 * height:
        level = cv2.dilate(binary, rectangle(1, 3))
        across = cv2.morphologyEx(level, cv2.MORPH_OPEN, rectangle(run, 1), **outside)  # type: ignore[call-overload]
        _, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(across, rectangle(run | 1, 3)))
        long = (stats[:, cv2.CC_STAT_WIDTH] >= REACH * width) & (
            stats[:, cv2.CC_STAT_HEIGHT] <= FLAT * height + 2
        )
        long[0] = False
        found = cv2.bitwise_and(across, 255 * long.astype(np.uint8).take(labels))
    upright = cv2.dilate(binary, rectangle(3, 1))
    tall = max(8, round(0.9 * height))
    down = cv2.morphologyEx(upright, cv2.MORPH_OPEN, rectangle(1, tall), **outside)  # type: ignore[call-overload]
    if cv2.countNonZero(down):
        both = cv2.bitwise_or(found, down)
        if _keeps_clear(cv2.bitwise_and(binary, cv2.bitwise_not(both))):  # type: ignore[arg-type]
            return both  # type: ignore[return-value]
    return found


def _keeps_clear(binary: Grey) -> bool:
    """Whether the characters on a uint8 (H, W) map of ink stay away from the page's upper and lower edge."""
    height = binary.shape[0]
    stats = cv2.connectedComponentsWithStats(binary)[2][1:]
    tall = stats[stats[:, cv2.CC_STAT_HEIGHT] >= 0.25 * height]
    if not len(tall):
        return False
    top, bottom = tall[:, cv2.CC_STAT_TOP], tall[:, cv2.CC_STAT_TOP] + tall[:, cv2.CC_STAT_HEIGHT]
    return bool(top.min() >= CLEAR * height and bottom.max() <= (1 - CLEAR) * height)
