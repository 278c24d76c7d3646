"""The bad-case loop, simulated: rounds of reports from new populations, against two plainer ways to learn.

    python benchmarks/badcases.py --data DIR [--cells sudoku-cells.npz] [--population meters fax sudoku]
        [--seeds 3] [--rounds 5] [--reports 200] [--way loop plain scratch] [--model M] [--runs runs/badcases] [--quick]

Each run is a population, a way to learn and a seed. In each round so many images are reported, right and wrong answers
alike, with their labels. "loop" is `badcase learn` and `badcase promote`; "plain" trains on the reports alone, without
replay and without judgement; "scratch" trains a new network of the same size on what is replayed and all reports. After
each round: answers on the other half of the population's sources, MNIST test, and non-digits taken for digits.

A run's folder keeps a line for each round. What is there is not done again, so that parts may be run one after the
other; the result and the plot are of all that is there.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from bad_ways import WAYS, Setting, home_at, learn_round
from common import header, table, write
from populations import Population, fax, meters, sudoku

from recognizer import Recognizer
from recognizer.bundle import read_bundle
from recognizer.cli.common import need_training
from recognizer.data import find_data, load_mnist
from recognizer.feedback.comparison import answers_of
from recognizer.glyph import find_glyph
from recognizer.results import REJECT

LINES = "rounds.jsonl"
QUICK = {"rounds": 2, "seeds": 1, "reports": 120}
NON_DIGITS = 2000
COLOURS = {"loop": "#1b7837", "plain": "#b2182b", "scratch": "#2166ac"}


@dataclass(frozen=True)
class Judge:
    """What a model is measured on besides the population: glyphs and labels of MNIST test, and non-digits."""

    glyphs: np.ndarray[Any, np.dtype[np.uint8]]
    labels: np.ndarray[Any, np.dtype[np.uint8]]
    rejects: np.ndarray[Any, np.dtype[np.uint8]]

    def figures(self, folder: Path, held: Population, seen: np.ndarray[Any, Any]) -> dict[str, Any]:
        """Figures of a model, JSON-ready; ``seen`` are the glyphs of the held-out half."""
        bundle = read_bundle(folder)
        own, mnist, others = (answers_of(bundle, each) for each in (seen, self.glyphs, self.rejects))
        return {
            "held_out": float(own.right(held.labels).mean()),
            "held_out_forced": float((own.best == held.labels)[held.labels < REJECT].mean()),
            "mnist_forced": float((mnist.best == self.labels).mean()),
            "mnist_accepted": float(mnist.accepted.mean()),
            "false_accepts": float(others.accepted.mean()),
        }


def make_judge(root: str | None, recognizer: Recognizer, limit: int | None) -> Judge:
    """MNIST test, and non-digits that no training saw."""
    from recognizer.labelled import Choice, Origin
    from recognizer.nondigits import open_nondigits
    from recognizer.training.weights import config_of

    images, labels = load_mnist(find_data(root), "test")
    images, labels = images[:limit], labels[:limit]
    origin = Origin(config_of(recognizer.bundle), recognizer.bundle.meta.get("data", {}).get("split_sha256"))
    rejects = open_nondigits(Choice(root, limit // 4 if limit else NON_DIGITS, 1), origin)
    others = [find_glyph(np.asarray(each.image)).image for each in rejects.read()]
    return Judge(glyphs_of(images), labels, np.stack(others))


def glyphs_of(images: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The glyph of each image, uint8 (N, 28, 28)."""
    return np.stack([find_glyph(np.ascontiguousarray(image)).image for image in images])


def simulate(setting: Setting, population: Population, seed: int, folder: Path, judge: Judge) -> None:
    """One run, from the round where it was left; adds a line for each round to its file."""
    reporting, held = population.halves(seed)
    held = held.take(np.random.default_rng(seed).permutation(len(held.labels))[: setting.held_out])
    seen = glyphs_of(held.images)
    order = np.random.default_rng([seed, 1]).permutation(len(reporting.labels))
    file = folder / LINES
    folder.mkdir(parents=True, exist_ok=True)
    done = file.read_text().splitlines() if file.exists() else []
    with home_at(folder / "home"):
        model = Path(json.loads(done[-1])["model"]) if done else Path(setting.base)
        if not done:
            _keep(file, {"round": 0, "model": str(model), **judge.figures(model, held, seen)})
            done = [""]
        for number in range(len(done), setting.rounds + 1):
            chosen = order[(number - 1) * setting.reports : number * setting.reports]
            start = time.perf_counter()
            model, said = learn_round(setting, reporting.take(chosen), number, seed, folder, model)
            seconds = round(time.perf_counter() - start, 1)
            line = {"round": number, "model": str(model), "seconds": seconds, **said}
            _keep(file, line | judge.figures(model, held, seen))


def _keep(file: Path, line: dict[str, Any]) -> None:
    with file.open("a") as stream:
        stream.write(json.dumps(line) + "\n")
    print(file.parent, {k: round(v, 4) if isinstance(v, float) else v for k, v in line.items()}, flush=True)


