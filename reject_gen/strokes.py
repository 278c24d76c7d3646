"""Non-digits as a pen draws them on purpose: ticks, crosses, arrows, underlines, tallies, simple figures.

What a pen draws and a digit is has no place here: an upright bar is a 1, a plain ring is a 0.
"""

from __future__ import annotations

import numpy as np

from reject_gen.base import GreyImage, Material, family
from reject_gen.ink import MARGIN, Path, Pen, arc, drawn, hand, line, smooth, turned

GROUP = "strokes"
FAR = 1 - MARGIN


def _turned_all(paths: list[Path], angle: float) -> list[Path]:
    return [turned(path, angle) for path in paths]


@family(GROUP)
def tick(rng: np.random.Generator, material: Material) -> GreyImage:
    """A check mark: a short stroke down, a long one up."""
    low = (rng.uniform(0.3, 0.45), rng.uniform(0.75, 0.88))
    start = (low[0] - rng.uniform(0.12, 0.25), low[1] - rng.uniform(0.15, 0.35))
    end = (low[0] + rng.uniform(0.3, 0.48), rng.uniform(0.12, 0.4))
    down, up = line(start, low, rng), line(low, end, rng)
    return drawn(rng, [np.vstack([down, up])])


@family(GROUP)
def cross(rng: np.random.Generator, material: Material) -> GreyImage:
    """Two strokes that cross, as an x or as a plus, at any angle and of unequal length."""
    paths = [line((0.5 - half, 0.5), (0.5 + half, 0.5), rng) for half in rng.uniform(0.22, 0.38, 2)]
    paths[1] = turned(paths[1], rng.uniform(0.4, 0.6) * np.pi) + rng.uniform(-0.06, 0.06, 2)
    return drawn(rng, _turned_all(paths, rng.uniform(0, np.pi)))


@family(GROUP)
def star(rng: np.random.Generator, material: Material) -> GreyImage:
    """Three to five strokes through one point, or a star drawn in one go."""
    count = int(rng.integers(3, 6))
    if rng.random() < 0.4:
        angles = np.arange(6) * 4 * np.pi / 5 + rng.uniform(-0.3, 0.3) - np.pi / 2
        points = 0.5 + 0.36 * np.column_stack([np.cos(angles), np.sin(angles)])
        return drawn(rng, [hand(points, rng, 0.025)], Pen.pick(rng, 2.5, 8))
    ends = 0.5 + rng.uniform(0.2, 0.38, (count, 2)) * (-1, 1)
    angles = rng.uniform(0, np.pi) + np.arange(count) * np.pi / count
    spokes = zip(ends, angles, strict=True)
    return drawn(rng, [turned(line((a, 0.5), (b, 0.5), rng), angle) for (a, b), angle in spokes])


@family(GROUP)
def ring_with_inside(rng: np.random.Generator, material: Material) -> GreyImage:
    """A ring around dots, a cross, bars or a face; empty, or with one dot or bar, it would be a 0."""
    radii = (rng.uniform(0.3, 0.38), rng.uniform(0.3, 0.38))
    paths = [hand(arc((0.5, 0.5), radii, rng.uniform(0, 6), rng.uniform(6.0, 6.6)), rng, 0.008)]
    kind = rng.integers(4)
    if kind == 0:
        dots = [
            arc((x, 0.5), (0.02, 0.02), 0, 6.3, 6) for x in ((0.36, 0.64), (0.32, 0.5, 0.68))[rng.integers(2)]
        ]
        paths += _turned_all(dots, rng.uniform(0, np.pi))
    elif kind == 1:
        reach, turn = rng.uniform(0.18, 0.36), rng.uniform(0, np.pi)
        paths += [turned(line((0.5 - reach, 0.5), (0.5 + reach, 0.5), rng), turn + a) for a in (0, np.pi / 2)]
    elif kind == 2:
        rows = np.linspace(0.34, 0.66, int(rng.integers(2, 4)))
        paths += _turned_all([line((0.28, y), (0.72, y), rng) for y in rows], rng.uniform(0, np.pi))
    else:
        paths += [arc((x, 0.42), (0.015, 0.02), 0, 6.3, 6) for x in (0.39, 0.61)]
        paths.append(arc((0.5, 0.52), (0.16, 0.14), 0.3, 2.5, 10))
    return drawn(rng, paths, Pen.pick(rng, 2.5, 6))


