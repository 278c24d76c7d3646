"""The typefaces on this machine: found, checked, recorded, split by family, and drawn.

Nothing is scanned at import. Where no font is installed, the one inside Pillow stands in.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from reject_gen.base import GreyImage

BUILT_IN = "built-in"
"""Stands for a path: the typeface that comes with Pillow."""

DIGITS = "0123456789"
EM = 64
"""Pixels to the em at which glyphs are drawn once, then kept."""

_SUFFIXES = {".ttf", ".otf", ".ttc"}
_MISSING = "\uffff"
"""No character has this code, so every typeface shows its mark for a missing glyph."""
_LARGEST_GLYPH = 6 * EM
"""Some faces hold ornaments as wide as a page; they would fill the memory."""


@dataclass(frozen=True)
class Typeface:
    """One font file.

    Attributes:
        path: where it is, or ``BUILT_IN``.
        family: as the file names it, such as "DejaVu Sans".
        style: as the file names it, such as "Bold Oblique".
        sha256: of the file's bytes (of the drawn digits for ``BUILT_IN``), hexadecimal.
    """

    path: str
    family: str
    style: str
    sha256: str


def font_folders() -> tuple[Path, ...]:
    """The folders where this platform keeps fonts, whether they exist or not."""
    home = Path.home()
    if sys.platform == "darwin":
        return Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", str(home / "AppData/Local"))
        windows = os.environ.get("WINDIR", r"C:\Windows")
        return Path(windows) / "Fonts", Path(local) / "Microsoft/Windows/Fonts"
    shared = os.environ.get("XDG_DATA_HOME", str(home / ".local/share"))
    return Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path(shared) / "fonts", home / ".fonts"


def find_typefaces(folders: Iterable[str | Path] | None = None) -> tuple[Typeface, ...]:
    """Find the typefaces that can be drawn, sorted by path; the same file twice is listed once.

    Args:
        folders: searched with all below them; the platform's own where None.

    Returns:
        At least one: ``BUILT_IN`` alone where nothing else is found.
    """
    places = font_folders() if folders is None else [Path(folder) for folder in folders]
    files = sorted(
        {file for place in places for file in place.rglob("*") if file.suffix.lower() in _SUFFIXES}
    )
    found: dict[str, Typeface] = {}
    for file in files:
        typeface = _inspect(file)
        if typeface is not None:
            found.setdefault(typeface.sha256, typeface)
    return tuple(found.values()) or (built_in(),)


def built_in() -> Typeface:
    """The typeface inside Pillow."""
    drawn = b"".join(glyph(BUILT_IN, digit).tobytes() for digit in DIGITS)
    return Typeface(BUILT_IN, *names(BUILT_IN), hashlib.sha256(drawn).hexdigest())


def _inspect(file: Path) -> Typeface | None:
    try:
        family, style = names(str(file))
        content = file.read_bytes()
    except (OSError, ValueError):
        # Broken files and faces of bitmaps, which have no outlines to draw.
        return None
    return Typeface(str(file), family, style, hashlib.sha256(content).hexdigest())


def names(path: str) -> tuple[str, str]:
    """Family and style of the typeface at ``path``, as it names them; its file name where it doesn't."""
    family, style = _load(path).getname()
    return family or Path(path).stem, style or "Regular"


@lru_cache(maxsize=512)
def _load(path: str) -> ImageFont.FreeTypeFont:
    if path != BUILT_IN:
        return ImageFont.truetype(path, EM, layout_engine=ImageFont.Layout.BASIC)
    font = ImageFont.load_default(EM)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise OSError("this Pillow was built without FreeType and can draw no typeface")
    return font


