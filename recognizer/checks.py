"""Checks of the arguments that callers pass. Each raises a `UsageError` that says what is wrong with one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from recognizer.errors import UsageError
from recognizer.image.opening import describe

if TYPE_CHECKING:
    from recognizer.image.opening import ImageLike


def check_images(images: Iterable[ImageLike]) -> None:
    """Refuse a single image where several are asked for: its name, bytes or pixels would be taken for many.

    Raises:
        UsageError: it is one image, or can't be iterated over.
    """
    one = isinstance(images, str | bytes | bytearray | memoryview | os.PathLike) or _is_one_array(images)
    if one or not isinstance(images, Iterable):
        raise UsageError(
            f"{describe(images)} is not several images: pass a list of images, such as the paths of a folder's files"
        )


def _is_one_array(images: object) -> bool:
    # A last axis of that length has colours: nothing could be read on images so narrow. A single axis may hold paths.
    return isinstance(images, np.ndarray) and (
        images.ndim in (0, 2) or (images.ndim == 3 and images.shape[2] in (1, 3, 4))
    )


def check_count(value: object, what: str, least: int) -> None:
    """Refuse what is not a whole number of ``least`` or more; ``what`` is its name in the message.

    Raises:
        UsageError: it isn't one.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise UsageError(f"{what} must be a whole number, {least} or more, not {value!r}")


def check_length(length: int | None) -> None:
    """Refuse a number of digits below 1; None stands for an unknown one.

    Raises:
        UsageError: it is not a whole number of 1 or more.
    """
    if length is not None:
        check_count(length, "length", 1)


def check_error(max_error: float | None) -> None:
    """Refuse a share of errors outside of 0–1; None stands for the operating point that ships.

    Raises:
        UsageError: it is not a number above 0 and up to 1.
    """
    if max_error is None:
        return
    if isinstance(max_error, bool) or not isinstance(max_error, Real) or not 0 < max_error <= 1:
        raise UsageError(f"max_error is a share between 0 and 1, not {max_error!r}")
