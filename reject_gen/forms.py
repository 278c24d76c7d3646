"""Group "forms", first part: boxes and lines of a form, where a digit was to be expected."""

from __future__ import annotations

import cv2
import numpy as np

from reject_gen.base import GreyImage, Material, family
from reject_gen.cell_lines import draw_cell_border, draw_specks
from reject_gen.ink import PAGE, Pen, blank_page, finish, hand, line, smooth, stroke
from reject_gen.paper_settings import PHONE

GROUP = "forms"
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in the unit square."""


def ruled(
    page: GreyImage, points: np.ndarray, width: float, level: int = 255, *, closed: bool = False
) -> None:
    """Draw a printed line through ``points``, float (N, 2) in the unit square; ``width`` in pixels."""
    fixed = np.round(points * (PAGE * 16)).astype(np.int32)
    cv2.polylines(page, [fixed], closed, level, max(1, round(width)), cv2.LINE_AA, 4)


def turned_page(page: GreyImage, rng: np.random.Generator, degrees: float = 3.0) -> GreyImage:
    """Turn a page about its middle by an angle whose standard deviation is ``degrees``."""
    matrix = cv2.getRotationMatrix2D((PAGE / 2, PAGE / 2), degrees * rng.standard_normal(), 1.0)
    return np.asarray(cv2.warpAffine(page, matrix, (PAGE, PAGE), flags=cv2.INTER_LINEAR), dtype=np.uint8)


def _print_box(rng: np.random.Generator, page: GreyImage) -> Box:
    """Print a check box or a flat field, of any weight of line, at times with cut corners."""
    left, top = (0.08 + 0.08 * rng.random(2)).tolist()
    right, bottom = (0.92 - 0.08 * rng.random(2)).tolist()
    if rng.random() < 0.25:
        top, bottom = top + 0.2, bottom - 0.2
    cut = 0.1 if rng.random() < 0.2 else 0.0
    corners = [
        (left + cut, top), (right - cut, top), (right, top + cut), (right, bottom - cut),
        (right - cut, bottom), (left + cut, bottom), (left, bottom - cut), (left, top + cut),
    ]  # fmt: skip
    ruled(page, np.array(corners), 1 + 6 * rng.random() ** 2, int(rng.integers(110, 256)), closed=True)
    return left, top, right, bottom


def _within(box: Box, points: np.ndarray) -> np.ndarray:
    """Move points of the unit square into the box."""
    left, top, right, bottom = box
    return points * (right - left, bottom - top) + (left, top)


@family(GROUP)
def empty_box(rng: np.random.Generator, material: Material) -> GreyImage:
    """A check box nobody has ticked: wide or square, for a narrow one is a 0."""
    page = blank_page()
    box = _print_box(rng, page)
    if rng.random() < 0.3:
        # The shadow some forms print, or a box within the box.
        shift = 0.03 + 0.05 * rng.random()
        inner = (box[0] + shift, box[1] + shift, box[2] - shift, box[3] - shift)
        ruled(page, _within(inner, np.array([[0, 1.0], [1, 1], [1, 0]])), 2 + 3 * rng.random())
    return finish(turned_page(page, rng), rng)


@family(GROUP)
def ticked_box(rng: np.random.Generator, material: Material) -> GreyImage:
    """A box with a tick, a cross or a stroke in it, which may reach beyond."""
    page = blank_page()
    box = _print_box(rng, page)
    pen = Pen.pick(rng, 2.0, 8.0)
    reach = 0.35 * rng.random() - 0.15
    low, high = 0.0 - reach / 2, 1.0 + reach / 2
    kind = rng.integers(3)
    if kind == 0:
        tick = hand(np.array([[0.15, 0.5], [0.4, high - 0.1], [high, low]]), rng, 0.06)
        stroke(page, _within(box, tick), pen, rng)
        return finish(turned_page(page, rng), rng)
    diagonals = [np.array([[low, low], [high, high]]), np.array([[high, low], [low, high]])]
    for diagonal in diagonals[: 2 if kind == 1 else 1]:
        start, end = _within(box, hand(diagonal, rng, 0.06)).tolist()
        stroke(page, line(tuple(start), tuple(end), rng), pen, rng)
    return finish(turned_page(page, rng), rng)


@family(GROUP)
def struck_cell(rng: np.random.Generator, material: Material) -> GreyImage:
    """A cell made void: crossed out from edge to edge, hatched or scribbled over, perhaps with its border."""
    page = blank_page()
    pen = Pen.pick(rng, 2.0, 6.0)
    kind = rng.integers(3)
    if kind == 0:
        for start, end in (((0.04, 0.06), (0.95, 0.93)), ((0.95, 0.05), (0.05, 0.95))):
            stroke(page, line(start, end, rng), pen, rng)
    elif kind == 1:
        for shift in np.arange(-0.8, 0.9, 0.12 + 0.2 * rng.random()):
            stroke(
                page,
                line((max(shift, 0), max(-shift, 0)), (min(1 + shift, 1), min(1 - shift, 1)), rng),
                pen,
                rng,
            )
    else:
        turns = int(rng.integers(5, 12))
        zigzag = np.column_stack((np.linspace(0.1, 0.9, turns), 0.15 + 0.7 * (np.arange(turns) % 2)))
        stroke(page, smooth(hand(zigzag, rng, 0.05), 6), pen, rng)
    draw_cell_border(page, None, rng, PHONE)
    return finish(page, rng)


@family(GROUP)
def box_with_residue(rng: np.random.Generator, material: Material) -> GreyImage:
    """A box from which something was rubbed out: smears and short bits of strokes are left."""
    page = blank_page()
    patches = int(rng.integers(3, 10))
    smear = np.zeros((patches + 4, patches + 4), np.uint8)
    smear[2:-2, 2:-2] = rng.integers(0, 160, (patches, patches)) * (rng.random((patches, patches)) < 0.7)
    page[:] = cv2.resize(smear, (PAGE, PAGE), interpolation=cv2.INTER_CUBIC)
    for _ in range(int(rng.integers(1, 5))):
        start = 0.3 + 0.4 * rng.random(2)
        bit = np.vstack([start, start + 0.12 * rng.standard_normal(2)])
        ruled(page, bit, 1 + 3 * rng.random(), int(rng.integers(60, 200)))
    _print_box(rng, page)
    draw_specks(page, rng)
    return finish(page, rng)


@family(GROUP)
def empty_cell(rng: np.random.Generator, material: Material) -> GreyImage:
    """A cell in which nobody wrote: no ink, and so all that shows is what ``paper.put_on_paper`` adds."""
    height, width = rng.integers(28, 80, 2)
    return np.zeros((height, width), np.uint8)


@family(GROUP)
def form_lines(rng: np.random.Generator, material: Material) -> GreyImage:
    """Lying lines: one underline, several rules, dotted or dashed to write on."""
    page = blank_page()
    count = int(rng.integers(1, 6))
    width = 1 + 5 * rng.random() ** 2
    dots = int(rng.integers(6, 25))
    dotted = rng.random() < 0.35
    first, gap = 0.15 + 0.2 * rng.random(), 0.12 + 0.1 * rng.random()
    for i in range(count):
        y = first + i * gap if count > 1 else 0.3 + 0.4 * rng.random()
        edges = np.linspace(0.0, 1.0, dots + 1) if dotted else np.array([0.0, 2.0])
        for start in edges[:-1]:
            end = start + (0.45 / dots if dotted else 1.0)
            ruled(page, np.array([[start, y], [end, y]]), width)
    return finish(turned_page(page, rng, 2.0), rng)


@family(GROUP)
def line_junction(rng: np.random.Generator, material: Material) -> GreyImage:
    """Where lines of a grid meet: a T, a crossing or a corner, thin or bold, single or double.

    Not the corner whose arms go left and down, which is a 7.
    """
    page = blank_page()
    x, y = 0.3 + 0.4 * rng.random(2)
    arms = ((-0.1, y), (1.1, y), (x, -0.1), (x, 1.1))
    chosen = [(0, 1, 2, 3), (0, 1, 3), (0, 1, 2), (0, 2, 3), (1, 2, 3), (0, 2), (1, 2), (1, 3)][
        rng.integers(8)
    ]
    widths = 1 + 8 * rng.random(2) ** 2
    for shift in (0.0, 0.1) if rng.random() < 0.2 else (0.0,):
        for arm in chosen:
            points = np.array([(x, y), arms[arm]]) + shift
            ruled(page, points, widths[arm // 2])
    return finish(turned_page(page, rng), rng)


@family(GROUP)
def part_of_table(rng: np.random.Generator, material: Material) -> GreyImage:
    """Part of a table: two to five lines each way, perhaps a filled cell or a scrap of writing."""
    page = blank_page()
    xs = np.cumsum(0.12 + 0.3 * rng.random(int(rng.integers(2, 6)))) - 0.1
    ys = np.cumsum(0.12 + 0.25 * rng.random(int(rng.integers(2, 6)))) - 0.1
    if rng.random() < 0.4:
        left, top = xs[0], ys[0]
        corner = np.round(np.array([[left, top], [xs[1], ys[1]]]) * PAGE).astype(int).tolist()
        cv2.rectangle(page, corner[0], corner[1], int(rng.integers(60, 200)), -1)
    for at, upright in [(x, True) for x in xs] + [(y, False) for y in ys]:
        ends = np.array([[at, -0.1], [at, 1.1]])
        ruled(page, ends if upright else ends[:, ::-1], 1 + 5 * rng.random() ** 3)
    if rng.random() < 0.5:
        scrap = np.column_stack((np.linspace(0.2, 0.8, 9), 0.5 + 0.08 * rng.standard_normal(9)))
        stroke(page, smooth(scrap, 4), Pen.pick(rng, 1.5, 4.0), rng)
    return finish(turned_page(page, rng), rng)
