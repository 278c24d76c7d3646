"""Non-digits as a pen draws them with no sign in mind: scribbles, shading, signatures, invented letters.

They belong to the group "strokes". Free strokes sometimes come out as a digit; the audit drops those.
"""

from __future__ import annotations

import numpy as np

from reject_gen.base import GreyImage, Material, family
from reject_gen.ink import (
    MARGIN,
    Pen,
    arc,
    blank_page,
    drawn,
    finish,
    hand,
    line,
    smooth,
    stroke,
    turned,
)

GROUP = "strokes"
FAR = 1 - MARGIN


@family(GROUP)
def doodle(rng: np.random.Generator, material: Material) -> GreyImage:
    """One smooth wandering stroke with no plan."""
    points = rng.uniform(MARGIN, FAR, (int(rng.integers(5, 11)), 2))
    return drawn(rng, [smooth(points, 8)])


@family(GROUP)
def several_strokes(rng: np.random.Generator, material: Material) -> GreyImage:
    """Three to six short curved strokes in no order, as an unknown script looks."""
    paths = []
    for _ in range(rng.integers(3, 7)):
        start, reach = rng.uniform(MARGIN, FAR, 2), rng.normal(0, 0.28, 2)
        bend = rng.normal(0, 0.12, 2)
        points = np.stack([start, start + reach / 2 + bend, start + reach])
        paths.append(smooth(points.clip(MARGIN, FAR), 6))
    return drawn(rng, paths, Pen.pick(rng, 2.5, 9))


@family(GROUP)
def curls(rng: np.random.Generator, material: Material) -> GreyImage:
    """One or two strokes whose bend changes slowly, as a writing hand's: free strokes nearest to digits."""
    paths = []
    for _ in range(rng.integers(1, 3)):
        count = int(rng.integers(18, 44))
        bends = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, 5), rng.normal(0, 0.28, 5))
        heading = rng.uniform(0, 2 * np.pi) + np.cumsum(bends)
        path = np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]), axis=0)
        low, high = path.min(axis=0), path.max(axis=0)
        size = rng.uniform(0.35, FAR - MARGIN)
        corner = rng.uniform(MARGIN, FAR - size, 2)
        paths.append(corner + (path - low) * size / max(float((high - low).max()), 1e-6))
    return drawn(rng, paths)


@family(GROUP)
def invented_letter(rng: np.random.Generator, material: Material) -> GreyImage:
    """Three to five bars and bows on the lines of a letter, joined as in no known script."""
    stops = (0.2, 0.5, 0.8)
    paths = []
    for _ in range(rng.integers(3, 6)):
        (x, y), (u, v) = rng.choice(stops, (2, 2)) + rng.normal(0, 0.03, (2, 2))
        if rng.random() < 0.55:
            paths.append(line((x, y), (u, v), rng))
        else:
            half = rng.uniform(0.12, 0.3, 2)
            paths.append(
                arc((x, y), (half[0], half[1]), rng.uniform(0, 2 * np.pi), rng.uniform(1.5, 4.5), 14)
            )
    return drawn(rng, [path.clip(0.06, 0.94) for path in paths], Pen.pick(rng, 2.5, 9))


@family(GROUP)
def scribble(rng: np.random.Generator, material: Material) -> GreyImage:
    """A dense tangle that covers what was below it."""
    count = int(rng.integers(12, 26))
    centre, spread = rng.uniform(0.42, 0.58, 2), rng.uniform(0.14, 0.24, 2)
    points = (centre + rng.normal(0, 1, (count, 2)) * spread).clip(MARGIN, FAR)
    return drawn(rng, [smooth(points, 5)], Pen.pick(rng, 2.5, 8))


@family(GROUP)
def hatching(rng: np.random.Generator, material: Material) -> GreyImage:
    """A stroke to and fro that shades an area."""
    count = int(rng.integers(7, 16))
    along = np.linspace(MARGIN, FAR, count)
    across = np.where(np.arange(count) % 2, rng.uniform(0.68, FAR), rng.uniform(MARGIN, 0.32))
    path = smooth(hand(np.column_stack([along, across]), rng, 0.03), 4)
    return drawn(rng, [turned(path, rng.uniform(0, np.pi))], Pen.pick(rng, 2.5, 8))


@family(GROUP)
def signature(rng: np.random.Generator, material: Material) -> GreyImage:
    """Running loops of changing height with a flourish, as a name is signed."""
    t = np.linspace(0, 1, 70)
    turns, lean = rng.uniform(3, 7), rng.uniform(0, 0.5)
    height = np.interp(t, np.linspace(0, 1, 6), rng.uniform(0.04, 0.28, 6))
    angle = 2 * np.pi * turns * t
    x = MARGIN + 0.72 * t + rng.uniform(0.02, 0.07) * np.cos(angle) + lean * height * np.sin(angle) * 0.5
    paths = [np.column_stack([x, 0.5 - height * np.sin(angle)])]
    if rng.random() < 0.4:
        paths.append(line((0.15, rng.uniform(0.65, 0.85)), (0.85, rng.uniform(0.6, 0.85)), rng))
    return drawn(rng, paths, Pen.pick(rng, 2, 6))


@family(GROUP)
def spiral(rng: np.random.Generator, material: Material) -> GreyImage:
    """One and three quarters to four turns; with fewer a spiral may pass for a 6 or a 9."""
    turns = rng.uniform(1.75, 4)
    angle = np.linspace(0, 2 * np.pi * turns, int(18 * turns)) * rng.choice([-1, 1]) + rng.uniform(0, 6.3)
    radius = np.linspace(0.03, rng.uniform(0.3, 0.4), len(angle))
    path = 0.5 + np.column_stack([radius * np.cos(angle), radius * np.sin(angle) * rng.uniform(0.75, 1)])
    return drawn(rng, [path], Pen.pick(rng, 2.5, 6))


@family(GROUP)
def coil(rng: np.random.Generator, material: Material) -> GreyImage:
    """A row of at least three loops."""
    loops = rng.uniform(3, 6)
    angle = np.linspace(0, 2 * np.pi * loops, int(16 * loops))
    radius = rng.uniform(0.1, 0.28)
    x = np.linspace(0.28, 0.72, len(angle)) + rng.uniform(0.08, 0.16) * np.cos(angle)
    path = np.column_stack([x, 0.5 + radius * np.sin(angle)])
    return drawn(rng, [turned(path, rng.normal(0, 0.2))], Pen.pick(rng, 2.5, 6))


@family(GROUP)
def ink_blot(rng: np.random.Generator, material: Material) -> GreyImage:
    """A drop of ink with splashes and a tail or two."""
    page = blank_page()
    centre = rng.uniform(0.38, 0.62, 2)
    angles = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    reach = rng.uniform(0.05, 0.16, 10)
    rim = centre + np.column_stack([np.cos(angles) * reach, np.sin(angles) * reach])
    stroke(page, smooth(rim, 4, closed=True), Pen(float(rng.uniform(10, 22)), 0.3), rng)
    for _ in range(rng.integers(1, 5)):
        start = centre + rng.normal(0, 0.2, 2)
        splash = np.stack([start, start + rng.normal(0, 0.1, 2)]).clip(0.05, 0.95)
        stroke(page, splash, Pen.pick(rng, 3, 9), rng)
    return finish(page, rng)
