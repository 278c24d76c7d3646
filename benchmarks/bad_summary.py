"""Sums up the simulated rounds of `badcases.py`: tables, whether each target is met, and the plot."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import Table, table

LINES = "rounds.jsonl"
COLOURS = {"loop": "#1b7837", "plain": "#b2182b", "scratch": "#2166ac"}
MENDED, AIM = 50, 80  # % of a population's errors, after the last round
LOST = 0.05  # points of MNIST's best guesses, after any round
MORE = 10  # % more false accepts, after the last round
Round = dict[str, Any]


def gather(runs: Path) -> dict[tuple[str, str], list[list[Round]]]:
    """All finished rounds by population and way: one list per seed."""
    found: dict[tuple[str, str], list[list[Round]]] = {}
    for file in sorted(runs.glob(f"*/*/*/{LINES}")):
        population, way = file.parts[-4], file.parts[-3]
        rounds = [json.loads(line) for line in file.read_text().splitlines()]
        found.setdefault((population, way), []).append(rounds)
    return {key: seeds for key, seeds in found.items() if all(len(each) > 1 for each in seeds)}


def common_rounds(seeds: Sequence[Sequence[Round]]) -> list[int]:
    """The numbers of the rounds that all seeds have."""
    numbers = [{line["round"] for line in each} for each in seeds]
    return sorted(set.intersection(*numbers))


def values(seeds: Sequence[Sequence[Round]], number: int, key: str) -> list[float]:
    """A figure after a round, for each seed."""
    return [next(line[key] for line in each if line["round"] == number) for each in seeds]


def interval(found: Sequence[float]) -> tuple[float, float]:
    """Mean, and half of the 95 % interval by Student's t; 0 for a single value."""
    from scipy.stats import t

    n = len(found)
    half = float(t.ppf(0.975, n - 1) * np.std(found, ddof=1) / np.sqrt(n)) if n > 1 else 0.0
    return float(np.mean(found)), half


def _told(found: Sequence[float], digits: int) -> str:
    mean, half = interval(found)
    return f"{mean:.{digits}f} ± {half:.{digits}f}"


def _mended(seeds: Sequence[Sequence[Round]], last: int) -> list[float]:
    """The share of the errors that are gone after the last round, for each seed, in %."""
    pairs = zip(values(seeds, 0, "held_out"), values(seeds, last, "held_out"), strict=True)
    return [100 * (1 - (1 - after) / max(1 - before, 1e-9)) for before, after in pairs]


def _rise(seeds: Sequence[Sequence[Round]], last: int) -> list[float]:
    """How many more false accepts there are after the last round, for each seed, in %."""
    pairs = zip(values(seeds, 0, "false_accepts"), values(seeds, last, "false_accepts"), strict=True)
    return [100 * (after / max(before, 1e-9) - 1) for before, after in pairs]


def _worst_change(seeds: Sequence[Sequence[Round]]) -> float:
    """The lowest change of MNIST's accuracy (best guesses) from the start, over all rounds and seeds, in points."""
    first = values(seeds, 0, "mnist_forced")
    return min(
        100 * (after - before)
        for number in common_rounds(seeds)[1:]
        for before, after in zip(first, values(seeds, number, "mnist_forced"), strict=True)
    )


def rounds_table(runs: Path) -> Table:
    """A row for each population and way: before, and after the last round; means and 95 % intervals over seeds."""
    columns = [
        "population", "way", "seeds", "rounds", "right before, %", "after, %", "MNIST before, %", "after, %",
        "false accepts before, %", "after, %", "errors mended, %", "s to learn",
    ]  # fmt: skip
    rows = []
    for (population, way), seeds in gather(runs).items():
        last = common_rounds(seeds)[-1]
        shown = [
            _told([100 * value for value in values(seeds, at, key)], 2)
            for key in ("held_out", "mnist_forced", "false_accepts")
            for at in (0, last)
        ]
        spent = [line["learn_seconds"] for each in seeds for line in each if "learn_seconds" in line]
        most = f"{max(spent):.0f}" if spent else "–"
        rows.append([population, way, len(seeds), last, *shown, _told(_mended(seeds, last), 0), most])
    return table(columns, rows)


def targets_table(runs: Path) -> Table:
    """Whether each target is met, by each population and way."""
    columns = [
        "population", "way", f"errors mended, % (at least {MENDED}, aim {AIM})", "met",
        f"MNIST after the worst round, points (no lower than −{LOST})", "met",
        f"more false accepts, % (at most {MORE})", "met",
    ]  # fmt: skip
    rows = []
    for (population, way), seeds in gather(runs).items():
        last = common_rounds(seeds)[-1]
        mended, lowest, rise = _mended(seeds, last), _worst_change(seeds), _rise(seeds, last)
        mean = float(np.mean(mended))
        rows.append([
            population, way, _told(mended, 0), "aim" if mean >= AIM else _yes(mean >= MENDED),
            f"{lowest:+.2f}", _yes(lowest >= -LOST - 1e-9), _told(rise, 1), _yes(float(np.mean(rise)) <= MORE),
        ])  # fmt: skip
    return table(columns, rows)


def _yes(met: bool) -> str:
    return "yes" if met else "no"


def draw(runs: Path, out: Path) -> None:
    """Accuracy on the held-out half, MNIST and false accepts, round by round."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    found = gather(runs)
    names = sorted({population for population, _ in found})
    rows = {
        "held_out": "right on other sources, %",
        "mnist_forced": "MNIST test, best guess, %",
        "false_accepts": "false accepts, %",
    }
    size = (3.6 * len(names), 2.4 * len(rows))
    figure, axes = pyplot.subplots(len(rows), len(names), figsize=size, squeeze=False, sharex=True)
    for (population, way), seeds in found.items():
        column, rounds = names.index(population), common_rounds(seeds)
        for row, key in enumerate(rows):
            points = [interval([100 * value for value in values(seeds, at, key)]) for at in rounds]
            means, halves = zip(*points, strict=True)
            line = ":" if way == "scratch" else "-"
            axes[row, column].errorbar(
                rounds, means, halves, label=way, color=COLOURS[way], ls=line, capsize=2
            )
    for column, name in enumerate(names):
        axes[0, column].set_title(name)
        axes[-1, column].set_xlabel("rounds of reports")
    for row, told in enumerate(rows.values()):
        axes[row, 0].set_ylabel(told)
    if names:
        axes[0, 0].legend()
    figure.tight_layout()
    figure.savefig(out, dpi=120)
    pyplot.close(figure)
