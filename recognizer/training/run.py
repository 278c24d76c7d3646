"""A whole training run: data, audit, sanity, training, calibration, bundle. What is finished is found again."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from recognizer.bundle import GOLDEN, NETWORK, golden_outputs, write_bundle
from recognizer.calibrate import choose_threshold, fit_temperature, risk_coverage
from recognizer.data import load_mnist
from recognizer.decide import softmax
from recognizer.errors import UsageError
from recognizer.results import REJECT
from recognizer.training.config import AugmentConfig, NetworkConfig, OptimizerConfig, TrainingConfig
from recognizer.training.export import to_onnx
from recognizer.training.loop import Trainer, check_sanity, logits_of
from recognizer.training.model import GlyphClassifier
from recognizer.training.progress import Progress
from recognizer.training.samples import Pool, PoolMaker, Pools
from reject_gen.audit import audit

POOLS = "pools.npz"
RECORD = "pools.json"
CHECKPOINT = "checkpoint.pt"
GOLDEN_COUNT = 32


@dataclass(frozen=True)
class Run:
    """One training run: its configuration, the folder it works in, and the data it learns from."""

    config: TrainingConfig
    folder: Path
    data: Path
    workers: int

    def train(self, progress: Progress) -> Path:
        """Train to the end, resuming what the folder already holds; returns the folder of the bundle."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._claim()
        torch.manual_seed(self.config.seed)
        pools = self._pools(progress)
        optimizer = self.config.optimizer
        if optimizer.sanity:
            progress.note("sanity", check_sanity(self._network, pools.train, self.config.seed))
        trainer = Trainer(self._network(), pools.train, optimizer, self.config.augment, self.config.seed)
        with progress.epochs(optimizer.epochs, trainer.steps) as watch:
            model = trainer.run(lambda net: self._judge(net, pools.validation, progress), watch, self.folder / CHECKPOINT)
        (self.folder / "history.json").write_text(json.dumps(vars(trainer.history), indent=1) + "\n")
        return self._export(model, pools)

    def _network(self) -> GlyphClassifier:
        return GlyphClassifier(self.config.network)

    def _claim(self) -> None:
        """Keep the configuration beside the work, and refuse to go on with another's."""
        file, mine = self.folder / "config.json", json.dumps(self.config.to_dict(), indent=1, default=list) + "\n"
        if file.exists() and file.read_text() != mine:
            raise UsageError(f"{self.folder}: holds a run with another configuration; choose another --out, or delete it")
        file.write_text(mine)

    def _pools(self, progress: Progress) -> Pools:
        file, record = self.folder / POOLS, self.folder / RECORD
        if file.exists() and record.exists():
            with np.load(file, allow_pickle=False) as stored:
                parts = {key: stored[key] for key in stored.files}
            return Pools(_unpack(parts, "train"), _unpack(parts, "validation"), json.loads(record.read_text()))
        images, labels = load_mnist(self.data, "train")
        if self.config.data.limit:
            images, labels = images[: self.config.data.limit], labels[: self.config.data.limit]
        pools = PoolMaker(self.config, images, labels, self.workers).make(progress.stage)
        pools.record["mnist_train_sha256"] = hashlib.sha256(images.tobytes()).hexdigest()
        pools = self._audited(pools, progress)
        np.savez(file, **_pack(pools.train, "train"), **_pack(pools.validation, "validation"))
        record.write_text(json.dumps(pools.record, indent=1) + "\n")
        return pools

    def _audited(self, pools: Pools, progress: Progress) -> Pools:
        """Without the rejects that a plain digit classifier, trained here for this, takes for digits."""
        digits = pools.train.take(np.isin(pools.train.sources, ("mnist", "printed")))
        plain = GlyphClassifier(NetworkConfig((16, 32), (64,)), classes=REJECT)
        trainer = Trainer(plain, digits, OptimizerConfig(epochs=2), AugmentConfig(), self.config.seed + 1)
        with progress.epochs(2, trainer.steps, "audit") as watch:
            judge = trainer.run(lambda _: {}, watch, None)

        def score(glyphs: NDArray[np.uint8]) -> NDArray[np.float64]:
            return softmax(logits_of(judge, glyphs), 1.0)

        def clean(pool: Pool, name: str) -> Pool:
            rejects = np.flatnonzero(pool.labels == REJECT)
            keep = audit(pool.glyphs[rejects], score, self.config.data.audit_limit, list(pool.sources[rejects]))
            pools.record[f"{name}_rejects"] = len(rejects)
            pools.record[f"{name}_rejects_dropped"] = int((~keep).sum())
            kept = np.ones(len(pool), bool)
            kept[rejects[~keep]] = False
            return pool.take(kept)

        return Pools(clean(pools.train, "train"), clean(pools.validation, "validation"), pools.record)

    def _judge(self, network: nn.Module, pool: Pool, progress: Progress) -> dict[str, float]:
        """Forced accuracy by source, and the share of rejects taken for digits."""
        logits = logits_of(network, pool.glyphs)
        digit = pool.labels < REJECT
        right = logits[:, :REJECT].argmax(axis=1) == pool.labels
        figures = {
            str(source): float(right[pool.sources == source].mean()) for source in np.unique(pool.sources[digit])
        }
        figures["false accepts"] = float((logits.argmax(axis=1) < REJECT)[~digit].mean())
        progress.note("validation", figures)
        return figures

    def _export(self, model: nn.Module, pools: Pools) -> Path:
        pool = pools.validation
        logits = logits_of(model, pool.glyphs)
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
            "operating_point": point,
            "risk_coverage": risk_coverage(scores[digit], pool.labels[digit]),
            "validation": self._metrics(scores, pool, point["threshold"]),
            "config": self.config.to_dict(),
            "data": pools.record,
            "versions": {
                "python": platform.python_version(),
                **{name: version(name) for name in ("numpy", "torch", "onnx", "opencv-python-headless", "pillow")},
            },
        }
        files = {
            NETWORK: to_onnx(model),
            GOLDEN: golden_outputs(pool.glyphs[golden], scores[golden].astype(np.float32)),
        }
        write_bundle(self.folder / "bundle", meta, files)
        return self.folder / "bundle"

    def _metrics(self, scores: NDArray[np.float64], pool: Pool, threshold: float) -> dict[str, Any]:
        """Figures at the operating point for each source of digits and family of rejects."""
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


def _pack(pool: Pool, name: str) -> dict[str, NDArray[Any]]:
    return {f"{name}_glyphs": pool.glyphs, f"{name}_labels": pool.labels, f"{name}_sources": pool.sources}


def _unpack(parts: dict[str, NDArray[Any]], name: str) -> Pool:
    return Pool(parts[f"{name}_glyphs"], parts[f"{name}_labels"], parts[f"{name}_sources"])
