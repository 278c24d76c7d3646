"""A folder of difficult files: what each is called, how it is made, and whether it can be read.

The same files go through the API and the command line. "answer" means that an image comes out (what the
recognizer says of it is another matter), "error" means one clear line.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Expected = Literal["answer", "error"]
Maker = Callable[[Path], None]
ORIENTATION = 274


def five(size: int = 56) -> NDArray[np.uint8]:
    """A dark five on light paper, uint8 (size, size)."""
    page = np.full((size, size), 240, np.uint8)
    scale = size / 56
    cv2.putText(
        page,
        "5",
        (round(14 * scale), round(44 * scale)),
        0,
        1.5 * scale,
        20,
        max(1, round(4 * scale)),
        cv2.LINE_AA,
    )
    return page


def encode(image: NDArray[Any] | Image.Image, form: str, **options: Any) -> bytes:
    """The bytes of an image file."""
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def with_alpha(colour: int = 0) -> NDArray[np.uint8]:
    """RGBA (56, 56, 4): one colour everywhere, the five only in alpha."""
    ink = 255 - five()
    return np.dstack([np.full_like(ink, colour)] * 3 + [np.where(ink < 30, 0, ink)])


def exif(orientation: int) -> bytes:
    """An EXIF block that says how the camera was held."""
    block = Image.Exif()
    block[ORIENTATION] = orientation
    return block.tobytes()


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, body: bytes, extra: bytes = b"") -> bytes:
    """An 8-bit grey PNG with any size in its header and any data below it."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(body))
    return b"\x89PNG\r\n\x1a\n" + header + extra + data + chunk(b"IEND", b"")


def interlaced() -> bytes:
    """An Adam7 interlaced PNG of 8 by 8 pixels, which Pillow can read but not write."""
    page = five(8)
    passes = (
        (0, 0, 8, 8),
        (0, 4, 8, 8),
        (4, 0, 8, 4),
        (0, 2, 4, 4),
        (2, 0, 4, 2),
        (0, 1, 2, 2),
        (1, 0, 2, 1),
    )
    rows = b"".join(
        b"\0" + row.tobytes() for top, left, down, right in passes for row in page[top::down, left::right]
    )
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 1))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def flipped(data: bytes, where: int) -> bytes:
    """The data with one byte changed."""
    return data[:where] + bytes([data[where] ^ 0xFF]) + data[where + 1 :]


def frames() -> list[Image.Image]:
    """A five, and what must not be read in its place."""
    return [Image.fromarray(five()), Image.fromarray(np.full((56, 56), 9, np.uint8))]


def animated(form: str) -> bytes:
    """An image file of several frames or pages."""
    first, *others = frames()
    return encode(
        first.convert("RGB") if form == "WEBP" else first, form, save_all=True, append_images=others
    )


