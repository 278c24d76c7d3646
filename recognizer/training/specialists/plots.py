"""Pictures of a run that makes specialists: what is confused, its hardest images, and what a cascade costs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from recognizer.bundle import LABELS
from recognizer.glyph import SIDE
from recognizer.stages.decide import Pair, pair_name
from recognizer.training.plots import confusion, draw_matrix, save, save_sheet
from recognizer.training.samples import Pool
from recognizer.training.specialists.choice import Asked

SHOWN = 16  # images of each pair
LEFT, GAP = 90, 4  # pixels


def draw_confusions(labels: NDArray[np.uint8], answers: Mapping[str, NDArray[np.intp]], file: Path) -> None:
    """A confusion matrix a model, of its answers int (N,) out of fold, by its name; labels are uint8 (N,), 0–10."""
    figure = Figure(figsize=(7.5 * len(answers), 7), layout="constrained")
    for i, (name, given) in enumerate(answers.items()):
        draw_matrix(
            figure.add_subplot(1, len(answers), i + 1), confusion(labels, given), f"{name}, out of fold"
        )
    save(figure, file)


def draw_pairs(pool: Pool, asked: Mapping[Pair, Asked], file: Path) -> None:
    """The hardest images of each pair, a row a pair: those that stage one was surest of and had wrong.

    Args:
        pool: the training pool.
        asked: what the pairs' specialists are asked, of at least one pair.
        file: the PNG to write.
    """
    from PIL import Image, ImageDraw

    cell = 2 * SIDE + GAP
    sheet = Image.new("L", (LEFT + SHOWN * cell, len(asked) * (cell + 12)), 255)
    draw = ImageDraw.Draw(sheet)
    for row, (pair, each) in enumerate(asked.items()):
        top = row * (cell + 12)
        draw.text((6, top + SIDE), pair_name(pair), fill=0)
        member = each.take(np.isin(each.labels, pair) & each.wrong(each.own))
        hardest = np.argsort(-np.abs(member.own), kind="stable")[:SHOWN]
        for column, i in enumerate(hardest.tolist()):
            tile = Image.fromarray(255 - pool.glyphs[member.rows[i]]).resize((2 * SIDE, 2 * SIDE))
            sheet.paste(tile, (LEFT + column * cell, top))
            draw.text((LEFT + column * cell + SIDE - 12, top + 2 * SIDE), LABELS[member.labels[i]], fill=0)
    save_sheet(sheet, file)


def draw_cascade(figures: Mapping[str, Mapping[str, Any]], file: Path) -> None:
    """Errors out of fold over multiplications a glyph, for each model, from no specialist to the widest margin."""
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.add_subplot()
    for name, found in figures.items():
        curve = found["cost"]["curve"]
        costs, errors = [point["mean"] / 1e6 for point in curve], [100 * point["error"] for point in curve]
        (line,) = axes.plot(costs, errors, ".-", label=f"{name} model, specialists by margin")
        axes.plot(costs[:1], errors[:1], "o", color=line.get_color(), label=f"{name} model alone")
        evidence = found["out_of_fold"]
        both = 100 * evidence["overall"]["after"] / evidence["n"]
        axes.plot(found["cost"]["mean"] / 1e6, both, "*", markersize=12, color=line.get_color())
    axes.set(
        xlabel="million multiplications a glyph", ylabel="wrong out of fold, %",
        title="Accuracy and cost; stars: margin and kinds chosen on the other fold",
    )  # fmt: skip
    axes.set_xscale("log")
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize="small")
    save(figure, file)
