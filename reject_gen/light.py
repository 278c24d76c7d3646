"""Light that falls on a page, and the grain of paper and sensor."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from reject_gen.paper_settings import PaperSettings, Range

FloatImage = NDArray[np.float32]
_TILE_SIDE = 512


def between(rng: np.random.Generator, limits: Range) -> float:
    """Draw uniformly between two limits."""
    return limits[0] + (limits[1] - limits[0]) * rng.random()


def seldom_high(rng: np.random.Generator, limits: Range) -> float:
    """Draw between two limits, low values more often: the square of a uniform draw."""
    return limits[0] + (limits[1] - limits[0]) * rng.random() ** 2


@lru_cache(maxsize=1)
def _noise_tile() -> FloatImage:
    noise = np.random.default_rng(20240229).standard_normal((_TILE_SIDE, _TILE_SIDE), dtype=np.float32)
    noise.setflags(write=False)
    return noise


@lru_cache(maxsize=1)
def _grain_tile() -> FloatImage:
    """Fibres and lumps: noise at three scales, one of them drawn out."""
    noise = np.random.default_rng(19700101).standard_normal((4, _TILE_SIDE, _TILE_SIDE), dtype=np.float32)
    scales = ((0.6, 0.6), (1.5, 1.5), (5.0, 5.0), (3.0, 0.7))
    tile = np.zeros((_TILE_SIDE, _TILE_SIDE), dtype=np.float32)
    for layer, (x, y) in zip(noise, scales, strict=True):
        smooth = cv2.GaussianBlur(layer, (0, 0), sigmaX=x, sigmaY=y)
        tile += smooth / (2 * smooth.std())
    tile.setflags(write=False)
    return tile


def _window(tile: FloatImage, shape: tuple[int, int], rng: np.random.Generator) -> FloatImage:
    height, width = shape
    top = int(rng.integers(_TILE_SIDE - height))
    left = int(rng.integers(_TILE_SIDE - width))
    return tile[top : top + height, left : left + width]


def grain(shape: tuple[int, int], rng: np.random.Generator) -> FloatImage:
    """Paper grain, float32 ``shape``, mean about 0, standard deviation about 1; sides under 512 px."""
    return _window(_grain_tile(), shape, rng)


def sensor_noise(shape: tuple[int, int], rng: np.random.Generator) -> FloatImage:
    """White noise, float32 ``shape``, mean about 0, standard deviation about 1; sides under 512 px."""
    return _window(_noise_tile(), shape, rng)


def _distance_along(shape: tuple[int, int], rng: np.random.Generator) -> FloatImage:
    """A plane that runs from about -0.5 to 0.5 across the image, in a random direction."""
    angle = 2 * np.pi * rng.random()
    ys = np.linspace(-0.5, 0.5, shape[0], dtype=np.float32) * np.float32(np.sin(angle))
    xs = np.linspace(-0.5, 0.5, shape[1], dtype=np.float32) * np.float32(np.cos(angle))
    return ys[:, None] + xs[None, :]


def _shadow(shape: tuple[int, int], rng: np.random.Generator) -> FloatImage:
    """0 in the light, 1 in the shadow; the edge anything from sharp to as wide as the crop."""
    softness = 0.015 * 30.0 ** rng.random()
    edge = (_distance_along(shape, rng) - np.float32(0.8 * (rng.random() - 0.5))) / np.float32(softness)
    return np.asarray(0.5 + 0.5 * np.tanh(edge), dtype=np.float32)


def _vignette(shape: tuple[int, int], rng: np.random.Generator) -> FloatImage:
    ys = np.linspace(-1, 1, shape[0], dtype=np.float32) - np.float32(0.6 * (rng.random() - 0.5))
    xs = np.linspace(-1, 1, shape[1], dtype=np.float32) - np.float32(0.6 * (rng.random() - 0.5))
    return (ys**2)[:, None] * np.float32(0.4) + (xs**2)[None, :] * np.float32(0.4)


def _clouds(shape: tuple[int, int], rng: np.random.Generator) -> FloatImage:
    coarse = rng.random((4, 4), dtype=np.float32)
    return np.asarray(cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def light_field(shape: tuple[int, int], rng: np.random.Generator, settings: PaperSettings) -> FloatImage:
    """Light that reaches each pixel: float32 ``shape``, 1 where it is undimmed, never below 0.15."""
    field = np.ones(shape, dtype=np.float32)
    depth = settings.light_depth
    if rng.random() < settings.ramp:
        field -= np.float32(seldom_high(rng, depth)) * (_distance_along(shape, rng) + np.float32(0.5))
    if rng.random() < settings.shadow:
        field *= 1 - np.float32(seldom_high(rng, depth)) * _shadow(shape, rng)
    if rng.random() < settings.vignette:
        field *= 1 - np.float32(seldom_high(rng, depth)) * _vignette(shape, rng)
    if rng.random() < settings.clouds:
        field *= 1 - np.float32(0.5 * seldom_high(rng, depth)) * _clouds(shape, rng)
    return np.clip(field, 0.15, 1.0, out=field)
