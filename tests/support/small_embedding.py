"""A small embedding that is trained in a second, and ONNX graphs run as they are. Needs torch."""

from __future__ import annotations

import numpy as np
import onnxruntime
import torch
from pages import many_digits

from recognizer.training.embedding.config import (
    AutoencoderConfig,
    EmbeddingConfig,
    EmbeddingOptimizerConfig,
    FinishConfig,
    LossConfig,
)
from recognizer.training.embedding.loop import EmbeddingLoop, make_autoencoder
from recognizer.training.samples import Pool

SMALL = AutoencoderConfig(
    (4, 8), (8, 16), squeezed=4, hidden=32, dense=24, digit=6, detail=6, wide=200, decoder=32
)
CONFIG = EmbeddingConfig(
    network=SMALL,
    optimizer=EmbeddingOptimizerConfig(epochs=3, batch=24),
    finish=FinishConfig(epochs=30, batch=60),
)
POOL = Pool(*many_digits(240), np.full(240, "mnist"))


def network(seed=0):
    torch.manual_seed(seed)
    return make_autoencoder(SMALL, LossConfig())


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def learn(checkpoint=None, stop_after=None):
    """The weights after three epochs; ``stop_after`` so many of them it is interrupted once."""
    epochs = []

    def judge(_):
        epochs.append(1)
        return {}

    def interrupt(epoch, step, loss):
        if len(epochs) == stop_after and step == 1:
            raise KeyboardInterrupt

    loop = EmbeddingLoop(network(), POOL, CONFIG)
    loop.run(judge, interrupt, checkpoint)
    return loop


def run_graph(graph, values):
    session = onnxruntime.InferenceSession(graph)
    return session.run(None, {session.get_inputs()[0].name: values})
