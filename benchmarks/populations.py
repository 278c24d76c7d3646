"""New populations that a model meets: digits on meters, faxed envelopes, sudoku cells; each image knows its source.

Sources stand for what changes from one place to another: a display, a writer's batch, a photograph. Half of the sources
report; the model is judged on the others, so that nothing is measured on a source that was learnt from.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from datasets import USPS
from numpy.typing import NDArray

SEGMENTS = ("abcdef", "bc", "abdeg", "abcdg", "bcfg", "acdfg", "acdefg", "abc", "abcdefg", "abcdfg")
MATRIX = (
    "01110 10001 10011 10101 11001 10001 01110", "00100 01100 00100 00100 00100 00100 01110",
    "01110 10001 00001 00010 00100 01000 11111", "11111 00010 00100 00010 00001 10001 01110",
    "00010 00110 01010 10010 11111 00010 00010", "11111 10000 11110 00001 00001 10001 01110",
    "00110 01000 10000 11110 10001 10001 01110", "11111 00001 00010 00100 01000 01000 01000",
    "01110 10001 10001 01110 10001 10001 01110", "01110 10001 10001 01111 00001 00010 01100",
)  # fmt: skip
METERS, BATCH = 60, 60
FAX_SIDE = 16
CELL = 56  # pixels of a side of a sudoku's cell
TILT = 25.0  # degrees that a photograph may be askew, to either side
SLANT = 0.4  # the same of its slant, a pixel
Grey = NDArray[np.uint8]


@dataclass(frozen=True)
class Population:
    """Images, what they show (0–10), and where each comes from."""

    name: str
    images: tuple[Grey, ...]
    labels: NDArray[np.uint8]
    sources: NDArray[np.str_]

    def take(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> Population:
        """Those at indices or of a mask."""
        rows = np.arange(len(self.labels))[chosen]
        return Population(
            self.name, tuple(self.images[i] for i in rows), self.labels[rows], self.sources[rows]
        )

    def halves(self, seed: int) -> tuple[Population, Population]:
        """Those of sources that report, and those of sources that the model is judged on."""
        names = np.unique(self.sources)
        report = np.random.default_rng(seed).permutation(names)[: len(names) // 2]
        mask = np.isin(self.sources, report)
        return self.take(mask), self.take(~mask)


def meters(seed: int, each: int = 60) -> Population:
    """Seven-segment and dot-matrix digits, as photographed displays show them."""
    images, labels, sources = [], [], []
    for meter in range(METERS):
        rng = np.random.default_rng([seed, meter])
        style = _style(rng)
        for _ in range(each):
            label = int(rng.integers(10))
            images.append(_display(label, style, rng))
            labels.append(label)
            sources.append(f"meter {meter}")
    return Population("meters", tuple(images), np.array(labels, np.uint8), np.array(sources))


@dataclass(frozen=True)
class _Style:
    dots: bool
    slant: float
    gap: float
    width: float
    aspect: float
    blur: float
    glare: float
    bright: bool
    contrast: float


def _style(rng: np.random.Generator) -> _Style:
    return _Style(
        dots=bool(rng.random() < 0.5),
        slant=float(rng.uniform(-0.05, 0.25)),
        gap=float(rng.uniform(0.0, 0.12)),
        width=float(rng.uniform(0.09, 0.17)),
        aspect=float(rng.uniform(0.48, 0.66)),
        blur=float(rng.uniform(0.4, 2.2)),
        glare=float(rng.uniform(0.0, 0.5)),
        bright=bool(rng.random() < 0.5),
        contrast=float(rng.uniform(0.45, 1.0)),
    )


def _display(label: int, style: _Style, rng: np.random.Generator) -> Grey:
    """One digit of a display, uint8 (96, 80)."""
    height, width = 64, round(64 * style.aspect)
    ink = np.zeros((height, width), np.float32)
    (_dots if style.dots else _segments)(ink, label, style)
    page = np.zeros((96, 80), np.float32)
    slant = style.slant + rng.normal(0, 0.02)
    left, top = (80 - width) / 2 + slant * height / 2, 16 + rng.uniform(-4, 4)
    turn = rng.normal(0, 0.03)
    matrix = np.array([[1, -slant - turn, left + rng.uniform(-3, 3)], [turn, 1, top]], np.float32)
    cv2.warpAffine(ink, matrix, (80, 96), page, cv2.INTER_LINEAR)
    page = cv2.GaussianBlur(page, (0, 0), max(0.3, style.blur + rng.normal(0, 0.2)))
    level = 0.15 + page * 0.7 * style.contrast
    y, x = np.mgrid[:96, :80]
    spot = np.exp(-((x - rng.uniform(0, 80)) ** 2 + (y - rng.uniform(0, 96)) ** 2) / (2 * 22**2))
    level = level + style.glare * rng.random() * 0.5 * spot + rng.normal(0, 0.015, level.shape)
    level = np.clip(level, 0, 1)
    return np.rint(255 * (level if style.bright else 1 - level)).astype(np.uint8)


def _segments(ink: NDArray[np.float32], label: int, style: _Style) -> None:
    height, width = ink.shape
    half, thick = height // 2, max(3, round(style.width * height))
    gap = round(style.gap * width)
    places = {
        "a": (0, thick, gap, width - gap), "d": (height - thick, height, gap, width - gap),
        "g": (half - thick // 2, half + thick - thick // 2, gap, width - gap),
        "f": (gap, half - gap // 2, 0, thick), "b": (gap, half - gap // 2, width - thick, width),
        "e": (half + gap // 2, height - gap, 0, thick),
        "c": (half + gap // 2, height - gap, width - thick, width),
    }  # fmt: skip
    for name in SEGMENTS[label]:
        top, bottom, left, right = places[name]
        ink[top:bottom, left:right] = 1


def _dots(ink: NDArray[np.float32], label: int, style: _Style) -> None:
    height, width = ink.shape
    radius = 0.5 * min(height / 7, width / 5) * (1.05 - 2.5 * style.gap)
    for row, line in enumerate(MATRIX[label].split()):
        for column, dot in enumerate(line):
            if dot == "1":
                middle = round((column + 0.5) * width / 5), round((row + 0.5) * height / 7)
                cv2.circle(ink, middle, max(1, round(radius)), 1.0, -1)


def fax(data: Path) -> Population:
    """USPS digits as fax machines deliver them: black and white, 16 by 16; each batch of the file has its own."""
    with np.load(data / USPS, allow_pickle=False) as stored:
        images, labels = stored["images"], stored["labels"].astype(np.uint8)
    made = []
    for number, image in enumerate(images):
        machine = np.random.default_rng(
            [FAX_SIDE, number // BATCH]
        )  # each darker or lighter, with more or less noise
        factor, noise = machine.uniform(0.5, 1.7), machine.uniform(0, 0.03)
        level = image if image.dtype == np.uint8 else np.rint(255 * image).astype(np.uint8)
        limit = cv2.threshold(level, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0]
        black = np.pad(level > min(250.0, factor * limit), 3)
        black ^= np.random.default_rng(number).random(black.shape) < noise
        made.append(np.where(black, 0, 255).astype(np.uint8))
    names = np.array([f"batch {i // BATCH}" for i in range(len(labels))])
    return Population("fax", tuple(made), labels, names)


@dataclass(frozen=True)
class _Shot:
    """How one photograph was taken.

    Attributes:
        tilt: degrees that it is turned by.
        slant: pixels to the right, a pixel down.
        blur: standard deviation, pixels of a cell.
        noise: standard deviation, of 255.
        quality: of JPEG, of 100.
    """

    tilt: float
    slant: float
    blur: float
    noise: float
    quality: int


def sudoku(cells: Path) -> Population:
    """Cells of sudokus photographed askew, empty ones among them; a source is a photograph.

    On the photographs as they are, the shipped model fails in only about 1 % of cases. So each is retaken, as by a
    phone held at an angle: turned and slanted in its own way, a little blurred and noisy, kept as a small JPEG.
    """
    with np.load(cells, allow_pickle=False) as stored:
        labels = stored["labels"].astype(int)
        images, photos = stored["images"], stored["photo"]
    shots = {name: _shot(np.random.default_rng([CELL, i])) for i, name in enumerate(np.unique(photos))}
    made = [
        _taken(image, shots[photo], np.random.default_rng([CELL, 1, i]))
        for i, (image, photo) in enumerate(zip(images, photos, strict=True))
    ]
    shown = np.where(labels == 255, 10, labels).astype(np.uint8)
    return Population("sudoku", tuple(made), shown, np.array([f"photo {p}" for p in photos]))


def _shot(rng: np.random.Generator) -> _Shot:
    return _Shot(
        tilt=float(rng.uniform(-TILT, TILT)),
        slant=float(rng.uniform(-SLANT, SLANT)),
        blur=float(rng.uniform(0.4, 0.8)),
        noise=float(rng.uniform(2, 6)),
        quality=int(rng.integers(40, 81)),
    )


def _taken(image: Grey, shot: _Shot, rng: np.random.Generator) -> Grey:
    """A cell uint8 (56, 56) as that photograph shows it, of the same size."""
    middle = (CELL - 1) / 2
    turned = cv2.getRotationMatrix2D((middle, middle), shot.tilt + rng.normal(0, 1), 1.0)
    turned[0, 1] += shot.slant
    turned[0, 2] -= shot.slant * middle
    level = cv2.warpAffine(
        image.astype(np.float32),
        turned,
        (CELL, CELL),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    level = cv2.GaussianBlur(level, (0, 0), shot.blur) + rng.normal(0, shot.noise, level.shape)
    grey = np.rint(np.clip(level, 0, 255)).astype(np.uint8)
    coded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, shot.quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
