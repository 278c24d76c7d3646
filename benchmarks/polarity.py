"""Fits and measures how `recognizer.glyph.ink` tells bright ink on a dark page from dark ink on a light one.

    python benchmarks/polarity.py --data DIR [--cells CELLS.npz] [--n 1500] [--seed 0]

Pages whose polarity is known: digits of MNIST's training part that the model's weights were not fitted on, as they
are, inverted, framed, cropped, shaded, compressed; and these and printed digits on simulated paper. With ``--cells``
also crops of photographs (``images`` uint8 (N, 56, 56), ``labels`` over 9 where the cell is empty, ``report`` True for
those that are left out). Half of the pages of each group fit the weights, the other half measures them.

Logistic regression without intercept on signs of both polarities: an inverted page has the opposite signs, so each
page counts twice, and neither side is favoured. Tight crops count three times, being the hardest; empty cells a tenth,
as their polarity matters little.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from common import command_line, header, table, write
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression

from recognizer.data import find_data, load_mnist
from recognizer.glyph import ink
from recognizer.training.config import DataConfig
from recognizer.training.samples import stratified_split
from reject_gen.paper import put_on_paper
from reject_gen.paper_settings import PHONE, SCANNER
from reject_gen.printed import render_digits
from reject_gen.typefaces import find_typefaces

Grey = NDArray[np.uint8]
Signs = dict[str, float]
REGULARITY = 10.0  # inverse strength of the regression's penalty
WEIGHTS = {"crop": 3.0, "cropped, inverted": 3.0, "printed crop": 3.0, "cells": 3.0, "empty cells": 0.1}
STEEP = np.linspace(0.35, 1.0, 84)  # light over a page with a hard shadow, a share


@dataclass(frozen=True)
class Page:
    """A page's signs, whether its ink is the brighter side, and its group."""

    signs: Signs
    bright: bool
    group: str
    narrow: bool
    called_bright: bool

    @staticmethod
    def of(page: Grey, bright: bool, group: str) -> Page:
        """Measure the signs of a uint8 (H, W) page."""
        page = np.ascontiguousarray(page)
        signs = ink.polarity_signs(page) | ink.structure_signs(page)
        narrow = max(page.shape) >= ink.NARROW * min(page.shape)
        return Page(signs, bright, group, narrow, ink.ink_is_bright(page))


def crop(digit: Grey) -> Grey:
    """A digit cut to its ink, without a margin."""
    left, top, width, height = cv2.boundingRect((digit > 30).view(np.uint8))
    return digit[top : top + height, left : left + width]


