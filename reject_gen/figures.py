"""Non-digits as figures and small drawings: closed outlines that are no 0, straight strokes that are no 1, pictograms.

A network that has not seen these takes any closed outline for a 0 and any straight stroke for a 1.
"""

from __future__ import annotations

import cv2
import numpy as np

from reject_gen.base import GreyImage, Material, family
from reject_gen.ink import PAGE, Path, Pen, arc, blank_page, drawn, finish, hand, line, smooth, stroke, turned

GROUP = "figures"
STEEPEST = 0.55  # radians from lying: what rises more steeply may be a 1 that leans
LEAST_WIDTH = 2.0  # of the height: MNIST has zeros that lie and are half as wide again as high


def _bumpy(rng: np.random.Generator, bumps: int, radii: tuple[float, float], depth: float) -> Path:
    """A closed outline of as many bumps, as of a cloud or a flower."""
    angles = np.linspace(0, 2 * np.pi, 12 * bumps)
    reach = 1 - depth * (1 - np.abs(np.sin(angles * bumps / 2 + rng.uniform(0, 6))))
    return 0.5 + np.column_stack([radii[0] * reach * np.cos(angles), radii[1] * reach * np.sin(angles)])


def _polygon(rng: np.random.Generator, corners: int, radii: tuple[float, float]) -> Path:
    angles = rng.uniform(0, 2 * np.pi) + 2 * np.pi * np.arange(corners + 1) / corners
    points = 0.5 + np.column_stack([radii[0] * np.cos(angles), radii[1] * np.sin(angles)])
    points[:-1] = hand(points[:-1], rng, 0.02)
    points[-1] = points[0]
    return points


@family(GROUP)
def lying_ring(rng: np.random.Generator, material: Material) -> GreyImage:
    """A ring much wider than high, as drawn around a choice, or two that lie one within the other."""
    half = rng.uniform(0.3, 0.42)
    flat = half / rng.uniform(LEAST_WIDTH, 3.5)
    rings = [hand(arc((0.5, 0.5), (half, flat), rng.uniform(0, 6), rng.uniform(6.0, 6.8)), rng, 0.006)]
    if rng.random() < 0.1:
        rings.append(0.5 + (rings[0] - 0.5) * rng.uniform(0.4, 0.6))
    angle = rng.uniform(-0.3, 0.3)
    return drawn(rng, [turned(ring, angle) for ring in rings], Pen.pick(rng, 2.5, 8))


@family(GROUP)
def lying_stroke(rng: np.random.Generator, material: Material) -> GreyImage:
    """One straight stroke, or two side by side, that rise or fall too little for a 1: what voids a field."""
    angle = rng.uniform(0.15, STEEPEST) if rng.random() < 0.6 else -rng.uniform(0.15, STEEPEST + 0.2)
    count = 1 if rng.random() < 0.75 else 2
    spread = rng.uniform(0.1, 0.25)
    ends = [(rng.uniform(0.08, 0.2), rng.uniform(0.8, 0.92)) for _ in range(count)]
    levels = 0.5 + spread * (np.arange(count) - (count - 1) / 2)
    strokes = [
        line((left, level), (right, level), rng) for (left, right), level in zip(ends, levels, strict=True)
    ]
    return drawn(rng, [turned(path, -angle) for path in strokes], Pen.pick(rng, 2.5, 9))


@family(GROUP)
def bracket(rng: np.random.Generator, material: Material) -> GreyImage:
    """A square or curly bracket, whose arms are long enough to see."""
    arm = rng.uniform(0.16, 0.3)
    x, top, bottom = 0.5 - arm / 2, rng.uniform(0.08, 0.18), rng.uniform(0.82, 0.92)
    if rng.random() < 0.6:
        points = np.array([[x + arm, top], [x, top], [x, bottom], [x + arm, bottom]])
        path = hand(points, rng, 0.012)
    else:
        nose = rng.uniform(0.1, 0.16)
        path = smooth(
            hand(
                np.array(
                    [
                        [x + arm, top],
                        [x + 0.03, top + 0.05],
                        [x, 0.35],
                        [x - 0.02, 0.45],
                        [x - nose, 0.5],
                        [x - 0.02, 0.55],
                        [x, 0.65],
                        [x + 0.03, bottom - 0.05],
                        [x + arm, bottom],
                    ]
                ),
                rng,
                0.008,
            ),
            4,
        )
    if rng.random() < 0.5:
        path = path * (-1, 1) + (1, 0)
    return drawn(rng, [turned(path, rng.normal(0, 0.06))], Pen.pick(rng, 2.5, 7))


