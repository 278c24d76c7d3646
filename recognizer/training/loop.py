"""The training loop: reshuffled epochs, one-cycle schedule, averaged weights, checkpoints that resume."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from recognizer.errors import RecognizerError
from recognizer.training.augment import augment
from recognizer.training.checkpoints import keep_state
from recognizer.training.config import AugmentConfig, OptimizerConfig
from recognizer.training.embedding.config import EmbeddingOptimizerConfig
from recognizer.training.samples import Pool

FALSE_ACCEPTS = "false accepts"  # the one figure of a validation that is no accuracy
SANITY_SAMPLES = 300
SANITY_STEPS = 80
UNSURE = (
    0.2  # a sample's error, 1 less the probability of its class, from which on it takes part in every pass
)


class SanityError(RecognizerError):
    """Training that can't come to any good: something before it is broken."""


@dataclass
class History:
    """What was watched: one entry a finished epoch."""

    loss: list[float] = field(default_factory=list)
    validation: list[dict[str, float]] = field(default_factory=list)


Watcher = Callable[[int, int, float], None]
Loss = Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor]
"""Of logits float (N, C) and labels int64 (N,), smoothed by a share 0–1: their mean loss."""


def softmax_loss(logits: torch.Tensor, labels: torch.Tensor, smoothing: float) -> torch.Tensor:
    """The cross-entropy of classes that exclude each other."""
    return functional.cross_entropy(logits, labels, label_smoothing=smoothing)


def tensors(glyphs: NDArray[np.uint8]) -> torch.Tensor:
    """Glyphs uint8 (N, 28, 28) as float (N, 1, 28, 28) in 0–1."""
    return torch.from_numpy(np.ascontiguousarray(glyphs))[:, None].float() / 255


def logits_of(model: nn.Module, glyphs: NDArray[np.uint8], batch: int = 1024) -> NDArray[np.float32]:
    """Logits float (N, C) in evaluation mode."""
    model.eval()
    with torch.no_grad():
        parts = [model(tensors(glyphs[low : low + batch])) for low in range(0, len(glyphs), batch)]
    return torch.cat(parts).float().numpy()


