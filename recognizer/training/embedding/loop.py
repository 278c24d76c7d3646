"""The training of the embedding: batches of images that are hard to tell apart, and what is asked of their codes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from recognizer.training.embedding.config import AutoencoderConfig, EmbeddingConfig, LossConfig
from recognizer.training.embedding.disturb import Disturbed, disturb
from recognizer.training.loop import Loop, tensors
from recognizer.training.samples import Pool
from retrieval.autoencoder import (
    Autoencoder,
    Codes,
    GlyphEncoder,
    instance_loss,
    pose_loss,
    reconstruction_loss,
)

RAMP = 0.4  # share of the steps over which the demand for sparse codes grows: first they must mean something


def make_autoencoder(config: AutoencoderConfig, loss: LossConfig) -> Autoencoder:
    """A new network; torch's own generator draws its weights."""
    encoder = GlyphEncoder(
        half=config.half,
        quarter=config.quarter,
        squeezed=config.squeezed,
        hidden=config.hidden,
        digit=config.digit,
        image=config.image,
        detail=config.detail,
        wide=config.wide,
    )
    return Autoencoder(encoder, config.decoder, loss.shares)


def neighbourhoods(codes: NDArray[np.float32], leaf: int, rng: np.random.Generator) -> list[NDArray[np.intp]]:
    """Groups of at most ``leaf`` rows that lie near each other, in random order: other ones with each generator.

    A random projection tree (Dasgupta and Freund 2008): rows are halved by the direction between two of them.

    Args:
        codes: float (N, D).
        leaf: most rows of a group.
        rng: draws the directions and the order.
    """
    groups, waiting = [], [np.arange(len(codes))]
    while waiting:
        rows = waiting.pop()
        if len(rows) <= leaf:
            groups.append(rows)
            continue
        one, other = rng.choice(rows, 2, replace=False)
        order = np.argsort(codes[rows] @ (codes[one] - codes[other]), kind="stable")
        waiting += np.array_split(rows[order], 2)
    return [groups[i] for i in rng.permutation(len(groups))]


class EmbeddingLoop(Loop):
    """Trains an autoencoder on the glyphs of a pool."""

    def __init__(self, model: Autoencoder, pool: Pool, config: EmbeddingConfig) -> None:
        super().__init__(model, len(pool), config.optimizer, config.seed)
        self.autoencoder, self.pool, self.loss = model, pool, config.loss
        self.disturb = config.disturb
        self.labels = torch.from_numpy(pool.labels.astype(np.int64))
        # The part of the code for the image that each glyph had when it last took part.
        self.memory = torch.zeros(len(pool), config.network.image)

    @property
    def trained(self) -> Autoencoder:
        """The averaged network."""
        return cast(Autoencoder, self.averaged.module)

    def _batches(self, epoch: int) -> Iterator[NDArray[np.intp]]:
        rng = np.random.default_rng([self.seed, epoch])
        order = rng.permutation(len(self.pool))
        if epoch:
            order = np.concatenate(neighbourhoods(self.memory.numpy(), self.loss.leaf, rng))
        for step in range(self.steps):
            yield order[step * self.batch : (step + 1) * self.batch]

    def _step(self, chosen: NDArray[np.intp], number: int) -> float:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + number)
        clean = tensors(self.pool.glyphs[chosen])
        copies = disturb(clean, self.disturb, generator)
        both = torch.cat([clean, copies.glyphs]).to(memory_format=torch.channels_last)
        self.model.train()
        with torch.autocast("cpu", torch.bfloat16):
            codes, pixels = self.autoencoder(both)
        n = len(clean)
        self.memory[chosen] = codes.image[:n].detach()
        demand = self.loss.sparsity * min(1.0, number / (RAMP * self.steps * self.epochs)) ** 2
        loss = (
            self._told_apart(codes, n, demand)
            + self.loss.digit * self._digit_loss(codes.digit, self.labels[chosen])
            + self.loss.reconstruction * self._decoded(pixels, clean)
            + self.loss.pose * _same_pose(codes.pose, copies)
        )
        return self._update(loss)

    def _told_apart(self, codes: Codes, n: int, demand: float) -> torch.Tensor:
        wide = functional.normalize(codes.wide, dim=1)
        temperature = self.loss.temperature
        image_loss = instance_loss(codes.image[n:], codes.image[:n], temperature)
        return image_loss + instance_loss(wide[n:], wide[:n], temperature) + demand * wide.sum(1).mean()

    def _digit_loss(self, digit: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(self.autoencoder.encoder.digit_logits(digit), labels.repeat(2))

    def _decoded(self, pixels: torch.Tensor, clean: torch.Tensor) -> torch.Tensor:
        of_clean, of_copies = (reconstruction_loss(each, clean) for each in pixels.chunk(2))
        return self.loss.of_clean * of_clean + (1 - self.loss.of_clean) * of_copies


def _same_pose(pose: torch.Tensor, copies: Disturbed) -> torch.Tensor:
    clean, disturbed = pose.chunk(2)
    known = copies.known.float()
    return (pose_loss(clean, disturbed, copies.moved) * known).sum() / known.sum().clamp(min=1)
