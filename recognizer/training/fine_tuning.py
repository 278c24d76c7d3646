"""A trained network goes on learning: new cases, and what it knows already, so that nothing is forgotten."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from recognizer.results import REJECT
from recognizer.training.augment import augment
from recognizer.training.config import AugmentConfig, OptimizerConfig
from recognizer.training.loop import UNSURE, Loop, Watcher, logits_of, tensors
from recognizer.training.samples import Pool


@dataclass(frozen=True)
class FineTuningConfig:
    """How a network goes on learning.

    Attributes:
        batch: glyphs a step.
        of_cases: share of a batch that are cases; the others are replayed. 1: nothing is replayed.
        of_rejects: share of what is replayed that are non-digits.
        known_share: share of the passes over what is replayed that well known glyphs take part in.
        passes: times that a case is looked at, each time disturbed anew, as far as ``most_steps`` allow.
        fewest_steps: even for a handful of cases.
        most_steps: however many cases there are.
        rate: highest learning rate.
        weight_decay: of AdamW.
        average: decay, per step, of the average of weights that is kept.
        distil: share of the loss on replayed digits that is the distance to what the network said of them before it
            went on learning (Li and Hoiem 2016; Buzzega et al. 2020), and not to their labels.
        distil_rejects: the same of replayed non-digits: what was taken for a digit before had better be refused.
        bad_weight: how many times as often as another case one comes that the network got wrong.
    """

    batch: int = 192
    of_cases: float = 0.17
    of_rejects: float = 0.35
    known_share: float = 0.15
    passes: int = 30
    fewest_steps: int = 200
    most_steps: int = 400
    rate: float = 1e-3
    weight_decay: float = 0.01
    average: float = 0.98
    distil: float = 0.95
    distil_rejects: float = 0.3
    bad_weight: float = 3.0

    def steps(self, cases: int) -> int:
        """How many steps so many cases take."""
        wanted = round(cases * self.passes / max(1, self.batch * self.of_cases))
        return min(self.most_steps, max(self.fewest_steps, wanted))


class FineTuning(Loop):
    """Trains a network on cases, weighted float (N,), and on what is replayed.

    What was added to its logit of reject after training, ``offset``, is taken off before labels are compared: else they
    would soon undo it (Menon et al. 2021).
    """

    def __init__(  # noqa: PLR0917 - two pools, and how
        self,
        model: nn.Module,
        cases: Pool,
        weights: NDArray[np.float64],
        replay: Pool,
        config: FineTuningConfig,
        disturb: AugmentConfig,
        seed: int,
        offset: float = 0.0,
    ) -> None:
        steps = config.steps(len(cases))
        optimizer = OptimizerConfig(
            epochs=1, batch=config.batch, rate=config.rate, weight_decay=config.weight_decay,
            average=config.average,
        )  # fmt: skip
        self.teacher = copy.deepcopy(model).eval()
        super().__init__(model, steps * config.batch, optimizer, seed)
        self.settings, self.disturb, self.weights = config, disturb, weights / weights.sum()
        self.cases, self.pool = len(cases), Pool.join([cases, replay])
        self.offset = torch.zeros(REJECT + 1)
        self.offset[REJECT] = offset
        self.memory = torch.ones(len(self.pool))
        if len(replay):
            known = torch.from_numpy(logits_of(self.teacher, replay.glyphs)) - self.offset
            self.memory[len(cases) :] = (
                1 - known.softmax(1)[range(len(replay)), replay.labels.astype(np.int64)]
            )
        self.labels = torch.from_numpy(self.pool.labels.astype(np.int64))

    def _batches(self, epoch: int) -> Iterator[NDArray[np.intp]]:
        rng = np.random.default_rng([self.seed, epoch])
        of_cases = round(self.settings.of_cases * self.batch)
        rejects = round(self.settings.of_rejects * (self.batch - of_cases))
        replayed = np.arange(self.cases, len(self.pool))
        non_digit = self.pool.labels[replayed] == REJECT
        turns = [
            self._in_turn(replayed[non_digit], rejects, rng),
            self._in_turn(replayed[~non_digit], self.batch - of_cases - rejects, rng),
        ]
        for _ in range(self.steps):
            chosen = rng.choice(self.cases, of_cases, p=self.weights)
            yield np.concatenate([chosen, *map(next, turns)])

    def _in_turn(
        self, rows: NDArray[np.intp], count: int, rng: np.random.Generator
    ) -> Iterator[NDArray[np.intp]]:
        """So many rows again and again, most often those that the network doesn't know, or is forgetting."""
        waiting = np.zeros(0, np.intp)
        while True:
            while len(rows) and len(waiting) < count:
                error = self.memory.numpy()[rows]
                kept = rng.random(len(rows)) < np.clip(error / UNSURE, self.settings.known_share, 1)
                waiting = np.concatenate([waiting, rng.permutation(rows[kept])])
            now, waiting = np.split(waiting, [count])
            yield now

    def _step(self, chosen: NDArray[np.intp], number: int) -> float:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + number)
        torch.manual_seed(self.seed * 1_000_003 + number)
        glyphs = augment(tensors(self.pool.glyphs[chosen]), self.disturb, generator)
        glyphs = glyphs.to(memory_format=torch.channels_last)
        self.model.train()
        _freeze_normalisation(self.model)
        old = torch.from_numpy(chosen >= self.cases)
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.model(glyphs)
            with torch.no_grad():
                known = self.teacher(glyphs[old]) if bool(old.any()) else None
        logits = logits.float()
        each = functional.cross_entropy(logits - self.offset, self.labels[chosen], reduction="none")
        self.memory[chosen] = 1 - torch.exp(-each.detach())
        if known is not None:
            kept = functional.kl_div(
                logits[old].log_softmax(1), known.float().log_softmax(1), reduction="none", log_target=True
            ).sum(1)
            settings = self.settings
            share = torch.where(self.labels[chosen][old] == REJECT, settings.distil_rejects, settings.distil)
            each = torch.cat([each[~old], (1 - share) * each[old] + share * kept])
        return self._update(each.mean())


