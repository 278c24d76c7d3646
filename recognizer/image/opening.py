"""From whatever holds an image (a file, bytes, a Pillow image, an array) to a grey page."""

from __future__ import annotations

import importlib
import io
import os
import stat
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import ImageError
from recognizer.image.grey import to_grey
from recognizer.image.png import plain_png

if TYPE_CHECKING:
    from PIL import Image

ImageLike: TypeAlias = "str | os.PathLike[str] | bytes | Image.Image | NDArray[Any]"
MAX_PIXELS = 64_000_000

_MAX_BYTES = 1 << 30
_MAX_NAME = 200
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WebP")
_KNOWN = ", ".join(_FORMATS)
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"BM", "BMP"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
)
_FOREIGN = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 image"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image"),
    (b"8BPS", "a Photoshop document"),
    (b"\0\0\x01\0", "an icon"),
    (b"\x93NUMPY", "a NumPy array"),
)
# Where one of these occurs, Pillow may read metadata, and warn of what it finds there.
_METADATA = (b"Exif", b"EXIF", b"eXIf", b"acTL", b"Raw profile", b"adobe.xmp", b"adobe.com/xap", b"XMP ")
_METADATA_KEYS = frozenset({"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"})
_ORIENTATION = 274
_UPRIGHT: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    2: lambda page: page[:, ::-1],
    3: lambda page: page[::-1, ::-1],
    4: lambda page: page[::-1],
    5: lambda page: page.T,
    6: lambda page: page[::-1].T,
    7: lambda page: page[::-1, ::-1].T,
    8: lambda page: page[:, ::-1].T,
}
_warnings_lock = threading.Lock()


class Encoded(NamedTuple):
    """A file's bytes, and its name for messages."""

    data: bytes
    name: str


def open_page(image: ImageLike, *, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """The image as one grey page, upright, transparency and colour resolved.

    Args:
        image: a path to a PNG, JPEG, TIFF, BMP, GIF or WebP file (of several frames, the first); the bytes of
            such a file; a Pillow image; or an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) of uint8, bool,
            floats from 0 to 1, or wider integers.
        max_pixels: images with more are refused before they are decoded.

    Returns:
        uint8 (H, W), C-contiguous, H and W at least 1. An array that is one already is returned itself, and
        others may be read-only: don't write to it.

    Raises:
        ImageError: whatever can't be read, in one line that names it and says what to do.
    """
    fetched = fetch(image, max_pixels)
    return decode(fetched, max_pixels) if isinstance(fetched, Encoded) else fetched


def fetch(image: ImageLike, max_pixels: int) -> Encoded | NDArray[np.uint8]:
    """The first half of `open_page`: a file's bytes are read, and not decoded yet; anything else is opened."""
    if isinstance(image, np.ndarray):
        return _from_array(image, max_pixels)
    if isinstance(image, (bytes, bytearray, memoryview)):
        return Encoded(bytes(image), "bytes")
    name = describe(image)
    if isinstance(image, (str, os.PathLike)):
        return Encoded(read_file(image), name)
    if not hasattr(image, "getexif"):
        raise ImageError(f"{name}: not an image: pass a path, bytes, a Pillow image or an array")
    with _one_line(name, "image"):
        return _from_pillow(image, name, max_pixels, hush=bool(getattr(image, "tile", None)))


def describe(image: object) -> str:
    """A short name for an input in messages, always one printable line.

    The path of a file, or "bytes", "array", "image" (a Pillow image without a file), or the type's name.
    """
    if isinstance(image, np.ndarray):
        return "array"
    if isinstance(image, (bytes, bytearray, memoryview)):
        return "bytes"
    if isinstance(image, (str, os.PathLike)):
        name = str(image)
    elif hasattr(image, "getexif"):
        name = str(getattr(image, "filename", "") or "image")
    else:
        name = type(image).__name__
    if not name.isprintable():
        name = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in name)
    if len(name) > _MAX_NAME:
        name = f"{name[: _MAX_NAME // 2]}…{name[-_MAX_NAME // 2 :]}"
    return name or "''"


def _from_array(array: NDArray[Any], max_pixels: int) -> NDArray[np.uint8]:
    shape = array.shape
    if not (len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3, 4))):
        raise ImageError(f"array: shape {shape}: pass one image, (H, W), (H, W, 3) or (H, W, 4)")
    _check_size(shape[1], shape[0], "array", max_pixels)
    return to_grey(array, "array")


def _check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    if width < 1 or height < 1:
        raise ImageError(f"{name}: an image of {width} by {height} pixels has nothing in it")
    if width * height > max_pixels:
        raise ImageError(
            f"{name}: {width} by {height} pixels is over the limit of {max_pixels:,} pixels: "
            "crop it, make it smaller, or raise max_pixels"
        )