def enlarged(digit: Grey, side: int = 84) -> Grey:
    """Dark on light, ``side`` pixels square."""
    return np.asarray(cv2.resize(255 - digit, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def compressed(digit: Grey) -> Grey:
    """Dark on light, through a JPEG of low quality."""
    stream = io.BytesIO()
    Image.fromarray(enlarged(digit)).save(stream, "JPEG", quality=40)
    return np.asarray(Image.open(stream).convert("L"))


VARIANTS: dict[str, tuple[Callable[[Grey], Grey], bool]] = {
    "plain": (lambda digit: digit, True),
    "margin": (lambda digit: np.pad(digit, 28), True),
    "crop": (crop, True),
    "inverted": (lambda digit: 255 - digit, False),
    "cropped, inverted": (lambda digit: 255 - crop(digit), False),
    "large, margin": (lambda digit: np.pad(enlarged(digit, 112), 32, constant_values=255), False),
    "JPEG": (compressed, False),
    "low contrast": (lambda digit: np.rint(255 - 0.3 * digit).astype(np.uint8), False),
    "shadow across": (lambda digit: (enlarged(digit) * STEEP).astype(np.uint8), False),
    "shadow down": (lambda digit: (enlarged(digit) * STEEP[:, None]).astype(np.uint8), False),
}


def variants(digits: Grey) -> Iterator[Page]:
    """Each digit in each photometric variant."""
    for group, (change, bright) in VARIANTS.items():
        yield from (Page.of(change(digit), bright, group) for digit in digits)


def on_paper(digits: Grey, n: int, rng: np.random.Generator) -> Iterator[Page]:
    """Written and printed digits on simulated paper, dark on light; and printed ones cropped, bright on black."""
    printed, _ = render_digits(rng, n, tuple(face.path for face in find_typefaces()))
    for group, settings in (("phone", PHONE), ("scanner", SCANNER)):
        dark = replace(settings, light_on_dark=0.0)
        yield from (
            Page.of(put_on_paper(image, rng, dark), False, group) for image in (*digits[:n], *printed)
        )
    yield from (Page.of(crop(image), True, "printed crop") for image in printed)


def cells(file: str) -> Iterator[Page]:
    """Crops of photographs, dark on light, without those to report on."""
    with np.load(file) as stored:
        images, labels, chosen = stored["images"], stored["labels"], ~stored["report"]
    for image, label in zip(images[chosen], labels[chosen], strict=True):
        yield Page.of(image, False, "cells" if label <= 9 else "empty cells")


def fit(pages: list[Page], names: list[str]) -> dict[str, float]:
    """Weights of the named signs, in logits."""
    signs = np.array([[page.signs[name] for name in names] for page in pages])
    bright = np.array([page.bright for page in pages])
    weights = np.array([WEIGHTS.get(page.group, 1.0) for page in pages])
    model = LogisticRegression(fit_intercept=False, C=REGULARITY)
    model.fit(np.r_[signs, -signs], np.r_[bright, ~bright], np.r_[weights, weights])
    return dict(zip(names, model.coef_[0].tolist(), strict=True))


def logit(page: Page, weights: Mapping[str, float]) -> float:
    """The sum of weighted signs: above 0 for bright ink."""
    return sum(weight * page.signs[name] for name, weight in weights.items())


def is_doubtful(page: Page, clear: Mapping[str, float]) -> bool:
    """Whether the costlier signs are asked."""
    return abs(logit(page, clear)) < ink.DOUBT and not page.narrow


def errors(pages: list[Page], decide: Callable[[Page], bool]) -> str:
    """The share of pages whose polarity is mistaken, as text."""
    return f"{100 * np.mean([decide(page) != page.bright for page in pages]):.2f}"


def measure(pages: list[Page], fitted: list[Page]) -> tuple[str, str]:
    """Two tables: the weights, fitted and in use; and the errors of each group of ``pages``."""
    clear = fit(fitted, list(ink.CLEAR_WEIGHTS))
    doubtful = fit([page for page in fitted if is_doubtful(page, clear)], list(ink.DOUBTFUL_WEIGHTS))

    def two_steps(page: Page) -> bool:
        if page.narrow and abs(logit(page, clear)) < ink.DOUBT:
            return page.called_bright
        return logit(page, doubtful if is_doubtful(page, clear) else clear) > 0

    groups: dict[str, list[Page]] = {}
    for page in pages:
        groups.setdefault(page.group, []).append(page)
    rows = [
        [
            group,
            len(members),
            f"{100 * np.mean([is_doubtful(page, clear) for page in members]):.1f}",
            errors(members, lambda page: logit(page, clear) > 0),
            errors(members, two_steps),
            errors(members, lambda page: page.called_bright),
        ]
        for group, members in groups.items()
    ]
    weights = [
        [step, name, f"{value:.1f}", in_use[name]]
        for step, made, in_use in (
            ("clear", clear, ink.CLEAR_WEIGHTS),
            ("doubtful", doubtful, ink.DOUBTFUL_WEIGHTS),
        )
        for name, value in made.items()
    ]
    columns = [
        "group",
        "pages",
        "doubtful %",
        "clear signs alone, wrong %",
        "fitted here, wrong %",
        "in use, wrong %",
    ]
    return table(["step", "sign", "fitted here", "in use"], weights), table(columns, rows)


def main() -> None:
    """Fit, measure, and write both tables."""
    parser = command_line(__doc__, data="mnist/", seed=0)
    parser.add_argument("--cells", help="an npz file of crops of photographs")
    parser.add_argument("--n", type=int, default=1500, help="digits in each variant")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    images, labels = load_mnist(find_data(options.data), "train")
    held_out = stratified_split(labels, DataConfig.validation, 0)[1]
    rng = np.random.default_rng(options.seed)
    digits = images[rng.permutation(held_out)[: options.n]]
    pages = [
        *variants(digits),
        *on_paper(digits, options.n, rng),
        *(cells(options.cells) if options.cells else ()),
    ]
    weights, figures = measure(pages[1::2], pages[::2])
    packages = ("numpy", "opencv-python-headless", "scikit-learn")
    facts = {"n": f"{len(pages)} pages, {options.n} digits in each variant", "seed": options.seed}
    command = "`python benchmarks/polarity.py" + (" --cells CELLS.npz`" if options.cells else "`")
    write(
        "polarity",
        "Polarity: which side is the ink",
        header(packages, **facts, command=command),
        "Weights, in logits, fitted on half of the pages.\n",
        weights,
        f"Errors on the other half. A page is doubtful where the clear signs sum to less than {ink.DOUBT:g} logits.\n",
        figures,
    )


if __name__ == "__main__":
    main()
