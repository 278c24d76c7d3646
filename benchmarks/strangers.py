"""How many strangers pass for digits: families of non-digits written without sight of those of training.

    python benchmarks/strangers.py [--model M] [--data DIR] [--n 300] [--seed 20242] [--quick]

Each family draws the same number of images: half are cuts from pages, 28–120 pixels, half bright on black, 28–40
pixels. Families made of digits use digits of MNIST's training part that the model was not trained on. The same digits,
whole, in the same two forms, are the control. Printed families use typefaces that the model was not trained on where
there are enough of them; a family for which this machine has none is left out. ``--quick`` draws few images, and writes
to files of its own: its figures only show that everything works.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import common
import cv2
import numpy as np
from common import command_line, header, table, write
from PIL import Image
from stranger import cuts, digits, marks, paper, prints, signs, sketches
from stranger.drawing import Dice, Mask, Material, place
from stranger.family import FAMILIES, Family, finish
from stranger.typefaces import NoTypefaceError, Typefaces, installed

from recognizer import Recognizer
from recognizer.data import find_data
from recognizer.measure.labelled_sources import held_out_digits, origin_of
from recognizer.measure.metrics import share_of

FAMILY_FILES = (
    cuts,
    digits,
    marks,
    paper,
    prints,
    signs,
    sketches,
)
"""Importing them makes ``FAMILIES`` whole."""

QUICK = 4
CONTROLS = 4  # times the images of a family
CELL, COLUMNS, MOST = 40, 20, 160  # of the sheet: pixels, cells in a row, cells in all
GREYS = 16
SOME = 0.01  # of a family: more of it is worth a look

ABOUT = """
A language model wrote these families, without sight of those of training or of any result. What looked like a digit to
it was taken out before anything was measured; nothing was changed because of what was accepted. Some signs later turned
out to look like digits and were left in: above all the Cyrillic Ц, in `hand_cyrillic` and `print_greek_cyrillic`, which
looks like an open 4. Since then the digits were replaced by ones that training held out, and so were the typefaces
where there are enough of them. No setting of a model is chosen by these figures.
"""


@dataclass(frozen=True)
class Found:
    """What a recognizer made of a family's images: ``digits`` holds what each was read as, None if refused."""

    family: Family
    images: Sequence[Mask]
    digits: Sequence[int | None]

    @property
    def accepted(self) -> list[bool]:
        """Which images passed for digits."""
        return [digit is not None for digit in self.digits]

    @property
    def read_as(self) -> Counter[int]:
        """How often each digit was read."""
        return Counter(digit for digit in self.digits if digit is not None)

    @property
    def share(self) -> dict[str, Any]:
        """Of all images, see `share_of`."""
        return share_of(sum(self.accepted), len(self.digits))

    def row(self) -> list[object]:
        """In the table."""
        read = ", ".join(f"{digit}: {count}" for digit, count in self.read_as.most_common())
        return [self.family.name, self.family.what, *told(self.share), read or "–"]


def told(share: Mapping[str, Any]) -> list[object]:
    """N, the share in percent, and its interval."""
    low, high = share["interval_95"]
    return [share["n"], f"{100 * share['share']:.2f}", f"{100 * low:.2f}–{100 * high:.2f}"]


def control(seed: int, index: int, material: Material) -> tuple[Mask, int]:
    """A digit in the form of a family's image, and which it is."""
    dice = Dice(np.random.default_rng([seed, index]), index % 2 == 1, material)
    digit, label = dice.digit()
    return finish(place(digit), dice, "ink"), label


def measure(model: Recognizer, material: Material, n: int, seed: int) -> tuple[list[Found], dict[str, str]]:
    """The families, the most accepted first; and those left out, with the typeface they lack."""
    found, left_out = [], {}
    for family in FAMILIES.values():
        try:
            images = [family.sample(seed, index, material) for index in range(n)]
        except NoTypefaceError as missing:
            left_out[family.name] = str(missing)
            continue
        digits = [answer.digit for answer in model.recognize_many(images)]
        found.append(Found(family, images, digits))
        print(f"{family.name}: {sum(found[-1].accepted)} of {n}", flush=True)
    return sorted(found, key=lambda each: (-sum(each.accepted), each.family.name)), left_out


def measure_control(model: Recognizer, material: Material, n: int, seed: int) -> tuple[dict[str, Any], float]:
    """How many digits are accepted, and the share that is read right among them."""
    images, labels = zip(*(control(seed, index, material) for index in range(n)), strict=True)
    digits = [answer.digit for answer in model.recognize_many(images)]
    accepted = sum(digit is not None for digit in digits)
    right = sum(digit == label for digit, label in zip(digits, labels, strict=True))
    return share_of(accepted, n), right / max(1, accepted)


