"""Planted mistakes: a writer whose 8 looks like 3, and reports with wrong labels.

    python benchmarks/planted.py --data DIR [--seeds 3] [--part writer noise] [--model M] [--runs runs/planted]

The writer: 150 reports of handwritten eights with hardly any ink on the left side, and as many reports
of other digits of the same writer and of others, who write ordinarily. `badcase diagnose` should name the pair and
propose a specialist. After `badcase learn` and `badcase promote`, mistakes of the pattern are counted on eights that
were not reported, and those of the other pairs on MNIST test.

Wrong labels: 200 reports from meters or faxes, one in ten with a wrong label, drawn evenly from all others. Counted:
the wrong labels in the list to look at, and the length of that list. Nobody looks at it; the model learns, and is
promoted or not. Measured: the other half of the sources, MNIST test, and non-digits.

Reports of the writer come from MNIST's training digits; the eights that are counted, from those that training held out.
A run's folder keeps its figures; finished runs are not repeated.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from bad_summary import interval
from bad_ways import Setting, home_at, learn_round
from badcases import Judge, glyphs_of, make_judge
from common import Table, command_line, header, table, write
from numpy.typing import NDArray
from populations import Population, fax, meters

from recognizer import Recognizer
from recognizer.bundle import read_bundle
from recognizer.cli.common import need_training
from recognizer.data import find_data, load_mnist
from recognizer.feedback.comparison import Answers, answers_of
from recognizer.feedback.learning import candidate_folder
from recognizer.feedback.store import Store
from recognizer.training.samples import stratified_split
from recognizer.training.weights import config_of

FIGURES = "figures.json"
EIGHTS, FORMS, OTHERS = 150, 10, 150
SLANT = 0.15
LIFTED = (0.7, 0.9)  # share of the ink that is missing there
NOISE, REPORTS = 0.1, 200
FALL, FOUND, LONGEST = 70, 80, 20  # the targets, in %
PAIR = (3, 8)
Grey = NDArray[np.uint8]


def open_left(image: Grey, rng: np.random.Generator) -> Grey:
    """An 8 whose pen hardly touches the paper on the left side of both loops, uint8 (28, 28)."""
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    edge = columns[0] + (columns[-1] - columns[0] + 1) * rng.uniform(0.3, 0.42)
    y = (np.arange(28) - rows[0]) / max(1, rows[-1] - rows[0])
    loops = (np.abs(y - 0.28) < 0.17) | (np.abs(y - 0.72) < 0.17)
    left = np.clip((edge - np.arange(28)) / 2 + 0.5, 0, 1)
    return np.rint(image * (1 - rng.uniform(*LIFTED) * loops[:, None] * left)).astype(np.uint8)


def slanted(image: Grey) -> Grey:
    """The same, sheared to the right as the writer does."""
    matrix = np.array([[1, -SLANT, SLANT * 14], [0, 1, 0]], np.float32)
    return np.asarray(cv2.warpAffine(image, matrix, (28, 28), flags=cv2.INTER_LINEAR), np.uint8)


def trained_and_held_out(root: str | None, base: str) -> tuple[tuple[Grey, Grey], tuple[Grey, Grey]]:
    """Images and labels of MNIST's training digits: those that the model was trained on, and those held out."""
    config = config_of(read_bundle(base))
    images, labels = load_mnist(find_data(root), "train")
    trained, held_out = stratified_split(labels, config.data.validation, config.seed)
    return (images[trained], labels[trained]), (images[held_out], labels[held_out])


def writer_reports(images: Grey, labels: Grey, seed: int) -> Population:
    """Eights of the pattern, other digits of the same writer, and ordinary ones of others."""
    rng = np.random.default_rng([8, 3, seed])
    eights = rng.permutation(np.flatnonzero(labels == 8))[:EIGHTS]
    rest = rng.permutation(np.flatnonzero(labels != 8))[: 2 * OTHERS]
    made = [slanted(open_left(images[i], rng)) for i in eights]
    made += [slanted(images[i]) for i in rest[:OTHERS]]
    made += [images[i] for i in rest[OTHERS:]]
    sources = [f"writer 7, form {i % FORMS}" for i in (*range(EIGHTS), *range(OTHERS))]
    sources += [f"writer {20 + i % 30}" for i in range(OTHERS)]
    shown = np.concatenate([np.full(EIGHTS, 8, np.uint8), labels[rest]])
    return Population("writer", tuple(made), shown, np.array(sources))


