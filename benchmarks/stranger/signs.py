"""Strangers: letters and signs of many scripts, by hand and in print."""

from __future__ import annotations

from functools import partial

from stranger import shapes
from stranger.drawing import Dice, Ink, arc, curve, dot, draw, glyph, points
from stranger.family import family, register
from stranger.typefaces import HAN, ICONS, MATHS, SYMBOLS, TEXT, NoTypefaceError

LATIN = [*"AEFHKMNPRTVWXfkmnprvwx", "Æ", "Ñ", "Ä", "Ē", "Ŵ", "æ", "ñ", "Ħ", "ŵ"]
GREEK_CYRILLIC = "ΓΔΛΞΠΨΩΦλπψωмшщжюцикФЖШЩЮЯДЛПН"
SCRIPTS = (
    (("Noto Sans Devanagari", "Nirmala UI"), "कखगघचजझञणतपफभमयषस"),
    (("Noto Sans Arabic", "Geeza Pro", "Arial"), "شسصضثتبنكئ"),
    (("Noto Kufi Arabic",), "شسصضتب"),
    (("Noto Sans Hebrew", "Tinos", "Arial"), "אשצתחמ"),
    (("Noto Serif Hebrew", "Tinos", "Times New Roman"), "אשצתח"),
    (("Noto Sans Ethiopic", "Ebrima", "Kefa"), "መሠቀበተነአከወየጠጸፈ"),
    (("Noto Sans Runic", "Segoe UI Historic"), "ᚠᚢᚨᚱᚷᚹᚺᚾᛈᛉᛏᛖᛗ"),
    (("Noto Sans Tifinagh", "Ebrima"), "ⴳⴶⵃⵅⵎⵞⵟⵣⵥ"),
    (("Noto Sans Cuneiform", "Segoe UI Historic"), "".join(chr(0x12000 + k) for k in range(0, 90, 3))),
    (
        ("Noto Sans Egyptian Hieroglyphs", "Segoe UI Historic"),
        "".join(chr(0x13000 + k) for k in range(0, 300, 7)),
    ),
)
# Without those that a person may take for a digit, such as ろ, る and ひ.
CHINESE_JAPANESE = (
    "木大中田天山火王井米土水本金車電書語国年東京都愛家門間学校先生買売北南西春秋冬雨雪花草男女子手足耳言食飲キサ"
    "ホネモナあおかきけさせたなにぬねはほまみむめもやゆれを"
)
MATH_SIGNS = "±×÷=≠≤≥∏√∇∈∩∪⊂⊃⊗⊕≡≈∀∴∵⊥∠∧∨⊞⊠∦⊢≅⇔⇒∉⊆≪≫"
PUNCTUATION = [*"%#@*~=+^«»<>…:;†‡€¥₹₽₩₪₦₱₸₭₮{", "?!", "--", "***", "...", "»", "++", "%%"]
SYMBOL_SIGNS = "←→↔⇐⇒⇔⇄↗↘↙↖★☆✓✔✗✘✚✛✜✠✡✦✪✰✱✳✴❄❋❖☀☁☂☎☕☘☠☢☣☮☯☺☹♻⚓⚔⚖⚙⚛⚜⚠⚽✂✈✉✌✍✎❤❦♨♿⌂⌘⌨⏏▲►▼◄◆◈▦▩▣▤"
# Of FontAwesome 4.7, without those in which a person may see a digit.
ICON_CODES = """
000 001 003 004 005 006 007 008 009 00a 00b 00c 00d 012 013 014 015 018 019 01c 023 024 025 028 029 02b 02c 02d 02f
030 031 036 037 03d 03e 040 046 047 04a 04e 05b 060 061 064 065 066 067 069 06b 06c 071 072 073 074 076 07a 07b 07c
07e 080 084 085 087 088 08a 091 093 09d 0a1 0a3 0a4 0a5 0ad 0b0 0b1 0b2 0c0 0c2 0c3 0c4 0c5 0c7 0c9 0ce 0d0 0d1 0db
0e8 0e9 0f0 0f2 0f3 0f4 0f5 0f6 0f8 0f9 0fa 0fb 0fc 0fd 100 101 102 103 108 109 11b 11c 121 12e 130 135 13d 182 183
188 18c 19c 19d 1ad 1ae 1b0 1b2 1b3 1b8 1b9 1bb 1d8 1e2 1e5 1e6 1eb 1ec 1fd 1fe 200 201 206 207 217 218 219 21a 21b
21c 233 236 238 239 240 241 242 24e 255 256 265 275 277 278 279 286 287 290 291 292 295 2a7 2b5 2b6 2cd 2d2 2d3 2db
2dc
"""
ICON_SIGNS = "".join(chr(0xF000 + int(code, 16)) for code in ICON_CODES.split())


