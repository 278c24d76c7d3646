"""Which characters are non-digits: by script and kind, without those that are digits to the eye."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# What nobody can tell from a digit by itself: rings, bars, and letters shaped like 2, 3, 4, 7, 8, 9.
_RINGS = "OoΟοОоՕօºªØøΘθФфѲѳס°○◯⚪⚬◦◌◍◎▯ଠഠဝоஂంംංಂ〇ロ口ㅁㅇQ∅∘⊖⊘⊙⊚⊛⊜⊝𝅗𝅝"
_BARS = "lI|/\\'¦ΙιІіӀӏıןוי٠ا١│┃∣∤❘❙❚ノ丨ㅣⅠⅼ।ǀ⎮｜∕∖┆┇┊┋╎╏║╵╷╹╻▮▯𝄀𝄄𝄅𝅥"
_OTHERS = "ЗзӠӡʒƷȜȝЧчვろる乙了أإآءوةه٩२३४५६७८९ヲフワクス了マアьЬყჳჷउङटठड९৪ঙउ౩౨੩੨૩૨ᎴᏃᏮᏎկՁշջႣՅՁדךרওত⎤⌉┐╗¬"
DIGIT_LIKE = frozenset(_RINGS + _BARS + _OTHERS)

_LOOKALIKES = "SsZzBbGgqDJYyaßЭэБбВвσδφζξεςҘ§&?ÇçŠšŽž"

_WRITTEN = {
    "latin_capitals": "ACEFHKLMNPRTUVWX",
    "latin_small": "cdefhijkmnprtuvwx",
    "lookalike_letters": _LOOKALIKES,
    "accented_letters": "ÀÁÂÃÄÅÆÈÉÊËÌÍÎÏÐÑÒÓÔÕÖÙÚÛÜÝÞàáâãäåæèéêëìíîïðñòóôõöùúûüýþÿ"
    "ĀăĄćČďĐĒęĚğĢħĪķĹľŁłńŇőŒœŘřŤťŪůŰŵŷź",
    "punctuation": '.,;:!"()[]{}<>-–—_…~^«»¿¡•·“”„',
    "symbols": "%@#$€+=*£¥¢©®™±×÷¶†‡µ√∞≈≠≤≥∑∏∫∂∆◊‰₹₽₩₿№℃",
    "greek": "ΑΒΓΔΕΖΗΚΛΜΝΞΠΡΣΤΥΦΧΨΩαβγηκλμνπρτυχψω",
    "cyrillic": "АГДЕЁЖИЙКЛМНПРСТУХЦШЩЪЫЭЮЯагдеёжийклмнпрстухцшщъыюяЂЄЉЊЋЏђєљњћџ",
    "hebrew": "אבגדהזחטכלמנעפצקרשתךםףץ",
    "arabic": "بتثجحخدذرزسشصضطظعغفقكلمنيىپچژگکی",
    "kana": "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりれわをん"
    "イウエオカキケコサシセソタチツテトナニヌネハヒヘホミムメモヤユヨラリルレヰン"
    "ガギグゲゴザジズゼゾダデドバビブベボパピプペポ",
    "kanji": "日月火水木金土年時分秒円男女人大小中国東京名前住所電話番号合計山田川本"
    "上下左右春夏秋冬学校生先車店会社員三二五六七八九十百千万半何今行見食飲読書買新古高安"
    "多少長白黒赤青天気雨雪花犬魚肉茶手足目耳心力北西南入出門間",
}

_RANGES = {
    "devanagari": ((0x0905, 0x0939),),
    "bengali": ((0x0985, 0x09B9),),
    "gurmukhi_gujarati": ((0x0A05, 0x0A39), (0x0A85, 0x0AB9)),
    "tamil": ((0x0B85, 0x0BB9),),
    "telugu_kannada": ((0x0C05, 0x0C39), (0x0C85, 0x0CB9)),
    "malayalam_sinhala": ((0x0D05, 0x0D39), (0x0D85, 0x0DC6)),
    "thai_lao": ((0x0E01, 0x0E2E), (0x0E81, 0x0EAE)),
    "khmer_myanmar": ((0x1780, 0x17A2), (0x1000, 0x1021)),
    "ethiopic": ((0x1200, 0x1357),),
    "armenian": ((0x0531, 0x0556), (0x0561, 0x0586)),
    "arrows": ((0x2190, 0x21FF), (0x27F0, 0x27FF), (0x2794, 0x27BE)),
    "mathematics": ((0x2200, 0x222F), (0x2234, 0x22FF), (0x2A00, 0x2A2F)),
    "box_drawing": ((0x2504, 0x254B), (0x2550, 0x2570), (0x2591, 0x259F)),
    # Without the circled digits between 0x2776 and 0x2793.
    "icons": ((0x25A0, 0x25FF), (0x2600, 0x267E), (0x2690, 0x26A9), (0x2701, 0x2757)),
    "music": ((0x2669, 0x266F), (0x1D100, 0x1D126), (0x1D134, 0x1D15E)),
}

_ROMAN_NUMERALS = "II III IV VI VII VIII IX XI XII XIV XX ii iii iv vi vii viii ix xi xii V X v x"
_WORDS = """
Date Name No. Nr. Total Sum km kWh Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec yes no EUR USD GBP CHF Mr
Ms Mrs tel fax page via St. ok OK N/A n/a A/B kg cm mm PM AM pm am ID PIN ZIP City Age Sex Male Female Sig.
Ref. Tax VAT Qty Item Unit Price Code Bank IBAN from to and the of for see etc. cf. und der die das Datum
Ort Betrag oui non nom date total montant si nombre fecha suma True False Grade Points A+ B- C+ pass fail
void none nil Box Form Yes Row Col Hz kW Nm rpm bar psi vol. pp. ca. Dr. Jr. Inc. Ltd Co. GmbH
"""
ROMAN_NUMERALS = _ROMAN_NUMERALS.split()
WORDS = _WORDS.split()


@lru_cache(maxsize=1)
def alphabets() -> dict[str, str]:
    """The characters of each script or kind, by its name; none of ``DIGIT_LIKE``, no digit of any script."""
    found = dict(_WRITTEN)
    for name, ranges in _RANGES.items():
        codes = (code for first, last in ranges for code in range(first, last + 1))
        # Letters, symbols, punctuation; the rest of a block are marks, digits and unassigned codes.
        found[name] = "".join(chr(code) for code in codes if unicodedata.category(chr(code))[0] in "LSP")
    return {name: "".join(c for c in text if c not in DIGIT_LIKE) for name, text in found.items()}
