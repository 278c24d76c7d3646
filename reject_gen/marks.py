"""Group "forms", second part: what machines, offices and mishaps leave on paper."""

from __future__ import annotations

import cv2
import numpy as np

from reject_gen.base import GreyImage, Material, family
from reject_gen.forms import GROUP, ruled, turned_page
from reject_gen.ink import PAGE, blank_page, finish


def _fill(page: GreyImage, points: np.ndarray, level: int) -> None:
    """Fill a polygon, float (N, 2) in the unit square."""
    cv2.fillPoly(page, [np.round(points * (PAGE * 16)).astype(np.int32)], level, cv2.LINE_AA, 4)


def _polygon(centre: np.ndarray, radius: float, corners: int, angle: float, star: float = 1.0) -> np.ndarray:
    """A regular polygon; with ``star`` under 1 twice as many corners, every other drawn in."""
    count = corners if star == 1.0 else 2 * corners
    angles = angle + 2 * np.pi * np.arange(count) / count
    radii = np.full(count, radius)
    if star != 1.0:
        radii[1::2] *= star
    return np.asarray(centre + radii[:, None] * np.column_stack((np.cos(angles), np.sin(angles))))


@family(GROUP)
def logo(rng: np.random.Generator, material: Material) -> GreyImage:
    """Two to five filled figures, laid side by side or over each other, light on dark in turn."""
    page = blank_page()
    nested = rng.random() < 0.4
    # Two nested figures would be a ring, and so a 0.
    count = int(rng.integers(3 if nested else 2, 6))
    corners = int(rng.integers(3, 8))
    angle = 2 * np.pi * rng.random()
    for i in range(count):
        star = 0.4 + 0.4 * rng.random() if rng.random() < 0.3 else 1.0
        if nested:
            points = _polygon(np.array([0.5, 0.5]), 0.45 * (1 - i / count), corners + i % 2, angle + i, star)
            _fill(page, points, 255 if i % 2 == 0 else 0)
        else:
            centre = 0.25 + 0.5 * rng.random(2)
            points = _polygon(centre, 0.12 + 0.2 * rng.random(), int(rng.integers(3, 30)), angle, star)
            _fill(page, points, int(rng.integers(120, 256)))
    return finish(page, rng)


@family(GROUP)
def barcode(rng: np.random.Generator, material: Material) -> GreyImage:
    """Part of a bar code: at least five bars of changing width, upright or lying."""
    page = blank_page()
    module = int(rng.integers(2, 6))
    widths = module * rng.integers(1, 5, PAGE // module)
    edges = np.cumsum(widths)
    edges = edges[edges < PAGE - 2 * module]
    top, bottom = int(PAGE * 0.3 * rng.random()), int(PAGE * (1 - 0.3 * rng.random()))
    for start, end in zip(edges[0:-1:2], edges[1::2], strict=False):
        page[top:bottom, start:end] = 255
    if rng.random() < 0.25:
        page = np.ascontiguousarray(page.T)
    return finish(turned_page(page, rng), rng)


@family(GROUP)
def matrix_code(rng: np.random.Generator, material: Material) -> GreyImage:
    """Part of a two-dimensional code: 6–14 modules a side, often with a finder square."""
    side = int(rng.integers(6, 15))
    modules = ((rng.random((side, side)) < 0.5) * 255).astype(np.uint8)
    if rng.random() < 0.5 and side >= 8:
        modules[:7, :7] = 255
        modules[1:6, 1:6] = 0
        modules[2:5, 2:5] = 255
        modules[7, :8] = modules[:8, 7] = 0
    page = np.asarray(cv2.resize(modules, (PAGE, PAGE), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    return finish(turned_page(page, rng), rng)


@family(GROUP)
def stamp(rng: np.random.Generator, material: Material) -> GreyImage:
    """A rubber stamp, round or square: one or two rims, rows of unreadable text, ink that took unevenly."""
    page = blank_page()
    turn = 2 * np.pi * rng.random()
    corners = 40 if rng.random() < 0.6 else 4
    squeeze = np.array([1.0, 0.6 + 0.4 * rng.random()])
    for radius in (0.46, 0.38)[: int(rng.integers(1, 3))]:
        rim = _polygon(np.zeros(2), radius, corners, np.pi / 4) * squeeze + 0.5
        ruled(page, rim, 1 + 3 * rng.random(), closed=True)
    for y in np.linspace(-0.14, 0.14, int(rng.integers(2, 4))):
        xs = np.linspace(-0.25, 0.25, int(rng.integers(8, 20)))
        text = np.column_stack((xs, y + 0.035 * rng.standard_normal(len(xs)))) * squeeze
        ruled(page, text + 0.5, 1.5 + 2 * rng.random())
    coarse = rng.integers(60, 256, (8, 8)).astype(np.uint8)
    took = cv2.resize(coarse, (PAGE, PAGE), interpolation=cv2.INTER_CUBIC)
    page = np.asarray(cv2.multiply(page, took, scale=1 / 255), dtype=np.uint8)
    matrix = cv2.getRotationMatrix2D((PAGE / 2, PAGE / 2), float(np.rad2deg(turn)), 0.95)
    return finish(np.asarray(cv2.warpAffine(page, matrix, (PAGE, PAGE)), dtype=np.uint8), rng)


@family(GROUP)
def punch_hole(rng: np.random.Generator, material: Material) -> GreyImage:
    """A hole that shows something dark, a shadow on one side of its rim; at times torn to the edge."""
    page = blank_page()
    centre = (int(PAGE * (0.4 + 0.2 * rng.random())), int(PAGE * (0.4 + 0.2 * rng.random())))
    radius = int(PAGE * (0.2 + 0.2 * rng.random()))
    level = int(rng.integers(90, 220))
    cv2.circle(page, centre, radius, level, -1, cv2.LINE_AA)
    start = 360 * rng.random()
    width = int(rng.integers(3, 10))
    cv2.ellipse(
        page, centre, (radius, radius), 0, start, start + 60 + 120 * rng.random(), 255, width, cv2.LINE_AA
    )
    if rng.random() < 0.2:
        tear = np.array([[0.5, 0.4], [1.05, 0.3 * rng.random() + 0.2], [1.05, 0.6], [0.5, 0.55]])
        _fill(page, tear, level)
    return finish(page, rng)


@family(GROUP)
def stain_ring(rng: np.random.Generator, material: Material) -> GreyImage:
    """A cup's ring that runs off the page: a faint band with dark rims, often two of them."""
    page = blank_page()
    for _ in range(int(rng.integers(1, 3))):
        corner = rng.integers(0, 2, 2) * PAGE
        centre = (corner + 0.25 * PAGE * rng.standard_normal(2)).astype(int).tolist()
        radius = int(PAGE * (0.55 + 0.3 * rng.random()))
        band = int(rng.integers(6, 20))
        ring = blank_page()
        cv2.circle(ring, centre, radius, int(rng.integers(50, 130)), band, cv2.LINE_AA)
        for rim in (radius - band // 2, radius + band // 2):
            cv2.circle(ring, centre, rim, int(rng.integers(110, 256)), 2, cv2.LINE_AA)
        page = np.maximum(page, ring)
    coarse = rng.integers(80, 256, (6, 6)).astype(np.uint8)
    uneven = cv2.resize(coarse, (PAGE, PAGE), interpolation=cv2.INTER_CUBIC)
    return finish(np.asarray(cv2.multiply(page, uneven, scale=1 / 255), dtype=np.uint8), rng)