@lru_cache(maxsize=40_000)
def glyph(path: str, text: str) -> GreyImage:
    """Draw ``text`` at ``EM`` pixels: read-only uint8 (H, W), bright ink on black, cut to the ink.

    Shape (0, 0) where there is no ink, as for a space, and where the ink is absurdly large.

    Raises:
        OSError: the file cannot be read as a typeface.
    """
    font = _load(path)
    left, top, right, bottom = (int(edge) for edge in font.getbbox(text))
    width, height = right - left + 4, bottom - top + 4
    if width > _LARGEST_GLYPH * len(text) or height > _LARGEST_GLYPH:
        return np.zeros((0, 0), np.uint8)
    canvas = Image.new("L", (width, height))
    ImageDraw.Draw(canvas).text((2 - left, 2 - top), text, fill=255, font=font)
    drawn = np.asarray(canvas)
    x, y, inked_width, inked_height = cv2.boundingRect(drawn)
    ink = np.ascontiguousarray(drawn[y : y + inked_height, x : x + inked_width])
    ink.setflags(write=False)
    return ink


@lru_cache(maxsize=200_000)
def has_glyph(path: str, character: str) -> bool:
    """Whether the typeface draws ``character`` itself rather than nothing, or its mark for what it lacks."""
    ink = glyph(path, character)
    missing = glyph(path, _MISSING)
    return ink.size > 0 and not (ink.shape == missing.shape and np.array_equal(ink, missing))


def supports(path: str, text: str) -> bool:
    """Whether the typeface has every character of ``text``, and draws no two different ones alike."""
    characters = sorted(set(text) - {" "})
    if not all(has_glyph(path, character) for character in characters):
        return False
    return len({_fingerprint(path, character) for character in characters}) == len(characters)


def _fingerprint(path: str, text: str) -> tuple[tuple[int, ...], bytes]:
    ink = glyph(path, text)
    return ink.shape, ink.tobytes()


def render(text: str, path: str, size: float, margin: int = 2) -> GreyImage:
    """Draw ``text``.

    Args:
        text: one line.
        path: of a typeface, or ``BUILT_IN``.
        size: pixels to the em; up to about 1.5 ``EM`` without blur.
        margin: empty pixels around the ink.

    Returns:
        uint8 (H, W), bright antialiased ink on black; only margin where ``text`` has no ink.
    """
    ink = glyph(path, text)
    if not ink.size:
        side = max(1, 2 * margin)
        return np.zeros((side, side), np.uint8)
    scale = size / EM
    shape = max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale))
    resized = cv2.resize(ink, shape, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    framed = cv2.copyMakeBorder(resized, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    return np.asarray(framed, dtype=np.uint8)


def split_typefaces(
    typefaces: Sequence[Typeface], held_out: float = 0.25
) -> tuple[tuple[Typeface, ...], tuple[Typeface, ...]]:
    """Split into training and held-out typefaces, never a family across both.

    Families that share the first word of their names ("Noto Sans", "Noto Serif") stay together, and so do
    those that draw the same digits under different names. The order of the typefaces changes nothing.

    Args:
        typefaces: from ``find_typefaces``.
        held_out: expected share of the families to hold out, 0–1; with few families that can be none.
    """
    clans = _clans(typefaces)
    sides: tuple[list[Typeface], list[Typeface]] = ([], [])
    for typeface, clan in zip(typefaces, clans, strict=True):
        draw = int.from_bytes(hashlib.sha256(clan.encode()).digest()[:4], "big") / 2**32
        sides[draw < held_out].append(typeface)
    return tuple(sides[0]), tuple(sides[1])


def _clans(typefaces: Sequence[Typeface]) -> list[str]:
    """For each typeface the first, by the alphabet, of all names that its relatives go by."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    firsts = [(typeface.family.lower().split() or ["unnamed"])[0] for typeface in typefaces]
    seen: dict[tuple[tuple[int, ...], bytes], str] = {}
    for typeface, first in zip(typefaces, firsts, strict=True):
        if supports(typeface.path, DIGITS):
            twin = seen.setdefault(_fingerprint(typeface.path, DIGITS), first)
            low, high = sorted((root(first), root(twin)))
            parent[high] = low
    return [root(first) for first in firsts]
