"""What shuffling is worth, and what each group of non-digits is worth, in short trainings on a part of a run's pool.

    python benchmarks/studies.py shuffling --run runs/best [--digits 15000] [--epochs 5] [--seeds 3] [--out runs/studies]
    python benchmarks/studies.py rejects --run runs/best

No samples are made: the pool is the one that `recognizer train` left in the folder of the run. A small network learns
from a part of it, handwritten digits and as many non-digits:

- shuffling: with the samples reshuffled in each epoch; shuffled once; never, that is in the order of the pool, digits
  before non-digits; and sorted by class. All else is the same.
- rejects: with all groups of non-digits, and with each left out in turn. Others take the place of those left out, so
  that every network sees as many non-digits.

Figures are of the run's validation pool, at the threshold that accepts 99 % of its handwritten digits. Finished
trainings are kept in ``--out`` and not repeated. A training takes about half a minute on two cores; shuffling has 12 of
them, rejects 21.
"""  # noqa: E501 - commands stand in one line

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import command_line, header, table, write
from numpy.typing import NDArray

from recognizer.cli.common import need_training
from recognizer.files import write_whole
from recognizer.measure.calibrate import choose_threshold
from recognizer.measure.metrics import share_of
from recognizer.results import REJECT
from recognizer.stages.decide import softmax
from recognizer.training.config import AugmentConfig, OptimizerConfig
from recognizer.training.hard import PREFIX
from recognizer.training.loop import Trainer, logits_of
from recognizer.training.model import GlyphClassifier
from recognizer.training.pools import describe, read_pools
from recognizer.training.progress import Progress
from recognizer.training.quick import NETWORK
from recognizer.training.samples import Pool, Pools
from reject_gen.base import FAMILIES

COVERAGE = 0.99
OWN = "own"
ALL = "none"  # what is left out where all groups are there
Rows = NDArray[np.intp]
Order = Callable[[Pool, int], Rows]
Cell = dict[str, Any]
ORDERS: dict[str, Order | None] = {
    "reshuffled each epoch": None,
    "shuffled once": lambda pool, seed: np.random.default_rng(seed).permutation(len(pool)),
    "never shuffled": lambda pool, _seed: np.arange(len(pool)),
    "sorted by class": lambda pool, _seed: np.argsort(pool.labels, kind="stable"),
}


@dataclass(frozen=True)
class Settings:
    """What all trainings of a study have in common.

    Attributes:
        digits: handwritten digits to learn from, and non-digits.
        epochs: passes over these.
        pool: SHA-256 of the glyphs that they were drawn from.
    """

    digits: int
    epochs: int
    pool: str


class InOrder(Trainer):
    """A training whose every epoch has the same batches."""

    rows: Rows | None = None

    def _batches(self, epoch: int) -> Iterator[Rows]:
        if self.rows is None:
            yield from super()._batches(epoch)
            return
        for step in range(self.steps):
            yield self.rows[step * self.batch : (step + 1) * self.batch]


def groups_of(pool: Pool) -> NDArray[np.str_]:
    """The group of each non-digit's family, "" for digits."""
    known = {
        name: FAMILIES[name.removeprefix(PREFIX)].group if name.removeprefix(PREFIX) in FAMILIES else OWN
        for name in np.unique(pool.sources[pool.labels == REJECT]).tolist()
    }
    return np.array([known.get(name, "") for name in pool.sources.tolist()])


def drawn(pool: Pool, n: int, seed: int, without: str = ALL) -> Pool:
    """``n`` handwritten digits of a pool, and as many non-digits, none of a certain group; in the pool's order."""
    rng = np.random.default_rng(seed)
    kinds = (pool.sources == "mnist", (pool.labels == REJECT) & (groups_of(pool) != without))
    chosen = [rng.permutation(np.flatnonzero(kind))[:n] for kind in kinds]
    return pool.take(np.sort(np.concatenate(chosen)))


def measured(network: torch.nn.Module, pool: Pool) -> Cell:
    """Right answers, and false accepts by group at the threshold; each as `metrics.share_of` gives it."""
    scores = softmax(logits_of(network, pool.glyphs), 1.0)
    written = pool.sources == "mnist"
    best = scores[:, :REJECT].argmax(axis=1)
    right = best == pool.labels
    point = choose_threshold(scores[written], pool.labels[written], COVERAGE)
    accepted = scores[np.arange(len(best)), best] >= point["threshold"]
    groups = groups_of(pool)
    return {
        "right": _share(right[written]),
        "wrong among accepted": _share(~right[written & accepted]),
        "false accepts": _share(accepted[pool.labels == REJECT]),
        "groups": {name: _share(accepted[groups == name]) for name in np.unique(groups).tolist() if name},
    }


def _share(true: NDArray[np.bool_]) -> dict[str, Any]:
    return share_of(int(true.sum()), len(true))


