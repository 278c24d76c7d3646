"""Pictures of a training run, as PNG files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from PIL import Image

from recognizer.bundle import LABELS
from recognizer.files import write_whole
from recognizer.training.loop import FALSE_ACCEPTS, History

DOTS = 110  # an inch


def confusion(labels: NDArray[np.uint8], answers: NDArray[np.intp]) -> NDArray[np.int64]:
    """How often each class was taken for each: int64 (11, 11), a row a true class.

    Args:
        labels: uint8 (N,), 0–10; 10 is reject.
        answers: int (N,), 0–10.
    """
    classes = len(LABELS)
    counts = np.bincount(labels.astype(np.int64) * classes + answers, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def draw_curves(history: History, file: Path) -> None:
    """Training loss, validation accuracy by source, and false accepts, by epoch.

    Args:
        history: one entry an epoch, of at least one.
        file: the PNG to write.
    """
    figure = Figure(figsize=(13, 4), layout="constrained")
    loss, accuracy, accepts = figure.subplots(1, 3)
    epochs = np.arange(1, len(history.loss) + 1)
    loss.plot(epochs, history.loss, marker=".")
    loss.set(title="training loss", ylim=(0, None))
    for source in [name for name in history.validation[0] if name != FALSE_ACCEPTS]:
        shares = [100 * figures[source] for figures in history.validation]
        accuracy.plot(epochs, shares, marker=".", label=f"{source} {shares[-1]:.2f} %")
    accuracy.set(title="validation accuracy, no reject, %")
    accuracy.legend()
    shares = [100 * figures[FALSE_ACCEPTS] for figures in history.validation]
    accepts.plot(epochs, shares, marker=".", color="tab:red", label=f"{shares[-1]:.2f} %")
    accepts.set(title="non-digits taken for digits, %", ylim=(0, None))
    accepts.legend()
    for axes in (loss, accuracy, accepts):
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    save(figure, file)


def draw_confusion(counts: NDArray[np.int64], file: Path) -> None:
    """A confusion matrix: the counts as numbers, each row's shares as colours.

    Args:
        counts: int (11, 11), a row a true class.
        file: the PNG to write.
    """
    figure = Figure(figsize=(7.5, 7), layout="constrained")
    draw_matrix(figure.subplots(), counts, "validation")
    save(figure, file)


def draw_matrix(axes: Axes, counts: NDArray[np.int64], title: str) -> None:
    """A confusion matrix int (11, 11) on axes, with its size after the title."""
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    # By the square root: what matters are the few in a thousand off the diagonal.
    shades = np.sqrt(shares)
    axes.imshow(shades, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(counts):
        colour = "white" if shades[row, column] > 0.5 else "black"
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize=8)
    axes.set(xlabel="answer", ylabel="truth", title=f"{title}, n = {counts.sum()}")
    axes.set_xticks(range(len(LABELS)), LABELS)
    axes.set_yticks(range(len(LABELS)), LABELS)


def draw_ladder(rungs: dict[str, dict[str, float]], file: Path) -> None:
    """The figures of the ladder's rungs, one below the other.

    Args:
        rungs: the shares to show of each rung, 0–1, by name; the same names for each rung, of at least one.
        file: the PNG to write.
    """
    figure = Figure(figsize=(10, 1.2 + 0.5 * len(rungs)), layout="constrained")
    axes = figure.subplots()
    rows = np.arange(len(rungs))
    for name, marker in zip(next(iter(rungs.values())), "osD^vP*X", strict=False):
        axes.plot([100 * figures[name] for figures in rungs.values()], rows, marker, label=name, alpha=0.8)
    axes.set_yticks(rows, list(rungs))
    axes.invert_yaxis()
    _scale(axes)
    figure.legend(loc="outside upper center", ncols=3, fontsize=8)
    save(figure, file)


def _scale(axes: Axes) -> None:
    """Shares from one in ten thousand to all; zero has a place as well."""
    axes.set_xscale("symlog", linthresh=0.01)
    ticks = (0, 0.01, 0.1, 1, 10, 100)
    axes.set_xticks(ticks, [f"{tick:g} %" for tick in ticks])
    axes.set_xlim(-0.001, 130)
    axes.grid(axis="x", alpha=0.3)


def save(figure: Figure, file: Path) -> None:
    """Write a figure as a PNG, whole or not at all."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DOTS)
    write_whole(file, content.getvalue())


def save_sheet(sheet: Image.Image, file: Path) -> None:
    """Write a sheet of images as a PNG, whole or not at all."""
    content = io.BytesIO()
    sheet.save(content, "PNG")
    write_whole(file, content.getvalue())