def gather(runs: Path) -> dict[tuple[str, str], list[list[dict[str, Any]]]]:
    """All rounds that are there, by population and way: a list for each seed."""
    found: dict[tuple[str, str], list[list[dict[str, Any]]]] = {}
    for file in sorted(runs.glob(f"*/*/*/{LINES}")):
        population, way = file.parts[-4], file.parts[-3]
        rounds = [json.loads(line) for line in file.read_text().splitlines()]
        found.setdefault((population, way), []).append(rounds)
    return found


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean, and half of the 95 % interval by Student's t; 0 for a single value."""
    from scipy.stats import t

    n = len(values)
    half = float(t.ppf(0.975, n - 1) * np.std(values, ddof=1) / np.sqrt(n)) if n > 1 else 0.0
    return float(np.mean(values)), half


def summary(runs: Path) -> list[list[str]]:
    """A row for each population and way: first and last round."""
    rows = []
    for (population, way), seeds in gather(runs).items():
        last = min(len(each) for each in seeds) - 1
        shown = []
        for key in ("held_out", "mnist_forced", "false_accepts"):
            for at in (0, last):
                mean, half = interval([100 * each[at][key] for each in seeds])
                shown.append(f"{mean:.2f} ± {half:.2f}")
        errors = [(1 - each[0]["held_out"], 1 - each[last]["held_out"]) for each in seeds]
        mended, half = interval([100 * (1 - after / max(before, 1e-9)) for before, after in errors])
        spent = np.mean([line.get("seconds", 0) for each in seeds for line in each[1:]] or [0])
        rows.append(
            [
                population,
                way,
                str(len(seeds)),
                str(last),
                *shown,
                f"{mended:.0f} ± {half:.0f}",
                f"{spent:.0f}",
            ]
        )
    return rows


def draw(runs: Path, out: Path) -> None:
    """Accuracy on the held-out half, and MNIST, round by round."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    found = gather(runs)
    names = sorted({population for population, _ in found})
    figure, axes = pyplot.subplots(2, len(names), figsize=(3.6 * len(names), 5), squeeze=False, sharex=True)
    for column, name in enumerate(names):
        for (population, way), seeds in found.items():
            if population != name:
                continue
            rounds = range(min(len(each) for each in seeds))
            for row, key in enumerate(("held_out", "mnist_forced")):
                points = [interval([100 * each[at][key] for each in seeds]) for at in rounds]
                means, halves = zip(*points, strict=True)
                axes[row, column].errorbar(rounds, means, halves, label=way, color=COLOURS[way], capsize=2)
        axes[0, column].set_title(name)
        axes[1, column].set_xlabel("rounds of reports")
    axes[0, 0].set_ylabel("right on other sources, %")
    axes[1, 0].set_ylabel("MNIST test, best guess, %")
    axes[0, 0].legend()
    figure.tight_layout()
    figure.savefig(out, dpi=120)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="the folder with mnist/ and usps-train.npz (default: RECOGNIZER_DATA)")
    parser.add_argument("--cells", type=Path, help="sudoku-cells.npz; without it there are no sudokus")
    parser.add_argument(
        "--population", nargs="+", choices=("meters", "fax", "sudoku"), default=["meters", "fax", "sudoku"]
    )
    parser.add_argument("--way", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--reports", type=int, default=200, help="a round")
    parser.add_argument("--model", help="the model to begin with (default: shipped)", default="shipped")
    parser.add_argument("--runs", type=Path, default=Path("runs/badcases"))
    parser.add_argument(
        "--quick", action="store_true", help="two short rounds of one seed, to see that it works"
    )
    args = parser.parse_args()
    if args.quick:
        vars(args).update(QUICK)
    return args


def populations(args: argparse.Namespace, seed: int) -> Iterator[Population]:
    """Those that are asked for."""
    for name in args.population:
        if name == "meters":
            yield meters(seed, 20 if args.quick else 60)
        elif name == "fax":
            yield fax(find_data(args.data))
        elif args.cells:
            yield sudoku(args.cells)


def main() -> None:
    """Simulate what is not there yet, then write the result and the plot."""
    args = parsed()
    need_training()
    runs = args.runs.with_name(f"{args.runs.name}-quick") if args.quick else args.runs
    recognizer = Recognizer.load(args.model)
    setting = Setting(
        "loop",
        str(recognizer.bundle.folder),
        args.data,
        args.rounds,
        args.reports,
        args.quick,
        runs / "replay",
    )
    judge = make_judge(args.data, recognizer, 1000 if args.quick else None)
    for seed in range(args.seeds):
        for population in populations(args, seed):
            for way in args.way:
                folder = (runs / population.name / way / str(seed)).resolve()
                simulate(replace(setting, way=way), population, seed, folder, judge)
    picture = Path(__file__).parent / "results" / "badcases.png"
    draw(runs, runs / "badcases.png" if args.quick else picture)
    columns = [
        "population", "way", "seeds", "rounds", "right before, %", "after, %", "MNIST before, %", "after, %",
        "false accepts before, %", "after, %", "errors mended, %", "s a round",
    ]  # fmt: skip
    text = table(columns, summary(runs))
    if args.quick:
        print(text)
        return
    command = f"`python benchmarks/badcases.py --seeds {args.seeds} --rounds {args.rounds} --reports {args.reports}`"
    facts = header(("numpy", "torch", "onnxruntime"), model=recognizer.model, command=command)
    write("badcases", "The bad-case loop, simulated", facts, __doc__ or "", "![](badcases.png)\n", text)


if __name__ == "__main__":
    main()
