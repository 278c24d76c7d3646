"""Non-digits built as letters are: strokes of a few plain movements, put together in one of a few ways.

Handwritten characters of any script are made of few strokes, each of few movements, which begin at, end on or
cross one another (Lake, Salakhutdinov and Tenenbaum, Science 350, 2015). These families draw new characters from
such parts. Some come out as digits; the audit drops those.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reject_gen.base import GreyImage, Material, family
from reject_gen.ink import MARGIN, Path, Pen, arc, drawn, smooth

GROUP = "letters"
Movement = Callable[[np.random.Generator], Path]
STEPS = 10  # points of a movement


def _begun(path: Path) -> Path:
    """The path moved so that it begins at the origin."""
    moved: Path = path - path[0]
    return moved


def _bar(rng: np.random.Generator) -> Path:
    return np.linspace((0, 0), (rng.uniform(0.5, 1.0), 0), STEPS)


def _bow(rng: np.random.Generator) -> Path:
    """A shallow or half bow over a chord."""
    sweep = rng.uniform(0.8, 3.4)
    return _begun(arc((0, 0), (0.5, rng.uniform(0.3, 0.6)), np.pi - (np.pi - sweep) / 2, -sweep, STEPS))


def _hook(rng: np.random.Generator) -> Path:
    """A bar that ends in a small bow."""
    length, radius = rng.uniform(0.4, 0.8), rng.uniform(0.1, 0.22)
    end = arc((length, radius), (radius, radius), -np.pi / 2, rng.uniform(1.5, 3.5), STEPS)
    return np.vstack([np.linspace((0, 0), (length, 0), STEPS, endpoint=False), end])


def _loop(rng: np.random.Generator) -> Path:
    """A ring, closed or nearly so, that begins at its edge."""
    radius = rng.uniform(0.14, 0.32)
    sweep = rng.uniform(4.8, 7.0)
    return _begun(arc((0, 0), (radius, radius * rng.uniform(0.6, 1.2)), 0, sweep, 2 * STEPS))


def _corner(rng: np.random.Generator) -> Path:
    """Two bars that meet at an angle."""
    turn = rng.uniform(0.9, 2.5)
    first, second = rng.uniform(0.3, 0.7, 2)
    knee = np.array([first, 0.0])
    return np.vstack([[0.0, 0.0], knee, knee + second * np.array([np.cos(turn), np.sin(turn)])])


def _wiggle(rng: np.random.Generator) -> Path:
    t = np.linspace(0, 1, 2 * STEPS)
    height, waves = rng.uniform(0.08, 0.2), rng.uniform(1.0, 2.0)
    return np.column_stack([t * rng.uniform(0.6, 1.0), height * np.sin(2 * np.pi * waves * t)])


_MOVEMENTS: tuple[tuple[Movement, float], ...] = (
    (_bar, 0.34), (_bow, 0.26), (_hook, 0.12), (_loop, 0.12), (_corner, 0.11), (_wiggle, 0.05),
)  # fmt: skip
_CHANCES = np.array([chance for _, chance in _MOVEMENTS])


def _movement(rng: np.random.Generator) -> Path:
    """One movement that begins at the origin, at any size, mirrored or not, mostly near an upright or lying axis."""
    draw, _ = _MOVEMENTS[int(rng.choice(len(_MOVEMENTS), p=_CHANCES / _CHANCES.sum()))]
    path = draw(rng) * rng.uniform(0.45, 1.0)
    if rng.random() < 0.5:
        path = path * (1, -1)
    angle = rng.integers(8) * np.pi / 4 + rng.normal(0, 0.15)
    cos, sin = np.cos(angle), np.sin(angle)
    turned: Path = path @ np.array([[cos, sin], [-sin, cos]])
    return turned


def _stroke(rng: np.random.Generator, movements: int) -> Path:
    """Movements one after the other, without lifting the pen."""
    path = _movement(rng)
    for _ in range(movements - 1):
        path = np.vstack([path, path[-1] + _movement(rng)[1:]])
    return path


def _attached(rng: np.random.Generator, path: Path, others: list[Path]) -> Path:
    """``path`` moved so that it begins at, ends on or crosses one of the others, or stands beside them."""
    other = others[int(rng.integers(len(others)))]
    way = rng.random()
    own = path[0] if way < 0.45 else path[-1] if way < 0.55 else path[len(path) // 2]
    if way < 0.2:
        place = other[rng.choice((0, -1))]
    elif way < 0.85:
        place = other[int(rng.integers(len(other)))]
    else:
        angle = rng.uniform(0, 2 * np.pi)
        place = other.mean(axis=0) + rng.uniform(0.3, 0.6) * np.array([np.cos(angle), np.sin(angle)])
    moved: Path = path + (place - own)
    return moved


def _fitted(rng: np.random.Generator, paths: list[Path]) -> list[Path]:
    """The paths scaled together to the page, and shaken as by a hand."""
    joined = np.vstack(paths)
    low, high = joined.min(axis=0), joined.max(axis=0)
    scale = (1 - 2 * MARGIN) / max(float((high - low).max()), 1e-6)
    offset = 0.5 - (high - low) * scale / 2
    tremor = rng.uniform(0.0, 0.012)
    fitted = [(path - low) * scale + offset for path in paths]
    return [smooth(path + rng.normal(0, tremor, path.shape), 2) for path in fitted]


@family(GROUP)
def one_stroke_letter(rng: np.random.Generator, material: Material) -> GreyImage:
    """Two to five movements without lifting the pen."""
    return drawn(rng, _fitted(rng, [_stroke(rng, int(rng.integers(2, 6)))]), Pen.pick(rng, 2.5, 10))


@family(GROUP)
def strokes_letter(rng: np.random.Generator, material: Material) -> GreyImage:
    """Two to four strokes of one or two movements, each attached to one before it."""
    paths = [_stroke(rng, int(rng.integers(1, 3)))]
    for _ in range(rng.integers(1, 4)):
        paths.append(_attached(rng, _stroke(rng, int(rng.integers(1, 3))), paths))
    return drawn(rng, _fitted(rng, paths), Pen.pick(rng, 2.5, 10))


@family(GROUP)
def dotted_letter(rng: np.random.Generator, material: Material) -> GreyImage:
    """One or two strokes with one to three dots or dashes beside them, as diacritics stand."""
    paths = [_stroke(rng, int(rng.integers(1, 4)))]
    if rng.random() < 0.4:
        paths.append(_attached(rng, _stroke(rng, 1), paths))
    low, high = np.vstack(paths).min(axis=0), np.vstack(paths).max(axis=0)
    size = max(float((high - low).max()), 0.2)
    side = rng.integers(4)
    for _ in range(rng.integers(1, 4)):
        x, y = rng.uniform(low - 0.1 * size, high + 0.1 * size)
        beyond = rng.uniform(0.12, 0.3) * size
        spot = ((x, low[1] - beyond), (x, high[1] + beyond), (low[0] - beyond, y), (high[0] + beyond, y))[
            side
        ]
        paths.append(np.array(spot) + np.linspace((0, 0), rng.normal(0, 0.04 * size, 2), 3))
    return drawn(rng, _fitted(rng, paths), Pen.pick(rng, 2.5, 10))
