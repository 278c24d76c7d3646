"""Plots of what was measured, as PNG. They need matplotlib, which the extra ``train`` brings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from recognizer.feedback.trend import Rate
from recognizer.measure import metrics
from recognizer.measure.evaluation import Columns, Measured
from recognizer.needs import need_extra
from recognizer.results import REJECT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RISK_COVERAGE = "risk_coverage.png"
CALIBRATION = "calibration.png"
CONFUSION = "confusion.png"
_SIDE = 5.2  # inches
_DPI = 120
_MOST_LINES = 8  # that can be told apart
_Kind = Literal["refused", "mistakes"]


def check_plotting() -> None:
    """Check that plots can be drawn.

    Raises:
        UsageError: matplotlib is not installed.
    """
    need_extra("train", "--out draws plots, which need", "matplotlib")


def draw(measured: Sequence[Measured], folder: Path) -> list[Path]:
    """Draw the plots of all data sets into a folder; returns their paths.

    The plots of risk and of calibration are of digits alone: without any, they are left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digits = {each.name: each.columns.digits for each in measured if len(each.columns.digits)}
    read = {each.name: each.columns for each in measured if len(each.columns)}
    written = []
    if digits:
        written += [
            _risk_coverage(digits, folder / RISK_COVERAGE),
            _calibration(digits, folder / CALIBRATION),
        ]
    if read:
        written.append(_confusion(read, folder / CONFUSION))
    return written


def draw_trend(rates: Sequence[Rate], path: Path) -> Path:
    """Draw the shares of refusals and of wrong digits among reports over time, with 95 % intervals.

    A line for each model and source; those with the most reports, if there are many.
    """
    lines: dict[tuple[str, str], list[Rate]] = defaultdict(list)
    for rate in rates:
        lines[rate.model, rate.source].append(rate)
    most = sorted(lines, key=lambda line: -sum(rate.reports for rate in lines[line]))[:_MOST_LINES]
    figure, panels = _figure(2)
    kinds: tuple[_Kind, ...] = get_args(_Kind)
    for axes, kind, title in zip(panels, kinds, ("Refused", "Wrong digit"), strict=True):
        for line in most:
            _rates(axes, lines[line], kind, ", ".join(line))
        axes.set(ylabel="% of reports", title=title)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.tick_params("x", rotation=30)
    if most:
        left_out = len(lines) - len(most)
        panels[0].legend(fontsize="small", title=f"and {left_out} more" if left_out else None)
        days = [rate.start for rate in rates]
        for axes in panels:
            axes.set_xlim(min(days) - timedelta(days=1), max(days) + timedelta(days=1))  # type: ignore[arg-type]
    path.parent.mkdir(parents=True, exist_ok=True)
    return _save(figure, path)


def _rates(axes: Axes, rates: Sequence[Rate], kind: _Kind, name: str) -> None:
    found = [metrics.share_of(getattr(rate, kind), rate.reports) for rate in rates]
    shares = np.array([each["share"] for each in found])
    bounds = np.array([each["interval_95"] for each in found]).T
    errors = 100 * np.abs(bounds - shares)
    days = [rate.start for rate in rates]
    axes.errorbar(days, 100 * shares, errors, fmt="o-", markersize=4, linewidth=1.2, capsize=2, label=name)  # type: ignore[arg-type]


def _figure(panels: int = 1) -> tuple[Figure, list[Axes]]:
    # Not pyplot: it chooses a window system, and keeps figures alive.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_SIDE * panels, 1.15 * _SIDE), layout="constrained")
    return figure, [figure.add_subplot(1, panels, i + 1) for i in range(panels)]


def _save(figure: Figure, path: Path) -> Path:
    figure.savefig(path, dpi=_DPI)
    return path


def _risk_coverage(sets: dict[str, Columns], path: Path) -> Path:
    figure, (axes,) = _figure()
    for name, columns in sets.items():
        risk = metrics.risk_curve(columns.confidence, columns.right, columns.accepted)
        coverage = np.arange(1, len(risk) + 1) / len(risk)
        (line,) = axes.plot(100 * coverage, 100 * risk, label=f"{name}, n = {len(risk)}")
        kept = int(columns.accepted.sum())
        if kept:
            axes.plot(100 * kept / len(risk), 100 * risk[kept - 1], "o", color=line.get_color())
    axes.set(xlabel="coverage, % of digits", ylabel="wrong among the accepted, %", title="Risk and coverage")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(title="• operating point", fontsize="small")
    return _save(figure, path)


def _calibration(sets: dict[str, Columns], path: Path) -> Path:
    figure, (axes,) = _figure()
    axes.plot([0, 1], [0, 1], "--", color="grey", linewidth=1)
    for name, columns in sets.items():
        bins = metrics.reliability(columns.confidence, columns.right)
        error = metrics.ece(columns.confidence, columns.right)
        sizes = [12 + 120 * row["n"] / len(columns) for row in bins]
        confidence, right = [row["confidence"] for row in bins], [row["right"] for row in bins]
        (line,) = axes.plot(confidence, right, label=f"{name}, n = {len(columns)}, ECE {100 * error:.2f} %")
        axes.scatter(confidence, right, s=sizes, color=line.get_color())
    axes.set(xlabel="confidence", ylabel="share of best guesses that are right", title="Reliability")
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    axes.grid(alpha=0.3)
    axes.legend(title="larger: more images", fontsize="small", loc="upper left")
    return _save(figure, path)


def _confusion(sets: dict[str, Columns], path: Path) -> Path:
    names = [*map(str, range(REJECT)), "–"]
    figure, panels = _figure(len(sets))
    for axes, (name, columns) in zip(panels, sets.items(), strict=True):
        counts = np.zeros((REJECT + 1, REJECT + 1), np.int64)
        np.add.at(counts, (columns.labels, np.where(columns.accepted, columns.digit, REJECT)), 1)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        # The root lets rare confusions be seen beside the diagonal.
        axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1)
        for row, column in np.argwhere(counts):
            colour = "white" if shares[row, column] > 0.3 else "black"
            axes.text(
                column,
                row,
                str(counts[row, column]),
                ha="center",
                va="center",
                color=colour,
                fontsize="x-small",
            )
        axes.set_xticks(range(REJECT + 1), names)
        axes.set_yticks(range(REJECT + 1), names)
        axes.set(
            xlabel="answer (–: refused)", ylabel="shown (–: no digit)", title=f"{name}, n = {len(columns)}"
        )
    return _save(figure, path)
