"""A whole training run: data, audit, sanity, training, calibration, bundle. What is finished is found again."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from recognizer.bundle import GOLDEN, golden_outputs, read_bundle, write_bundle
from recognizer.measure.calibrate import choose_threshold, fit_temperature, risk_coverage
from recognizer.measure.record import make_record, write_record
from recognizer.results import REJECT
from recognizer.stages.decide import softmax
from recognizer.stages.second_look import SecondLook
from recognizer.training.config import TrainingConfig
from recognizer.training.loop import FALSE_ACCEPTS, History, Trainer, check_sanity, logits_of
from recognizer.training.model import GlyphClassifier
from recognizer.training.networks import Networks, fit_look, network_of
from recognizer.training.plots import confusion, draw_confusion, draw_curves
from recognizer.training.pools import add_more, describe, prepare_pools
from recognizer.training.progress import Progress
from recognizer.training.samples import Pool, Pools

CHECKPOINT = "checkpoint.pt"
CURVES = "curves.png"
CONFUSION = "confusion.png"
HISTORY = "history.json"
# What the files and figures of a network's training begin with, and of the first one's going on.
FIRST, SECOND, AGAIN = "", "reader-", "more-"
GOLDEN_COUNT = 16


@dataclass(frozen=True)
class Run:
    """One training run: its configuration, the folder it works in, and the data it learns from."""

    config: TrainingConfig
    folder: Path
    data: Path
    workers: int

    def train(self, progress: Progress) -> Path:
        """Train to the end, resuming what the folder already holds; returns the folder of the bundle."""
        pools = prepare_pools(self.config, self.folder, self.data, self.workers, progress)
        first, history = self._trained(self.config, pools, FIRST, progress)
        reader = None
        if self.config.reader is not None:
            reader, _ = self._trained(self.config.of_reader(), pools, SECOND, progress)
        if self.config.more is not None:
            pools = add_more(self.config, pools, self.folder, self.data, self.workers, progress)
            first, _ = self._trained(self.config.going_on(), pools, AGAIN, progress, first)
        networks = Networks(first, reader)
        networks.bias_reject(self.config.network.reject_bias, pools.validation)
        files = networks.files(self.config, pools.train.glyphs)
        # Calibrated is what ships, not what was trained.
        look = fit_look(self.config, files, pools.validation)
        logits = network_of(files, look).all_logits(pools.validation.glyphs)
        bundle = self.export(files, look, logits, pools)
        self._report(bundle, logits, pools, history)
        return bundle

    def _trained(
        self,
        config: TrainingConfig,
        pools: Pools,
        name: str,
        progress: Progress,
        start: nn.Module | None = None,
    ) -> tuple[nn.Module, History]:
        """One network, from a new one or from where it stands; its files in the folder begin with its name."""
        optimizer = config.optimizer
        if optimizer.sanity:
            sane = check_sanity(lambda: GlyphClassifier(config.network), pools.train, config.seed)
            progress.note(f"{name}sanity", sane)
        torch.manual_seed(config.seed)  # whatever was done or found before, the network starts the same
        network = GlyphClassifier(config.network) if start is None else start
        trainer = Trainer(network, pools.train, optimizer, config.augment, config.seed)
        with progress.epochs(optimizer.epochs, trainer.steps, f"{name}training") as watch:
            model = trainer.run(
                lambda network: self._judge(network, pools.validation, progress),
                watch,
                self.folder / f"{name}{CHECKPOINT}",
                lambda history: draw_curves(history, self.folder / f"{name}{CURVES}"),
            )
        history = json.dumps(vars(trainer.history), indent=1) + "\n"
        (self.folder / f"{name}{HISTORY}").write_text(history)
        return model, trainer.history

    def _judge(self, network: nn.Module, pool: Pool, progress: Progress) -> dict[str, float]:
        """Forced accuracy by source, and the share of rejects taken for digits."""
        logits = logits_of(network, pool.glyphs)
        digit = pool.labels < REJECT
        right = logits[:, :REJECT].argmax(axis=1) == pool.labels
        figures = {
            str(source): float(right[pool.sources == source].mean())
            for source in np.unique(pool.sources[digit])
        }
        figures[FALSE_ACCEPTS] = float((logits.argmax(axis=1) < REJECT)[~digit].mean())
        progress.note("validation", figures)
        return figures

    def export(
        self, files: dict[str, bytes], look: SecondLook | None, logits: NDArray[np.float32], pools: Pools
    ) -> Path:
        """Write a bundle, calibrated on the validation pool; returns its folder.

        Args:
            files: its networks.
            look: when and how it looks again.
            logits: float32 (N, 11), what it says of the N glyphs of the validation pool.
            pools: what it was trained on, and what it is calibrated on.
        """
        pool = pools.validation
        digit = pool.labels < REJECT
        temperature = fit_temperature(logits[digit][:, :REJECT], pool.labels[digit])
        scores = softmax(logits, temperature)
        plain = pool.sources == "mnist"
        point = choose_threshold(scores[plain], pool.labels[plain], self.config.coverage)
        golden = np.random.default_rng(self.config.seed).permutation(len(pool))[:GOLDEN_COUNT]
        meta = {
            "name": self.config.name,
            "version": self.config.version,
            "temperature": temperature,
            "second_look": look and asdict(look),
            "operating_point": point,
            "risk_coverage": risk_coverage(scores[digit], pool.labels[digit]),
            "validation": validation_figures(scores, pool, point["threshold"]),
            "config": self.config.to_dict(),
            "data": pools.record,
            "versions": {
                "python": platform.python_version(),
                **{
                    name: version(name)
                    for name in ("numpy", "torch", "onnx", "opencv-python-headless", "pillow")
                },
            },
        }
        files = files | {GOLDEN: golden_outputs(pool.glyphs[golden], scores[golden].astype(np.float32))}
        write_bundle(self.folder / "bundle", meta, files)
        return self.folder / "bundle"

    def _report(self, folder: Path, logits: NDArray[np.float32], pools: Pools, history: History) -> None:
        """The confusion matrix of the validation pool as a picture, and the metrics file."""
        counts = confusion(pools.validation.labels, logits.argmax(axis=1))
        draw_confusion(counts, self.folder / CONFUSION)
        bundle = read_bundle(folder)
        figures = {
            "operating_point": bundle.meta["operating_point"],
            "temperature": bundle.temperature,
            "validation": bundle.meta["validation"],
            "confusion": counts.tolist(),
            "history": vars(history),
        }
        data = [describe(pools.train, "training pool"), describe(pools.validation, "validation pool")]
        write_record(
            make_record("a training run", "recognizer train", self.config.to_dict(), data, figures, bundle),
            self.folder,
        )


def validation_figures(scores: NDArray[np.float64], pool: Pool, threshold: float) -> dict[str, Any]:
    """Figures at an operating point for each source of digits and family of rejects.

    Args:
        scores: float (N, 11), calibrated.
        pool: N glyphs.
        threshold: of the operating point.
    """
    best = scores[:, :REJECT].argmax(axis=1)
    accepted = scores[np.arange(len(best)), best] >= threshold
    figures: dict[str, Any] = {}
    for source in np.unique(pool.sources):
        of = pool.sources == source
        figures[str(source)] = {"n": int(of.sum()), "accepted": round(float(accepted[of].mean()), 5)}
        if pool.labels[of][0] < REJECT:
            right = best == pool.labels
            figures[str(source)]["forced"] = round(float(right[of].mean()), 5)
            figures[str(source)]["wrong_accepted"] = int((accepted & ~right)[of].sum())
    return figures