class Loop:
    """Trains one network on ``n`` samples: what to batch, and what a step is, its kinds know.

    Attributes:
        memory: what is remembered of each sample from step to step, (n, ...); a checkpoint keeps it.
    """

    def __init__(
        self, model: nn.Module, n: int, optimizer: OptimizerConfig | EmbeddingOptimizerConfig, seed: int
    ) -> None:
        self.model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.epochs, self.batch, self.seed = optimizer.epochs, optimizer.batch, seed
        self.steps = max(1, n // optimizer.batch)
        decay = min(optimizer.average, 1 - 1 / (1 + self.steps * optimizer.epochs / 10))
        average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        self.averaged = AveragedModel(model, multi_avg_fn=average, use_buffers=True)
        self.optimizer = torch.optim.AdamW(
            model.parameters(), optimizer.rate, weight_decay=optimizer.weight_decay
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, optimizer.rate, total_steps=self.steps * optimizer.epochs + 1, pct_start=0.15
        )
        self.history = History()
        self.memory = torch.ones(n)

    def run(
        self,
        judge: Callable[[nn.Module], dict[str, float]],
        watch: Watcher,
        checkpoint: Path | None,
        finished: Callable[[History], None] = lambda _: None,
    ) -> nn.Module:
        """Train to the end, from the checkpoint where there is one.

        Args:
            judge: the figures of the averaged network after an epoch.
            watch: is told epoch, step and loss after each step.
            checkpoint: the file that is resumed from, and kept after each epoch.
            finished: is told the history after each epoch.

        Returns:
            The averaged network.
        """
        if checkpoint is not None and checkpoint.exists():
            self._load(checkpoint)
        for epoch in range(len(self.history.loss), self.epochs):
            total = 0.0
            for step, chosen in enumerate(self._batches(epoch)):
                loss = self._step(chosen, epoch * self.steps + step)
                total += loss
                watch(epoch, step, loss)
            self.history.loss.append(total / self.steps)
            self.history.validation.append(judge(self.averaged.module))
            if checkpoint is not None:
                self._save(checkpoint)
            finished(self.history)
        return self.averaged.module

    def _batches(self, epoch: int) -> Iterator[NDArray[np.intp]]:
        """The samples of each of ``steps`` batches."""
        raise NotImplementedError

    def _step(self, chosen: NDArray[np.intp], number: int) -> float:
        """Learn from a batch, in the step of this number; returns its loss."""
        raise NotImplementedError

    def _update(self, loss: torch.Tensor) -> float:
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.schedule.step()
        self.averaged.update_parameters(self.model)
        return float(loss.detach())

    def _save(self, path: Path) -> None:
        state = {
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "memory": self.memory,
            "loss": self.history.loss,
            "validation": self.history.validation,
        }
        keep_state(state, path)

    def _load(self, path: Path) -> None:
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.memory = state["memory"]
        self.history = History(state["loss"], state["validation"])


class Trainer(Loop):
    """Trains one classifier on one pool."""

    def __init__(
        self,
        model: nn.Module,
        pool: Pool,
        optimizer: OptimizerConfig,
        disturb: AugmentConfig,
        seed: int,
        *,
        loss: Loss = softmax_loss,
    ) -> None:
        super().__init__(model, len(pool), optimizer, seed)
        self.pool, self.config, self.disturb, self.loss = pool, optimizer, disturb, loss
        self.labels = torch.from_numpy(pool.labels.astype(np.int64))

    def _batches(self, epoch: int) -> Iterator[NDArray[np.intp]]:
        """As many batches as one pass over the pool has; what is well known makes room for what is not.

        Selective backpropagation (Jiang et al. 2019), with the error that a sample had when it last took part.
        """
        rng = np.random.default_rng([self.seed, epoch])
        left = self.steps
        while left:
            order = rng.permutation(len(self.pool))
            if epoch and self.config.known_share < 1:
                share = np.clip(self.memory.numpy() / UNSURE, self.config.known_share, 1)
                order = order[rng.random(len(order)) < share[order]]
            batches = min(left, max(1, len(order) // self.batch))
            left -= batches
            for batch in range(batches):
                yield order[batch * self.batch : (batch + 1) * self.batch]

    def _step(self, chosen: NDArray[np.intp], number: int) -> float:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + number)
        torch.manual_seed(self.seed * 1_000_003 + number)  # for dropout: a resumed run is the same run
        glyphs = augment(tensors(self.pool.glyphs[chosen]), self.disturb, generator)
        self.model.train()
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.model(glyphs.to(memory_format=torch.channels_last))
        labels = self.labels[chosen]
        loss = self.loss(logits.float(), labels, self.config.smoothing)
        if self.config.known_share < 1:
            self.memory[chosen] = 1 - logits.detach().float().softmax(1)[torch.arange(len(labels)), labels]
        return self._update(loss)


def check_sanity(make: Callable[[], nn.Module], pool: Pool, seed: int) -> dict[str, float]:
    """Check that the first loss is a guess's, ln(classes), and that a few hundred samples can be learnt by heart.

    Raises:
        SanityError: one of them is not so.
    """
    chosen = np.random.default_rng(seed).permutation(len(pool))[:SANITY_SAMPLES]
    few = pool.take(chosen)
    labels = torch.from_numpy(few.labels.astype(np.int64))
    model = make()
    glyphs = tensors(few.glyphs)
    model.train()
    logits = model(glyphs)
    guess = math.log(logits.shape[1])
    first = float(functional.cross_entropy(logits, labels).detach())
    if abs(first - guess) > 0.15:
        raise SanityError(
            f"the first loss is {first:.3f}, and a guess's would be {guess:.3f}: check the network's start"
        )
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    for _ in range(SANITY_STEPS):
        loss = functional.cross_entropy(model(glyphs), labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    last = float(loss.detach())
    if last > 0.3:
        raise SanityError(
            f"{len(few)} samples can't be learnt by heart (loss {last:.3f}): check labels and network"
        )
    return {"first_loss": first, "guess": guess, "overfitted_loss": last}
