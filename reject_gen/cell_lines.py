"""Ink on a page that belongs to no character: borders, ruled lines, specks, strokes of a neighbour."""

from __future__ import annotations

import cv2
import numpy as np

from reject_gen.base import GreyImage
from reject_gen.light import between
from reject_gen.paper_settings import PaperSettings

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, pixels."""

_SUBPIXEL_BITS = 4


def stroke(layer: GreyImage, points: np.ndarray, width: float, level: int) -> None:
    """Draw an antialiased polyline into ``layer`` (uint8 (H, W)); ``points`` float (N, 2) as x, y in pixels.

    Widths under one pixel fade instead, since a line cannot be drawn thinner than that.
    """
    fixed = np.round(points * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    faded = round(level * min(1.0, width))
    cv2.polylines(layer, [fixed], False, faded, max(1, round(width)), cv2.LINE_AA, _SUBPIXEL_BITS)


def _pieces(rng: np.random.Generator, settings: PaperSettings) -> list[tuple[float, float]]:
    """Which parts of a line are drawn, as shares of its length."""
    if rng.random() >= settings.line_gap:
        return [(0.0, 1.0)]
    if rng.random() < 0.5:
        start = rng.random()
        return [(0.0, start), (start + 0.05 + 0.3 * rng.random(), 1.0)]
    dots = int(rng.integers(8, 25))
    return [(i / dots, (i + 0.5) / dots) for i in range(dots)]


def _line(
    layer: GreyImage,
    at: float,
    width: float,
    rng: np.random.Generator,
    settings: PaperSettings,
    *,
    upright: bool,
) -> None:
    """Draw a line across the whole layer, ``at`` pixels from the left (upright) or the top."""
    height, breadth = layer.shape
    length = height if upright else breadth
    slope = settings.line_tilt * rng.standard_normal()
    sag = 0.5 * settings.line_tilt * rng.standard_normal() * length
    level = round(255 * between(rng, settings.line_contrast))
    for start, end in _pieces(rng, settings):
        along = np.linspace(start, min(end, 1.0), 5)
        across = at + slope * length * (along - 0.5) + sag * (along - along**2) * 4
        # Ends lie outside the picture, so that caps don't show.
        along = along * (length + 8) - 4
        points = np.column_stack((across, along) if upright else (along, across))
        stroke(layer, points, width, level)


def draw_cell_border(
    layer: GreyImage, ink: Box | None, rng: np.random.Generator, settings: PaperSettings
) -> None:
    """Draw some of the four border lines of a cell near the edges of ``layer`` (uint8 (H, W), bright ink).

    They stay off ``ink``, the box to be kept free, but for the share ``line_touch`` of them.
    """
    height, breadth = layer.shape
    left, top, right, bottom = ink or (breadth / 2, height / 2, breadth / 2, height / 2)
    side = min(height, breadth)
    widths = between(rng, settings.line_width) * side
    for room, upright, far in (
        (left, True, False),
        (breadth - right, True, True),
        (top, False, False),
        (height - bottom, False, True),
    ):
        if rng.random() >= settings.side_line:
            continue
        # Bold outer frames and hairlines meet in one cell.
        width = widths * (2.5 if rng.random() < 0.15 else 1.0)
        reach = settings.line_inset * side
        if ink is not None and rng.random() >= settings.line_touch:
            reach = min(reach, room - 0.75 * width - 0.03 * side)
        elif ink is not None:
            reach = min(reach, room)
        inset = -0.4 * width + (reach + 0.4 * width) * rng.random()
        if reach < -0.4 * width:
            continue
        extent = breadth if upright else height
        _line(layer, extent - inset if far else inset, width, rng, settings, upright=upright)


def draw_rule(layer: GreyImage, ink: Box | None, rng: np.random.Generator, settings: PaperSettings) -> None:
    """Draw a thin ruled line: under the ink as writers use it, at times through its foot."""
    height, breadth = layer.shape
    bottom = ink[3] if ink else height * rng.random()
    at = bottom + (0.12 * rng.random() - 0.02) * height
    width = max(0.5, 0.02 * min(height, breadth) * rng.random())
    _line(layer, at, width, rng, settings, upright=False)


def draw_specks(layer: GreyImage, rng: np.random.Generator) -> None:
    """Sprinkle 1–6 specks of up to 3 % of the smaller side, of any darkness."""
    height, breadth = layer.shape
    for _ in range(int(rng.integers(1, 7))):
        centre = (int(rng.integers(breadth)), int(rng.integers(height)))
        radius = int(0.03 * min(height, breadth) * rng.random() ** 2)
        cv2.circle(layer, centre, radius, int(rng.integers(60, 256)), -1, cv2.LINE_AA)


def draw_neighbour(layer: GreyImage, ink: Box | None, rng: np.random.Generator, level: int) -> None:
    """Let a bent stroke, as of the next character, come in over one edge; it ends short of the ink."""
    height, breadth = layer.shape
    left, top, right, bottom = ink or (0.3 * breadth, 0.3 * height, 0.7 * breadth, 0.7 * height)
    edge = int(rng.integers(4))
    room = (left, breadth - right, top, height - bottom)[edge]
    width = between(rng, (0.03, 0.1)) * min(height, breadth)
    depth = 0.8 * room * rng.random() - width
    if depth <= 0:
        return
    extent = height if edge < 2 else breadth
    start = rng.random() * extent
    bend = np.linspace(0, np.pi, 9)
    along = start + 0.25 * extent * np.cos(bend) * (0.3 + rng.random())
    into = depth * np.sin(bend) - width
    if edge in (1, 3):
        into = (breadth if edge == 1 else height) - into
    stroke(layer, np.column_stack((into, along) if edge < 2 else (along, into)), width, level)
