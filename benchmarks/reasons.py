"""Whether the reason of a refusal means what it says: pages made to be refused for one reason each.

    python benchmarks/reasons.py --data DIR [--n 500] [--seed 0] [--model FOLDER] [--sheet OUT.png]

Made of digits of MNIST's training part that the model was not trained on, and of what it was validated with:

- blank: paper without ink, and empty cells of forms;
- several_glyphs: two or three digits 4–10 columns apart, plain and scanned;
- not_a_digit: families of non-digits and typefaces that training never saw;
- ambiguous: a shape halfway between two digits that are easily confused, by their signed distance fields; left out are
  those that the model reads as the same digit from a third to two thirds of the way;
- low_confidence: a digit with patches missing, as of a badly inked stamp, and noise.

A page counts as right if it is refused for that reason. What is accepted is shown beside it: some pages of the last two
kinds are still legible, so accepting them is no mistake.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from common import command_line, header, table, write
from numpy.typing import NDArray

from recognizer import Recognizer
from recognizer.data import find_data
from recognizer.measure.labelled_sources import held_out_digits, origin_of
from recognizer.results import REASONS, Recognition
from recognizer.training.config import TrainingConfig
from reject_gen.base import Material
from reject_gen.mix import draw_mix
from reject_gen.paper import put_on_paper
from reject_gen.paper_settings import SCANNER
from reject_gen.recipe import make_recipe
from reject_gen.typefaces import find_typefaces, split_typefaces

Image = NDArray[np.uint8]
PAIRS = ((1, 7), (3, 8), (3, 5), (4, 9), (5, 6), (0, 6), (7, 9), (2, 7), (8, 9), (5, 8))
THIRD = 1 / 3
SEVERAL = {"triple", "fibres"}  # held-out families with more than one thing on a page
# Clean paper with clear ink: whatever is made here is to be refused for what it is, not for how it was scanned.
PAPER = replace(SCANNER, specks=0.0, neighbour=0.0, contrast=(0.4, 1.0), min_levels=60.0)


class Cases:
    """Pages made to be refused, from a seed."""

    def __init__(self, digits: Material, config: TrainingConfig, recognizer: Recognizer, seed: int) -> None:
        self.digits, self.config, self.recognizer = digits, config, recognizer
        self.rng, self.seed = np.random.default_rng(seed), seed
        self.of = [np.flatnonzero(digits.labels == digit) for digit in range(10)]

    def blank(self, n: int) -> list[Image]:
        """Paper."""
        return [put_on_paper(np.zeros((28, 28), np.uint8), self.rng, PAPER) for _ in range(n)]

    def several_glyphs(self, n: int) -> list[Image]:
        """Rows of two or three digits."""
        return [self._paper(self._row(int(self.rng.integers(2, 4)))) for _ in range(n)]

    def not_a_digit(self, n: int) -> list[Image]:
        """Non-digits of held-out families."""
        held_out = set(self.config.data.held_out_families)
        weights = dict.fromkeys(sorted(held_out - SEVERAL), 1.0)
        recipe = make_recipe(weights, typefaces=self.digits.typefaces)
        return draw_mix(recipe, n, self.seed + (2 << 32), self.digits, degrade=self._degrade).images

    def ambiguous(self, n: int) -> list[Image]:
        """Shapes halfway between two digits."""
        made: list[Image] = []
        while len(made) < n:
            ends = [self._between(*PAIRS[int(self.rng.integers(len(PAIRS)))]) for _ in range(n)]
            early, late = (
                [p.best for p in self.recognizer.recognize_many([shape(share) for shape in ends])]
                for share in (THIRD, 1 - THIRD)
            )
            made += [shape(0.5) for shape, a, b in zip(ends, early, late, strict=True) if a != b]
        return made[:n]

    def low_confidence(self, n: int) -> list[Image]:
        """Digits with patches missing."""
        return [self._worn(self._digit(int(self.rng.integers(10)))) for _ in range(n)]

    def _digit(self, label: int) -> Image:
        return self.digits.digits[int(self.rng.choice(self.of[label]))]

    def _paper(self, ink: Image) -> Image:
        return ink if self.rng.random() < 0.5 else put_on_paper(ink, self.rng, PAPER)

    def _degrade(self, image: Image, rng: np.random.Generator) -> Image:
        return image if rng.random() < 0.5 else put_on_paper(image, rng, PAPER)

    def _row(self, count: int) -> Image:
        parts = []
        for _ in range(count):
            digit = self._digit(int(self.rng.integers(10)))
            left, _, width, _ = cv2.boundingRect((digit > 60).view(np.uint8))
            parts += [digit[:, left : left + width], np.zeros((28, int(self.rng.integers(4, 11))), np.uint8)]
        return np.pad(np.hstack(parts[:-1]), 4)

    def _between(self, one: int, other: int) -> Callable[[float], Image]:
        fields = [_distances(self._digit(label)) for label in (one, other)]

        def shape(share: float) -> Image:
            field = (1 - share) * fields[0] + share * fields[1]
            # A wider range than half a pixel keeps thin strokes that lie apart from vanishing between the two.
            return np.asarray(np.clip(255 * (field + 1.4) / 1.4, 0, 255), np.uint8)

        return shape

    def _worn(self, digit: Image) -> Image:
        coarse = self.rng.random((8, 8)).astype(np.float32)
        pattern = cv2.resize(coarse, (28, 28), interpolation=cv2.INTER_CUBIC)
        lost = pattern > np.quantile(pattern, 1 - self.rng.uniform(0.3, 0.5))
        noise = self.rng.normal(0, 12, digit.shape)
        return np.asarray(np.clip(np.where(lost, 0, digit) + noise, 0, 255), np.uint8)


def _distances(digit: Image) -> NDArray[np.float64]:
    """Pixels to the edge of the ink, positive inside."""
    ink = (digit > 110).astype(np.uint8)
    inside, outside = (cv2.distanceTransform(mask, cv2.DIST_L2, 5) for mask in (ink, 1 - ink))
    return (inside - outside).astype(np.float64)


def counts(answers: list[Recognition]) -> Counter[str]:
    """How often each reason was given; "accepted" where there was none."""
    return Counter(p.reason or "accepted" for p in answers)


def main() -> None:
    """Measure all reasons and write the table."""
    parser = command_line(__doc__, data="mnist/", model=True, seed=0)
    parser.add_argument("--n", type=int, default=500)
    parser.add_argument("--sheet", type=Path, help="write a PNG with 24 pages of each kind")
    args = parser.parse_args()
    recognizer = Recognizer.load(args.model)
    origin = origin_of(recognizer.bundle)
    config = origin.config
    held_out = held_out_digits(str(find_data(args.data)), origin)
    faces = split_typefaces(find_typefaces(), config.data.held_out_typefaces)[1]
    material = Material(*held_out, tuple(face.path for face in faces))
    cases = Cases(material, config, recognizer, args.seed)
    makers: dict[str, Callable[[int], list[Image]]] = {
        name: partial(getattr(cases, name)) for name in REASONS if hasattr(cases, name)
    }
    rows, pictures = [], []
    for wanted, make in makers.items():
        pages = make(args.n)
        found = counts(list(recognizer.recognize_many(pages)))
        refused = args.n - found["accepted"]
        share = f"{100 * found[wanted] / max(1, refused):.1f} %"
        others = ", ".join(
            f"{n} {name}" for name, n in found.most_common() if name not in {wanted, "accepted"}
        )
        rows.append((wanted, found["accepted"], refused, share, others or "none"))
        pictures.append(np.hstack([cv2.resize(page, (56, 56)) for page in pages[:24]]))
    write(
        "reasons", "What the reasons of refusals mean",
        header(("numpy", "onnxruntime", "opencv-python-headless"), n=f"{args.n} of each kind", seed=args.seed,
               model=recognizer.model, command="`python benchmarks/reasons.py`"),
        table(("pages made for", "accepted", "refused", "of these for that reason", "other reasons"), rows),
    )  # fmt: skip
    if args.sheet:
        cv2.imwrite(str(args.sheet), np.vstack(pictures))


if __name__ == "__main__":
    main()