def one_of(dice: Dice, signs: shapes.Signs) -> Ink:
    """One of the signs, by hand."""
    return draw(dice, dice.pick(list(signs.values())))


for _name, _what, _signs in (
    ("hand_latin_upper", "Latin capitals by hand", shapes.LATIN_UPPER),
    ("hand_latin_lower", "Small Latin letters by hand", shapes.LATIN_LOWER),
    ("hand_greek", "Greek letters by hand", shapes.GREEK),
    ("hand_cyrillic", "Cyrillic letters by hand", shapes.CYRILLIC),
    ("hand_semitic", "Hebrew and Arabic letters by hand", shapes.SEMITIC),
    ("hand_cjk", "Chinese, Japanese and Korean signs by hand", shapes.EAST_ASIAN),
    ("hand_math", "Signs of mathematics by hand", shapes.MATHS),
    ("ticks_crosses", "Ticks, crosses and marked boxes", shapes.TICKS),
    ("brackets", "Pairs of brackets, braces and quotes", shapes.BRACKETS),
):
    register(_name, _what, partial(one_of, signs=_signs))


@family()
def hand_invented(dice: Dice) -> Ink:
    """Signs of a script that does not exist."""
    kind = dice.whole(0, 2)
    strokes = []
    if kind == 0:
        strokes.append(points(0.5, 0, 0.5, 1))
        for _ in range(dice.whole(3, 5)):
            y, side = dice.between(0.05, 0.95), dice.pick([-1, 1])
            strokes.append(points(0.5, y, 0.5 + side * dice.between(0.3, 0.5), y + dice.between(-0.3, 0.3)))
        strokes.append(points(0.1, 0.5 + dice.around(0.1), 0.9, 0.5 + dice.around(0.1)))
    elif kind == 1:
        strokes.append(points(0, 0.1, 1.1, 0.1))
        x = 0.1
        while x < 1.05:
            end = dice.between(0.4, 1)
            strokes.append(
                curve(x, 0.1, x + dice.around(0.05), 0.1 + end / 2, x + dice.around(0.08), 0.1 + end)
            )
            x += dice.between(0.22, 0.35)
    else:
        strokes += [points(0, 0, 0.5, 0.5, 1, 0), points(0.5, 0.5, 0.5, 1.1)]
        bar = points(0.2, dice.between(0.65, 1), 0.8, dice.between(0.65, 1))
        strokes += [bar, arc(0.5, 0.15, 0.12), dot(0.15, 0.8)][: dice.whole(1, 3)]
    return draw(dice, strokes)


@family()
def print_latin(dice: Dice) -> Ink:
    """Latin letters in print."""
    return glyph(dice, LATIN, dice.faces(TEXT, "".join(LATIN)))


@family()
def print_greek_cyrillic(dice: Dice) -> Ink:
    """Greek and Cyrillic letters in print."""
    return glyph(dice, GREEK_CYRILLIC, dice.faces(TEXT, GREEK_CYRILLIC))


@family()
def print_scripts(dice: Dice) -> Ink:
    """Eight other scripts in print, from Arabic to hieroglyphs."""
    there = []
    for names, characters in SCRIPTS:
        try:
            there.append((dice.faces(names, characters), characters))
        except NoTypefaceError:
            continue
    if not there:
        raise NoTypefaceError(SCRIPTS[0][0][0])
    faces, characters = dice.pick(there)
    return glyph(dice, characters, faces)


@family()
def print_cjk(dice: Dice) -> Ink:
    """Chinese and Japanese signs in print."""
    return glyph(dice, CHINESE_JAPANESE, dice.faces(HAN, CHINESE_JAPANESE))


@family()
def print_math(dice: Dice) -> Ink:
    """Signs of mathematics in print."""
    return glyph(dice, MATH_SIGNS, dice.faces(MATHS, MATH_SIGNS))


@family()
def print_punct_currency(dice: Dice) -> Ink:
    """Punctuation and currencies in print."""
    return glyph(dice, PUNCTUATION, dice.faces(TEXT, "".join(PUNCTUATION)))


@family()
def icons(dice: Dice) -> Ink:
    """Icons of programs."""
    return glyph(dice, ICON_SIGNS, dice.faces(ICONS, ICON_SIGNS))


@family()
def symbols_print(dice: Dice) -> Ink:
    """Arrows, stars, weather and other symbols in print."""
    return glyph(dice, SYMBOL_SIGNS, dice.faces(SYMBOLS, SYMBOL_SIGNS))
