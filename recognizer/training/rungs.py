"""The rungs of the ladder: networks and outputs, the simple ones first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from recognizer.glyph import SIDE
from recognizer.results import REJECT
from recognizer.stages.decide import softmax
from recognizer.training.config import NetworkConfig
from recognizer.training.loop import Loss, softmax_loss
from recognizer.training.model import CLASSES, GlyphClassifier

HIDDEN = (256, 128)
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Output:
    """What stands at the end of a network, and how it is read.

    Attributes:
        name: such as "softmax".
        classes: how many logits.
        loss: what training makes small.
        scores: logits float32 (N, classes) to the score of each digit, float (N, 10), 0–1; all low is a reject.
    """

    name: str
    classes: int
    loss: Loss
    scores: Callable[[NDArray[np.float32]], Scores]


@dataclass(frozen=True)
class Rung:
    """One network with one output.

    Attributes:
        network: its kind, such as "linear".
        output: what stands at its end.
        make: a new network with that many classes: glyphs float (N, 1, 28, 28) to logits (N, classes).
    """

    network: str
    output: Output
    make: Callable[[int], nn.Module]

    @property
    def name(self) -> str:
        """Such as "linear, softmax"."""
        return f"{self.network}, {self.output.name}"


def sigmoid_loss(logits: torch.Tensor, labels: torch.Tensor, smoothing: float) -> torch.Tensor:
    """The sum of ten cross-entropies, each of one digit against all else; no digit is right for a reject."""
    wanted = functional.one_hot(labels, CLASSES)[:, :REJECT].to(logits.dtype)
    # What smoothing makes of the softmax's targets, so that both outputs are asked for the same.
    wanted = wanted * (1 - smoothing) + smoothing / CLASSES
    return functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none").sum(dim=1).mean()


def _sigmoid_scores(logits: NDArray[np.float32]) -> Scores:
    scores: Scores = 0.5 * (1 + np.tanh(0.5 * logits.astype(np.float64)))
    return scores


def _softmax_scores(logits: NDArray[np.float32]) -> Scores:
    return softmax(logits, 1.0)[:, :REJECT]


SIGMOIDS = Output("ten sigmoids", REJECT, sigmoid_loss, _sigmoid_scores)
SOFTMAX = Output("softmax", CLASSES, softmax_loss, _softmax_scores)


class Perceptron(nn.Module):
    """Pixels, layers of ReLU units, logits: float (N, 1, 28, 28) to (N, classes); linear without layers."""

    def __init__(self, hidden: tuple[int, ...], classes: int) -> None:
        super().__init__()
        sides = (SIDE * SIDE, *hidden)
        layers: list[nn.Module] = [nn.Flatten()]
        for inputs, outputs in zip(sides, hidden, strict=False):
            layers += [nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU()]
        self.hidden = nn.Sequential(*layers)
        self.head = nn.Linear(sides[-1], classes)
        # As in the convolutional network: the first guess is that all classes are alike.
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, glyphs: torch.Tensor) -> torch.Tensor:
        """Logits of a batch."""
        logits: torch.Tensor = self.head(self.hidden(glyphs))
        return logits


def make_rungs(config: NetworkConfig) -> tuple[Rung, ...]:
    """Each network with either output; ``config`` is that of the convolutional one."""
    networks: dict[str, Callable[[int], nn.Module]] = {
        "linear": lambda classes: Perceptron((), classes),
        "perceptron": lambda classes: Perceptron(HIDDEN, classes),
        "convolutional": lambda classes: GlyphClassifier(config, classes),
    }
    return tuple(
        Rung(name, output, make) for name, make in networks.items() for output in (SIGMOIDS, SOFTMAX)
    )


def comparisons(rungs: tuple[Rung, ...]) -> tuple[tuple[Rung, Rung], ...]:
    """Pairs of a rung and one below it that differ in one thing: in the output, or in the network."""
    exclusive = [rung for rung in rungs if rung.output is SOFTMAX]
    pairs = [(high, low) for low, high in pairwise(exclusive)]
    pairs += [
        (high, low) for high in exclusive for low in rungs if low.network == high.network and low != high
    ]
    return tuple(sorted(pairs, key=lambda pair: rungs.index(pair[0])))