def read_file(path: str | os.PathLike[str]) -> bytes:
    """The bytes of an image's file.

    Raises:
        ImageError: it can't be read, or is no regular file.
    """
    name = describe(path)
    try:
        path = Path(path)
        # Asked before opening: opening a pipe waits for a writer, opening a device may move it.
        info = path.stat()
        if stat.S_ISDIR(info.st_mode):
            raise ImageError(f"{name}: is a folder: pass the files in it")
        if not stat.S_ISREG(info.st_mode):
            raise ImageError(f"{name}: is not a regular file: save the image to a file first")
        if info.st_size > _MAX_BYTES:
            raise ImageError(f"{name}: a file of {info.st_size:,} bytes is too large: crop the image")
        return path.read_bytes()
    except FileNotFoundError:
        broken = Path(path).is_symlink()
        raise ImageError(
            f"{name}: the file that this link points to is gone" if broken else f"{name}: no such file"
        ) from None
    except PermissionError:
        raise ImageError(f"{name}: no permission to read this file: check its access rights") from None
    except (OSError, ValueError, TypeError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise ImageError(f"{name}: cannot read this file: {reason}") from None


def decode(encoded: Encoded, max_pixels: int) -> NDArray[np.uint8]:
    """The second half of `open_page`."""
    data, name = encoded
    pixels = plain_png(data, max_pixels)
    if pixels is not None:
        return to_grey(pixels, name)
    kind = kind_of(data, name)
    # Metadata is rare among small crops, and silencing warnings takes a lock: only where it may be needed.
    tagged = kind == "TIFF" or any(mark in data for mark in _METADATA)
    with _one_line(name, kind):
        with _hushed() if tagged else nullcontext():
            image = _opener(kind)(io.BytesIO(data))
        return _from_pillow(image, name, max_pixels, hush=tagged and kind in ("TIFF", "PNG"))


def kind_of(data: bytes, name: str = "bytes") -> str:
    """The kind of an image, told by its first bytes: PNG, JPEG, TIFF, BMP, GIF or WebP.

    Raises:
        ImageError: it is of none of them.
    """
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if not data:
        raise ImageError(f"{name}: is empty: save the image again")
    found = _foreign(data)
    if found is None:
        raise ImageError(f"{name}: is not an image, or damaged at its start: pass {_KNOWN}")
    raise ImageError(f"{name}: is {found}: convert it to one of {_KNOWN}, or pass another file")


def _foreign(data: bytes) -> str | None:
    for magic, found in _FOREIGN:
        if data.startswith(magic):
            return found
    if data[4:8] == b"ftyp":
        return "an AVIF image" if data[8:11] == b"avi" else "a HEIC image or a video"
    head = data[:1024].lower()
    if b"<svg" in head:
        return "an SVG drawing"
    if b"<html" in head or b"<!doctype html" in head:
        return "a web page"
    return "text" if head.isascii() and b"\0" not in head else None


@cache
def _opener(kind: str) -> Callable[[io.BytesIO], Image.Image]:
    """Pillow's reader of one format, without the size limit and the warnings of ``Image.open``."""
    stem = kind if kind == "WebP" else kind.capitalize()
    module = importlib.import_module(f"PIL.{stem}ImagePlugin")
    opener: Callable[[io.BytesIO], Image.Image] = getattr(module, f"{stem}ImageFile")
    return opener


def _from_pillow(image: Image.Image, name: str, max_pixels: int, *, hush: bool) -> NDArray[np.uint8]:
    _check_size(image.width, image.height, name, max_pixels)
    with _hushed() if hush else nullcontext():
        image.load()
    mode = image.mode
    if "transparency" in image.info and mode in ("1", "L", "P", "RGB"):
        image_of_values = image.convert("RGBA")
    elif mode in ("L", "RGB", "RGBA", "LA", "1", "I", "F") or mode.startswith("I;16"):
        image_of_values = image
    elif mode == "P" and image.palette is not None and image.palette.mode != "RGBA":
        image_of_values = image.convert("RGB")
    else:
        image_of_values = image.convert("RGBA" if mode in ("P", "PA", "La", "RGBa") else "RGB")
    page = to_grey(np.asarray(image_of_values), name, measured=True)
    turn = _UPRIGHT.get(_orientation(image))
    return page if turn is None else np.ascontiguousarray(turn(page))


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1–8; 1 where there is none or it can't be read."""
    if not hasattr(image, "tag_v2") and _METADATA_KEYS.isdisjoint(image.info):
        return 1
    with _hushed():
        try:
            return int(image.getexif().get(_ORIENTATION, 1))
        except Exception:  # damaged metadata raises anything, and leaves the pixels as good as they were
            return 1


@contextmanager
def _hushed() -> Iterator[None]:
    """Without Pillow's warnings. The filters belong to the process: one thread at a time may change them."""
    with _warnings_lock, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


@contextmanager
def _one_line(name: str, kind: str) -> Iterator[None]:
    """Decoders raise almost any exception on damaged files: all of them mean the same to the user."""
    try:
        yield
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(f"{name}: not enough memory to decode it: make the image smaller") from None
    except Exception as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        if "truncated" in reason.lower() or "requires a buffer" in reason:
            reason = "it ends too early"
        if "decompression bomb" in reason:
            raise ImageError(f"{name}: is over Pillow's own limit, PIL.Image.MAX_IMAGE_PIXELS") from None
        raise ImageError(f"{name}: this {kind} is damaged ({reason}): copy or save it again") from error