def unseen_eights(images: Grey, labels: Grey, seed: int) -> Grey:
    """Eights of the same pattern that nobody reports."""
    rng = np.random.default_rng([8, 3, 1, seed])
    return np.stack([slanted(open_left(image, rng)) for image in images[labels == 8]])


def other_pairs(answers: Answers, labels: Grey) -> int:
    """Wrong best guesses, but for those within the pair."""
    wrong = answers.best != labels
    within = np.isin(labels, PAIR) & np.isin(answers.best, PAIR)
    return int((wrong & ~within).sum())


def plant_writer(setting: Setting, seed: int, folder: Path, judge: Judge) -> dict[str, Any]:
    """Reports of a writer whose 8 looks like 3; what diagnosis says, and what learning mends."""
    trained, held_out = trained_and_held_out(setting.data, setting.base)
    reported, glyphs = writer_reports(*trained, seed), glyphs_of(unseen_eights(*held_out, seed))
    eights = np.full(len(glyphs), 8, np.uint8)
    with home_at(folder / "home"):
        model, said = learn_round(setting, reported, 1, seed, folder, Path(setting.base))
        told = _proposals()
    models = read_bundle(setting.base), read_bundle(model)
    own = [answers_of(each, glyphs) for each in models]
    mnist = [answers_of(each, judge.glyphs) for each in models]
    return {
        **said,
        "promoted": str(model) != setting.base,
        "proposals": told,
        "n": len(glyphs),
        "wrong": [int((~each.right(eights)).sum()) for each in own],
        "read_as_3": [int((each.best == 3).sum()) for each in own],
        "n_mnist": len(judge.labels),
        "other_pairs": [other_pairs(each, judge.labels) for each in mnist],
    }


def _proposals() -> list[dict[str, Any]]:
    """What diagnosis said when the candidate was made."""
    learning = read_bundle(candidate_folder()).meta["learning"]
    return list(learning["proposals"])


def plant_noise(
    setting: Setting, population: Population, seed: int, folder: Path, judge: Judge
) -> dict[str, Any]:
    """A round of reports with wrong labels; which of them are in the list to look at, and what is learnt."""
    reporting, held = population.halves(seed)
    rng = np.random.default_rng([seed, 10])
    chosen = reporting.take(rng.permutation(len(reporting.labels))[:REPORTS])
    wrong = rng.permutation(REPORTS)[: round(NOISE * REPORTS)]
    labels = chosen.labels.copy()
    labels[wrong] = (labels[wrong] + rng.integers(1, 11, len(wrong))) % 11
    reported = replace(chosen, labels=labels)
    held = held.take(np.random.default_rng(seed).permutation(len(held.labels))[: setting.held_out])
    seen = glyphs_of(held.images)
    keys = {glyph.tobytes(): i for i, glyph in enumerate(glyphs_of(chosen.images))}
    with home_at(folder / "home"):
        model, said = learn_round(setting, reported, 1, seed, folder, Path(setting.base))
        looked = _looked(keys)
    return {
        **said,
        "promoted": str(model) != setting.base,
        "wrong_labels": len(wrong),
        "found": len(looked & set(wrong.tolist())),
        "listed": len(looked),
        "before": judge.figures(Path(setting.base), held, seen),
        "after": judge.figures(model, held, seen),
    }


def _looked(keys: dict[bytes, int]) -> set[int]:
    """Which reports are in the list to look at: their indices, found by their glyphs."""
    learning = read_bundle(candidate_folder()).meta["learning"]
    with Store.open() as store:
        return {keys[glyph.tobytes()] for glyph in store.glyphs(list(learning["look"]))}


