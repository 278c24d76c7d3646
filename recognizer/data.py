"""MNIST on disk: where it is, whether it is intact, how to read it. ``recognizer.fetch`` brings it there."""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import DataError
from recognizer.places import expanded, home

Part = Literal["train", "test"]
State = Literal["intact", "missing", "damaged"]

FOLDER = "mnist"
# SHA-256 of the uncompressed files: mirrors compress them differently.
MNIST = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
_PREFIX = {"train": "train", "test": "t10k"}
_UNSIGNED_BYTES = 0x08
_MAX_BYTES = 1 << 30
_BLOCK = 1 << 20
_FETCH = "run `recognizer data fetch`"


def data_folder(path: str | os.PathLike[str] | None = None) -> Path:
    """The folder of data sets, which may not exist yet.

    Args:
        path: the folder; by default the environment variable RECOGNIZER_DATA, or ``data`` in the home folder.
    """
    chosen = path or os.environ.get("RECOGNIZER_DATA")
    return expanded(chosen) if chosen else home() / "data"


def find_data(path: str | os.PathLike[str] | None = None, option: str = "--data") -> Path:
    """The folder of data sets, with MNIST in it as ``mnist/*-ubyte.gz``.

    Args:
        path: see `data_folder`.
        option: the option of the command line that names it, for the message.

    Raises:
        DataError: says what is missing, and how to get it.
    """
    root = data_folder(path)
    missing = [name for name in MNIST if not packed(root, name).is_file()]
    if missing:
        raise DataError(
            f"{packed(root, missing[0])} is missing: {_FETCH}, "
            f"or name the folder of the data sets with {option} or RECOGNIZER_DATA"
        )
    return root


def packed(root: Path, name: str) -> Path:
    """Where the file ``name`` of MNIST is kept below ``root``, compressed."""
    return root / FOLDER / f"{name}.gz"


def load_mnist(root: str | os.PathLike[str], part: Part) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The images and labels of one part.

    Args:
        root: the folder of data sets, as ``find_data`` returns it.
        part: "train" (60,000) or "test" (10,000).

    Returns:
        Images uint8 (N, 28, 28), ink bright on black, and labels uint8 (N,), 0–9.

    Raises:
        DataError: a file is missing, damaged, or not what its name says.
    """
    image_file = packed(Path(root), f"{_PREFIX[part]}-images-idx3-ubyte")
    label_file = packed(Path(root), f"{_PREFIX[part]}-labels-idx1-ubyte")
    images, labels = read_idx(image_file), read_idx(label_file)
    if images.ndim != 3 or images.shape[1:] != (28, 28):
        raise DataError(
            f"{image_file}: an array of {images.shape}, not of images of 28 by 28 pixels: {_FETCH}"
        )
    if labels.ndim != 1 or len(labels) != len(images):
        raise DataError(
            f"{label_file}: an array of {labels.shape}, not a label for each of {len(images)} images: {_FETCH}"
        )
    if labels.size and labels.max() > 9:
        raise DataError(f"{label_file}: the label {labels.max()} is not a digit: {_FETCH}")
    return images, labels


def read_idx(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """The array in a gzip-compressed IDX file of unsigned bytes, uint8 of 1 to 4 dimensions.

    Raises:
        DataError: missing, damaged, of another type, over 1 GiB, or not as long as its header says.
    """
    path = Path(path)
    try:
        with gzip.open(path, "rb") as stream:
            zeros, kind, dimensions = struct.unpack(">HBB", stream.read(4))
            if zeros or kind != _UNSIGNED_BYTES or not 1 <= dimensions <= 4:
                raise DataError(f"{path}: not an IDX file of unsigned bytes: {_FETCH}")
            shape = struct.unpack(f">{dimensions}I", stream.read(4 * dimensions))
            # In Python's integers, which can't overflow; and before anything of that size is allocated.
            size = 1
            for length in shape:
                size *= length
            if size > _MAX_BYTES:
                raise DataError(f"{path}: claims {size:,} bytes, over the limit of {_MAX_BYTES:,}: {_FETCH}")
            values = stream.read(size)
            if len(values) != size or stream.read(1):
                raise DataError(f"{path}: not as long as its header says: {_FETCH}")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file: {_FETCH}") from None
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise DataError(f"{path}: damaged or unreadable ({error}): {_FETCH}") from None
    return np.frombuffer(values, np.uint8).reshape(shape)


def verify(root: str | os.PathLike[str], sums: Mapping[str, str] = MNIST) -> dict[str, State]:
    """Check every file against its SHA-256.

    Args:
        root: the folder of data sets.
        sums: the SHA-256 of each uncompressed file.

    Returns:
        Each name with "intact", "missing" or "damaged".
    """
    return {name: state(packed(Path(root), name), wanted) for name, wanted in sums.items()}


def state(path: Path, wanted: str) -> State:
    """Whether a gzip-compressed file is there, with contents of the SHA-256 ``wanted``."""
    digest, size = hashlib.sha256(), 0
    try:
        with gzip.open(path, "rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
                size += len(block)
                if size > _MAX_BYTES:
                    return "damaged"
    except FileNotFoundError:
        return "missing"
    except (OSError, EOFError, zlib.error):
        return "damaged"
    return "intact" if digest.hexdigest() == wanted else "damaged"
