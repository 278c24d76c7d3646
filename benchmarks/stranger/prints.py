"""Strangers: what is printed: words, stamps, codes, music, games, maps."""

from __future__ import annotations

import cv2
import numpy as np

from stranger.drawing import (
    ACROSS,
    DOWN,
    SIDE,
    Dice,
    Ink,
    Mask,
    curve,
    glyph,
    polygon,
    polyline,
    smooth_noise,
    star,
    straight,
    text,
    warp,
)
from stranger.family import family
from stranger.typefaces import MUSIC, SYMBOLS, TEXT

WORDS = (
    "Name", "Total", "Date", "Sum", "Paid", "Yes", "Net", "Form", "Tax", "Amount", "Ref", "Page", "Void", "Copy",
    "From", "Tel", "Fax", "Note", "Mark", "Exam", "kWh", "Euro", "Rest", "Art", "Name:", "Preis", "Menge", "Datum",
    "Nr.", "Tax:", "Firma", "Text", "Punkte", "Klasse",
)  # fmt: skip
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
STAMPED = ("PAID", "VOID", "COPY", "KOPIE", "EXAM", "NEW", "FINAL")
CLEFS = "𝄞𝄢𝄡♯♮"
PIECES = "♔♕♖♘♚♛♜♞♠♣♥♦♤♧♡♢"


@family()
def words_print(dice: Dice) -> Ink:
    """Words in print."""
    return text(dice.pick(WORDS), dice.pick(dice.faces(TEXT, LETTERS)), 44)


@family()
def stamps(dice: Dice) -> Ink:
    """Stamps, seals and fingerprints."""
    kind = dice.whole(0, 2)
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    if kind == 0:
        word = text(dice.pick(STAMPED), dice.pick(dice.faces(TEXT, LETTERS, bold=True)), 40)
        drawn[44:84, 16:112] = cv2.resize(
            (word * 255).astype(np.uint8), (96, 40), interpolation=cv2.INTER_AREA
        )
        cv2.rectangle(drawn, (8, 36), (120, 92), (255,), 4)
    elif kind == 1:
        _seal(drawn)
    else:
        far = np.hypot((ACROSS - 64) * 1.3, DOWN - 64)
        ridges = np.hypot((ACROSS - 64) * 1.2, DOWN - dice.between(70, 90)) + smooth_noise(dice, 4) * 5
        wave = np.sin(ridges * 6.28 / dice.between(9, 13))
        drawn = ((wave > 0.1) * (far < 58) * 255).astype(np.uint8)
    turned = cv2.getRotationMatrix2D((64, 64), dice.between(-25, 25), 0.95)
    stamped = cv2.warpAffine(drawn, turned, (SIDE, SIDE)) / 255.0
    worn = np.maximum(0, smooth_noise(dice, 18)) * dice.between(0.1, 0.6)
    return np.asarray(stamped * np.clip(1.1 - worn, 0, 1), np.float32)


def _seal(drawn: Mask) -> None:
    for radius in (58, 40):
        cv2.circle(drawn, (64, 64), radius, (255,), 3, cv2.LINE_AA)
    for angle in np.arange(18) * 0.349:
        inner, outer = (
            (int(64 + radius * np.cos(at)), int(64 + radius * np.sin(at)))
            for radius, at in ((44, angle), (53, angle + 0.08))
        )
        straight(drawn, inner, outer, 3)
    cv2.fillPoly(drawn, [np.round(star(5, 0.4) * 26 + 64).astype(np.int32)], (255,), cv2.LINE_AA)


@family("frame")
def barcodes(dice: Dice) -> Ink:
    """Bar codes and codes of squares."""
    return dice.pick((_bars, _matrix, _finders))(dice)


def _bars(dice: Dice) -> Ink:
    code = np.zeros((SIDE, SIDE), np.float32)
    x = dice.whole(0, 6)
    while x < SIDE:
        width = dice.pick([4, 4, 8, 12])
        code[:, x : x + width] = 1
        x += width + dice.pick([4, 4, 8, 12])
    if dice.happens(0.5):
        margin = dice.whole(10, 30)
        code[:margin] = code[SIDE - margin :] = 0
    return code.T.copy() if dice.happens(0.3) else code


