"""What the digit's part of the code costs and gives: short runs, each with another weight of telling the digit."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from recognizer.files import write_whole
from recognizer.training.embedding import figures
from recognizer.training.embedding.config import EmbeddingConfig
from recognizer.training.embedding.evaluation import Searched, draw, encode
from recognizer.training.embedding.loop import EmbeddingLoop, make_autoencoder
from recognizer.training.embedding.queries import usual
from recognizer.training.progress import Progress
from recognizer.training.samples import Pool

FILE = "trade_off.json"
SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


@dataclass(frozen=True)
class Point:
    """One way to weigh.

    Attributes:
        share: of the dense code's squared length, in the digit's part.
        precision: P@10 of validation digits.
        recall: R@1 of disturbed validation digits.
    """

    share: float
    precision: float
    recall: float


@dataclass(frozen=True)
class Curve:
    """What one network gives as the digit's part gets more of the code.

    Attributes:
        name: of the network.
        points: one for each share.
    """

    name: str
    points: tuple[Point, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @staticmethod
    def of_dict(values: dict[str, Any]) -> Curve:
        """The curve that ``to_dict`` made these of."""
        return Curve(values["name"], tuple(Point(**point) for point in values["points"]))


def curve_of(name: str, searched: Searched, queries: int) -> Curve:
    """The curve of a trained network, by ``queries`` images that are held out."""
    chosen = draw(queries, searched.held_out, searched.seed)
    model, labels = searched.model, searched.pool.labels
    found = encode(model, searched.copies(chosen, usual)).dense
    part = np.repeat(np.arange(len(model.sizes)), model.sizes)

    def weighed(dense: NDArray[np.float32], share: float) -> NDArray[np.float32]:
        wanted = np.array([share, 1 - share - model.shares[2], model.shares[2]])
        return dense * np.sqrt(wanted / model.shares).astype(np.float32)[part]

    points = []
    for share in SHARES:
        gallery = figures.Gallery(weighed(searched.codes.dense, share), labels)
        precision = figures.precision(gallery.after(searched.held_out), gallery.codes[chosen], labels[chosen])
        recall = figures.recall(gallery.codes, weighed(found, share), chosen)
        points.append(Point(share, precision, recall["R@1"]))
    return Curve(name, tuple(points))


def short_runs(
    config: EmbeddingConfig, train: Pool, validation: Pool, folder: Path, progress: Progress
) -> list[Curve]:
    """A curve for each weight of telling the digit; found again where an earlier run left them in the folder."""
    file = folder / FILE
    if file.exists():
        return [Curve.of_dict(each) for each in json.loads(file.read_text(encoding="utf-8"))]
    short = config.trade_off
    few = train.take(np.arange(len(train)) < short.limit) if short.limit else train
    gallery = Pool.join([validation, train])
    curves = []
    for weight in short.weights:
        changed = replace(
            config,
            loss=replace(config.loss, digit=weight),
            optimizer=replace(config.optimizer, epochs=short.epochs),
        )
        torch.manual_seed(config.seed)
        loop = EmbeddingLoop(make_autoencoder(config.network, config.loss), few, changed)
        name = f"weight {weight:g}"
        with progress.epochs(short.epochs, loop.steps, name) as watch:
            loop.run(lambda _: {}, watch, None)
        searched = Searched(loop.trained, gallery, config.seed, len(validation))
        curves.append(curve_of(name, searched, config.data.queries))
    write_whole(file, (json.dumps([curve.to_dict() for curve in curves], indent=1) + "\n").encode())
    return curves
