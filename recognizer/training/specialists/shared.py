"""Convolutional specialists of one trunk: a network with an output for each pair, which learns all of them together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from recognizer.results import REJECT
from recognizer.stages.decide import NO_SPECIALIST, Pair, Routing, route
from recognizer.stages.pair_models import Convolutional, PairModel
from recognizer.training.config import AugmentConfig, NetworkConfig, OptimizerConfig
from recognizer.training.export import only_output, specialists_to_onnx
from recognizer.training.loop import Trainer
from recognizer.training.model import GlyphClassifier
from recognizer.training.quantise import quantise
from recognizer.training.samples import Pool
from recognizer.training.specialists.config import FitConfig
from recognizer.training.specialists.fit import NETWORK, NETWORK_VIEWS, Start

PAIRS: tuple[Pair, ...] = tuple(combinations(range(REJECT + 1), 2))
"""An output each: those that nobody asks cost nothing."""


@dataclass(frozen=True)
class Doubts:
    """Glyphs that a network is in doubt of, each between the two classes of a pair of which one is right.

    Attributes:
        glyphs: uint8 (N, 28, 28).
        asked: int (N,), the place in ``PAIRS`` of each one's two best classes.
        first: bool (N,), whether the pair's first class is right.
    """

    glyphs: NDArray[np.uint8]
    asked: NDArray[np.intp]
    first: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.glyphs)


def find_doubts(
    glyphs: NDArray[np.uint8], labels: NDArray[np.uint8], logits: NDArray[np.float32], lead: float
) -> Doubts:
    """Those among N glyphs.

    Args:
        glyphs: uint8 (N, 28, 28).
        labels: uint8 (N,), 0–10.
        logits: float32 (N, 11), what a network says of them.
        lead: the greatest of the best class, in logits, that counts as doubt.
    """
    asked = route(logits, Routing(PAIRS, lead))
    ends = np.array([*PAIRS, (NO_SPECIALIST, NO_SPECIALIST)])[asked]
    rows = np.flatnonzero((ends == labels[:, None]).any(axis=1))
    return Doubts(glyphs[rows], asked[rows], ends[rows, 0] == labels[rows])


def pair_loss(logits: torch.Tensor, labels: torch.Tensor, smoothing: float) -> torch.Tensor:
    """The cross-entropy of the output that a glyph was asked of; the others learn nothing from it.

    Args:
        logits: float (N, P), an output a pair: log-odds of its first class.
        labels: int64 (N,), twice the place of the pair that is asked, and 1 more where its second class is right.
        smoothing: share 0–1.
    """
    asked, first = labels // 2, 1.0 - labels % 2
    own = logits.gather(1, asked[:, None])[:, 0]
    return functional.binary_cross_entropy_with_logits(own, first * (1 - smoothing) + smoothing / 2)


def fit_shared(doubts: Doubts, start: Start, config: FitConfig, seed: int) -> nn.Module:
    """A network with an output for each pair.

    Args:
        doubts: what it learns from.
        start: a network of eleven classes: before the first step, an output is what that one says of the pair.
        config: passes, rate, batch.
        seed: of all that is random.
    """
    torch.manual_seed(seed)
    network = GlyphClassifier(start.network, len(PAIRS))
    network.load_state_dict(_start_of(start.weights))
    labels = (2 * doubts.asked + ~doubts.first).astype(np.uint8)
    pool = Pool(doubts.glyphs, labels, np.full(len(labels), "pair"))
    # Nothing here is well known, so all take part in every pass.
    optimizer = replace(
        OptimizerConfig(),
        epochs=config.epochs,
        batch=min(config.batch, len(pool)),
        rate=config.rate,
        smoothing=config.smoothing,
        known_share=1.0,
    )
    trainer = Trainer(network, pool, optimizer, AugmentConfig(), seed, loss=pair_loss)
    return trainer.run(lambda _: {}, lambda *_: None, None)


def _start_of(weights: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(weights, weights_only=True)
    one, other = torch.tensor(PAIRS).T
    for name in ("head.weight", "head.bias"):
        state[name] = state[name][one] - state[name][other]
    return state


def ship_shared(
    network: nn.Module, glyphs: NDArray[np.uint8], size: NetworkConfig, views: int, seed: int
) -> dict[str, bytes]:
    """The graphs of the two convolutional kinds, with all outputs.

    Args:
        network: as `fit_shared` gives it.
        glyphs: what it learnt from, uint8 (N, 28, 28); some of it gives the ranges of integers.
        size: of the network.
        views: places that a glyph is looked at in, by the kind that looks at several.
        seed: of what is chosen from ``glyphs``.
    """
    graphs = {}
    for kind, count in ((NETWORK, 1), (NETWORK_VIEWS, views)):
        graph = specialists_to_onnx(network, count)
        graphs[kind] = quantise(graph, glyphs, seed) if size.int8 else graph
    return graphs


def specialist_of(graph: bytes, pair: Pair, name: str) -> PairModel:
    """The specialist for one pair: the trunk and the pair's output.

    Args:
        graph: with an output for each of ``PAIRS``.
        pair: one of these.
        name: what an error calls it.
    """
    return Convolutional(only_output(graph, PAIRS.index(pair)), name)