def sixteen(high: int) -> NDArray[np.uint16]:
    """The five with values from 0 to ``high``."""
    return (five().astype(np.uint32) * high // 255).astype(np.uint16)


def endless() -> bytes:
    """A TIFF whose only page names itself as the next."""
    data = bytearray(encode(five(), "TIFF"))
    start = struct.unpack("<I", data[4:8])[0]
    count = struct.unpack("<H", data[start : start + 2])[0]
    where = start + 2 + 12 * count
    data[where : where + 4] = struct.pack("<I", start)
    return bytes(data)


def archive() -> bytes:
    """A ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as parts:
        parts.writestr("digit.png", encode(five(), "PNG"))
    return out.getvalue()


def palette(form: str, **options: Any) -> bytes:
    """The five in a palette of two colours: 0 is light, 1 is dark."""
    picture = Image.fromarray((five() < 128).astype(np.uint8)).convert("P")
    picture.putpalette([250, 250, 240, 20, 30, 90])
    return encode(picture, form, **options)


def holds(data: bytes) -> Maker:
    """A maker of a plain file."""
    return lambda path: void(path.write_bytes(data))


def void(_: object) -> None:
    """Drop what a call returns."""


def cut(data: bytes, share: float) -> Maker:
    """A maker of a file that ends too early."""
    return holds(data[: int(len(data) * share)])


def unreadable(path: Path) -> None:
    """A good file that nobody may read (root still can)."""
    path.write_bytes(PNG)
    path.chmod(0)


PNG = encode(five(), "PNG")
JPEG = encode(five(), "JPEG")
TIFF = encode(five(), "TIFF")
LZW = encode(five(), "TIFF", compression="tiff_lzw")
BMP = encode(five(), "BMP")
GIF = encode(five(), "GIF")
COLOUR = np.dstack([five(), five(), np.full((56, 56), 240, np.uint8)])
WEBP = encode(COLOUR, "WEBP")
FIVE = Image.fromarray(five())
TEXT = "This is a note, no picture.\n" * 9
PAGE = "<!DOCTYPE html>\n<html><body>404 not found</body></html>\n"
SVG = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>\n'
BAD_EXIF = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 40
ROWS = b"".join(b"\0" + row.tobytes() for row in five())
TEXT_BOMB = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * (1 << 23)))

READABLE: dict[str, Maker] = {
    "plain.png": holds(PNG),
    "interlaced.png": holds(interlaced()),
    "one-bit.png": holds(encode(FIVE.convert("1"), "PNG")),
    "sixteen-bit.png": holds(encode(sixteen(65535), "PNG")),
    "twelve-bit.png": holds(encode(sixteen(4095), "PNG")),
    "faint-sixteen-bit.png": holds(encode(sixteen(2000) + np.uint16(30000), "PNG")),
    "grey-alpha.png": holds(encode(FIVE.convert("LA"), "PNG")),
    "only-alpha.png": holds(encode(with_alpha(), "PNG")),
    "only-alpha-white.png": holds(encode(with_alpha(255), "PNG")),
    "all-transparent.png": holds(encode(np.zeros((56, 56, 4), np.uint8), "PNG")),
    "palette.png": holds(palette("PNG")),
    "palette-transparent.png": holds(palette("PNG", transparency=0)),
    "palette-alpha.png": holds(palette("PNG", transparency=bytes([0, 255]))),
    "one-pixel.png": holds(encode(np.full((1, 1), 7, np.uint8), "PNG")),
    "one-row.png": holds(encode(np.full((1, 1000), 7, np.uint8), "PNG")),
    "one-column.png": holds(encode(np.full((1000, 1), 7, np.uint8), "PNG")),
    "blank.png": holds(encode(np.full((56, 56), 255, np.uint8), "PNG")),
    "garbage-after-end.png": holds(PNG + b"garbage" * 99),
    "no-end-chunk.png": holds(PNG[:-12]),
    "bad-animation.png": holds(png(56, 56, ROWS, chunk(b"acTL", bytes(8)))),
    "exif.png": holds(encode(five(), "PNG", exif=exif(6))),
    "plain.jpg": holds(JPEG),
    "progressive.jpg": holds(encode(five(), "JPEG", progressive=True)),
    "cmyk.jpg": holds(encode(FIVE.convert("CMYK"), "JPEG")),
    "corrupt-exif.jpg": holds(encode(five(), "JPEG", exif=BAD_EXIF)),
    "garbage-after-end.jpg": holds(JPEG + b"garbage" * 99),
    **{f"orientation-{n}.jpg": holds(encode(five(), "JPEG", exif=exif(n))) for n in range(10)},
    "orientation.tif": holds(encode(five(), "TIFF", tiffinfo={ORIENTATION: 6})),
    "one-bit.tif": holds(encode(FIVE.convert("1"), "TIFF", compression="group4")),
    "float.tif": holds(encode(five().astype(np.float32) * 3 - 100, "TIFF")),
    "integer.tif": holds(encode(five().astype(np.int32) * 300, "TIFF")),
    "compressed.tif": holds(LZW),
    "big.tif": holds(encode(five(), "TIFF", big_tiff=True)),
    "pages.tif": holds(animated("TIFF")),
    "endless.tif": holds(endless()),
    "animated.gif": holds(animated("GIF")),
    "transparent.gif": holds(palette("GIF", transparency=0)),
    "plain.bmp": holds(BMP),
    "plain.webp": holds(WEBP),
    "animated.webp": holds(animated("WEBP")),
    "a-png-named.jpg": holds(PNG),
    "a-jpeg-named.txt": holds(JPEG),
    "no-extension": holds(PNG),
    "with space.png": holds(PNG),
    "ünïcödé-五.png": holds(PNG),
    "new\nline.png": holds(PNG),
    "-dash.png": holds(PNG),
    "[1-9]*?.png": holds(PNG),
    "n" * 240 + ".png": holds(PNG),
}

REFUSED: dict[str, Maker] = {
    "text.png": holds(TEXT.encode()),
    "empty.png": holds(b""),
    "zeros.png": holds(bytes(4096)),
    "page.jpg": holds(PAGE.encode()),
    "document.pdf": holds(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"),
    "drawing.svg": holds(SVG.encode()),
    "archive.zip": holds(archive()),
    "phone.heic": holds(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)),
    "zero-sized.png": holds(png(0, 0, b"")),
    "zero-wide.bmp": holds(BMP[:18] + bytes(4) + BMP[22:]),
    "claims-much.png": holds(png(60000, 60000, b"")),
    "claims-much.gif": holds(GIF[:6] + b"\xff\xff\xff\xff" + GIF[10:]),
    "claims-much.bmp": holds(BMP[:18] + struct.pack("<ii", 60000, 60000) + BMP[26:]),
    "bomb.png": lambda path: Image.new("1", (12000, 12000)).save(path),
    "text-bomb.png": holds(png(56, 56, ROWS, TEXT_BOMB)),
    "bad-header-sum.png": holds(flipped(PNG, 29)),
    "bad-data.png": holds(flipped(PNG, PNG.index(b"IDAT") + 24)),
    "too-few-rows.png": holds(png(56, 56, ROWS[:500])),
    "not-a-number.tif": holds(encode(np.full((9, 9), np.nan, np.float32), "TIFF")),
    **{
        f"cut-{round(100 * share)}{suffix}": cut(data, share)
        for suffix, data in {
            ".png": PNG,
            ".jpg": JPEG,
            ".tif": TIFF,
            ".lzw.tif": LZW,
            ".bmp": BMP,
            ".gif": GIF,
            ".webp": WEBP,
        }.items()
        for share in (0.02, 0.3, 0.6, 0.8)
    },
    "folder.png": Path.mkdir,
    "broken-link.png": lambda path: path.symlink_to("nowhere.png"),
    "link-to-itself.png": lambda path: path.symlink_to(path.name),
    "pipe.png": os.mkfifo,
    "unreadable.png": unreadable,
}

NASTY: dict[str, tuple[Maker, Expected]] = {
    **{name: (make, "answer") for name, make in READABLE.items()},
    **{name: (make, "error") for name, make in REFUSED.items()},
}


def make_folder(root: Path) -> dict[Path, Expected]:
    """Every file in ``root``, with what to expect of it; those this system can't make are left out."""
    made: dict[Path, Expected] = {}
    for name, (make, expected) in NASTY.items():
        path = root / name
        try:
            make(path)
        except (OSError, AttributeError):  # no links, pipes or such names here
            continue
        readable_by_all = name == "unreadable.png" and os.access(path, os.R_OK)
        made[path] = "answer" if readable_by_all else expected
    return made
