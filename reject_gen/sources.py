"""Where digits and ready-made non-digits come from: MNIST files, Pillow's own font, a user's folders."""

from __future__ import annotations

import gzip
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from reject_gen.base import Family, GreyImage, Material

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
MAX_BYTES = 30 * 1024 * 1024
MAX_PIXELS = 50_000_000
MAX_IMAGES = 20_000
LONGEST_SIDE = 256  # later steps reduce to 28 pixels anyway: a folder of photographs must fit into memory


class SourceError(ValueError):
    """A file or folder that cannot serve as a source; its text is one line that names it."""


def _read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """An idx file of bytes, gzipped, as an array of ``dimensions`` axes."""
    try:
        content = gzip.decompress(path.read_bytes())
        shape = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
        return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
    except (OSError, EOFError, ValueError, struct.error) as error:
        raise SourceError(f"{path}: not a readable gzipped idx file ({error})") from error


def mnist_digits(folder: str | Path) -> Material:
    """MNIST's training digits from ``train-images-idx3-ubyte.gz`` and ``train-labels-idx1-ubyte.gz``.

    Raises:
        SourceError: a file is missing or damaged.
    """
    images = _read_idx(Path(folder) / "train-images-idx3-ubyte.gz", 3)
    return Material(images, _read_idx(Path(folder) / "train-labels-idx1-ubyte.gz", 1))


def printed_digits() -> Material:
    """Thirty digits in Pillow's built-in font, in three sizes, in MNIST's frame: for a look without MNIST."""
    glyphs = []
    for size in (20, 23, 26):
        font = ImageFont.load_default(size)
        for digit in "0123456789":
            page = Image.new("L", (28, 28))
            ImageDraw.Draw(page).text((14, 14), digit, fill=255, font=font, anchor="mm")
            glyphs.append(np.asarray(page))
    return Material(np.stack(glyphs), np.tile(np.arange(10, dtype=np.uint8), 3))


@dataclass(frozen=True)
class _FromFolder:
    """The sampler of a user's own images: each is as likely as any other."""

    images: tuple[GreyImage, ...]

    def __call__(self, rng: np.random.Generator, material: Material) -> GreyImage:
        return self.images[int(rng.integers(len(self.images)))]


def folder_family(folder: str | Path, name: str = "own") -> Family:
    """A family that draws the image files of ``folder`` and the folders below it; its group is "own".

    Files without an image's suffix are passed over; images are made grey and reduced to 256 pixels.

    Raises:
        SourceError: no such folder, no image in it, too many, or one that is damaged or too large.
    """
    root = Path(folder)
    if not root.is_dir():
        raise SourceError(f"{root}: no such folder of reject images")
    paths = list(_image_files(root))
    if not paths:
        raise SourceError(f"{root}: no image files ({', '.join(sorted(SUFFIXES))})")
    if len(paths) > MAX_IMAGES:
        raise SourceError(f"{root}: {len(paths)} images; at most {MAX_IMAGES} can be a family")
    return Family(name, "own", _FromFolder(tuple(map(_read_grey, paths))))


def _image_files(root: Path) -> Iterator[Path]:
    yield from sorted(path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())


def _read_grey(path: Path) -> GreyImage:
    """One image file, upright, on white where it is transparent, grey, at most ``LONGEST_SIDE`` long."""
    if path.stat().st_size > MAX_BYTES:
        raise SourceError(f"{path}: larger than {MAX_BYTES // 1024**2} MiB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", Image.DecompressionBombWarning
            )  # the limit below is the stricter one
            with Image.open(path) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise SourceError(f"{path}: more than {MAX_PIXELS // 1_000_000} million pixels")
                opened.draft("L", (LONGEST_SIDE, LONGEST_SIDE))
                upright = ImageOps.exif_transpose(opened)
                shown = Image.new("RGBA", upright.size, "white")
                shown.alpha_composite(upright.convert("RGBA"))
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise SourceError(f"{path}: not a readable image ({error})") from error
    grey = np.asarray(shown.convert("L"))
    scale = LONGEST_SIDE / max(grey.shape)
    if scale >= 1:
        return grey
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