def _matrix(dice: Dice) -> Ink:
    cells = _random_cells(dice, dice.whole(11, 19))
    cells[0] = cells[:, 0] = 1
    return _enlarged(cells)


def _finders(dice: Dice) -> Ink:
    """Three corners hold squares within squares."""
    cells = _random_cells(dice, 17)
    for y, x in ((0, 0), (0, 12), (12, 0)):
        cells[max(0, y - 1) : y + 6, max(0, x - 1) : x + 6] = 0
        cells[y : y + 5, x : x + 5] = 1
        cells[y + 1 : y + 4, x + 1 : x + 4] = 0
        cells[y + 2, x + 2] = 1
    return _enlarged(cells)


def _random_cells(dice: Dice, count: int) -> Ink:
    return (dice.rng.random((count, count)) < 0.5).astype(np.float32)


def _enlarged(cells: Ink) -> Ink:
    return np.asarray(cv2.resize(cells, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST), np.float32)


class _Staff:
    """Five lines, and what is written on them."""

    def __init__(self, dice: Dice) -> None:
        self.drawn = np.zeros((SIDE, SIDE), np.uint8)
        self.step, self.top = dice.whole(12, 16), dice.whole(24, 40)
        self.half, self.side = self.step // 2, int(self.step * 0.55)
        width = dice.whole(2, 3)
        for k in range(5):
            y = self.top + k * self.step
            straight(self.drawn, (0, y), (SIDE, y + dice.whole(-1, 1)), width)

    def head(self, x: int, y: int) -> None:
        """A note's head."""
        axes = (int(self.step * 0.62), int(self.step * 0.45))
        cv2.ellipse(self.drawn, (x, y), axes, -20, 0, 360, (255,), -1, cv2.LINE_AA)

    def stem(self, x: int, y: int, height: int) -> None:
        """Up from a note's head at (x, y), or down where the height is negative."""
        straight(self.drawn, (x, y), (x, y - height), 3)

    def bar(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """A line with jagged edges."""
        cv2.line(self.drawn, start, end, (255,), 3)


@family("frame")
def music(dice: Dice) -> Ink:
    """Notes and clefs on a staff."""
    staff = _Staff(dice)
    kind, x = dice.whole(0, 3), dice.whole(20, 40)
    (_beamed, _notes, _clef, _chord)[kind](dice, staff, x)
    return staff.drawn / np.float32(255)


def _beamed(dice: Dice, staff: _Staff, x: int) -> None:
    """Two notes under a beam."""
    ys = [staff.top + staff.half * dice.whole(3, 8) for _ in range(2)]
    xs = [x, x + dice.whole(42, 56)]
    for at, y in zip(xs, ys, strict=True):
        staff.head(at, y)
        staff.stem(at + staff.side, y, 40)
    start, end = ((at + staff.side, y - 40) for at, y in zip(xs, ys, strict=True))
    straight(staff.drawn, start, end, 7)


def _notes(dice: Dice, staff: _Staff, x: int) -> None:
    for at in (x - 8, x + 28, x + 64):
        y = staff.top + staff.half * dice.whole(2, 8)
        staff.head(at, y)
        down = dice.pick([-1, 1])
        staff.stem(at - down * staff.side, y, -40 * down)


def _clef(dice: Dice, staff: _Staff, _: int) -> None:
    sign = (text(dice.pick(CLEFS), dice.pick(dice.faces(MUSIC, CLEFS)), 60) * 255).astype(np.uint8)
    tall = int(staff.step * 5.5)
    wide = max(8, int(sign.shape[1] * tall / sign.shape[0]))
    sign = np.asarray(cv2.resize(sign, (wide, tall), interpolation=cv2.INTER_AREA)[:, : SIDE - 20], np.uint8)
    top = max(0, staff.top - staff.step // 2)
    sign = sign[: SIDE - top]
    place = staff.drawn[top : top + sign.shape[0], 10 : 10 + sign.shape[1]]
    np.maximum(place, sign, out=place)
    y = staff.top + staff.half * dice.whole(2, 8)
    staff.head(100, y)
    staff.bar((100 + staff.side, y), (100 + staff.side, y - 36))


def _chord(dice: Dice, staff: _Staff, x: int) -> None:
    for at in dice.rng.choice(8, 3, replace=False):
        staff.head(x + 30, staff.top + staff.half * int(at) + staff.half)
    stem = x + 30 + staff.side
    staff.bar((stem, staff.top + 9 * staff.half), (stem, staff.top - 20))
    staff.bar((dice.whole(100, 118), staff.top), (110, staff.top + 4 * staff.step))


@family()
def chess_cards(dice: Dice) -> Ink:
    """Chess pieces, suits of cards, chess boards."""
    if dice.happens(0.15):
        cells = np.arange(SIDE) * dice.whole(3, 5) // SIDE
        return np.asarray(np.add.outer(cells, cells) % 2 == 0, np.float32)
    return glyph(dice, PIECES, dice.faces(SYMBOLS, PIECES))


@family("frame")
def maps(dice: Dice) -> Ink:
    """Maps: contours, roads, railways, compasses, borders."""
    drawn = dice.pick((_contours, _roads, _railway, _compass, _borders))(dice)
    return warp(drawn, dice, 2) / np.float32(255)


def _contours(dice: Dice) -> Mask:
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    height = cv2.GaussianBlur(smooth_noise(dice, 5), (0, 0), 4)
    height = (height - height.min()) / np.ptp(height)
    for level in np.linspace(0.1, 0.9, dice.whole(5, 7)):
        above = (height > level).astype(np.uint8)
        for line in cv2.findContours(above, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]:
            cv2.polylines(drawn, [line], True, (255,), dice.whole(2, 3), cv2.LINE_AA)
    drawn[:2] = drawn[-2:] = 0
    drawn[:, :2] = drawn[:, -2:] = 0
    return drawn


def _roads(dice: Dice) -> Mask:
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    for _ in range(dice.whole(3, 5)):
        angle = dice.between(0, 3.14)
        middle = np.array([dice.between(30, 98), dice.between(30, 98)])
        way = np.array([np.cos(angle), np.sin(angle)]) * 140
        road = curve(*np.vstack([middle - way, middle + dice.rng.normal(0, 8, 2), middle + way]).ravel())
        width = dice.whole(8, 14)
        polyline(drawn, road, width)
        polyline(drawn, road, width - 6, level=0)
    return drawn


def _railway(dice: Dice) -> Mask:
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    y = dice.between(40, 90)
    track = curve(-10, y, 40, y + dice.around(15), 90, y + dice.around(15), 140, y + dice.around(15))
    polyline(drawn, track, 4)
    for k in range(2, len(track) - 1, 2):
        along = track[k + 1] - track[k - 1]
        aside = np.array([-along[1], along[0]]) / np.linalg.norm(along) * 9
        polyline(drawn, np.array([track[k] - aside, track[k] + aside]), 3)
    return drawn


def _compass(_: Dice) -> Mask:
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    polygon(drawn, star(4, 0.2) * 54 + 64)
    polyline(drawn, star(4, 0.3, -45) * 38 + 64, 2, closed=True)
    cv2.circle(drawn, (64, 64), 44, (255,), 2, cv2.LINE_AA)
    return drawn


def _borders(dice: Dice) -> Mask:
    towns = dice.rng.uniform(0, SIDE, (dice.whole(6, 9), 2))
    nearest = np.stack([np.hypot(ACROSS - x, DOWN - y) for x, y in towns]).argmin(0).astype(np.int16)
    steps = [np.abs(np.diff(nearest, axis=k, prepend=nearest.take([0], axis=k))) for k in (0, 1)]
    lines = (sum(steps) > 0).astype(np.uint8) * 255
    return np.asarray(cv2.dilate(lines, np.ones((4, 4))), np.uint8)
