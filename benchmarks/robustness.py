"""How accurate a model stays when images look different: other pictures of the same digits, damage, other sources.

    python benchmarks/robustness.py --data DIR [--n 2000] [--seed 0] [--model M]
        [--usps usps.npz] [--cells cells.npz] [--omniglot omniglot.npz]

- variants: the same digits of MNIST's test part inverted, framed, cropped, enlarged, compressed, faint, in shadow, in
  the alpha channel, photographed and scanned (simulated);
- disturbances of growing strength: turned, sheared, blurred, noisy, spattered, and with a square missing;
- with files of one's own, which this project doesn't have: USPS (``images``, ``labels``); crops of photographed cells
  (``images``, ``labels`` over 9 for empty ones, ``printed``, ``report`` for those to report on); and Omniglot, of which
  none is a digit (``images`` as packed bits).

Nothing is chosen by these figures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
from common import command_line, header, table, write
from datasets import omniglot
from numpy.typing import NDArray
from polarity import VARIANTS

from recognizer import Recognizer
from recognizer.data import find_data, load_mnist
from recognizer.measure.evaluation import Measured, figures, measure
from recognizer.measure.labelled import Example, Labelled
from recognizer.results import REJECT
from reject_gen.paper import put_on_paper
from reject_gen.paper_settings import PHONE, SCANNER

Image = NDArray[np.uint8]
Labels = NDArray[np.uint8]
Change = Callable[[Image, np.random.Generator], Image]
Disturb = Callable[[Image, float, np.random.Generator], Image]


def in_alpha(digit: Image, _rng: np.random.Generator) -> Image:
    """Black ink whose form is in the alpha channel."""
    return np.dstack([np.zeros_like(digit)] * 3 + [digit])


def _still(change: Callable[[Image], Image]) -> Change:
    return lambda digit, _rng: change(digit)


PICTURES: dict[str, Change] = {
    **{name: _still(change) for name, (change, _) in VARIANTS.items()},
    "ink in alpha": in_alpha,
    "phone": lambda digit, rng: put_on_paper(digit, rng, PHONE),
    "scanner": lambda digit, rng: put_on_paper(digit, rng, SCANNER),
}


def turned(digit: Image, degrees: float, rng: np.random.Generator) -> Image:
    """To one side or the other, at random."""
    return _warped(digit, cv2.getRotationMatrix2D((13.5, 13.5), degrees * rng.choice([-1, 1]), 1.0))


def sheared(digit: Image, share: float, rng: np.random.Generator) -> Image:
    """To one side or the other, at random."""
    lean = share * rng.choice([-1, 1])
    return _warped(digit, np.array([[1, lean, -13.5 * lean], [0, 1, 0]]))


def _warped(digit: Image, matrix: Any) -> Image:  # noqa: ANN401 - as OpenCV gives it
    return np.asarray(cv2.warpAffine(digit, np.asarray(matrix, np.float64), (28, 28)), np.uint8)


def blurred(digit: Image, pixels: float, _rng: np.random.Generator) -> Image:
    """By a Gaussian of this standard deviation."""
    return np.asarray(cv2.GaussianBlur(digit, (0, 0), pixels), np.uint8)


def noisy(digit: Image, level: float, rng: np.random.Generator) -> Image:
    """Gaussian noise, as a share of black to white."""
    return np.clip(np.rint(digit + rng.normal(0, 255 * level, digit.shape)), 0, 255).astype(np.uint8)


def spattered(digit: Image, share: float, rng: np.random.Generator) -> Image:
    """Half of this share of the pixels is set to ink, half to paper."""
    lot = rng.random(digit.shape)
    return np.where(lot < share / 2, 255, np.where(lot > 1 - share / 2, 0, digit)).astype(np.uint8)


def pierced(digit: Image, side: float, rng: np.random.Generator) -> Image:
    """A square of the digit's box is missing."""
    left, top = rng.integers(4, 25 - int(side), 2)
    left_over = digit.copy()
    left_over[top : top + int(side), left : left + int(side)] = 0
    return left_over


CURVES = ("classes", "selective", "risk_coverage", "reliability")  # left to `recognizer evaluate`
DISTURBANCES: dict[str, tuple[str, Disturb, tuple[float, ...]]] = {
    "turned": ("degrees", turned, (5, 10, 15, 20, 30, 45)),
    "sheared": ("share", sheared, (0.1, 0.2, 0.3, 0.4, 0.6)),
    "blurred": ("pixels", blurred, (0.5, 1, 1.5, 2, 3)),
    "noisy": ("share of black to white", noisy, (0.05, 0.1, 0.2, 0.3, 0.4)),
    "spattered": ("share of the pixels", spattered, (0.01, 0.02, 0.05, 0.1, 0.2)),
    "a square missing": ("side in pixels", pierced, (2, 4, 6, 8, 10)),
}


