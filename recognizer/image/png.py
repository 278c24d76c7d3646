"""Plain PNG files, decoded without a detour: what crops are stored as, and most of what is read by the thousand."""

from __future__ import annotations

import zlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer import compiled

_HEAD = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"
_FIRST_CHUNK = 8
_KIND = slice(24, 29)  # depth, kind of colour, and three methods
_GREY, _COLOUR = b"\x08\0\0\0\0", b"\x08\x02\0\0\0"
_AFTER = {b"": (b"IHDR",), b"IHDR": (b"IDAT",), b"IDAT": (b"IDAT", b"IEND")}
_MOST_PIXELS = 1 << 20  # of a larger image the detour costs next to nothing


def plain_png(data: bytes, max_pixels: int) -> NDArray[np.uint8] | None:
    """The pixels of a PNG file without anything unusual, three times as fast as Pillow gives the same ones.

    Args:
        data: a file's bytes.
        max_pixels: images with more are not decoded.

    Returns:
        uint8 (H, W) or, red first, (H, W, 3). None for whatever Pillow must judge: other formats, palettes, 16 bits,
        transparency, interlacing, metadata, damage.
    """
    if not data.startswith(_HEAD) or data[_KIND] not in (_GREY, _COLOUR):
        return None
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if not 0 < width * height <= min(max_pixels, _MOST_PIXELS):
        return None
    stream = _stream(data)
    if stream is None:
        return None
    shape = (height, width) if data[_KIND] == _GREY else (height, width, 3)
    return _decoded(data, shape) if compiled.native is None else _unfiltered(stream, shape)


def _stream(data: bytes) -> bytes | None:
    """The compressed pixels of a file that holds nothing but a header, pixels and an end, all of them undamaged."""
    start, kind, parts = _FIRST_CHUNK, b"", []
    while start < len(data):
        before, kind = kind, data[start + 4 : start + 8]
        end = start + 12 + int.from_bytes(data[start : start + 4])
        checksum = zlib.crc32(data[start + 4 : end - 4]).to_bytes(4)
        if kind not in _AFTER.get(before, ()) or data[end - 4 : end] != checksum:
            return None
        if kind == b"IDAT":
            parts.append(data[start + 8 : end - 4])
        start = end
    return b"".join(parts) if kind == b"IEND" and start == len(data) else None


def _unfiltered(stream: bytes, shape: tuple[int, ...]) -> NDArray[np.uint8] | None:
    """The pixels of a stream by the compiled code, in three quarters of the time that OpenCV takes for small ones."""
    pixels = np.empty(shape, np.uint8)
    inflater = zlib.decompressobj()
    try:
        rows = inflater.decompress(stream, pixels.size + shape[0] + 1)
    except zlib.error:
        return None
    complete = inflater.eof and not inflater.unused_data and len(rows) == pixels.size + shape[0]
    return pixels if complete and compiled.native.unfilter(rows, pixels) else None


def _decoded(data: bytes, shape: tuple[int, ...]) -> NDArray[np.uint8] | None:
    """The pixels of a file by OpenCV.

    Where checksums are right and the pixels' stream is not, as only a faulty encoder leaves it, libpng says so on
    standard error before Pillow refuses the file.
    """
    pixels: NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.shape != shape:
        return None
    return pixels if pixels.ndim == 2 else pixels[..., ::-1]
