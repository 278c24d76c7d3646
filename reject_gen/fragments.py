"""Non-digits cut from digits: joined, overlaid, crossed out, wrongly cut, turned over, torn to pieces.

They are made of the strokes that digits are made of, so only the whole shape tells them from digits.
Some come out as digits by accident (a halved 3 over a halved 5); the audit drops those.
"""

from __future__ import annotations

import cv2
import numpy as np

from reject_gen.base import GreyImage, Material, family
from reject_gen.ink import PAGE, Pen, cropped, framed, hand, ink_box, line, pick_digit, smooth, stroke, warped

GROUP = "fragments"
SIDE = 28
Span = tuple[int, int]
NOT_ONE = (0, 2, 3, 4, 5, 6, 7, 8, 9)  # most pieces of a 1 are still a 1


def _enlarged(image: GreyImage, side: int = PAGE) -> GreyImage:
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def _different_digits(rng: np.random.Generator, material: Material, count: int) -> list[GreyImage]:
    """``count`` digits, no two neighbours with one label: equal ones could join to a whole again."""
    chosen: list[GreyImage] = []
    last = -1
    while len(chosen) < count:
        digit, label = pick_digit(rng, material, tuple(d for d in range(10) if d != last))
        chosen.append(digit)
        last = label
    return chosen


def _row(rng: np.random.Generator, digits: list[GreyImage], gap: int) -> tuple[GreyImage, list[Span]]:
    """Digits side by side, ``gap`` empty columns apart, and the columns (left, right) that each one fills."""
    parts: list[GreyImage] = []
    spans: list[Span] = []
    x = 0
    for digit in digits:
        left, _, right, _ = ink_box(digit)
        piece = np.roll(digit[:, left:right], int(rng.integers(-2, 3)), axis=0)
        spans.append((x, x + right - left))
        parts += [piece, np.zeros((SIDE, gap), np.uint8)]
        x += right - left + gap
    return np.hstack(parts[:-1]), spans


def _ink_column(row: GreyImage, span: Span, share: float) -> int:
    """The column of ``span`` where that share of its ink is passed: a slanted digit has little at an edge."""
    ink = np.cumsum(row[:, span[0] : span[1]].sum(axis=0, dtype=np.int64))
    return span[0] + int(np.searchsorted(ink, share * ink[-1]))


@family(GROUP)
def joined_halves(rng: np.random.Generator, material: Material) -> GreyImage:
    """The left half of one digit and the right half of another, or upper and lower."""
    first, second = _different_digits(rng, material, 2)
    seam, slip = int(rng.integers(11, 18)), int(rng.integers(-4, 5))
    if rng.random() < 0.5:
        return np.vstack([first[:seam], np.roll(second, slip, axis=1)[seam:]])
    return np.hstack([first[:, :seam], np.roll(second, slip, axis=0)[:, seam:]])


@family(GROUP)
def joined_quarters(rng: np.random.Generator, material: Material) -> GreyImage:
    """Quarters of four digits, each from a place of its own or from any."""
    quarters = []
    for place, digit in enumerate(_different_digits(rng, material, 4)):
        row, column = divmod(place if rng.random() < 0.5 else int(rng.integers(4)), 2)
        quarters.append(digit[row * 14 : row * 14 + 14, column * 14 : column * 14 + 14])
    return np.block([quarters[:2], quarters[2:]])


@family(GROUP)
def overlaid_digits(rng: np.random.Generator, material: Material) -> GreyImage:
    """Two digits written over each other, as in a correction; a 1 hides in other digits, so is not here."""
    first, label = pick_digit(rng, material, NOT_ONE)
    second, _ = pick_digit(rng, material, tuple(d for d in NOT_ONE if d != label))
    dy, dx = rng.integers(-4, 5, 2)
    return framed(np.maximum(first, np.roll(second, (dy, dx), (0, 1))))


@family(GROUP)
def crossed_out(rng: np.random.Generator, material: Material) -> GreyImage:
    """A digit under two or more strokes, a cross, or a zigzag: one bar alone makes a 7 or a slashed 0."""
    digit, _ = pick_digit(rng, material)
    page = _enlarged(digit)
    pen = Pen.pick(rng, 3.5, 10)
    kind = rng.integers(3)
    if kind == 0:
        tilt = rng.uniform(-0.15, 0.15)
        for y in np.linspace(0.3, 0.7, int(rng.integers(2, 5))) + rng.uniform(-0.05, 0.05):
            stroke(page, line((0.05, y + tilt), (0.95, y - tilt), rng), pen, rng)
    elif kind == 1:
        low, high = rng.uniform(0.03, 0.22), rng.uniform(0.78, 0.97)
        stroke(page, line((low, low), (high, high), rng), pen, rng)
        stroke(page, line((high, low), (low, high), rng), pen, rng)
    else:
        count = int(rng.integers(5, 11))
        across = np.linspace(0.1, 0.9, count)
        updown = np.where(np.arange(count) % 2, rng.uniform(0.05, 0.3), rng.uniform(0.7, 0.95))
        zigzag = np.column_stack([across, updown] if rng.random() < 0.5 else [updown, across])
        stroke(page, smooth(hand(zigzag, rng, 0.03), 5), pen, rng)
    return page


