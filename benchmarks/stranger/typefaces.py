"""The typefaces that strangers are printed with: plain ones, those first that a model's training did not use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from reject_gen.typefaces import Typeface, find_typefaces, has_glyph

TEXT = (
    "Open Sans", "Cantarell", "Hack", "Karla", "Tinos", "Tuffy", "Arapey", "Linden Hill", "OCR B",
    "DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono", "Liberation Sans", "Liberation Serif", "Liberation Mono",
    "Lato", "Charis SIL", "Humor Sans", "Andika", "Carlito", "Caladea", "Clear Sans", "Comic Neue", "Cabin",
    "Courier Prime", "OCRA", "Linux Libertine O", "Arimo", "Roboto", "Noto Sans", "Noto Serif", "FreeSans",
    "Arial", "Times New Roman", "Courier New", "Verdana", "Georgia", "Calibri", "Cambria", "Consolas", "Segoe UI",
    "Helvetica", "Menlo", "Ubuntu", "STIXGeneral",
)  # fmt: skip
"""Plain ones alone: an ornamental face may draw a letter that a person takes for a digit."""

SYMBOLS = ("DejaVu Sans",)
MATHS = ("DejaVu Sans", "DejaVu Serif", "Noto Sans Math", "DejaVu Math TeX Gyre", "STIXGeneral")
ICONS = ("FontAwesome",)
MUSIC = ("Noto Music", "FreeSerif")
HAN = ("Sawarabi Gothic", "SetoFont", "Noto Sans CJK JP", "IPAGothic", "TakaoGothic", "Yu Gothic", "MS Gothic",
       "Hiragino Sans")  # fmt: skip

_STYLES = {
    "regular", "book", "roman", "medium", "semibold", "semi bold", "bold", "black", "italic", "oblique", "bold italic",
    "bold oblique",
}  # fmt: skip
_FEWEST = 4  # faces that training did not use, for them to do alone


class NoTypefaceError(Exception):
    """This machine has none of the typefaces that a family needs."""


class Typefaces:
    """Those on this machine and those of matplotlib.

    Attributes:
        used: the families of typefaces that were asked for and are there, and whether training left each out.
        missing: the first name of each list of which none was found.
    """

    def __init__(self, found: Sequence[Typeface], trained: Mapping[str, str]) -> None:
        """Of ``found``, with the typefaces of a training as a model's description lists them: name and SHA-256."""
        self._found = found
        # Relatives share the first word of their names, and training keeps them together.
        self._clans = {name.split()[0].lower() for name in trained if name.split()}
        self._sums = set(trained.values())
        self._asked: dict[tuple[Sequence[str], str, bool], tuple[str, ...]] = {}
        self.used: dict[str, bool] = {}
        self.missing: set[str] = set()

    def having(self, names: Sequence[str], characters: str, bold: bool = False) -> tuple[str, ...]:
        """Paths of the named typefaces that have most of ``characters``: the unknown ones alone where they suffice.

        Raises:
            NoTypefaceError: there is none.
        """
        key = (names, characters, bold)
        if key not in self._asked:
            self._asked[key] = self._choose(names, characters, bold)
        if not self._asked[key]:
            raise NoTypefaceError(names[0])
        return self._asked[key]

    def _choose(self, names: Sequence[str], characters: str, bold: bool) -> tuple[str, ...]:
        able = [
            face
            for face in self._found
            if face.family in names
            and (face.style.lower() == "bold" if bold else face.style.lower() in _STYLES)
            and 2 * sum(has_glyph(face.path, each) for each in characters) > len(characters)
        ]
        unknown = [face for face in able if self._is_unknown(face)]
        chosen = unknown if len(unknown) >= _FEWEST else able
        self.used |= {face.family: self._is_unknown(face) for face in chosen}
        if not chosen:
            self.missing.add(names[0])
        return tuple(face.path for face in chosen)

    def _is_unknown(self, face: Typeface) -> bool:
        return (face.family.split() or [""])[0].lower() not in self._clans and not any(
            face.sha256.startswith(known) for known in self._sums
        )


def matplotlib_fonts() -> Path:
    """The folder of the typefaces that come with matplotlib."""
    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "fonts" / "ttf"


def installed(trained: Mapping[str, str]) -> Typefaces:
    """All that are on this machine."""
    found = {face.sha256: face for face in (*find_typefaces(), *find_typefaces([matplotlib_fonts()]))}
    return Typefaces(tuple(found.values()), trained)


@lru_cache(maxsize=256)
def font(path: str, size: int) -> ImageFont.FreeTypeFont:
    """A typeface at ``size`` pixels to the em."""
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