def totals(found: Sequence[Found]) -> dict[str, dict[str, Any]]:
    """Over all families: all images, and the two forms."""
    parts = {
        "all families": slice(None),
        "cut from a page": slice(0, None, 2),
        "bright on black": slice(1, None, 2),
    }
    chosen = {name: [each for one in found for each in one.accepted[part]] for name, part in parts.items()}
    return {name: share_of(sum(each), len(each)) for name, each in chosen.items()}


def sheet(found: Sequence[Found]) -> Image.Image | None:
    """The images that were accepted, as many as fit, in the table's order; None if there are none."""
    taken = [
        image
        for each in found
        for image, accepted in zip(each.images, each.accepted, strict=True)
        if accepted
    ][:MOST]
    if not taken:
        return None
    rows = -(-len(taken) // COLUMNS)
    page = np.full((rows * CELL, COLUMNS * CELL), 128, np.uint8)
    for k, image in enumerate(taken):
        scale = (CELL - 4) / max(image.shape)
        width, height = (max(1, int(length * scale)) for length in image.shape[::-1])
        y, x = k // COLUMNS * CELL + 2, k % COLUMNS * CELL + 2
        page[y : y + height, x : x + width] = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    picture = Image.fromarray(page // (256 // GREYS), "P")
    picture.putpalette([level for k in range(GREYS) for level in [k * 255 // (GREYS - 1)] * 3])
    return picture


def notes(left_out: Mapping[str, str], typefaces: Typefaces) -> str:
    """What this machine's typefaces allowed."""
    names = {
        new: ", ".join(sorted(name for name, unknown in typefaces.used.items() if unknown == new))
        for new in (True, False)
    }
    text = f"Typefaces that training did not use: {names[True] or 'none'}. Others: {names[False] or 'none'}."
    if typefaces.missing:
        text += f" Not on this machine: {', '.join(sorted(typefaces.missing))}, or another that has its characters."
    if left_out:
        text += f" Left out for want of them: {', '.join(f'`{name}`' for name in sorted(left_out))}."
    return text + "\n"


def report(
    found: Sequence[Found], digits: tuple[dict[str, Any], float], facts: common.Facts, note: str, name: str
) -> None:
    """Write the tables, the sheet and the metrics file."""
    shares, (controls, right) = totals(found), digits
    picture, shown = sheet(found), []
    common.RESULTS.mkdir(exist_ok=True)
    if picture:
        picture.save(common.RESULTS / f"{name}.png", bits=4, optimize=True)
        shown = [f"What was accepted, in the table's order (at most {MOST}).\n", f"![Accepted]({name}.png)\n"]
    columns = ["accepted, %", "95 % interval"]
    many = sum(each.share["share"] > SOME for each in found)
    write(
        name,
        "Strangers: non-digits of families that training does not know",
        facts,
        ABOUT.lstrip("\n"),
        f"Of {many} families more than {SOME * 100:g} % is accepted; they come first.\n",
        table(["family", "what it is", "n", *columns, "read as"], [each.row() for each in found]),
        f"The control is whole digits in the same forms; of those accepted, {100 * right:.2f} % are read right.\n",
        table(
            ["images", "n", *columns],
            [[images, *told(share)] for images, share in (shares | {"control: digits": controls}).items()],
        ),
        note,
        *shown,
        figures={
            "families": {
                each.family.name: each.share | {"read_as": {str(k): v for k, v in each.read_as.items()}}
                for each in found
            },
            "totals": shares,
            "control": controls | {"right_among_accepted": right},
        },
    )


def main() -> None:
    """Measure all families, and write the result."""
    parser = command_line(__doc__, data="mnist/", model=True, seed=20242)
    parser.add_argument("--n", type=int, default=300, help="images of each family")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} images of each, to see that it works")
    args = parser.parse_args()
    n = QUICK if args.quick else args.n
    cv2.setNumThreads(1)
    model = Recognizer.load(args.model)
    held_out = held_out_digits(str(find_data(args.data)), origin_of(model.bundle))
    typefaces = installed(model.bundle.meta["data"].get("train_typefaces", {}))
    material = Material(*held_out, typefaces)
    found, left_out = measure(model, material, n, args.seed)
    digits = measure_control(model, material, CONTROLS * n, args.seed)
    facts = header(
        ("numpy", "onnxruntime", "opencv-python-headless", "pillow", "matplotlib", "scikit-learn"),
        n=f"{n} of each of {len(found)} families, {CONTROLS * n} digits",
        seed=args.seed,
        model=model.model,
        command="`python benchmarks/strangers.py" + (" --quick`" if args.quick else "`"),
    )
    report(found, digits, facts, notes(left_out, typefaces), "strangers-quick" if args.quick else "strangers")


if __name__ == "__main__":
    main()
