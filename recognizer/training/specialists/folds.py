"""Answers to glyphs by networks that did not learn from them: what mistakes look like on new images."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from recognizer.files import write_whole
from recognizer.results import REJECT
from recognizer.stages.network import Network
from recognizer.stages.pair_models import PairModel
from recognizer.stages.second_look import SecondLook
from recognizer.training.checkpoints import keep_state
from recognizer.training.config import AugmentConfig, NetworkConfig, OptimizerConfig
from recognizer.training.hard import PREFIX
from recognizer.training.loop import Trainer
from recognizer.training.model import GlyphClassifier
from recognizer.training.networks import ship
from recognizer.training.progress import Progress
from recognizer.training.samples import Glyphs, Pool

NOWHERE = -1
GUARD = 0.005  # share of MNIST: photographs were dropped here and there, so their places are known up to some dozens
BATCH = 256
Result = TypeVar("Result")


@dataclass(frozen=True)
class Outputs:
    """What a network says of N glyphs.

    Attributes:
        logits: float32 (N, 11).
        features: float32 (N, F).
    """

    logits: NDArray[np.float32]
    features: NDArray[np.float32]


@dataclass(frozen=True)
class FoldNetwork:
    """A network that learnt from all folds but one.

    Attributes:
        network: on ONNX Runtime.
        weights: the file of its weights in torch.
    """

    network: Network
    weights: Path


def assign_folds(pool: Pool, copies: int, count: int, seed: int) -> NDArray[np.int8]:
    """The fold of each glyph, int8 (N,): 0 to ``count`` - 1, or -1 for what is left out.

    A digit of MNIST and its photographs lie in the same fold. In the pool they stand in the order of MNIST, in which
    a writer's digits are neighbours: a fold is a stretch of it, and what lies near its ends is left out. Hard rejects
    are left out as well, since several come from one ink. Anything else is dealt out at random.

    Args:
        pool: as a training run makes it.
        copies: photographs of each digit of MNIST.
        count: of folds.
        seed: of the dealing.
    """
    rng = np.random.default_rng(seed)
    folds = rng.integers(0, count, len(pool)).astype(np.int8)
    folds[np.char.startswith(pool.sources, PREFIX)] = NOWHERE
    for source, parts in (("mnist", 1), ("page", copies)):
        members = np.flatnonzero(pool.sources == source)
        place = (np.arange(len(members)) * parts / max(1, len(members))) % 1
        fold = np.floor(place * count).astype(np.int8)
        to_end = np.abs(place * count - np.round(place * count)) / count
        fold[to_end < GUARD] = NOWHERE
        folds[members] = fold
    return folds


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: its size, its optimisation, disturbances of glyphs, and where it starts."""

    network: NetworkConfig
    optimizer: OptimizerConfig
    augment: AugmentConfig
    seed: int


def train_fold(recipe: Recipe, pool: Pool, name: str, folder: Path, progress: Progress) -> FoldNetwork:
    """A network trained on ``pool``, or found again in ``folder`` under its name."""
    graph, weights = folder / f"{name}.onnx", folder / f"{name}.pt"
    if not graph.exists():
        torch.manual_seed(recipe.seed)
        network = GlyphClassifier(recipe.network)
        trainer = Trainer(network, pool, recipe.optimizer, recipe.augment, recipe.seed)
        with progress.epochs(recipe.optimizer.epochs, trainer.steps, name) as watch:
            model = trainer.run(lambda _: {}, watch, folder / f"{name}.checkpoint.pt")
        keep_state(model.state_dict(), weights)
        write_whole(graph, ship(model, recipe.network, pool.glyphs, recipe.seed))
        progress.note(name, {"glyphs": len(pool), "loss": trainer.history.loss[-1]})
    look = SecondLook(recipe.network.second_look) if recipe.network.second_look else None
    return FoldNetwork(Network(graph.read_bytes(), str(graph), look), weights)


def outputs_of(network: Network, glyphs: Glyphs) -> Outputs:
    """What a network says of glyphs uint8 (N, 28, 28), on as many threads as torch uses."""
    found = _in_parallel(lambda part: network.outputs(glyphs[part]), len(glyphs))
    return Outputs(*(np.concatenate(each) for each in zip(*found, strict=True)))


def first_looks(network: Network, glyphs: Glyphs) -> NDArray[np.float32]:
    """What a network says of glyphs uint8 (N, 28, 28) without a second look, on as many threads as torch uses."""
    return np.concatenate(_in_parallel(lambda part: network.first_logits(glyphs[part]), len(glyphs)))


def verdict_of(specialist: PairModel, glyphs: Glyphs, features: NDArray[np.float32]) -> NDArray[np.float64]:
    """What a specialist says of N glyphs, on as many threads as torch uses: log-odds float (N,)."""
    if not len(glyphs):
        return np.zeros(0)
    found = _in_parallel(lambda part: specialist.log_odds(glyphs[part], features[part]), len(glyphs))
    return np.concatenate(found)


def _in_parallel(ask: Callable[[slice], Result], n: int) -> list[Result]:
    parts = [slice(low, low + BATCH) for low in range(0, max(1, n), BATCH)]
    with ThreadPoolExecutor(torch.get_num_threads()) as workers:
        return list(workers.map(ask, parts))


def out_of_fold(
    networks: tuple[FoldNetwork, ...], glyphs: Glyphs, folds: NDArray[np.int8]
) -> NDArray[np.float32]:
    """Logits float32 (N, 11) of each glyph by the network that did not learn from its fold; NaN for those in none."""
    logits = np.full((len(glyphs), REJECT + 1), np.nan, np.float32)
    for fold, each in enumerate(networks):
        logits[folds == fold] = outputs_of(each.network, glyphs[folds == fold]).logits
    return logits
