"""The ladder: models from the simplest to the one that ships, on one pool, each with what it gains."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.table import Table
from torch import nn

from recognizer.measure.calibrate import choose_threshold
from recognizer.measure.metrics import share_of
from recognizer.measure.record import make_record, write_record
from recognizer.results import REJECT
from recognizer.training.config import TrainingConfig
from recognizer.training.loop import FALSE_ACCEPTS, Trainer, logits_of
from recognizer.training.plots import draw_ladder
from recognizer.training.pools import describe, prepare_pools
from recognizer.training.progress import Progress
from recognizer.training.rungs import Rung, comparisons, make_rungs
from recognizer.training.samples import Pool, Pools

WRONG = "wrong among accepted"
PICTURE = "ladder.png"
Share = dict[str, Any]


@dataclass(frozen=True)
class Measured:
    """A rung and its figures.

    Attributes:
        parameters: how many numbers it learnt.
        seconds: of training.
        coverage: share of validation digits accepted at the threshold that false accepts are counted at.
        forced: right answers without reject, by source of validation digits; each as `metrics.share_of` gives it.
        refusal: false accepts, and wrong answers among the accepted digits, at the threshold; likewise.
    """

    rung: Rung
    parameters: int
    seconds: float
    coverage: float
    forced: dict[str, Share]
    refusal: dict[str, Share]

    @property
    def shares(self) -> dict[str, float]:
        """All shares by name, 0–1."""
        return {name: figure["share"] for name, figure in (self.forced | self.refusal).items()}

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "rung": self.rung.name,
            "parameters": self.parameters,
            "seconds": round(self.seconds, 1),
            "coverage": self.coverage,
            "forced": self.forced,
            **self.refusal,
        }


def climb(
    config: TrainingConfig, folder: Path, data: Path, workers: int, progress: Progress
) -> list[Measured]:
    """Train and measure every rung; keeps the pools, a metrics file and a picture in ``folder``.

    Args:
        config: pool, epochs, disturbances, the convolutional network, and the coverage to measure at.
        folder: where to work.
        data: the folder of data sets.
        workers: processes that make samples.
        progress: is told what is going on.

    Raises:
        UsageError: the folder holds a run with another configuration.
        DataError: MNIST is missing or damaged.
    """
    pools = prepare_pools(config, folder, data, workers, progress)
    measured = []
    for rung in make_rungs(config.network):
        measured.append(_measure(rung, config, pools, progress))
        progress.note(rung.name, measured[-1].shares)
    figures = {"rungs": [each.to_dict() for each in measured], "gains": _gains(measured)}
    described = [describe(pools.train, "training pool"), describe(pools.validation, "validation pool")]
    record = make_record("the ladder of models", "recognizer ladder", config.to_dict(), described, figures)
    write_record(record, folder)
    draw_ladder({each.rung.name: _shortfalls(each) for each in measured}, folder / PICTURE)
    return measured


def _measure(rung: Rung, config: TrainingConfig, pools: Pools, progress: Progress) -> Measured:
    torch.manual_seed(config.seed)
    network = rung.make(rung.output.classes)
    trainer = Trainer(
        network, pools.train, config.optimizer, config.augment, config.seed, loss=rung.output.loss
    )
    start = time.monotonic()
    with progress.epochs(config.optimizer.epochs, trainer.steps, rung.name) as watch:
        trained = trainer.run(lambda _: {}, watch, None)
    seconds = time.monotonic() - start
    return measure(rung, trained, seconds, pools.validation, config.coverage)


def measure(rung: Rung, network: nn.Module, seconds: float, pool: Pool, coverage: float) -> Measured:
    """The figures of a trained network on a validation pool.

    Args:
        rung: what the network is.
        network: its output is the rung's.
        seconds: that its training took.
        pool: digits, and non-digits.
        coverage: the share of the digits, 0–1, that is to be accepted.
    """
    scores = rung.output.scores(logits_of(network, pool.glyphs))
    digit = pool.labels < REJECT
    right = scores.argmax(axis=1) == pool.labels
    point = choose_threshold(scores[digit], pool.labels[digit], coverage)
    accepted = scores.max(axis=1) >= point["threshold"]
    forced = {str(source): _share(right[pool.sources == source]) for source in np.unique(pool.sources[digit])}
    refusal = {FALSE_ACCEPTS: _share(accepted[~digit]), WRONG: _share(~right[digit & accepted])}
    parameters = sum(each.numel() for each in network.parameters())
    return Measured(rung, parameters, seconds, point["coverage"], forced, refusal)


def _share(true: NDArray[np.bool_]) -> Share:
    return share_of(int(true.sum()), len(true))


def _shortfalls(measured: Measured) -> dict[str, float]:
    """What is drawn: shares of which less is better."""
    wrong = {
        f"{source}, wrong without reject": 1 - figure["share"] for source, figure in measured.forced.items()
    }
    return wrong | {name: figure["share"] for name, figure in measured.refusal.items()}


def _gains(measured: list[Measured]) -> list[dict[str, Any]]:
    """By how much each figure is higher than that of the rung it is compared with."""
    by_rung = {each.rung: each.shares for each in measured}
    return [
        {
            "rung": high.name,
            "over": low.name,
            "gain": {name: share - by_rung[low][name] for name, share in by_rung[high].items()},
        }
        for high, low in comparisons(tuple(by_rung))
    ]


def as_tables(measured: list[Measured]) -> tuple[Table, Table]:
    """The figures of all rungs, in percent; and the gains of each, in percentage points."""
    names = list(measured[0].shares)
    figures = Table(title=f"at a coverage of {100 * measured[0].coverage:.4g} % of validation digits; in %")
    for name in ("rung", "parameters", "seconds"):
        figures.add_column(name, justify="left" if name == "rung" else "right", no_wrap=True)
    for name in names:
        figures.add_column(name, justify="right")
    for each in measured:
        shares = [f"{100 * share:.2f}" for share in each.shares.values()]
        figures.add_row(each.rung.name, f"{each.parameters:,}", f"{each.seconds:.0f}", *shares)
    gains = Table(title="gains, in percentage points")
    for name in ("rung", "over"):
        gains.add_column(name, no_wrap=True)
    for name in names:
        gains.add_column(name, justify="right")
    for gain in _gains(measured):
        points = [f"{100 * share:+.2f}" for share in gain["gain"].values()]
        gains.add_row(gain["rung"], gain["over"], *points)
    return figures, gains