@family(GROUP)
def zigzag(rng: np.random.Generator, material: Material) -> GreyImage:
    """Four to eight straight pieces to and fro; fewer could be a Z-shaped 2."""
    count = int(rng.integers(5, 10))
    along = np.linspace(MARGIN, FAR, count)
    half = rng.uniform(0.08, 0.3)
    across = 0.5 + np.where(np.arange(count) % 2, half, -half)
    path = hand(np.column_stack([along, across]), rng, 0.025)
    return drawn(rng, [turned(path, rng.choice([0, np.pi / 2]) + rng.normal(0, 0.2))], Pen.pick(rng, 2.5, 9))


@family(GROUP)
def wave(rng: np.random.Generator, material: Material) -> GreyImage:
    """A tilde or a longer wave along the line."""
    x = np.linspace(MARGIN, FAR, 28)
    height = rng.uniform(0.05, 0.16) * np.linspace(1, rng.uniform(0.3, 1.2), 28)
    path = np.column_stack([x, 0.5 + height * np.sin((x - MARGIN) * 2 * np.pi * rng.uniform(1.2, 5))])
    return drawn(rng, [turned(path, rng.normal(0, 0.15))])


@family(GROUP)
def dots(rng: np.random.Generator, material: Material) -> GreyImage:
    """One full stop to seven dots, round or slightly dragged."""
    pen = Pen(float(rng.uniform(4, 16)), 0)
    paths = []
    for _ in range(rng.integers(1, 8)):
        x, y = rng.uniform(0.15, 0.85, 2)
        paths.append(np.array([[x, y], [x + rng.uniform(-0.03, 0.03), y + rng.uniform(-0.02, 0.02)]]))
    return drawn(rng, paths, pen)


@family(GROUP)
def dashes(rng: np.random.Generator, material: Material) -> GreyImage:
    """A hyphen, an underline, an equals sign, a row of dashes: always lying, since upright is a 1."""
    slope = rng.normal(0, 0.04)
    paths = []
    if rng.random() < 0.5:
        left, right = rng.uniform(MARGIN, 0.35), rng.uniform(0.65, FAR)
        middle, spacing, count = rng.uniform(0.35, 0.65), rng.uniform(0.12, 0.22), int(rng.integers(1, 4))
        for y in middle + spacing * (np.arange(count) - (count - 1) / 2):
            paths.append(line((left, y + slope), (right, y - slope), rng))
    else:
        count, y = int(rng.integers(2, 5)), rng.uniform(0.3, 0.8)
        step = 0.76 / count
        for x in MARGIN + step * np.arange(count):
            paths.append(line((x, y + slope), (x + step * rng.uniform(0.5, 0.75), y - slope), rng))
    return drawn(rng, paths)


@family(GROUP)
def arrow(rng: np.random.Generator, material: Material) -> GreyImage:
    """A shaft with a head at one or both ends; never upwards, where a short head makes it a 1."""
    tip, head, spread = (FAR, 0.5), rng.uniform(0.16, 0.3), rng.uniform(0.4, 0.9)
    sides = [(tip[0] - head * np.cos(s), 0.5 + head * np.sin(s)) for s in (-spread, spread)]
    paths = [line((MARGIN, 0.5), tip, rng), *(line(side, tip, rng) for side in sides)]
    if rng.random() < 0.25:
        paths += [line((1 - x, y), (MARGIN, 0.5), rng) for x, y in sides]
    angle = rng.uniform(-0.6, 0.6) + rng.choice([0, np.pi])
    if rng.random() < 0.2:
        angle = np.pi / 2 + rng.normal(0, 0.15)
    return drawn(rng, _turned_all(paths, angle), Pen.pick(rng, 2.5, 9))


@family(GROUP)
def staple(rng: np.random.Generator, material: Material) -> GreyImage:
    """A wire staple: a lying bar whose ends bend the same way."""
    y, leg = rng.uniform(0.4, 0.6), rng.uniform(0.08, 0.25) * rng.choice([-1, 1])
    inward = rng.uniform(-0.03, 0.1)
    path = np.array([[MARGIN + inward, y + leg], [MARGIN, y], [FAR, y], [FAR - inward, y + leg]])
    return drawn(rng, [turned(path, rng.normal(0, 0.15))], Pen.pick(rng, 2.5, 8))


