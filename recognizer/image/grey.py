"""From the pixels of an image, of any depth, in colour, with transparency, to one grey page."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.errors import ImageError

Pixels = NDArray[Any]
Grey = NDArray[np.uint8]

_LUMINANCE = np.array([0.299, 0.587, 0.114])
_SAMPLE = 1 << 16  # pixels that decide on the weights of the colours
_PAPER_SHARE = 0.6  # a digit covers less of its picture than this, a sheet with rounded corners covers more
_UNIFORM = 12  # levels that one ink may vary under its transparency (resampling, JPEG)
_ROUNDING = 1e-6  # resizing oversteps 0–1 by as much
_FAINT_SPAN = 32  # 8-bit levels: a deeper image that spans less is stretched before it is rounded
_MAX_STRETCH = 8.0  # and by no more than this, so that the noise of an empty scan stays noise


def to_grey(pixels: Pixels, source: str, *, measured: bool = False) -> Grey:
    """One grey page in which ink of any colour stays as far from its paper as it was.

    Args:
        pixels: (H, W) or (H, W, C); C is 1 grey, 2 grey and alpha, 3 colour, or 4 colour and alpha. Bool,
            integers, or floats.
        source: the name of the image, for messages.
        measured: whether floats may have any range, as in scientific TIFF files; else they must lie in 0–1.

    Returns:
        uint8 (H, W), C-contiguous. Shares memory with ``pixels`` where nothing had to change.

    Raises:
        ImageError: values that are not those of an image.
    """
    eight = pixels if pixels.dtype == np.uint8 else _eight_bits(pixels, source, measured)
    if eight.ndim == 3:
        eight = _flatten(eight)
    return np.ascontiguousarray(eight)


def _flatten(pixels: Grey) -> Grey:
    channels = pixels.shape[2]
    if channels in (2, 4):
        return _compose(pixels[..., :-1], pixels[..., -1])
    return pixels[..., 0] if channels == 1 else _project(pixels)


def _eight_bits(values: Pixels, source: str, measured: bool) -> Grey:
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype.kind in "iu":
        return _from_integers(values, source)
    if values.dtype.kind == "f":
        return _from_floats(values, source, measured)
    raise ImageError(f"{source}: cannot use values of type {values.dtype}: pass uint8, or floats from 0 to 1")


def _from_integers(values: Pixels, source: str) -> Grey:
    low, high = int(values.min()), int(values.max())
    if low < 0:
        raise ImageError(f"{source}: values below 0 (the lowest is {low}): pass values from 0 to 255")
    if high <= 1:
        return values.astype(np.uint8) * np.uint8(255)
    if high <= 255:
        return values.astype(np.uint8)
    # 12-bit scanners write 16-bit files: the depth in use is that of the largest value.
    unit = 255 / ((1 << high.bit_length()) - 1)
    span = (high - low) * unit
    gain = min(_FAINT_SPAN / span, _MAX_STRETCH) if 0 < span < _FAINT_SPAN else 1.0
    reach = gain * span / 2
    centre = min(max((low + high) / 2 * unit, reach), 255 - reach)
    # The lowest value goes first, in integers: single precision then holds the rest of any depth.
    above = (values - values.dtype.type(low)).astype(np.float32)
    return _rounded(above * np.float32(unit * gain) + np.float32(centre - reach))


def _from_floats(values: Pixels, source: str, measured: bool) -> Grey:
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ImageError(f"{source}: some values are NaN or infinite: replace them first")
    if low >= -_ROUNDING and high <= 1 + _ROUNDING:
        return _rounded(np.clip(values, 0, 1) * values.dtype.type(255))
    if not measured:
        raise ImageError(f"{source}: floats from {low:.4g} to {high:.4g}: pass floats from 0 to 1, or uint8")
    if low >= 0 and high <= 255:
        return _rounded(values)
    return _rounded((values.astype(np.float64) - low) * (255 / (high - low or 1)))


def _rounded(values: Pixels) -> Grey:
    return np.rint(values).astype(np.uint8)


def _compose(colours: Grey, alpha: Grey) -> Grey:
    """Transparent pixels take the ground that belongs there: more of the sheet, or the opposite of ink."""
    if alpha.min() == 255:
        return _flatten(colours)
    visible = alpha > 0
    if not visible.any():
        return np.full(alpha.shape, 255, np.uint8)
    seen = np.ascontiguousarray(colours[visible].T)
    light = float((_LUMINANCE if len(seen) == 3 else np.ones(1)) @ seen.mean(axis=1)) >= 128
    if (np.ptp(seen, axis=1) <= _UNIFORM).all():
        return alpha if light else 255 - alpha
    opacity = alpha[..., None].astype(np.float32) / 255
    if opacity.mean() > _PAPER_SHARE:
        ground = np.median(seen, axis=1).astype(np.float32)
    else:
        ground = np.full(len(seen), 0 if light else 255, np.float32)
    return _flatten(np.rint(ground + (colours - ground) * opacity).astype(np.uint8))


def _project(pixels: Grey) -> Grey:
    """Colour (H, W, 3) to grey along the line between the colours of paper and ink.

    Plain luminance would leave 11 % of a yellow stroke on white; here the weights follow the image. They are
    turned so that luminance rises with grey: dark ink stays darker than its paper.
    """
    pixels = np.ascontiguousarray(pixels)
    red, green, blue = cv2.split(pixels)
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return np.asarray(red, np.uint8)
    weights = _weights(pixels)
    # A negative weight counts the distance from 255, so that the result spans 0–255 without clipping.
    offset = -255 * np.minimum(weights, 0).sum()
    return np.asarray(cv2.transform(pixels, np.append(weights, offset)[None]), np.uint8)


def _weights(pixels: Grey) -> NDArray[np.float64]:
    step = math.ceil(math.sqrt(pixels.shape[0] * pixels.shape[1] / _SAMPLE))
    sample = pixels[::step, ::step].reshape(-1, 3).T.astype(np.float32, order="C")
    middle = sample.shape[1] // 2
    paper = np.partition(sample, middle, axis=1)[:, middle, None]
    away = sample - paper
    # Squared once more as a weight: ink is what lies far from the paper, noise and shade are near it.
    spread = (away * np.square(away).sum(axis=0)) @ away.T
    direction = np.linalg.eigh(spread.astype(np.float64))[1][:, -1]
    if direction @ _LUMINANCE < 0:
        direction = -direction
    return np.asarray(direction / np.abs(direction).sum(), np.float64)