@family(GROUP)
def cut_off(rng: np.random.Generator, material: Material) -> GreyImage:
    """A digit with 40–65 % of it missing on one side, at a slant."""
    digit, _ = pick_digit(rng, material, NOT_ONE)
    left, top, right, bottom = ink_box(digit)
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[:SIDE, :SIDE]
    depth = np.cos(angle) * (x - (left + right) / 2) + np.sin(angle) * (y - (top + bottom) / 2)
    inked = depth[digit > 40]
    edge = float(np.quantile(inked, rng.uniform(0.35, 0.6))) if len(inked) else 0.0
    return np.where(depth < edge, digit, 0).astype(np.uint8)


@family(GROUP)
def touching_pair(rng: np.random.Generator, material: Material) -> GreyImage:
    """Two digits in one crop whose ink touches or interlocks by a few columns."""
    first, second = (cropped(digit) for digit in _different_digits(rng, material, 2))
    overlap = int(rng.integers(0, 1 + min(4, first.shape[1] // 3, second.shape[1] // 3)))
    page = np.zeros((40, first.shape[1] + second.shape[1] - overlap), np.uint8)
    for digit, x in ((first, 0), (second, first.shape[1] - overlap)):
        y = (40 - digit.shape[0]) // 2 + int(rng.integers(-2, 3))
        place = page[y : y + digit.shape[0], x : x + digit.shape[1]]
        np.maximum(place, digit, out=place)
    return framed(page)


@family(GROUP)
def spaced_pair(rng: np.random.Generator, material: Material) -> GreyImage:
    """Two whole digits in one crop with a gap."""
    digits = [pick_digit(rng, material)[0] for _ in range(2)]
    return framed(_row(rng, digits, int(rng.integers(1, 12)))[0])


@family(GROUP)
def triple(rng: np.random.Generator, material: Material) -> GreyImage:
    """Three digits in one crop, from touching to well apart."""
    digits = [pick_digit(rng, material)[0] for _ in range(3)]
    return framed(_row(rng, digits, int(rng.integers(0, 8)))[0])


@family(GROUP)
def stacked_pair(rng: np.random.Generator, material: Material) -> GreyImage:
    """A digit under another, as when a crop takes in two rows of a form."""
    upper, lower = (cropped(pick_digit(rng, material, NOT_ONE)[0]) for _ in range(2))
    width, gap = max(upper.shape[1], lower.shape[1]) + 4, np.zeros(int(rng.integers(0, 8)), np.uint8)
    rows = []
    for digit in (upper, lower):
        before = int(rng.integers(0, width - digit.shape[1] + 1))
        rows.append(np.pad(digit, ((0, 0), (before, width - digit.shape[1] - before))))
    return framed(np.vstack([rows[0], np.tile(gap[:, None], width), rows[1]]))


@family(GROUP)
def wrong_cut_halves(rng: np.random.Generator, material: Material) -> GreyImage:
    """Two part digits around a gap: what a cut through both neighbours gives instead of between them."""
    digits = [pick_digit(rng, material, NOT_ONE)[0] for _ in range(2)]
    row, spans = _row(rng, digits, int(rng.integers(1, 9)))
    start = _ink_column(row, spans[0], rng.uniform(0.3, 0.65))
    end = _ink_column(row, spans[1], rng.uniform(0.35, 0.7))
    return framed(row[:, start : end + 1], int(rng.choice([0, 4])))


@family(GROUP)
def wrong_cut_neighbour(rng: np.random.Generator, material: Material) -> GreyImage:
    """A whole digit with 40–80 % of the ink of one neighbour, or with a part of both neighbours."""
    before, after = [(True, False), (False, True), (True, True)][rng.integers(3)]
    digits = [pick_digit(rng, material)[0]]
    if before:
        digits.insert(0, pick_digit(rng, material, NOT_ONE)[0])
    if after:
        digits.append(pick_digit(rng, material, NOT_ONE)[0])
    row, spans = _row(rng, digits, int(rng.integers(0, 7)))
    start, end = 0, row.shape[1]
    least, most = (0.3, 0.6) if before and after else (0.4, 0.8)
    if before:
        start = _ink_column(row, spans[0], 1 - rng.uniform(least, most))
    if after:
        end = _ink_column(row, spans[-1], rng.uniform(least, most)) + 1
    return framed(row[:, start:end], int(rng.choice([0, 4])))


@family(GROUP)
def lying_digit(rng: np.random.Generator, material: Material) -> GreyImage:
    """A digit on its side, 78–102° either way; a 0 stays a 0 and an 8 stays an 8, so neither is here."""
    digit, _ = pick_digit(rng, material, (1, 2, 3, 4, 5, 6, 7, 9))
    return warped(framed(digit, 6), float(rng.choice([-1, 1]) * rng.uniform(78, 102)))


@family(GROUP)
def overturned_digit(rng: np.random.Generator, material: Material) -> GreyImage:
    """A 3, 4 or 7 upside down; the other digits are digits again."""
    digit, _ = pick_digit(rng, material, (3, 4, 7))
    return warped(framed(digit, 6), float(rng.uniform(165, 195)))


@family(GROUP)
def mirrored_digit(rng: np.random.Generator, material: Material) -> GreyImage:
    """A digit in a mirror: no 2 or 5, for each looks like the other, and no 9, which may lean that way."""
    if rng.random() < 0.7:
        return pick_digit(rng, material, (3, 4, 6, 7))[0][:, ::-1].copy()
    return pick_digit(rng, material, (4, 7, 9))[0][::-1].copy()


@family(GROUP)
def doubled_digit(rng: np.random.Generator, material: Material) -> GreyImage:
    """A digit and its mirror image grown together at one side: letters and ornaments look so."""
    digit = cropped(pick_digit(rng, material, (2, 4, 5, 6, 7, 9))[0])
    twin = digit[:, ::-1]
    return framed(np.hstack([digit, twin] if rng.random() < 0.5 else [twin, digit]), 6)


@family(GROUP)
def filled_in(rng: np.random.Generator, material: Material) -> GreyImage:
    """A digit run to a blot, with nothing of its shape left; not 4, 6, 7 or 9, which keep a stem."""
    digit, _ = pick_digit(rng, material, (0, 2, 3, 5, 8))
    page = framed(digit, 10)
    reach = int(rng.integers(15, 22))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    blot = cv2.morphologyEx(page, cv2.MORPH_CLOSE, kernel)
    grown = cv2.dilate(blot, np.ones((int(rng.integers(2, 6)),) * 2, np.uint8))
    return np.asarray(cv2.GaussianBlur(grown, (0, 0), float(rng.uniform(0.5, 1.3))), np.uint8)


@family(GROUP)
def broken_to_pieces(rng: np.random.Generator, material: Material) -> GreyImage:
    """Islands of a digit: 20–38 % of its ink is left, in patches."""
    digit, _ = pick_digit(rng, material, NOT_ONE)
    noise = rng.standard_normal((SIDE, SIDE), np.float32)
    cloud = np.asarray(cv2.GaussianBlur(noise, (0, 0), float(rng.uniform(1.0, 2.2))), np.float32)
    inked = cloud[digit > 40]
    level = float(np.quantile(inked, 1 - rng.uniform(0.2, 0.38))) if len(inked) else 0.0
    keep = np.clip((cloud - level) / max(float(cloud.std()), 1e-6) * 6 + 0.5, 0, 1)
    return np.asarray(digit * keep, np.uint8)


@family(GROUP)
def shuffled_patches(rng: np.random.Generator, material: Material) -> GreyImage:
    """A digit cut into 4, 16 or 49 squares, and these in another order."""
    digit, _ = pick_digit(rng, material, NOT_ONE)
    count = int(rng.choice([2, 4, 7]))
    side = SIDE // count
    patches = digit.reshape(count, side, count, side).swapaxes(1, 2).reshape(-1, side, side)
    moved = np.roll(patches, 1, axis=0) if count == 2 else patches[rng.permutation(len(patches))]
    return moved.reshape(count, count, side, side).swapaxes(1, 2).reshape(SIDE, SIDE)


@family(GROUP)
def scattered_phases(rng: np.random.Generator, material: Material) -> GreyImage:
    """A texture with exactly the spatial frequencies of a digit, but none of its edges in place."""
    digit, _ = pick_digit(rng, material)
    spectrum = np.abs(np.fft.rfft2(digit))
    phases = np.angle(np.fft.rfft2(rng.standard_normal(digit.shape)))
    field = np.fft.irfft2(spectrum * np.exp(1j * phases), digit.shape)
    return np.clip(field * (255 / max(float(field.max()), 1e-6)), 0, 255).astype(np.uint8)
