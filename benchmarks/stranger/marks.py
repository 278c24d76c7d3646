"""Strangers: marks and shapes that a hand draws: arrows, stars, open and closed outlines, scribbles, dots."""

from __future__ import annotations

import numpy as np

from stranger.drawing import Dice, Ink, Points, arc, curve, dot, draw, points, spoke, star, zigzag
from stranger.family import family
from stranger.shapes import CLOSED

SOLID_ARROWS = (
    points(0, 0.3, 0.6, 0.3, 0.6, 0, 1.1, 0.5, 0.6, 1, 0.6, 0.7, 0, 0.7),
    points(1.1, 0.3, 0.5, 0.3, 0.5, 0, 0, 0.5, 0.5, 1, 0.5, 0.7, 1.1, 0.7),
)
DOUBLE_ARROW = [points(0, 0.35, 1, 0.35), points(0, 0.65, 1, 0.65), points(0.85, 0.05, 1.3, 0.5, 0.85, 0.95)]
FEATHERS = [points(-0.1, 0.3, 0, 0.5, -0.1, 0.7), points(0.08, 0.3, 0.18, 0.5, 0.08, 0.7)]


@family()
def arrows_drawn(dice: Dice) -> Ink:
    """Arrows by hand."""
    kind, head = dice.whole(0, 5), dice.between(0.2, 0.34)
    if kind == 5:
        return draw(dice, [], fills=[SOLID_ARROWS[0] if dice.happens(0.5) else SOLID_ARROWS[1]])
    if kind == 2:
        bent = [curve(0, 1, 0.3, 0.3, 1.2, 0.2), points(0.9, -0.12, 1.2, 0.2, 0.9, 0.55)]
        return draw(dice, bent)
    strokes = [points(0, 0.5, 1.2, 0.5), points(1.2 - head, 0.5 - head, 1.2, 0.5, 1.2 - head, 0.5 + head)]
    if kind == 1:
        strokes.append(points(head, 0.5 - head, 0, 0.5, head, 0.5 + head))
    if kind == 3:
        strokes = DOUBLE_ARROW
    if kind == 4:
        strokes += FEATHERS
    if dice.happens(0.5):
        strokes = [np.column_stack([-each[:, 0], each[:, 1]]) for each in strokes]
    if kind != 3 and dice.happens(0.35):
        angle = np.radians(dice.pick([30, 40, -30, -40]))
        turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        strokes = [each @ turned.T for each in strokes]
    return draw(dice, strokes)


@family()
def stars_bursts(dice: Dice) -> Ink:
    """Stars and rays by hand."""
    kind = dice.whole(0, 5)
    if kind == 0:
        return draw(dice, [star(5, dice.between(0.35, 0.5))], pen=dice.between(4, 8))
    if kind == 1:
        return draw(dice, [], fills=[star(dice.whole(4, 8), dice.between(0.3, 0.5))])
    if kind == 2:
        return draw(dice, [_ring(144, 6)], pen=dice.between(4, 8))
    if kind == 3:
        triangle = _ring(120, 4)
        return draw(dice, [triangle, -triangle], pen=dice.between(4, 8))
    count = dice.whole(3, 6)
    start, gap = dice.between(0, 40), 0 if kind == 4 else 0.3
    rays = []
    for angle in np.radians(np.arange(count) * 180 / count + start):
        rays += [spoke(angle, -1, -gap), spoke(angle, gap, 1)]
    return draw(dice, rays, pen=dice.between(4, 8))


def _ring(step: float, count: int) -> Points:
    """Points on a circle, from its top, ``step`` degrees apart."""
    angles = np.radians(-90 + np.arange(count) * step)
    return np.column_stack([np.cos(angles), np.sin(angles)])


@family()
def shapes_open(dice: Dice) -> Ink:
    """Zigzags, waves, meanders, spirals and other open lines."""
    kind = dice.whole(0, 6)
    if kind == 5:
        t = np.linspace(0, 6.28 * dice.between(3.2, 4.2), 160)
        spiral = np.column_stack([t * np.cos(t), t * np.sin(t)]) / 20
        return draw(dice, [spiral], pen=dice.between(3, 5))
    if kind == 0:
        teeth = [(k * 0.4, (k % 2) * dice.between(0.5, 0.9)) for k in range(2 * dice.whole(3, 5))]
        strokes = [np.array(teeth)]
    elif kind == 1:
        x = np.linspace(0, 1, 60)
        strokes = [np.column_stack([x * 2, np.sin(x * 6.28 * dice.between(2, 3.5)) * 0.3])]
    elif kind == 2:
        strokes = [arc(0, 0, size, size * 0.9, (215, 325)) for size in (0.35, 0.7, 1.05)] + [dot(0, -0.05)]
    elif kind == 3:
        strokes = [points(k * 0.4, 0, k * 0.4 + 0.4, 0.5, k * 0.4, 1) for k in range(dice.whole(2, 4))]
    elif kind == 4:
        step = ((0, 0), (0, 0.6), (0.175, 0.6), (0.175, 0))
        strokes = [np.array([(k * 0.35 + x, y) for k in range(4) for x, y in step])]
    else:
        strokes = [points(0, 0, 0, 0.9, 1.9, 0.9, 1.9, 0), points(0.4, 0.35, 1.5, 0.35)]
    return draw(dice, strokes)


@family()
def shapes_closed(dice: Dice) -> Ink:
    """Triangles, boxes, hearts and other closed outlines, some solid or double."""
    (outline,) = dice.pick(list(CLOSED.values()))
    if dice.happens(0.35):
        return draw(dice, [], fills=[outline])
    if dice.happens(0.3):
        inner = outline * 0.5 + outline.mean(0) * 0.5
        return draw(dice, [outline, inner], pen=dice.between(4, 7))
    return draw(dice, [outline])


