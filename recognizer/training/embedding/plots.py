"""Pictures of the embedding's training: curves, the trade-off, and what is decoded, as PNG files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from recognizer.glyph import SIDE
from recognizer.training.embedding.trade_off import Curve
from recognizer.training.loop import History
from recognizer.training.plots import save, save_sheet

ENLARGED = 2
NAMES_WIDTH = 190  # pixels
MARGIN = 8


def draw_progress(history: History, file: Path) -> None:
    """Training loss and the figures of validation, by epoch, as a PNG."""
    names = list(history.validation[0])
    figure = Figure(figsize=(4.2 * (1 + len(names)), 3.6), layout="constrained")
    panels = figure.subplots(1, 1 + len(names))
    values = [history.loss, *([figures[name] for figures in history.validation] for name in names)]
    for axes, name, each in zip(panels, ["training loss", *names], values, strict=True):
        axes.plot(np.arange(1, len(each) + 1), each, marker=".")
        axes.set(title=f"{name}: {each[-1]:.4g}", xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    save(figure, file)


def draw_trade_off(short: list[Curve], shipped: Curve, share: float, file: Path) -> None:
    """R@1 against P@10 as the digit's part of the code grows: of short runs, and of the network that ships.

    Args:
        short: one curve for each weight of telling the digit.
        shipped: the curve of the whole training.
        share: what was chosen for the network that ships.
        file: the PNG to write.
    """
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    for curve in [*short, shipped]:
        recall, precision = ([getattr(p, name) for p in curve.points] for name in ("recall", "precision"))
        axes.plot(recall, precision, marker="o" if curve is shipped else ".", label=curve.name)
    for point in shipped.points:
        chosen = point.share == share
        text = f"{point.share:g}" + (" (chosen)" if chosen else "")
        axes.annotate(
            text, (point.recall, point.precision), textcoords="offset points", xytext=(6, -10), fontsize=8
        )
    axes.set(
        xlabel="R@1: the disturbed image's original is found first",
        ylabel="P@10: the ten nearest show the same digit",
        title="validation; numbers: the digit's share of the code",
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left", fontsize=8)
    save(figure, file)


def draw_reconstructions(rows: dict[str, NDArray[np.uint8]], file: Path) -> None:
    """A contact sheet as a PNG: rows of glyphs, each with its name.

    Args:
        rows: by name; each uint8 (N, 28, 28), as many in every row.
        file: the PNG to write.
    """
    step = SIDE * ENLARGED + 2
    count = len(next(iter(rows.values())))
    sheet = Image.new("L", (NAMES_WIDTH + count * step + MARGIN, len(rows) * step + 2 * MARGIN), 255)
    draw = ImageDraw.Draw(sheet)
    for down, (name, glyphs) in enumerate(rows.items()):
        top = MARGIN + down * step
        draw.text((MARGIN, top + step // 2 - 6), name, fill=0)
        for across, glyph in enumerate(glyphs):
            large = cv2.resize(glyph, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_NEAREST)
            sheet.paste(Image.fromarray(large), (NAMES_WIDTH + across * step, top))
    save_sheet(sheet, file)