def labelled(name: str, images: Any, labels: NDArray[Any], note: str = "") -> Labelled:  # noqa: ANN401
    """Images to measure on; labels over 9 mean no digit."""

    def read() -> Iterator[Example]:
        for number, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
            yield Example(image, min(label, REJECT), f"{name}, image {number}")

    return Labelled(name, len(labels), read, note)


def pictures(digits: Image, labels: Labels, seed: int) -> Iterator[Labelled]:
    """The same digits in each variant."""
    for name, change in PICTURES.items():
        rng = np.random.default_rng(seed)
        yield labelled(name, [change(digit, rng) for digit in digits], labels)


def others(args: argparse.Namespace) -> Iterator[Labelled]:
    """What is in the files that were named."""
    if args.usps:
        with np.load(args.usps, allow_pickle=False) as stored:
            yield labelled("USPS", stored["images"], stored["labels"])
    if args.cells:
        with np.load(args.cells, allow_pickle=False) as stored:
            part, printed = stored["report"], stored["printed"]
            images, labels = stored["images"], stored["labels"]
            for name, kind in (
                ("cells, printed", part & printed),
                ("cells, handwritten", part & ~printed & (labels < REJECT)),
                ("cells, empty", part & (labels >= REJECT)),
            ):
                yield labelled(name, images[kind], labels[kind], "crops of photographs, those to report on")
    if args.omniglot:
        images = omniglot(args.omniglot)
        note = "handwritten characters of other alphabets; some look like a 1 or a 0"
        yield labelled("Omniglot", images, np.full(len(images), REJECT), note)


def series(model: Recognizer, digits: Image, labels: Labels, seed: int) -> dict[str, Any]:
    """Accuracy by the strength of each disturbance."""
    found: dict[str, Any] = {}
    for name, (unit, disturb, levels) in DISTURBANCES.items():
        points = []
        for level in levels:
            rng = np.random.default_rng(seed)
            changed = [disturb(digit, level, rng) for digit in digits]
            result = figures(measure(model, labelled(name, changed, labels)))["digits"]
            kept = {key: result[key] for key in ("forced", "coverage", "wrong_accepted")}
            points.append({"level": level, **kept})
        found[name] = {"unit": unit, "points": points}
        print(name, [point["forced"]["share"] for point in points], flush=True)
    return found


def brief(found: Measured) -> dict[str, Any]:
    """The figures of a data set, without tables and curves of their own."""
    told = figures(found)
    digits = told.get("digits", {})
    return told | ({"digits": {k: v for k, v in digits.items() if k not in CURVES}} if digits else {})


def _percent(share: dict[str, Any]) -> str:
    return "–" if share["share"] is None else f"{100 * share['share']:.2f} %"


def row(found: Measured) -> list[str]:
    """A data set in the table."""
    told = figures(found)
    digits, non_digits = told.get("digits"), told.get("non_digits")
    cells = (
        [_percent(digits[key]) for key in ("forced", "coverage", "wrong_accepted")] if digits else ["–"] * 3
    )
    return [found.name, str(told["n"]), *cells, _percent(non_digits["false_accepts"]) if non_digits else "–"]


def main() -> None:
    """Measure, and write the tables."""
    parser = command_line(__doc__, data="mnist/", model=True, seed=0)
    parser.add_argument("--n", type=int, default=2000, help="test digits")
    for name in ("usps", "cells", "omniglot"):
        parser.add_argument(f"--{name}", help="an .npz file")
    args = parser.parse_args()
    model = Recognizer.load(args.model)
    images, labels = load_mnist(find_data(args.data), "test")
    chosen = np.random.default_rng(args.seed).permutation(len(labels))[: args.n]
    digits, labels = images[chosen], labels[chosen]
    measured = [measure(model, each) for each in (*pictures(digits, labels, args.seed), *others(args))]
    by_level = series(model, digits, labels, args.seed)
    levels = [
        [name, each["unit"], f"{point['level']:g}",
         *(_percent(point[key]) for key in ("forced", "coverage", "wrong_accepted"))]
        for name, each in by_level.items()
        for point in each["points"]
    ]  # fmt: skip
    columns = ["best guess right", "accepted", "wrong among accepted"]
    write(
        "robustness",
        "Robustness",
        header(
            ("numpy", "onnxruntime", "opencv-python-headless", "pillow"),
            model=model.model,
            n=f"{len(labels)} of MNIST's test digits; other sources as in the table",
            seed=args.seed,
            command="`python benchmarks/robustness.py`",
        ),
        table(["images", "n", *columns, "non-digits accepted"], map(row, measured)),
        "Disturbances, of the same digits.\n",
        table(["disturbance", "unit", "strength", *columns], levels),
        figures={
            "sets": {each.name: brief(each) for each in measured},
            "series": by_level,
            "data": [each.described for each in measured],
        },
    )


if __name__ == "__main__":
    main()