class Study:
    """Trainings on parts of one run's pool, each kept in a file when it is finished."""

    def __init__(self, pools: Pools, settings: Settings, folder: Path, progress: Progress) -> None:
        written = pools.validation.labels == REJECT
        written |= pools.validation.sources == "mnist"
        self.train, self.validation = pools.train, pools.validation.take(written)
        self.settings, self.folder, self.progress = settings, folder, progress

    def cell(self, name: str, seed: int, order: Order | None = None, without: str = ALL) -> Cell:
        """The figures of one training, and how right it was after each epoch."""
        file = self.folder / f"{name.replace(' ', '-')}-{seed}.json"
        settings = asdict(self.settings)
        if file.exists():
            kept = json.loads(file.read_text(encoding="utf-8"))
            if kept["settings"] == settings:
                return dict(kept["figures"])
        figures = self._trained(f"{name}, seed {seed}", seed, order, without)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps({"settings": settings, "figures": figures}, indent=1).encode())
        return figures

    def _trained(self, what: str, seed: int, order: Order | None, without: str) -> Cell:
        pool = drawn(self.train, self.settings.digits, seed, without)
        torch.manual_seed(seed)
        optimizer = OptimizerConfig(epochs=self.settings.epochs)
        trainer = InOrder(GlyphClassifier(NETWORK), pool, optimizer, AugmentConfig(), seed)
        trainer.rows = order(pool, seed) if order else None
        with self.progress.epochs(optimizer.epochs, trainer.steps, what) as watch:
            network = trainer.run(self._judge, watch, None)
        figures = measured(network, self.validation)
        self.progress.note(what, {name: figures[name]["share"] for name in ("right", "false accepts")})
        return figures | {"loss": trainer.history.loss, "epochs": trainer.history.validation}

    def _judge(self, network: torch.nn.Module) -> dict[str, float]:
        written = self.validation.sources == "mnist"
        logits = logits_of(network, self.validation.glyphs[written])
        right = logits[:, :REJECT].argmax(axis=1) == self.validation.labels[written]
        return {"right": float(right.mean())}


def spread(cells: Sequence[Cell], *path: str) -> dict[str, Any]:
    """The mean, least and greatest of a share over several seeds, and how many samples each counts."""
    shares, n = [], 0
    for cell in cells:
        found: Any = cell
        for key in path:
            found = found[key]
        shares.append(found["share"])
        n = found["n"]
    return {"mean": float(np.mean(shares)), "least": min(shares), "most": max(shares), "n": n}


def told(found: Mapping[str, Any]) -> str:
    """A spread as text, such as "99.12 % (99.08–99.15)"."""
    return f"{100 * found['mean']:.2f} % ({100 * found['least']:.2f}–{100 * found['most']:.2f})"


def shuffling(study: Study, seeds: int) -> tuple[list[str], dict[str, Any]]:
    """The table and the figures of all orders."""
    rows: list[dict[str, Any]] = []
    for name, order in ORDERS.items():
        cells = [study.cell(name, seed, order) for seed in range(seeds)]
        keys = ("right", "wrong among accepted", "false accepts")
        epochs = [[epoch["right"] for epoch in cell["epochs"]] for cell in cells]
        rows.append({
            "order": name,
            **{key: spread(cells, key) for key in keys},
            "epochs": np.mean(epochs, axis=0).tolist(),
            "loss": np.mean([cell["loss"] for cell in cells], axis=0).tolist(),
        })  # fmt: skip
    columns = ["order", "right", "wrong among accepted", "non-digits accepted"]
    lines = [[row["order"], *(told(row[key]) for key in keys)] for row in rows]
    return [table(columns, lines)], {"orders": rows}


def rejects(study: Study, seeds: int) -> tuple[list[str], dict[str, Any]]:
    """The table and the figures with each group left out."""
    names = sorted(set(np.unique(groups_of(study.train)).tolist()) - {""})
    cells = {
        name: [study.cell(f"without {name}", seed, without=name) for seed in range(seeds)]
        for name in (ALL, *names)
    }
    rows: list[dict[str, Any]] = []
    for name, found in cells.items():
        row: dict[str, Any] = {
            "left_out": name,
            **{key: spread(found, key) for key in ("right", "wrong among accepted", "false accepts")},
        }
        if name in found[0]["groups"]:
            row |= {"own": spread(found, "groups", name), "own_with": spread(cells[ALL], "groups", name)}
        rows.append(row)
    lines = [
        [
            row["left_out"],
            *(told(row[key]) if key in row else "–" for key in ("own_with", "own", "false accepts", "right")),
        ]
        for row in rows
    ]
    columns = ["left out", "accepted of this group with it", "without it", "accepted of all", "right"]
    return [table(columns, lines)], {"groups": rows}


STUDIES = {
    "shuffling": (shuffling, "What shuffling is worth"),
    "rejects": (rejects, "What non-digits are worth"),
}


def main() -> None:
    """Train what is not there yet, and write the figures."""
    parser = command_line(__doc__)
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--run", type=Path, required=True, help="the folder that recognizer train worked in")
    parser.add_argument("--digits", type=int, default=15_000, help="digits to learn from, and non-digits")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("runs/studies"), help="where to keep what is done")
    args = parser.parse_args()
    need_training()
    pools = read_pools(args.run)
    pool = describe(pools.train, "training pool")
    settings = Settings(args.digits, args.epochs, pool["images_sha256"])
    study = Study(pools, settings, args.out / args.study, Progress())
    run, title = STUDIES[args.study]
    parts, figures = run(study, args.seeds)
    write(
        args.study,
        title,
        header(
            ("numpy", "torch"),
            n=f"{settings.digits:,} digits and as many non-digits, {settings.epochs} epochs, {args.seeds} seeds; "
            f"{len(study.validation):,} samples of the validation pool",
            seed=f"0 to {args.seeds - 1}",
            command=f"`python benchmarks/studies.py {args.study} --run runs/best`",
        ),
        f"A network with {NETWORK.half} and {NETWORK.quarter} channels, at the threshold that accepts "
        f"{COVERAGE:.0%} of handwritten validation digits. The mean over the seeds, with the least and the most in "
        "brackets.\n",
        *parts,
        figures=figures,
    )


if __name__ == "__main__":
    main()
