"""The bad-case loop, simulated: rounds of reports from new populations, against two plainer ways to learn.

    python benchmarks/badcases.py --data DIR [--cells sudoku-cells.npz] [--population meters fax sudoku]
        [--seeds 3] [--rounds 5] [--reports 200] [--way loop plain scratch] [--model M] [--runs runs/badcases] [--quick]

A run is one population, one way to learn and one seed. In each round, REPORTS images are reported with their labels,
right and wrong answers alike. "loop" is `badcase learn` and `badcase promote`; "plain" trains on the reports alone,
without replay and without judgement; "scratch" trains a new network of the same size once, after the last round, on
the replayed samples and all reports. Measured after each round: answers on the other half of the population's sources,
MNIST test, and non-digits that neither training nor validation saw.

A run's folder keeps a line for each round. Finished rounds are not repeated, so parts may be run one after the other;
the result and the plot cover all finished rounds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from bad_summary import LINES, draw, rounds_table, targets_table
from bad_ways import WAYS, Setting, home_at, learn_round
from common import RESULTS, command_line, header, write
from populations import Population, fax, meters, sudoku

from recognizer import Recognizer
from recognizer.bundle import read_bundle
from recognizer.cli.common import need_training
from recognizer.data import find_data, load_mnist
from recognizer.feedback.comparison import answers_of
from recognizer.glyph.normalise import find_glyph
from recognizer.results import REJECT

QUICK = {"rounds": 2, "seeds": 1, "reports": 120}
NON_DIGITS = 10_000
MEASURED = ("held_out", "held_out_forced", "mnist_forced", "mnist_accepted", "false_accepts")


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
        found = (
            own.right(held.labels),
            (own.best == held.labels)[held.labels < REJECT],
            mnist.best == self.labels,
            mnist.accepted,
            others.accepted,
        )
        return {name: float(mask.mean()) for name, mask in zip(MEASURED, found, strict=True)}


def make_judge(root: str | None, recognizer: Recognizer, limit: int | None, runs: Path) -> Judge:
    """MNIST test, and non-digits that no training saw; these are kept in the folder of all runs."""
    images, labels = load_mnist(find_data(root), "test")
    images, labels = images[:limit], labels[:limit]
    return Judge(
        glyphs_of(images), labels, _non_digits(root, recognizer, limit // 4 if limit else NON_DIGITS, runs)
    )


def _non_digits(root: str | None, recognizer: Recognizer, count: int, runs: Path) -> Any:  # noqa: ANN401
    from recognizer.measure.labelled import Choice, Origin
    from recognizer.measure.nondigits import open_nondigits
    from recognizer.training.weights import config_of

    config, split = config_of(recognizer.bundle), recognizer.bundle.meta.get("data", {}).get("split_sha256")
    wanted = json.dumps([asdict(config.data), config.rejects, split, count], sort_keys=True)
    file = runs / f"non-digits-{hashlib.sha256(wanted.encode()).hexdigest()[:16]}.npy"
    if not file.exists():
        rejects = open_nondigits(Choice(root, count, 1), Origin(config, split))
        made = glyphs_of([np.asarray(each.image) for each in rejects.read()])
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f"{file.stem}.partial.npy")
        np.save(partial, made, allow_pickle=False)
        partial.replace(file)
    return np.load(file, allow_pickle=False)


def glyphs_of(images: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The glyph of each image, uint8 (N, 28, 28)."""
    return np.stack([find_glyph(np.ascontiguousarray(image)).image for image in images])


def simulate(setting: Setting, population: Population, seed: int, folder: Path, judge: Judge) -> None:
    """Continue a run from its last finished round; adds a line for each round to its file."""
    reporting, held = population.halves(seed)
    held = held.take(np.random.default_rng(seed).permutation(len(held.labels))[: setting.held_out])
    seen = glyphs_of(held.images)
    order = np.random.default_rng([seed, 1]).permutation(len(reporting.labels))
    file = folder / LINES
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    with home_at(folder / "home"):
        if not lines:
            lines = [{"round": 0, "model": setting.base, **judge.figures(Path(setting.base), held, seen)}]
            _keep(file, lines[0])
        for number in _rounds(setting, lines[-1]["round"]):
            first = 0 if setting.way == "scratch" else (number - 1) * setting.reports
            chosen = reporting.take(order[first : number * setting.reports])
            start, model = time.perf_counter(), Path(lines[-1]["model"])
            model, said = learn_round(setting, chosen, number, seed, folder, model)
            line = {"round": number, "model": str(model), "seconds": round(time.perf_counter() - start, 1)}
            same = line["model"] == lines[-1]["model"]
            figures = {key: lines[-1][key] for key in MEASURED} if same else judge.figures(model, held, seen)
            lines.append(line | said | figures)
            _keep(file, lines[-1])


def _rounds(setting: Setting, done: int) -> range:
    """The rounds still to do; "scratch" learns only once, from the reports of all of them."""
    if setting.way == "scratch":
        return range(setting.rounds, setting.rounds + (done < setting.rounds))
    return range(done + 1, setting.rounds + 1)


def _keep(file: Path, line: dict[str, Any]) -> None:
    with file.open("a") as stream:
        stream.write(json.dumps(line) + "\n")
    print(file.parent, {k: round(v, 4) if isinstance(v, float) else v for k, v in line.items()}, flush=True)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__, data="mnist/ and usps-train.npz")
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
    """The populations asked for."""
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
    judge = make_judge(args.data, recognizer, 1000 if args.quick else None, runs)
    for seed in range(args.seeds):
        for population in populations(args, seed):
            for way in args.way:
                folder = (runs / population.name / way / str(seed)).resolve()
                simulate(replace(setting, way=way), population, seed, folder, judge)
    picture = RESULTS / "badcases.png"
    draw(runs, runs / "badcases.png" if args.quick else picture)
    text = f"{rounds_table(runs)}\n{targets_table(runs)}"
    if args.quick:
        print(text)
        return
    command = f"`python benchmarks/badcases.py --seeds {args.seeds} --rounds {args.rounds} --reports {args.reports}`"
    facts = header(("numpy", "torch", "onnxruntime"), model=recognizer.model, command=command)
    write(
        "badcases", "The bad-case loop, simulated", facts, __doc__ or "", "![](badcases.png)\n",
        rounds_table(runs), targets_table(runs),
    )  # fmt: skip


if __name__ == "__main__":
    main()
