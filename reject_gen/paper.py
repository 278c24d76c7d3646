"""Acquisition: ink becomes a crop of a page, as a phone's camera or a scanner would have given it.

Digits and non-digits go the same way, so that nothing but the ink tells them apart.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from reject_gen.base import GreyImage
from reject_gen.cell_lines import (
    Box,
    draw_cell_border,
    draw_neighbour,
    draw_rule,
    draw_specks,
)
from reject_gen.light import FloatImage, between, grain, light_field, seldom_high, sensor_noise
from reject_gen.paper_settings import PHONE, SCANNER, PaperSettings

__all__ = ["PHONE", "SCANNER", "PaperSettings", "empty_cell", "put_on_paper"]

_INK_LEVEL = 40
"""Grey level from which a pixel of a mask counts as ink when its box is sought."""


class _Sheet(NamedTuple):
    """Grey level of the paper; share of its light that the ink takes; larger side of the ink, pixels."""

    paper: float
    contrast: float
    side: float


def put_on_paper(ink: GreyImage, rng: np.random.Generator, settings: PaperSettings = PHONE) -> GreyImage:
    """Photograph ``ink`` on a page.

    Args:
        ink: uint8 (H, W), bright ink on black, any size; without ink the page stays empty.
        rng: the same state gives the same picture.
        settings: what may happen on the way, and how much of it.

    Returns:
        uint8 (h, w), sides of at most ``settings.max_side`` pixels, mostly dark ink on lighter paper.
    """
    if not (ink > _INK_LEVEL).any():
        return empty_cell(rng, settings)
    layer, box, side = _place(ink, rng, settings)
    paper = _paper_level(rng, settings)
    contrast = min(1.0, max(between(rng, settings.contrast), settings.min_levels / paper))
    layer = _change_pen(layer, side, rng, settings)
    darkness = layer.astype(np.float32) * np.float32(contrast / 255)
    surroundings = _surroundings(layer.shape, box, rng, settings, round(255 * contrast))
    if surroundings is not None:
        np.maximum(darkness, surroundings, out=darkness)
    return _expose(darkness, _Sheet(paper, contrast, side), rng, settings)


def empty_cell(rng: np.random.Generator, settings: PaperSettings = PHONE) -> GreyImage:
    """Photograph a cell without ink: uint8 (h, w), paper with perhaps lines, specks, intruders."""
    side = between(rng, settings.ink_side) * between(rng, settings.crop_ratio)
    height = int(np.clip(side, 24, settings.max_side))
    breadth = int(np.clip(side * (1 + settings.crop_aspect * (2 * rng.random() - 1)), 24, settings.max_side))
    paper = _paper_level(rng, settings)
    level = round(255 * between(rng, settings.contrast))
    surroundings = _surroundings((height, breadth), None, rng, settings, level)
    darkness = np.zeros((height, breadth), np.float32) if surroundings is None else surroundings
    return _expose(darkness, _Sheet(paper, 0.5, 0.5 * side), rng, settings)


def _paper_level(rng: np.random.Generator, settings: PaperSettings) -> float:
    level = between(rng, settings.paper_level)
    return level * between(rng, settings.dim_exposure) if rng.random() < settings.dim else level


def _ink_box(ink: GreyImage) -> tuple[int, int, int, int]:
    """Left, top, width, height of the ink."""
    left, top, width, height = cv2.boundingRect((ink > _INK_LEVEL).view(np.uint8))
    return left, top, width, height


def _deformed_corners(
    width: float, height: float, rng: np.random.Generator, settings: PaperSettings
) -> NDArray[np.float32]:
    """Where the corners of a width-by-height box come to lie around (0, 0): float32 (4, 2), clockwise."""
    turn, slant, stretch = rng.standard_normal(3) * (
        np.deg2rad(settings.rotation),
        settings.shear,
        settings.stretch,
    )
    scaled = np.array([[np.exp(stretch / 2), slant], [0.0, np.exp(-stretch / 2)]])
    rotated = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    jitter = settings.perspective * max(width, height) * (2 * rng.random((4, 2)) - 1)
    return np.asarray(corners @ (rotated @ scaled).T + jitter, dtype=np.float32)


def _crop_size(
    extent: NDArray[np.float32], rng: np.random.Generator, settings: PaperSettings
) -> NDArray[np.float64]:
    """Width and height of the crop around ink of the given width and height, pixels."""
    if rng.random() < settings.tight:
        return np.asarray(extent * between(rng, settings.tight_ratio) + 2.0, dtype=np.float64)
    side = float(extent.max()) * between(rng, settings.crop_ratio)
    aspect = 1 + settings.crop_aspect * (2 * rng.random() - 1)
    return np.asarray(np.maximum((side * aspect, side), extent * 1.04 + 2.0), dtype=np.float64)


def _place(ink: GreyImage, rng: np.random.Generator, settings: PaperSettings) -> tuple[GreyImage, Box, float]:
    """Scale, deform and place the ink; returns the crop's ink, its box, and the ink's larger side."""
    left, top, width, height = _ink_box(ink)
    low, high = np.log(settings.ink_side)
    scale = float(np.exp(between(rng, (low, high)))) / max(width, height)
    corners = _deformed_corners(width * scale, height * scale, rng, settings)
    extent = corners.max(axis=0) - corners.min(axis=0)
    crop = _crop_size(extent, rng, settings)
    shrink = min(1.0, settings.max_side / float(crop.max()))
    crop, corners, extent, scale = crop * shrink, corners * shrink, extent * shrink, scale * shrink
    breadth, tall = max(8, int(crop[0])), max(8, int(crop[1]))
    # Writers keep near the middle of a cell: the mean of two uniform draws, not one.
    corner = np.maximum((breadth, tall) - extent, 0) * rng.random((2, 2)).mean(axis=0)
    corners += (corner - corners.min(axis=0)).astype(np.float32)

    source = cv2.copyMakeBorder(ink[top : top + height, left : left + width], 2, 2, 2, 2, cv2.BORDER_CONSTANT)
    ratio = min(1.0, 1.6 * scale)
    if ratio < 0.8:
        # A warp takes four pixels a point: strokes would break up when a large mask shrinks.
        source = cv2.resize(source, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
    else:
        ratio = 1.0
    x0, y0, x1, y1 = 2 * ratio, 2 * ratio, (2 + width) * ratio, (2 + height) * ratio
    # Pixel centres lie at whole numbers, so a box of n pixels runs from -0.5 to n - 0.5.
    origin = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32) - np.float32(0.5)
    matrix = cv2.getPerspectiveTransform(origin, corners - np.float32(0.5))
    interpolation = cv2.INTER_CUBIC if scale > 1.2 else cv2.INTER_LINEAR
    layer = cv2.warpPerspective(source, matrix, (breadth, tall), flags=interpolation)
    box = (float(corner[0]), float(corner[1]), float(corner[0] + extent[0]), float(corner[1] + extent[1]))
    return np.asarray(layer, dtype=np.uint8), box, float(extent.max())


def _change_pen(
    layer: GreyImage, side: float, rng: np.random.Generator, settings: PaperSettings
) -> GreyImage:
    """Make strokes thinner or thicker and their edges as crisp as their size lets them be."""
    pen = between(rng, settings.pen)
    soft = cv2.GaussianBlur(layer, (0, 0), 0.5 + 0.045 * pen * side) if pen > 0 else layer
    middle = 255 * (0.5 - 0.28 * pen)
    steepness = max(1.0, side / 25)
    curve = np.clip((np.arange(256) - middle) * steepness + 127.5, 0, 255).astype(np.uint8)
    curve[0] = 0
    changed = np.asarray(cv2.LUT(soft, curve), dtype=np.uint8)
    # A fine pen made finer would leave dashes; then the strokes stay as they are.
    return changed if changed.sum(dtype=np.int64) > 0.6 * layer.sum(dtype=np.int64) else layer


def _surroundings(
    shape: tuple[int, ...], box: Box | None, rng: np.random.Generator, settings: PaperSettings, ink_level: int
) -> FloatImage | None:
    """Lines, specks and neighbours: float32 ``shape``, share of light taken away; None without any."""
    cell, rule, specks, neighbour = rng.random(4) < (
        settings.in_cell,
        settings.rule,
        settings.specks,
        settings.neighbour,
    )
    if not (cell or rule or specks or neighbour):
        return None
    layer = np.zeros(shape, np.uint8)
    if neighbour:
        draw_neighbour(layer, box, rng, ink_level)
    if rule:
        draw_rule(layer, box, rng, settings)
    if cell:
        draw_cell_border(layer, box, rng, settings)
    if specks:
        draw_specks(layer, rng)
    return layer.astype(np.float32) * np.float32(1 / 255)


def _motion_kernel(length: float, rng: np.random.Generator) -> FloatImage:
    reach = max(1, round(length / 2))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    angle = np.pi * rng.random()
    dx, dy = round(reach * np.cos(angle)), round(reach * np.sin(angle))
    cv2.line(kernel, (reach - dx, reach - dy), (reach + dx, reach + dy), 1.0)
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


def _expose(
    darkness: FloatImage, sheet: _Sheet, rng: np.random.Generator, settings: PaperSettings
) -> GreyImage:
    """Light the page, blur it, add noise, store it.

    Args:
        darkness: float32 (h, w), the share of light taken away.
        sheet: what is written on what.
        rng: the same state gives the same picture.
        settings: what may happen, and how much of it.
    """
    shape = (darkness.shape[0], darkness.shape[1])
    texture = np.float32(min(seldom_high(rng, settings.texture), sheet.contrast / 8))
    page: FloatImage = (1 + texture * grain(shape, rng)) * (1 - darkness)
    sigma = seldom_high(rng, settings.blur) * sheet.side
    if sigma > 0.3:
        cv2.GaussianBlur(page, (0, 0), sigma, dst=page, borderType=cv2.BORDER_REPLICATE)
    if rng.random() < settings.motion:
        kernel = _motion_kernel(between(rng, settings.motion_length) * sheet.side, rng)
        cv2.filter2D(page, -1, kernel, dst=page, borderType=cv2.BORDER_REPLICATE)
    light = light_field(shape, rng, settings)
    page *= light * np.float32(sheet.paper)
    if rng.random() < settings.light_on_dark:
        page = np.float32(sheet.paper * 1.05) - page
    noise = min(seldom_high(rng, settings.noise), sheet.contrast * sheet.paper / 8)
    page += np.float32(noise) * sensor_noise(shape, rng)
    stored: GreyImage = np.clip(page, 0, 255).astype(np.uint8)
    if rng.random() < settings.jpeg:
        quality = round(between(rng, settings.jpeg_quality))
        encoded = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        stored = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
    return stored