@family()
def round_marked(dice: Dice) -> Ink:
    """Round things that are no zero: flat ovals, crossed ones, double rings, targets, chains."""
    kind = dice.whole(0, 7)
    if kind == 0:
        return draw(dice, [arc(0, 0, 1, dice.between(0.16, 0.27))], pen=dice.between(4, 7), turn=12)
    if kind == 3:
        return draw(dice, [arc(0, 0, 1), arc(0, 0, dice.between(0.45, 0.55))], pen=dice.between(4, 7))
    if kind == 5:
        return draw(dice, [arc(0, 0, 1)], fills=[arc(0, 0, 0.5)], pen=dice.between(4, 6))
    if kind == 6:
        start = dice.between(0, 90)
        lines = [spoke(np.radians(start + each), -0.85, 0.85) for each in (0, 60, 120)]
        return draw(dice, [arc(0, 0, 0.85), *lines], pen=dice.between(4, 6))
    if kind == 7:
        count = dice.whole(4, 5)
        return draw(dice, [arc(k * 0.66, 0.3 * (k % 2), 0.45) for k in range(count)], pen=dice.between(4, 6))
    strokes, thick = {
        1: ([arc(0, 0, 0.75), points(-1.1, 0, 1.1, 0), points(0, -1.1, 0, 1.1)], 7),
        2: ([arc(0, 0, 0.6), points(-1.3, 0, -0.6, 0), points(0.6, 0, 1.3, 0)], 8),
        4: ([arc(0, 0, 1, 0.95), points(-0.62, -0.7, 0.62, 0.7), points(0.62, -0.7, -0.62, 0.7)], 6),
    }[kind]
    return draw(dice, strokes, pen=dice.between(4, thick))


@family()
def scribbles(dice: Dice) -> Ink:
    """Scribbles and hatching."""
    kind = dice.whole(0, 4)
    if kind == 0:
        right, bottom = dice.between(0.8, 1.6), dice.between(0.6, 1)
        strokes = [zigzag(dice, (0, right), (0, bottom), dice.whole(9, 16))]
    elif kind == 1:
        first = zigzag(dice, (0, 1), (0, 0.9), dice.whole(8, 12))
        strokes = [first, zigzag(dice, (0, 1), (0.9, 0.1), dice.whole(8, 12))[:, ::-1]]
    elif kind == 2:
        count = dice.whole(5, 9)
        t = np.linspace(0, 6.28 * count, 30 * count)
        x = t / t.max() * dice.between(0.9, 1.6) + 0.35 * np.cos(t)
        strokes = [np.column_stack([x, 0.4 * np.sin(t) * (1 + 0.15 * np.sin(t * 0.37))])]
    elif kind == 3:
        strokes = [curve(*dice.rng.uniform(0, 1, (dice.whole(15, 20), 2)).ravel(), steps=8)]
    else:
        strokes = [
            points(0, y, 1.4 + dice.around(0.1), y + dice.around(0.05))
            for y in np.linspace(0, 0.7, dice.whole(4, 6))
        ]
        strokes.append(points(dice.between(-0.1, 0.3), -0.15, dice.between(1, 1.4), 0.9))
    return draw(dice, strokes, pen=dice.between(4, 8))


@family()
def cursive_words(dice: Dice) -> Ink:
    """Loops and joined strokes as of a word or a signature."""
    letters, x = [], 0.0
    t = np.linspace(0, 6.28, 18, endpoint=False)
    for _ in range(dice.whole(4, 7)):
        kind = dice.whole(0, 4)
        along = t / 6.28
        right, down = (
            (0.25 * along + 0.14 * np.sin(t), -0.2 + 0.2 * np.cos(t)),
            (0.25 * along + 0.13 * np.sin(t), -0.45 + 0.45 * np.cos(t)),
            (0.3 * along, -0.18 + 0.18 * np.cos(t)),
            (0.5 * along, -0.2 + 0.2 * np.cos(2 * t)),
            (0.25 * along - 0.12 * np.sin(t), 0.3 - 0.3 * np.cos(t)),
        )[kind]
        letters.append(np.column_stack([x + right, down]))
        x += (0.5 if kind == 3 else 0.3) * dice.between(0.85, 1.15)
    strokes = [np.vstack(letters)]
    if dice.happens(0.3):
        strokes.append(curve(0, 0.3, x * 0.5, 0.25 + dice.around(0.05), x * 1.05, 0.3))
    return draw(dice, strokes, pen=dice.between(2.5, 5))


@family()
def dots_dashes(dice: Dice) -> Ink:
    """Rows of dots and dashes."""
    kind = dice.whole(0, 5)
    if kind == 0:
        strokes = [dot(k * 0.4, dice.around(0.03)) for k in range(dice.whole(3, 5))]
    elif kind == 1:
        strokes = [points(0, 0, 1.2, dice.around(0.04))]
    elif kind == 2:
        strokes = [points(k * 0.5, 0, k * 0.5 + 0.3, dice.around(0.02)) for k in range(dice.whole(3, 4))]
    elif kind == 3:
        strokes = [dot(0, 0), dot(0.5, 0), points(0.85, 0, 1.3, 0), dot(1.65, 0)]
    elif kind == 4:
        strokes = [dot(x, y) for x, y in dice.rng.uniform(0, 1, (dice.whole(6, 14), 2))]
    elif dice.happens(0.4):
        strokes = [dot(0, 0), dot(0, 0.6)]
    else:
        strokes = [points(0, 0, 1.1, 0), points(0, 0.3, 1.1, 0.3)]
    thin, thick = ((10, 16), (7, 14), (6, 10), (8, 12), (6, 12), (9, 15))[kind]
    return draw(dice, strokes, pen=dice.between(thin, thick))
