"""Strangers: what people sketch: faces, small drawings, formulas of chemistry, circuits, charts, tallies."""

from __future__ import annotations

from functools import partial

import numpy as np

from stranger.drawing import Dice, Ink, Points, arc, draw, points, spoke
from stranger.family import Drawing, family, register
from stranger.shapes import DOODLES, ELECTRICAL, Signs

HEXAGON = 0.5 * np.column_stack([f(np.radians(np.arange(7) * 60 + 30)) for f in (np.cos, np.sin)])
INNER = [HEXAGON[[k, k + 1]] * 0.72 for k in (0, 2, 4)]
SQUARE = points(0, 0, 1, 0, 1, 1, 0, 1, 0, 0)
PIPS: dict[int, list[tuple[float, float]]] = {
    3: [(0, 0), (1, 1), (0.5, 0.5)],
    4: [(0, 0), (1, 1), (0, 1), (1, 0)],
    5: [(0, 0), (1, 1), (0, 1), (1, 0), (0.5, 0.5)],
    6: [(0, 0), (0, 0.5), (0, 1), (1, 0), (1, 0.5), (1, 1)],
}


def _sketched(dice: Dice, signs: Signs, thin: float, thick: float, turn: float) -> Ink:
    strokes = dice.pick(list(signs.values()))
    return draw(dice, strokes, pen=dice.between(thin, thick), turn=turn)


register(
    "electrical", "Symbols of circuits", partial(_sketched, signs=ELECTRICAL, thin=3.5, thick=6.5, turn=5)
)
register(
    "doodles",
    "Small drawings: house, fish, boat",
    partial(_sketched, signs=DOODLES, thin=3.5, thick=6.5, turn=7),
)


@family()
def faces(dice: Dice) -> Ink:
    """Faces."""
    apart, height, wide = dice.between(0.3, 0.42), dice.between(-0.4, -0.2), dice.between(0.35, 0.55)
    strokes, fills = [arc(0, 0, 1, dice.between(0.9, 1.05))], []
    mouth = dice.between(0.3, 0.45)
    smile, eyes = dice.whole(0, 3), dice.whole(0, 2)
    for x in (-apart, apart):
        if eyes == 0:
            fills.append(arc(x, height, 0.13, 0.15))
        elif eyes == 1:
            strokes.append(points(x - 0.12, height - 0.12, x + 0.12, height + 0.12))
            strokes.append(points(x + 0.12, height - 0.12, x - 0.12, height + 0.12))
        else:
            strokes.append(arc(x, height + 0.1, 0.17, 0.2, (200, 340)))
    if smile == 3:
        fills.append(arc(0, mouth - 0.15, wide, 0.5, (0, 180)))
    else:
        strokes.append((
            arc(0, mouth - 0.3, wide, 0.5, (20, 160)),
            arc(0, mouth + 0.35, wide, 0.45, (200, 340)),
            points(-wide, mouth, wide, mouth),
        )[smile])  # fmt: skip
    strokes += _hair(dice.whole(0, 4))
    return draw(dice, strokes, fills, pen=dice.between(4, 6))


def _hair(kind: int) -> list[Points]:
    """A cat's ears and whiskers, hair, ears, or nothing."""
    if kind == 0:
        left = [
            points(-0.9, -0.5, -0.85, -1.25, -0.3, -0.95),
            points(-0.5, 0.2, -1.3, 0.1),
        ]
        right = [each * [-1, 1] for each in left]
        return [left[0], right[0], left[1], right[1]]
    if kind == 1:
        return [points(x, -0.95, x * 1.3, -1.35) for x in (-0.4, -0.15, 0.1, 0.35)]
    return [arc(-1.05, 0, 0.2, 0.3), arc(1.05, 0, 0.2, 0.3)] if kind == 2 else []


