"""A tiny model that can go on learning, what it replays, and a writer it can't read."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import torch
from pages import many_digits
from PIL import Image

from recognizer import to_glyph
from recognizer.training.config import (
    AugmentConfig,
    NetworkConfig,
    OptimizerConfig,
    ReaderConfig,
    TrainingConfig,
)
from recognizer.training.fine_tuning import FineTuningConfig
from recognizer.training.learn import LearnConfig
from recognizer.training.loop import Trainer
from recognizer.training.model import GlyphClassifier
from recognizer.training.networks import Networks, fit_look, network_of
from recognizer.training.run import Run
from recognizer.training.samples import Pool, Pools

SIZE = NetworkConfig((8, 12), (24,), int8=False, second_look=0.0)
QUICK = LearnConfig(
    tuning=FineTuningConfig(
        batch=32, of_cases=0.25, of_rejects=0.5, fewest_steps=60, most_steps=60, rate=4e-3, average=0.8
    )
)
INVERTED = 7  # the digit that the writer turns upside down


def pool(n, seed):
    images, labels = many_digits(n, seed)
    glyphs = np.stack([to_glyph(image) for image in images])
    noise = np.random.default_rng(seed).integers(0, 255, (n // 8, 28, 28), dtype=np.uint8)
    noise[:, :, ::3] = 0
    return Pool(
        np.concatenate([glyphs, noise]),
        np.concatenate([labels, np.full(len(noise), 10, np.uint8)]),
        np.array(["mnist"] * n + ["noise"] * len(noise)),
    )


def make_pools():
    return Pools(pool(400, 0), pool(200, 1), {"digits": "forty digits"})


def make_base(folder, pools, reader=False):
    """A model that reads digits which stand upright; returns its folder. A second reader is a network of its size."""
    torch.manual_seed(0)
    config = TrainingConfig(name="tiny", coverage=0.97, network=SIZE)
    if reader:
        size = replace(SIZE, second_look=4.0)
        config = replace(config, network=size, reader=ReaderConfig(SIZE.half, SIZE.quarter))
    trainer = Trainer(
        GlyphClassifier(SIZE),
        pools.train,
        OptimizerConfig(epochs=14, batch=32, average=0.9),
        AugmentConfig(),
        0,
    )
    model = trainer.run(lambda _: {}, lambda *_: None, None)
    files = Networks(model, model if reader else None).files(config, pools.train.glyphs)
    look = fit_look(config, files, pools.validation)
    logits = network_of(files, look).all_logits(pools.validation.glyphs)
    return Run(config, folder, folder, 1).export(files, look, logits, pools)


def pictures(n, seed, inverted=True):
    """Images as files, and their labels: as many of each digit, or all by the writer."""
    images, labels = many_digits(10 * n if inverted else n, seed)
    if inverted:
        images, labels = images[labels == INVERTED][:, ::-1], labels[labels == INVERTED]
    return [(png(image), int(label)) for image, label in zip(images, labels, strict=True)]


def png(image):
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(buffer, "PNG")
    return buffer.getvalue()
