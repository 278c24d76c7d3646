"""A small network, trained in a moment: no model to keep, but one to judge others' samples by."""

from __future__ import annotations

from torch import nn

from recognizer.training.config import AugmentConfig, NetworkConfig, OptimizerConfig
from recognizer.training.loop import Trainer
from recognizer.training.model import GlyphClassifier
from recognizer.training.progress import Progress
from recognizer.training.samples import Pool

EPOCHS = 2
NETWORK = NetworkConfig((16, 32), (64,))


def train_quickly(pool: Pool, classes: int, seed: int, progress: Progress, what: str) -> nn.Module:
    """A network of that many classes, trained on ``pool``; ``what`` it is for is shown."""
    trainer = Trainer(
        GlyphClassifier(NETWORK, classes), pool, OptimizerConfig(epochs=EPOCHS), AugmentConfig(), seed
    )
    with progress.epochs(EPOCHS, trainer.steps, what) as watch:
        return trainer.run(lambda _: {}, watch, None)