@family()
def chemistry(dice: Dice) -> Ink:
    """Formulas of molecules."""
    kind = dice.whole(0, 4)
    if kind == 0:
        strokes = [HEXAGON, *INNER, *(np.array([HEXAGON[k], HEXAGON[k] * 2]) for k in (0, 3))]
    elif kind == 1:
        strokes = [HEXAGON, HEXAGON + np.array([np.sqrt(3) / 2, 0]), *INNER]
    elif kind == 2:
        chain = np.array([(k * 0.35, (k % 2) * 0.22) for k in range(dice.whole(5, 7))])
        strokes = [chain, points(0.35, 0.22, 0.35, 0.6), points(1.05, 0.3, 1.35, 0.12)]
    elif kind == 3:
        strokes = [
            points(0, 0, 0.6, 0),
            points(0, 0.14, 0.6, 0.14),
            points(0.6, 0.07, 0.95, 0.5),
            points(0.6, 0.07, 0.95, -0.36),
            points(0, 0.07, -0.35, 0.5),
            points(0, 0.07, -0.35, -0.36),
        ]
    else:
        arms = [np.array([HEXAGON[k], HEXAGON[k] * far]) for k, far in ((5, 1.9), (2, 1.9), (1, 1.8))]
        strokes = [HEXAGON, arc(0, 0, 0.26), *arms]
    return draw(dice, strokes, pen=dice.between(3, 6), turn=25)


@family()
def charts_dice_tally(dice: Dice) -> Ink:
    """Charts, dice, tallies and grids."""
    kinds: tuple[Drawing, ...] = (_bars, _line_chart, _pie, _die, _tally, _grid)
    return dice.pick(kinds)(dice)


def _bars(dice: Dice) -> Ink:
    heights = dice.rng.uniform(0.1, 0.8, dice.whole(3, 5))
    bars = [
        points(0.12 + k * 0.24, 1, 0.12 + k * 0.24, y, 0.28 + k * 0.24, y, 0.28 + k * 0.24, 1)
        for k, y in enumerate(heights)
    ]
    return draw(dice, [points(0, -0.1, 0, 1, 1.3, 1)], bars, pen=4)


def _line_chart(dice: Dice) -> Ink:
    line = np.column_stack([np.linspace(0.1, 1.2, 6), dice.rng.uniform(0.1, 0.8, 6)])
    heads = [points(-0.08, 0.08, 0, -0.1, 0.08, 0.08), points(1.15, 0.92, 1.3, 1, 1.15, 1.08)]
    return draw(dice, [points(0, -0.1, 0, 1, 1.3, 1), line, *heads], pen=dice.between(4, 6))


def _pie(dice: Dice) -> Ink:
    first = dice.between(0, 360)
    cuts = (first, first + dice.between(60, 110), first + dice.between(150, 250))
    slice_ = np.vstack([arc(0, 0, 1, 1, (first, first + 50)), points(0, 0)])
    return draw(dice, [arc(0, 0, 1), *(spoke(np.radians(cut), 0, 1) for cut in cuts)], [slice_], pen=5)


def _die(dice: Dice) -> Ink:
    pips = [arc(0.25 + 0.5 * x, 0.25 + 0.5 * y, 0.09) for x, y in PIPS[dice.whole(3, 6)]]
    return draw(dice, [SQUARE], pips, pen=5)


def _tally(dice: Dice) -> Ink:
    count = dice.whole(3, 4)
    strokes = [
        points(k * 0.3, dice.around(0.05), k * 0.3 + dice.around(0.03), 1 + dice.around(0.05))
        for k in range(count + 1)
    ]
    return draw(dice, [*strokes, points(-0.2, 0.8 + dice.around(0.05), count * 0.3 + 0.2, 0.2)])


def _grid(dice: Dice) -> Ink:
    columns, rows = dice.whole(3, 4), dice.whole(3, 4)
    lines = [points(k / columns * 1.2, 0, k / columns * 1.2, 1) for k in range(columns + 1)]
    lines += [points(0, k / rows, 1.2, k / rows) for k in range(rows + 1)]
    return draw(dice, lines, pen=dice.between(3, 5))