@family(GROUP)
def closed_figure(rng: np.random.Generator, material: Material) -> GreyImage:
    """A pentagon, lying half disc, slab, crescent, cloud or flower in outline; a round one would be a 0."""
    kind = rng.integers(6)
    if kind == 0:
        path = _polygon(rng, 5, (rng.uniform(0.3, 0.4), rng.uniform(0.3, 0.4)))
    elif kind == 1:
        bow = arc((0.5, 0.5), (0.38, rng.uniform(0.25, 0.4)), 0, np.pi)
        path = turned(np.vstack([bow, bow[:1]]), rng.integers(2) * np.pi + rng.normal(0, 0.15))
    elif kind == 2:
        left, low, lean = rng.uniform(0.1, 0.2), rng.uniform(0.6, 0.75), rng.uniform(-0.15, 0.25)
        corners = np.array([[left, low], [1 - left, low], [1 - left - lean, 1 - low], [left + lean, 1 - low]])
        path = np.vstack([corners, corners[:1]])
    elif kind == 3:
        outer = arc((0.5, 0.5), (0.36, 0.38), 0.9, 4.5)
        inner = arc((0.5 + rng.uniform(0.1, 0.16), 0.5), (0.26, 0.3), 5.2, -4.1)
        path = turned(np.vstack([outer, inner, outer[:1]]), rng.uniform(0, 2 * np.pi))
    elif kind == 4:
        height = rng.uniform(0.16, 0.28)
        path = _bumpy(rng, int(rng.integers(6, 10)), (rng.uniform(0.34, 0.42), height), rng.uniform(0.2, 0.4))
    else:
        radius = rng.uniform(0.32, 0.42)
        path = _bumpy(rng, int(rng.integers(4, 8)), (radius, radius), rng.uniform(0.35, 0.6))
    return drawn(rng, [hand(path, rng, 0.004)], Pen.pick(rng, 2.5, 6))


@family(GROUP)
def bent_arrow(rng: np.random.Generator, material: Material) -> GreyImage:
    """A bow with an arrow's head at one end, or at both."""
    start, sweep = rng.uniform(0, 2 * np.pi), rng.uniform(1.2, 4.6) * rng.choice([-1, 1])
    bow = arc((0.5, 0.5), (rng.uniform(0.24, 0.38), rng.uniform(0.24, 0.38)), start, sweep)
    paths = [bow]
    for path in (bow, bow[::-1])[: 2 if rng.random() < 0.2 else 1]:
        tip, back = path[-1], path[-1] - path[-4]
        heading = np.arctan2(back[1], back[0]) + np.pi
        head, opening = rng.uniform(0.14, 0.24), rng.uniform(0.4, 0.8)
        for side in (heading - opening, heading + opening):
            end = tip + head * np.array([np.cos(side), np.sin(side)])
            paths.append(np.stack([tip, end]))
    return drawn(rng, [path.clip(0.04, 0.96) for path in paths], Pen.pick(rng, 2.5, 7))


@family(GROUP)
def pictogram(rng: np.random.Generator, material: Material) -> GreyImage:
    """A body in outline or filled with two to five limbs, lids, wheels or windows: trees, fish, cups, chess pieces."""
    page = blank_page()
    pen = Pen.pick(rng, 2.5, 6)
    radii = (rng.uniform(0.14, 0.34), rng.uniform(0.14, 0.34))
    centre = rng.uniform(0.4, 0.6, 2)
    kind = rng.integers(3)
    if kind == 0:
        body = _bumpy(rng, int(rng.integers(4, 9)), radii, rng.uniform(0.1, 0.4))
    elif kind == 1:
        body = _polygon(rng, int(rng.integers(3, 7)), radii)
    else:
        body = arc((0.5, 0.5), radii, 0, 6.3)
    body = body + centre - 0.5
    _body(page, body, pen, rng, filled=rng.random() < 0.35)
    for _ in range(rng.integers(2, 6)):
        at = body[rng.integers(len(body))]
        away = (at - centre) / max(float(np.hypot(*(at - centre))), 1e-6)
        if rng.random() < 0.55:
            end = at + away * rng.uniform(0.1, 0.35) + rng.normal(0, 0.08, 2)
            stroke(
                page, np.stack([at, (at + end) / 2 + rng.normal(0, 0.03, 2), end]).clip(0.04, 0.96), pen, rng
            )
        else:
            size = rng.uniform(0.04, 0.14, 2)
            place = centre + (at - centre) * rng.choice([0.4, 1.0, 1.2])
            part = arc((place[0], place[1]), (size[0], size[1]), 0, 6.3, 14).clip(0.04, 0.96)
            _body(page, part, pen, rng, filled=rng.random() < 0.4)
    return finish(page, rng)


def _body(page: GreyImage, path: Path, pen: Pen, rng: np.random.Generator, *, filled: bool) -> None:
    if filled:
        points = np.round(path * (PAGE * 16)).astype(np.int32)
        cv2.fillPoly(page, [points], int(rng.integers(120, 256)), cv2.LINE_AA, 4)
    stroke(page, path, pen, rng)
