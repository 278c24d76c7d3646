"""A whole training of the embedding: glyphs, network, rungs, trade-off, files. What is finished is found again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from recognizer.data import Part, load_mnist
from recognizer.glyph.normalise import to_glyph
from recognizer.measure.record import make_record, write_record
from recognizer.training.embedding.config import EmbeddingConfig, make_embedding_config
from recognizer.training.embedding.evaluation import AS_THEY_ARE, Searched, on_test, on_validation, watched
from recognizer.training.embedding.export import write_encoder
from recognizer.training.embedding.finish import finish
from recognizer.training.embedding.loop import EmbeddingLoop, make_autoencoder
from recognizer.training.embedding.plain import compare
from recognizer.training.embedding.plots import draw_progress, draw_trade_off
from recognizer.training.embedding.trade_off import curve_of, short_runs
from recognizer.training.loop import History
from recognizer.training.pools import claim, describe
from recognizer.training.progress import Progress
from recognizer.training.run import CHECKPOINT, CURVES
from recognizer.training.samples import Pool, stratified_split

FOLDER = "encoder"
TRADE_OFF = "trade_off.png"


@dataclass(frozen=True)
class EmbeddingRun:
    """One training run.

    Attributes:
        config: what it is told.
        folder: that it works in.
        data: the folder of data sets.
    """

    config: EmbeddingConfig
    folder: Path
    data: Path

    def train(self, progress: Progress) -> Path:
        """Train to the end, resuming what the folder already holds; returns the folder of the encoder."""
        claim(self.config, self.folder, make_embedding_config)
        train, validation = self._pools(progress)
        loop = self._train(train, validation, progress)
        model = finish(loop.trained, train, self.config, self.folder, progress)
        everything = Pool.join([validation, train])
        searched = Searched(model, everything, self.config.seed, len(validation))
        found = on_validation(searched, self.config.data.queries)
        _note(progress, "validation", found)
        short = short_runs(self.config, train, validation, self.folder, progress)
        shipped = curve_of("the whole training", searched, self.config.data.queries)
        draw_trade_off(short, shipped, self.config.loss.digit_share, self.folder / TRADE_OFF)
        figures: dict[str, Any] = {
            "validation": found,
            "trade_off": [each.to_dict() for each in [*short, shipped]],
        }
        described = [describe(train, "train"), describe(validation, "validation")]
        write_encoder(self.folder / FOLDER, self.config, searched, found, described)
        figures["test"] = self._report_test(searched, train, progress)
        self._record(figures, loop.history, described)
        return self.folder / FOLDER

    def _pools(self, progress: Progress) -> tuple[Pool, Pool]:
        digits = self._digits("train", self.config.data.limit)
        progress.note("normalised", {"glyphs": len(digits)})
        learnt, held_out = stratified_split(digits.labels, self.config.data.validation, self.config.seed)
        return digits.take(learnt), digits.take(held_out)

    def _digits(self, part: Part, limit: int) -> Pool:
        """MNIST as it is searched: through the normaliser."""
        images, labels = load_mnist(self.data, part)
        chosen = slice(0, limit or None)
        glyphs = np.stack([to_glyph(image) for image in images[chosen]])
        return Pool(glyphs, labels[chosen], np.full(len(glyphs), "mnist"))

    def _train(self, train: Pool, validation: Pool, progress: Progress) -> EmbeddingLoop:
        torch.manual_seed(self.config.seed)
        model = make_autoencoder(self.config.network, self.config.loss)
        loop = EmbeddingLoop(model, train, self.config)

        def judge(_: nn.Module) -> dict[str, float]:
            figures = watched(Searched(loop.trained, validation, self.config.seed), self.config.data.queries)
            progress.note("among validation images", figures)
            return figures

        def draw(history: History) -> None:
            draw_progress(history, self.folder / CURVES)

        with progress.epochs(self.config.optimizer.epochs, loop.steps) as watch:
            loop.run(judge, watch, self.folder / CHECKPOINT, draw)
        return loop

    def _report_test(self, searched: Searched, train: Pool, progress: Progress) -> dict[str, Any]:
        """MNIST's test part: from here on nothing is chosen any more."""
        test = self._digits("test", 0)
        found = on_test(searched, test, self.config.data.queries)
        _note(progress, "test", found)
        found["decoding"]["rungs"] = compare(
            searched.model, train, test, config=self.config, folder=self.folder, progress=progress
        )
        return found

    def _record(self, figures: dict[str, Any], history: History, described: list[dict[str, Any]]) -> None:
        whole = {**figures, "history": vars(history)}
        record = make_record(
            "a training of the embedding", "recognizer train", self.config.to_dict(), described, whole
        )
        write_record(record, self.folder)


def _note(progress: Progress, part: str, found: dict[str, Any]) -> None:
    progress.note(part, {"P@10": found["P@10"], **found["usual"][AS_THEY_ARE]["dense"]})