@family(GROUP)
def tally(rng: np.random.Generator, material: Material) -> GreyImage:
    """Two to five upright strokes, from four on often with one across: never one alone."""
    count = int(rng.integers(2, 6))
    paths = []
    for x in np.linspace(0.2, 0.8, count):
        paths.append(line((x, rng.uniform(0.12, 0.25)), (x, rng.uniform(0.75, 0.88)), rng))
    if count >= 4 and rng.random() < 0.6:
        paths.append(line((0.1, rng.uniform(0.6, 0.8)), (0.9, rng.uniform(0.2, 0.4)), rng))
    return drawn(rng, _turned_all(paths, rng.normal(0, 0.15)), Pen.pick(rng, 2.5, 8))


@family(GROUP)
def lattice(rng: np.random.Generator, material: Material) -> GreyImage:
    """A hash sign or a noughts-and-crosses board: two to four strokes each way."""
    paths = []
    for turn in (0.0, np.pi / 2):
        for y in np.linspace(0.32, 0.68, int(rng.integers(2, 5))):
            paths.append(turned(line((MARGIN, y), (FAR, y), rng), turn))
    return drawn(rng, _turned_all(paths, rng.normal(0, 0.2)), Pen.pick(rng, 2.5, 7))


@family(GROUP)
def corner(rng: np.random.Generator, material: Material) -> GreyImage:
    """Two strokes that meet: at a right angle in the three ways that are no 7, or as a wedge to any side."""
    arms = rng.uniform(0.35, 0.65, 2)
    if rng.random() < 0.5:
        x, y, right, down = [(0.2, 0.82, 1, -1), (0.8, 0.82, -1, -1), (0.2, 0.18, 1, 1)][rng.integers(3)]
        ends = [(x + right * arms[0], y), (x, y + down * arms[1])]
    else:
        opening, facing = rng.uniform(0.35, 0.7), rng.integers(4) * np.pi / 2 + rng.normal(0, 0.15)
        x, y = 0.5 - 0.28 * np.cos(facing), 0.5 - 0.28 * np.sin(facing)
        angles = facing + np.array([-opening, opening])
        ends = list(zip(x + arms * np.cos(angles), y + arms * np.sin(angles), strict=True))
    return drawn(rng, [np.vstack([line(ends[0], (x, y), rng), line((x, y), ends[1], rng)])])


@family(GROUP)
def outline_shape(rng: np.random.Generator, material: Material) -> GreyImage:
    """A triangle, kite, box, house or heart in outline; a round one would be a 0."""
    kind = rng.integers(4)
    if kind == 0:
        points = np.array([[0.5, 0.15], [0.85, 0.82], [0.15, 0.82]])
    elif kind == 1:
        points = np.array([[0.15, 0.2], [0.85, 0.2], [0.85, 0.8], [0.15, 0.8]])
    elif kind == 2:
        points = np.array([[0.2, 0.85], [0.2, 0.45], [0.5, 0.15], [0.8, 0.45], [0.8, 0.85]])
    else:
        half = np.array([[0.5, 0.85], [0.15, 0.45], [0.3, 0.17], [0.5, 0.38]])
        points = smooth(np.vstack([half, half[2:0:-1] * (-1, 1) + (1, 0)]), 6)
    squeeze = rng.uniform(0.8, 1.0, 2) if kind == 1 else rng.uniform(0.65, 1.0, 2)
    points = hand((points - 0.5) * squeeze + 0.5, rng, 0.004 if kind == 3 else 0.03)
    paths = [np.vstack([points, points[:1]])]
    if kind == 1 and rng.random() < 0.6:
        paths += [points[[0, 2]], points[[1, 3]]][: int(rng.integers(1, 3))]
    return drawn(rng, _turned_all(paths, rng.normal(0, 0.12)), Pen.pick(rng, 2.5, 8))


@family(GROUP)
def bow(rng: np.random.Generator, material: Material) -> GreyImage:
    """Part of a ring that opens upwards, down or to the left: wide ones only, as slim ones pass for a 1."""
    facing = rng.choice([np.pi / 2, -np.pi / 2, 0]) + rng.normal(0, 0.25)
    half = rng.uniform(1.1, 1.9)
    path = arc((0.5, 0.5), (rng.uniform(0.28, 0.4), rng.uniform(0.28, 0.4)), facing - half, 2 * half)
    return drawn(rng, [hand(path, rng, 0.004)])
