"""Strangers: pictures without a sign: textures, noise, photographs, spoilt paper, empty cells of forms."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from stranger.drawing import ACROSS, DOWN, SIDE, Dice, Ink, smooth_noise
from stranger.family import family

BEYOND = 5  # pixels by which creases reach out of the picture


@family("picture")
def textures(dice: Dice) -> Ink:
    """Stripes, checks, dots, bricks, wood, blots."""
    kind, angle = dice.whole(0, 8), dice.between(0, 3.14)
    u = ACROSS * np.cos(angle) + DOWN * np.sin(angle)
    v = -ACROSS * np.sin(angle) + DOWN * np.cos(angle)
    shades = _texture(dice, kind, u, v, dice.between(12, 26))
    dark, light = dice.between(0, 0.4), dice.between(0.6, 1)
    return dark + (light - dark) * np.clip(shades.astype(np.float32), 0, 1)


def _texture(dice: Dice, kind: int, u: Ink, v: Ink, step: float) -> Ink:
    """Shades of grey; ``u`` and ``v`` are turned coordinates."""
    if kind == 0:
        shades = 0.5 + 0.5 * np.sin(u * 6.28 / step)
    elif kind == 1:
        shades = (u // step + v // step) % 2
    elif kind == 2:
        shades = 1 - np.maximum((u % step) < step * 0.25, (v % step) < step * 0.25)
    elif kind == 3:
        odd = DOWN // step % 2
        shades = 1 - np.maximum((DOWN % step) < 3, ((ACROSS + odd * step) % (2 * step)) < 3)
    elif kind == 4:
        radius = step * dice.between(0.2, 0.4)
        shades = ((u % step - step / 2) ** 2 + (v % step - step / 2) ** 2) > radius**2
    elif kind == 5:
        shades = 0.5 + 0.5 * np.sin((u + smooth_noise(dice, 5) * 9) * 6.28 / step)
    elif kind == 6:
        shades = smooth_noise(dice, dice.whole(12, 24)) > 0
    elif kind == 7:
        bend = smooth_noise(dice, 4) * 1.2
        far = np.hypot(ACROSS - dice.between(20, 108), DOWN - dice.between(20, 108))
        shades = 0.5 + 0.5 * np.sin((far + bend * 8) * 6.28 / step * 1.5)
    else:
        shades = 0.5 + 0.5 * np.sign(np.sin(u * 6.28 / step)) * np.sin(v * 6.28 / step)
    return np.asarray(shades, np.float32)


@family("picture")
def noise(dice: Dice) -> Ink:
    """Noise, fine and coarse, and specks."""
    kind, rng = dice.whole(0, 5), dice.rng
    shades: Ink
    if kind == 0:
        shades = 0.5 + rng.normal(0, dice.between(0.1, 0.3), (SIDE, SIDE))
    elif kind == 1:
        shades = 0.5 + 0.25 * smooth_noise(dice, dice.whole(8, 40))
    elif kind == 2:
        specks = (rng.random((SIDE, SIDE)) < 0.02).astype(np.uint8)
        shades = 1.0 - (cv2.dilate(specks, np.ones((4, 4))) > 0)
    elif kind == 3:
        layers = [smooth_noise(dice, 2**k) * 0.25 / 2 ** (k * 0.5) for k in range(1, 7)]
        shades = 0.5 + np.sum(layers, axis=0)
    elif kind == 4:
        rows = cv2.resize(rng.normal(0, 0.25, (SIDE, 1)).astype(np.float32), (SIDE, SIDE))
        shades = 0.6 + rows + rng.normal(0, 0.05, (SIDE, SIDE))
    else:
        shades = 1 - (smooth_noise(dice, 32) > dice.between(0.8, 1.4)).astype(np.float32)
    return np.clip(shades, 0, 1).astype(np.float32)


@lru_cache(maxsize=1)
def photographs() -> tuple[Ink, ...]:
    """Three that come with scikit-learn and matplotlib, 0–1."""
    import matplotlib as mpl
    import sklearn.datasets

    images = Path(str(sklearn.datasets.__file__)).parent / "images"
    files = (
        images / "china.jpg",
        images / "flower.jpg",
        Path(mpl.get_data_path(), "sample_data/grace_hopper.jpg"),
    )
    return tuple(
        np.asarray(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)).astype(np.float32) / 255 for file in files
    )


@family("picture")
def photo_patches(dice: Dice) -> Ink:
    """Cuts from photographs."""
    while True:
        photograph, side = dice.pick(photographs()), dice.whole(40, 200)
        y, x = dice.whole(0, photograph.shape[0] - side), dice.whole(0, photograph.shape[1] - side)
        cut = photograph[y : y + side, x : x + side]
        if cut.std() > 0.05:
            return np.asarray(np.clip((cut - cut.min()) / np.ptp(cut) * dice.between(0.7, 1), 0, 1))


@family("picture")
def paper_defects(dice: Dice) -> Ink:
    """Creases, stains, torn corners, rings of cups, crumpled paper, specks."""
    shade = dice.between(0.8, 0.98)
    grain = smooth_noise(dice, 6) * 0.015 + dice.rng.normal(0, 0.01, (SIDE, SIDE)).astype(np.float32)
    spoil = dice.pick((_crease, _folds, _stain, _torn, _cup, _crumpled, _specks))
    paper = spoil(dice, (shade + grain).astype(np.float32))
    return np.asarray(cv2.GaussianBlur(np.clip(paper, 0, 1).astype(np.float32), (0, 0), 0.8), np.float32)


def _soft_line(dice: Dice, ends: tuple[float, float, float, float], darkness: float, width: int) -> Ink:
    x, y, to_x, to_y = (int(each) for each in ends)
    canvas = np.zeros((SIDE, SIDE), np.float32)
    cv2.line(canvas, (x, y), (to_x, to_y), (1,), width, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), dice.between(0.6, 2.5)) * darkness, np.float32)


def _crease(dice: Dice, paper: Ink) -> Ink:
    y, end = dice.between(30, 100), SIDE + BEYOND
    ends = (-BEYOND, y, end, y + dice.around(12))
    paper = paper - _soft_line(dice, ends, dice.between(0.3, 0.6), dice.whole(3, 6))
    return paper + _soft_line(dice, (-BEYOND, y + 6, end, y + 6 + dice.around(3)), 0.15, 4)


def _folds(dice: Dice, paper: Ink) -> Ink:
    x, y, end = dice.between(40, 90), dice.between(40, 90), SIDE + BEYOND
    across = _soft_line(dice, (-BEYOND, y, end, y + dice.around(8)), 0.5, 4)
    return paper - across - _soft_line(dice, (x, -BEYOND, x + dice.around(8), end), 0.5, 4)


def _stain(dice: Dice, paper: Ink) -> Ink:
    ragged = smooth_noise(dice, 6)
    far = np.hypot(ACROSS - dice.between(40, 88), DOWN - dice.between(40, 88)) + ragged * 9
    radius = dice.between(22, 45)
    edge = 0.6 + 0.4 * np.exp(-(((far - radius) / 3) ** 2))
    return np.asarray(paper - dice.between(0.25, 0.6) * (far < radius) * edge)


def _torn(dice: Dice, paper: Ink) -> Ink:
    x, y = dice.pick([(0, 0), (SIDE, 0), (0, SIDE), (SIDE, SIDE)])
    far = np.abs(ACROSS - x) + np.abs(DOWN - y) + smooth_noise(dice, 10) * 5
    edge = dice.between(50, 100)
    shadow = 0.3 * np.exp(-(((far - edge - 4) / 5) ** 2)) * (far > edge)
    return np.asarray(np.where(far < edge, dice.between(0, 0.25), paper) - shadow)


def _cup(dice: Dice, paper: Ink) -> Ink:
    x, y, radius = dice.between(-40, 10), dice.between(-30, 158), dice.between(80, 120)
    far = np.hypot(ACROSS - x, DOWN - y)
    outer = np.abs(far - radius + smooth_noise(dice, 5) * 2)
    ring = 0.5 * np.exp(-((outer / dice.between(2, 4)) ** 2))
    return np.asarray(paper - ring - 0.25 * np.exp(-((np.abs(far - radius + 14) / 3) ** 2)))


def _crumpled(dice: Dice, paper: Ink) -> Ink:
    middles = dice.rng.uniform(0, SIDE, (12, 2))
    nearest = np.stack([np.hypot(ACROSS - x, DOWN - y) for x, y in middles]).argmin(0)
    return np.asarray(paper - dice.rng.uniform(0, 0.35, 12)[nearest])


def _specks(dice: Dice, paper: Ink) -> Ink:
    for _ in range(dice.whole(12, 40)):
        _speck(dice, paper, 4)
    return paper


def _speck(dice: Dice, paper: Ink, largest: int) -> None:
    at, radius = (dice.whole(0, 127), dice.whole(0, 127)), dice.whole(1, largest)
    cv2.circle(paper, at, radius, (dice.between(0.1, 0.6),), -1, cv2.LINE_AA)


@family("picture")
def empty_cells(dice: Dice) -> Ink:
    """Empty cells of forms: frames, lines, dotted lines, specks, shadows."""
    paper = np.full((SIDE, SIDE), dice.between(0.8, 1), np.float32) + smooth_noise(dice, 3) * 0.03
    kind = dice.whole(0, 4)
    dark, width = dice.between(0.1, 0.55), dice.whole(2, 5)
    low, high = dice.whole(4, 16), dice.whole(110, 124)

    def line(at: int, level: bool) -> None:
        x, y, off = (0, at, dice.whole(-3, 3)) if level else (at, 0, dice.whole(-3, 3))
        end = (SIDE, at + off) if level else (at + off, SIDE)
        cv2.line(paper, (x, y), end, (dark,), width, cv2.LINE_AA)

    if kind == 2:
        y = dice.whole(80, 110)
        for x in range(dice.whole(2, 9), SIDE, dice.whole(9, 16)):
            cv2.circle(paper, (x, y), dice.whole(2, 3), (dark,), -1, cv2.LINE_AA)
    elif kind == 4:
        line(dice.whole(90, 110), True)
        line(dice.whole(20, 40), True)
    else:
        lines = {0: (low, high), 1: (low, high), 3: (high,)}[kind]
        for at in lines:
            line(at, True)
        for at in (low, high) if kind != 1 else ():
            line(at, False)
    return np.clip(_worn(dice, paper), 0, 1)


def _worn(dice: Dice, paper: Ink) -> Ink:
    """With specks and the edge of a shadow."""
    if dice.happens(0.6):
        for _ in range(dice.whole(2, 9)):
            _speck(dice, paper, 3)
    if dice.happens(0.5):
        angle = dice.between(0, 6.28)
        far = (ACROSS - 64) * np.cos(angle) + (DOWN - 64) * np.sin(angle) + smooth_noise(dice, 3) * 6
        darkness = dice.between(0.2, 0.55)
        paper = paper * (1 - darkness / (1 + np.exp(-(far - dice.between(-30, 30)) / dice.between(3, 15))))
    return paper