def kept(folder: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The figures of a run: those kept, or new ones."""
    file = folder / FIGURES
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        found = make()
        file.write_text(json.dumps(found, indent=1))
    read: dict[str, Any] = json.loads(file.read_text())
    print(folder, {k: v for k, v in read.items() if k not in ("proposals", "tried", "checks")}, flush=True)
    return read


def _told(values: Sequence[float]) -> str:
    mean, half = interval(values)
    return f"{mean:.1f} ± {half:.1f}"


def writer_table(runs: Sequence[dict[str, Any]]) -> Table:
    """A row for each seed."""
    rows = []
    for seed, run in enumerate(runs):
        before, after = run["wrong"]
        fall = 100 * (1 - after / max(1, before))
        named = next((each["proposal"] for each in run["proposals"] if "3-8" in each["proposal"]), "none")
        rows.append([
            seed, named, "yes" if run["promoted"] else "no", run["n"], before, after, f"{fall:.0f}",
            "yes" if fall >= FALL else "no", run["n_mnist"], *run["other_pairs"],
        ])  # fmt: skip
    columns = [
        "seed", "proposal", "promoted", "unseen eights", "wrong before", "after",
        f"fall, % (at least {FALL})", "met", "MNIST test", "errors of other pairs before", "after",
    ]  # fmt: skip
    return table(columns, rows)


def noise_table(runs: dict[str, list[dict[str, Any]]]) -> Table:
    """A row for each population: means over seeds."""
    rows = []
    for name, seeds in runs.items():
        found = [100 * run["found"] / run["wrong_labels"] for run in seeds]
        listed = [100 * run["listed"] / REPORTS for run in seeds]
        met = float(np.mean(found)) >= FOUND and max(listed) <= LONGEST
        shown = [
            _told([100 * run[at][key] for run in seeds])
            for key in ("held_out", "mnist_forced", "false_accepts")
            for at in ("before", "after")
        ]
        promoted = sum(run["promoted"] for run in seeds)
        rows.append([
            name, len(seeds), _told(found), _told(listed), "yes" if met else "no", promoted, *shown,
        ])  # fmt: skip
    columns = [
        "population", "seeds", f"wrong labels listed, % (at least {FOUND})",
        f"list, % of reports (at most {LONGEST})", "met", "promoted", "right before, %", "after, %",
        "MNIST before, %", "after, %", "false accepts before, %", "after, %",
    ]  # fmt: skip
    return table(columns, rows)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__, data="mnist/ and usps-train.npz")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--part", nargs="+", choices=("writer", "noise"), default=["writer", "noise"])
    parser.add_argument("--model", help="the model to begin with (default: shipped)", default="shipped")
    parser.add_argument("--runs", type=Path, default=Path("runs/planted"))
    return parser.parse_args()


def main() -> None:
    """Plant what is not there yet, then write the result."""
    args = parsed()
    need_training()
    recognizer, runs = Recognizer.load(args.model), args.runs.resolve()
    base = str(recognizer.bundle.folder)
    setting = Setting("loop", base, args.data, 1, REPORTS, False, runs / "replay")
    judge = make_judge(args.data, recognizer, None, runs)
    parts: list[str | Table] = []
    if "writer" in args.part:
        folders = [runs / "writer" / str(seed) for seed in range(args.seeds)]
        found = [
            kept(each, partial(plant_writer, setting, seed, each, judge)) for seed, each in enumerate(folders)
        ]
        parts += ["## A writer whose 8 looks like 3\n", writer_table(found)]
    if "noise" in args.part:
        noisy: dict[str, list[dict[str, Any]]] = {"meters": [], "fax": []}
        for seed in range(args.seeds):
            for population in (meters(seed), fax(find_data(args.data))):
                folder = runs / population.name / str(seed)
                noisy[population.name].append(
                    kept(folder, partial(plant_noise, setting, population, seed, folder, judge))
                )
        parts += ["## Wrong labels\n", noise_table(noisy)]
    facts = header(
        ("numpy", "torch", "onnxruntime"),
        model=recognizer.model,
        command=f"`python benchmarks/planted.py --seeds {args.seeds}`",
    )
    write("planted", "Planted mistakes", facts, __doc__ or "", *parts)


if __name__ == "__main__":
    main()
