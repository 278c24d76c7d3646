"""Group "characters": what else is printed or written with a pen, from letters to music.

A family for each script and kind, so that validation can hold out a whole script.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from reject_gen.alphabets import ROMAN_NUMERALS, WORDS, alphabets
from reject_gen.base import GreyImage, Material, family
from reject_gen.printed import vary_print
from reject_gen.typefaces import BUILT_IN, has_glyph, names, render

_GROUP = "characters"
_LATIN = "latin_capitals"


@lru_cache(maxsize=4096)
def scripts_of(path: str) -> frozenset[str]:
    """The names in ``alphabets()`` that the typeface covers, going by the first and a middle character."""
    return frozenset(
        script
        for script, characters in alphabets().items()
        if has_glyph(path, characters[0]) and has_glyph(path, characters[len(characters) // 2])
    )


@lru_cache(maxsize=8)
def _typefaces_by_script(typefaces: tuple[str, ...]) -> dict[str, tuple[tuple[str, ...], ...]]:
    """For each script the typefaces that cover it, those of one family together."""
    grouped: dict[str, dict[str, list[str]]] = {}
    for path in (*typefaces, BUILT_IN):
        for script in scripts_of(path):
            grouped.setdefault(script, {}).setdefault(names(path)[0], []).append(path)
    return {
        script: tuple(tuple(paths) for paths in families.values()) for script, families in grouped.items()
    }


def covered_scripts(typefaces: tuple[str, ...]) -> frozenset[str]:
    """The script families that these typefaces (and the built-in one) can draw.

    The others draw Latin capitals in place of what no typeface has; a mix had better leave them out.
    """
    return frozenset(_typefaces_by_script(typefaces))


def _pick_typeface(rng: np.random.Generator, material: Material, script: str) -> str | None:
    families = _typefaces_by_script(material.typefaces).get(script)
    if not families:
        return None
    paths = families[int(rng.integers(len(families)))]
    return paths[int(rng.integers(len(paths)))]


def _print(text: str, path: str, rng: np.random.Generator) -> GreyImage:
    size = 40 + 24 * rng.random()
    ink = vary_print(render(text, path, size, margin=6), rng)
    return shaken(ink, rng, 0.11) if rng.random() < 0.35 else ink


def shaken(ink: GreyImage, rng: np.random.Generator, reach: float) -> GreyImage:
    """Bend ink uint8 (H, W) as a hand would: a smooth random displacement of up to ``reach`` / 2 of H either way."""
    height, width = ink.shape
    coarse = (rng.random((2, 4, 4), dtype=np.float32) - 0.5) * np.float32(reach * height)
    ys, xs = np.indices((height, width), dtype=np.float32)
    xs += cv2.resize(coarse[0], (width, height), interpolation=cv2.INTER_CUBIC)
    ys += cv2.resize(coarse[1], (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.remap(ink, xs, ys, cv2.INTER_LINEAR), dtype=np.uint8)


def _pick(rng: np.random.Generator, choices: str | list[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def pick_character(rng: np.random.Generator, material: Material, script: str) -> tuple[str, str]:
    """A character of a script and the path of a typeface that has it; where none has, a Latin capital's."""
    characters = alphabets()[script]
    path = _pick_typeface(rng, material, script)
    # Few typefaces have all of a script; most have most.
    for _ in range(20 if path else 0):
        character = _pick(rng, characters)
        if path and has_glyph(path, character):
            return character, path
    return _pick(rng, alphabets()[_LATIN]), BUILT_IN


def _draw_text(rng: np.random.Generator, material: Material, text: str) -> GreyImage:
    return _print(text, _pick_typeface(rng, material, _LATIN) or BUILT_IN, rng)


@dataclass(frozen=True)
class _OfScript:
    """Draws one character of a script; a class, since workers must be able to unpickle it."""

    script: str

    @property
    def __name__(self) -> str:
        return self.script

    def __call__(self, rng: np.random.Generator, material: Material) -> GreyImage:
        return _print(*pick_character(rng, material, self.script), rng)


for _script in alphabets():
    family(_GROUP)(_OfScript(_script))


@family(_GROUP)
def letter_pairs(rng: np.random.Generator, material: Material) -> GreyImage:
    """Two letters side by side."""
    letters = alphabets()["latin_capitals"] if rng.random() < 0.5 else alphabets()["latin_small"] + "osl"
    return _draw_text(rng, material, _pick(rng, letters) + _pick(rng, letters))


@family(_GROUP)
def words(rng: np.random.Generator, material: Material) -> GreyImage:
    """A short word as forms print it, or letters in a row."""
    if rng.random() < 0.7:
        return _draw_text(rng, material, _pick(rng, WORDS))
    letters = alphabets()["latin_small"] + "osalbg"
    length = int(rng.integers(3, 8))
    return _draw_text(rng, material, "".join(_pick(rng, letters) for _ in range(length)))


@family(_GROUP)
def roman_numerals(rng: np.random.Generator, material: Material) -> GreyImage:
    """A Roman numeral; never a lone I, which is a 1 to the eye."""
    return _draw_text(rng, material, _pick(rng, ROMAN_NUMERALS))
