"""Draws the images in `examples/`: crops of photographs, digits of MNIST's training part on paper, and non-digits.

    python benchmarks/draw_examples.py --data DIR --cells CELLS.npz

CELLS.npz holds ``images`` uint8 (N, 56, 56): cells cut from the photographs of the Sudoku data set of Wicht and
Hennebert. The same input gives the same files.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from common import command_line
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from recognizer.data import find_data, load_mnist
from reject_gen.paper import put_on_paper
from reject_gen.paper_settings import PHONE

Grey = NDArray[np.uint8]
FOLDER = Path(__file__).parents[1] / "examples"
CELLS = {
    "photo-4.png": 3069,
    "dim-3.png": 3548,
    "printed-8.jpg": 1952,
    "empty-cell.png": 6141,
}
SHEET, PEN = 246, 38  # grey levels of paper and ink
# A calm photograph: the examples show what is common, not what is worst.
CALM = replace(
    PHONE, ink_side=(110.0, 120.0), max_side=220, light_on_dark=0.0, neighbour=0.0, rule=0.0, tight=0.0
)


def on_light(ink: Grey, side: int, margin: int) -> Grey:
    """Ink uint8 (H, W), bright on black, as a dark pen on light paper: ``side`` pixels high, and a margin."""
    height, width = ink.shape
    size = (round(width * side / height), side)
    large = cv2.GaussianBlur(cv2.resize(ink, size, interpolation=cv2.INTER_CUBIC), (0, 0), side / 60)
    framed = cv2.copyMakeBorder(large, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    return np.rint(SHEET - framed.astype(np.float32) / 255 * (SHEET - PEN)).astype(np.uint8)


def row(digits: list[Grey]) -> Grey:
    """Digits uint8 (28, 28) side by side with gaps."""
    parts = []
    for digit in digits:
        left, _, width, _ = cv2.boundingRect((digit > 40).view(np.uint8))
        parts += [np.zeros((28, 4), np.uint8), digit[:, left : left + width]]
    return np.hstack([*parts, np.zeros((28, 4), np.uint8)])


def letter(text: str) -> Grey:
    """A letter in the typeface that comes with Pillow."""
    page = Image.new("L", (120, 140), SHEET)
    ImageDraw.Draw(page).text((60, 70), text, PEN, ImageFont.load_default(96), anchor="mm")
    return np.asarray(page)


def tick() -> Grey:
    """A tick, as on a form."""
    page = np.full((140, 140), SHEET, np.uint8)
    points = np.array([[28, 76], [40, 84], [54, 106], [74, 66], [112, 26]], np.int32)
    cv2.polylines(page, [points], False, PEN, 7, cv2.LINE_AA)
    return page


def empty_sheet(rng: np.random.Generator) -> Grey:
    """Paper with a shadow across it and the noise of a camera."""
    light = np.linspace(236, 176, 160)[None, :] + np.linspace(0, 12, 120)[:, None]
    return np.rint(light + rng.normal(0, 2, light.shape)).clip(0, 255).astype(np.uint8)


def main() -> None:
    """Draw all of them."""
    parser = command_line(__doc__, data="mnist/")
    parser.add_argument("--cells", required=True, help="an npz file of sudoku cells")
    options = parser.parse_args()
    images, labels = load_mnist(find_data(options.data), "train")
    first = {digit: np.flatnonzero(labels == digit) for digit in range(10)}
    pages = {name: np.load(options.cells)["images"][index] for name, index in CELLS.items()}
    pages["paper-5.png"] = on_light(images[first[5][3]], 168, 20)
    pages["shadow-2.jpg"] = put_on_paper(images[first[2][6]], np.random.default_rng(5), CALM)
    pages["row-2706.png"] = on_light(
        row([images[first[d][k]] for d, k in ((2, 1), (7, 4), (0, 2), (6, 5))]), 84, 24
    )
    pages["letter-k.png"] = letter("K")
    pages["tick.png"] = tick()
    pages["blank.jpg"] = empty_sheet(np.random.default_rng(0))
    FOLDER.mkdir(exist_ok=True)
    for name, page in pages.items():
        settings = {"quality": 92} if name.endswith(".jpg") else {"optimize": True}
        Image.fromarray(page).save(FOLDER / name, **settings)


if __name__ == "__main__":
    main()
