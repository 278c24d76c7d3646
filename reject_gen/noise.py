"""Non-digits without a pen: snow, stripes, shadows, textures, dirt, and nearly nothing at all.

None is made of strokes; ``blobs`` and ``smudges`` can still look like a thick digit, which the audit sees.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from reject_gen.base import GreyImage, Material, family

GROUP = "noise"
Field = NDArray[np.float32]


def _size(rng: np.random.Generator, low: int = 28, high: int = 64) -> int:
    return int(rng.integers(low, high + 1))


def _grey(field: NDArray[np.floating], low: float = 0.0, high: float = 255.0) -> GreyImage:
    """Stretch ``field`` so that its least value becomes ``low`` and its greatest ``high``."""
    least, greatest = float(field.min()), float(field.max())
    scale = (high - low) / max(greatest - least, 1e-6)
    return np.asarray(np.clip((field - least) * scale + low, 0, 255), np.uint8)


def _cloud(rng: np.random.Generator, size: int, grain: float) -> Field:
    """Gaussian noise, blurred to spots about ``grain`` pixels wide, float32 (size, size)."""
    noise = rng.standard_normal((size, size), np.float32)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), grain, borderType=cv2.BORDER_REFLECT), np.float32)


def _axes(size: int) -> tuple[Field, Field]:
    """Coordinates -1 to 1: x as a row, y as a column, which broadcast to (size, size)."""
    steps = np.linspace(-1, 1, size, dtype=np.float32)
    return steps[None, :], steps[:, None]


def _wave(rng: np.random.Generator, size: int, least: float, most: float) -> Field:
    """A sine wave in a random direction with ``least`` to ``most`` periods across the image."""
    x, y = _axes(size)
    angle, periods, phase = rng.uniform(0, np.pi), rng.uniform(least, most), rng.uniform(0, 2 * np.pi)
    wave: Field = np.sin(np.pi * periods * (np.cos(angle) * x + np.sin(angle) * y) + phase, dtype=np.float32)
    return wave


@family(GROUP)
def snow(rng: np.random.Generator, material: Material) -> GreyImage:
    """Every pixel its own grey, fine or coarse, over any range of greys."""
    size = _size(rng)
    noise = rng.standard_normal((size, size), np.float32)
    if rng.random() < 0.5:
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), float(rng.uniform(0.4, 1.2))), np.float32)
    low = float(rng.uniform(0, 80))
    return _grey(noise, low, low + float(rng.uniform(40, 175)))


@family(GROUP)
def salt_and_pepper(rng: np.random.Generator, material: Material) -> GreyImage:
    """Bright and dark specks on an even ground."""
    size = _size(rng)
    image = np.full((size, size), rng.choice([0, 0, 128]), np.uint8)
    chance = rng.random((size, size), np.float32)
    share = float(np.exp(rng.uniform(np.log(0.01), np.log(0.35))))
    image[chance < share] = 255
    image[chance > 1 - share / 2] = 0
    return image


@family(GROUP)
def blobs(rng: np.random.Generator, material: Material) -> GreyImage:
    """Islands with soft or hard coasts: a threshold over blurred noise."""
    size = _size(rng, 40, 72)
    cloud = _cloud(rng, size, size * float(rng.uniform(0.05, 0.16)))
    level = float(np.quantile(cloud, rng.uniform(0.6, 0.9)))
    steep = float(rng.uniform(2, 12) / cloud.std())
    return np.asarray(np.clip(127 + 127 * (cloud - level) * steep, 0, 255), np.uint8)


@family(GROUP)
def smudges(rng: np.random.Generator, material: Material) -> GreyImage:
    """One to four wiped spots, each an ellipse with a soft edge and uneven ink."""
    size = _size(rng, 36, 72)
    page = np.zeros((size, size), np.uint8)
    for _ in range(rng.integers(1, 5)):
        centre = rng.integers(size // 5, size - size // 5, 2).tolist()
        axes = (rng.uniform(0.06, 0.3, 2) * size).astype(int).clip(2).tolist()
        cv2.ellipse(page, centre, axes, float(rng.uniform(0, 180)), 0, 360, int(rng.integers(90, 256)), -1)
    soft = cv2.GaussianBlur(page, (0, 0), size * float(rng.uniform(0.02, 0.08))).astype(np.float32)
    uneven = 1 + rng.uniform(0, 2) * _cloud(rng, size, float(rng.uniform(1, 3)))
    return np.asarray(np.clip(soft * uneven, 0, 255), np.uint8)


@family(GROUP)
def gratings(rng: np.random.Generator, material: Material) -> GreyImage:
    """At least four stripes, soft or hard: fewer could be a 1 or an 11."""
    wave = _wave(rng, _size(rng), 4, 10)
    return _grey(np.sign(wave) if rng.random() < 0.4 else wave, 0, float(rng.uniform(120, 255)))


@family(GROUP)
def checks(rng: np.random.Generator, material: Material) -> GreyImage:
    """A chequerboard or a mosaic of even squares."""
    count = int(rng.integers(3, 9))
    board = np.indices((count, count)).sum(0) % 2 * 255.0
    if rng.random() < 0.6:
        board = rng.uniform(0, 255, (count, count))
    return np.kron(board, np.ones((int(rng.integers(5, 10)),) * 2)).astype(np.uint8)


@family(GROUP)
def gradients(rng: np.random.Generator, material: Material) -> GreyImage:
    """Light that falls off to one side or from one spot, as a shadow or a flash makes."""
    size = _size(rng)
    x, y = _axes(size)
    angle = rng.uniform(0, 2 * np.pi)
    slope = np.cos(angle) * x + np.sin(angle) * y
    if rng.random() < 0.4:
        slope = np.hypot(x - np.cos(angle), y - np.sin(angle)) ** rng.uniform(0.6, 2)
    grain = rng.standard_normal((size, size), np.float32) * rng.uniform(0, 0.06)
    low, high = np.sort(rng.uniform(0, 255, 2))
    return _grey(slope + grain, float(low), float(high))


@family(GROUP)
def shadow_edge(rng: np.random.Generator, material: Material) -> GreyImage:
    """A dark and a light side with a sharp or soft border between them."""
    size = _size(rng)
    x, y = _axes(size)
    angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.5)
    side = np.tanh((np.cos(angle) * x + np.sin(angle) * y - offset) * rng.uniform(3, 40))
    return _grey(side + _cloud(rng, size, 1.0) * rng.uniform(0, 0.2), 0, float(rng.uniform(60, 255)))


@family(GROUP)
def blank_with_residue(rng: np.random.Generator, material: Material) -> GreyImage:
    """An empty field: faint grain, and at most a few specks or the lower or upper rule of its box."""
    size = _size(rng, 28, 96)
    page = np.abs(rng.standard_normal((size, size), np.float32)) * float(rng.uniform(0, 8))
    for _ in range(rng.integers(0, 5)):
        x, y = rng.integers(1, size - 1, 2)
        page[y : y + rng.integers(1, 3), x : x + rng.integers(1, 3)] = rng.uniform(40, 255)
    if rng.random() < 0.3:  # never an upright rule: alone on the field that is a 1
        row = int(rng.choice([0, 1, size - 2, size - 1]))
        page[row] = rng.uniform(60, 255)
    return np.clip(page, 0, 255).astype(np.uint8)


@family(GROUP)
def textures(rng: np.random.Generator, material: Material) -> GreyImage:
    """Cloth, wood and stone: two to four waves, some bent by a cloud."""
    size = _size(rng)
    waves = np.sum([_wave(rng, size, 2, 12) for _ in range(rng.integers(2, 5))], axis=0)
    cloud = _cloud(rng, size, float(rng.uniform(2, 6)))
    return _grey(np.sin(waves * rng.uniform(0.5, 3) + cloud / cloud.std() * rng.uniform(0, 2)))


@family(GROUP)
def fractal_clouds(rng: np.random.Generator, material: Material) -> GreyImage:
    """Noise on all scales at once, as crumpled or stained paper looks."""
    size = _size(rng)
    field = np.zeros((size, size), np.float32)
    for grain in (1.0, 2.0, 4.0, 8.0):
        cloud = _cloud(rng, size, grain)
        field += cloud / cloud.std() * np.float32(grain ** rng.uniform(0.2, 1.0))
    return _grey(field, 0, float(rng.uniform(100, 255)))


@family(GROUP)
def solid_shapes(rng: np.random.Generator, material: Material) -> GreyImage:
    """One filled rectangle, disc, triangle or irregular polygon, broad enough not to be a thick 1."""
    size = _size(rng, 36, 80)
    page = np.zeros((size, size), np.uint8)
    radius = size * rng.uniform(0.25, 0.42)
    corners = int(rng.choice([3, 4, 5, 7, 40]))
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False) + rng.uniform(0, 2 * np.pi)
    reach = radius * (1 - rng.uniform(0, 0.25, corners) * (corners < 40))
    flat = rng.uniform(0.6, 1.0)
    points = np.column_stack([np.cos(angles) * reach, np.sin(angles) * reach * flat]) + size / 2
    cv2.fillPoly(page, [np.rint(points * 16).astype(np.int32)], int(rng.integers(120, 256)), cv2.LINE_AA, 4)
    return page


@family(GROUP)
def fibres(rng: np.random.Generator, material: Material) -> GreyImage:
    """Hairs and scratches in all directions, six or more, of different strengths."""
    size = _size(rng, 36, 80)
    page = np.zeros((size, size), np.uint8)
    for _ in range(rng.integers(6, 25)):
        centre, angle, half = rng.uniform(0, size, 2), rng.uniform(0, np.pi), size * rng.uniform(0.05, 0.3)
        step = np.array([np.cos(angle), np.sin(angle)]) * half
        ends = np.rint(np.stack([centre - step, centre + step]) * 16).astype(int).tolist()
        cv2.line(page, ends[0], ends[1], int(rng.integers(50, 256)), 1, cv2.LINE_AA, 4)
    return page