@dataclass(frozen=True)
class Tuned:
    """A network before and after it learnt."""

    before: nn.Module
    after: nn.Module

    def at(self, share: float) -> nn.Module:
        """The network at a share of the straight way from the old weights to the new, 0–1 (Wortsman et al. 2022)."""
        return _between(self.before, self.after, share)


def fine_tune(  # noqa: PLR0917 - a network, two pools, and how
    network: nn.Module,
    cases: Pool,
    wrong: NDArray[np.bool_],
    replay: Pool,
    config: FineTuningConfig,
    disturb: AugmentConfig,
    seed: int,
    watch: Watcher,
    offset: float = 0.0,
) -> Tuned:
    """Go on learning.

    Args:
        network: is left as it is.
        cases: what to learn.
        wrong: bool (N,), which of them the network got wrong.
        replay: what it was trained on, or the like of it.
        config: how.
        disturb: how glyphs are disturbed, as when the network was first trained.
        seed: of all that is random.
        watch: is told how far it is.
        offset: what was added to the network's logit of reject after training.
    """
    weights = np.where(wrong, config.bad_weight, 1.0)
    tuning = FineTuning(copy.deepcopy(network), cases, weights, replay, config, disturb, seed, offset)
    return Tuned(network, tuning.run(lambda _: {}, watch, None))


def _between(old: nn.Module, new: nn.Module, share: float) -> nn.Module:
    """A network on the straight way from the old weights to the new."""
    made = copy.deepcopy(old)
    state = new.state_dict()
    made.load_state_dict(
        {
            name: torch.lerp(value, state[name], share) if value.is_floating_point() else value
            for name, value in old.state_dict().items()
        }
    )
    return made


def _freeze_normalisation(model: nn.Module) -> None:
    """Use what was learnt of means and variances: those of a batch of cases are no measure for all input."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.eval()
