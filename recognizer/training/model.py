"""The network: a small convolutional classifier with eleven classes."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from recognizer.results import REJECT
from recognizer.training.config import NetworkConfig

CLASSES = REJECT + 1
QUARTER_SIDE = 7


def _convolution(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


def multiplications(config: NetworkConfig, classes: int = CLASSES) -> int:
    """Multiplications that a `GlyphClassifier` needs for a glyph, those of normalisation left out."""
    half, quarter = (2 * QUARTER_SIDE) ** 2, QUARTER_SIDE**2
    count = half * 25 * config.half[0]
    count += sum(half * 9 * a * b for a, b in pairwise(config.half))
    count += sum(quarter * 9 * a * b for a, b in pairwise((config.half[-1], *config.quarter)))
    return count + config.quarter[-1] * (quarter + classes)


class SpatialPool(nn.Module):
    """A weighted sum over positions, with weights of its own for each channel: (N, C, S, S) to (N, C).

    What a depthwise convolution of the map's own size computes, and trains many times faster on a CPU.
    """

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, side, side).normal_(std=1 / side))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """The weighted sums of a batch."""
        return (maps * self.weight).sum((2, 3))


class GlyphClassifier(nn.Module):
    """Glyphs float (N, 1, 28, 28) in 0–1 to logits float (N, 11): the ten digits, then reject.

    A strided 5×5 convolution, 3×3 convolutions at 14×14 and at 7×7, weighted in the place of average pooling
    (MobileFaceNets, Chen et al. 2018: where ink lies matters), and one linear layer.
    """

    def __init__(self, config: NetworkConfig, classes: int = CLASSES) -> None:
        super().__init__()
        half, quarter = config.half, config.quarter
        layers: list[nn.Module] = [_convolution(1, half[0], 5, 2)]
        layers += [_convolution(a, b) for a, b in pairwise(half)]
        layers += [nn.MaxPool2d(2)]
        layers += [_convolution(a, b) for a, b in pairwise((half[-1], *quarter))]
        self.features = nn.Sequential(*layers)
        last = quarter[-1]
        self.pool = nn.Sequential(SpatialPool(last, QUARTER_SIDE), nn.BatchNorm1d(last))
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(last, classes)
        # Small weights of the head make the first loss that of a guess, ln(classes).
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)

    def forward(self, glyphs: torch.Tensor) -> torch.Tensor:
        """Logits of a batch."""
        logits: torch.Tensor = self.head(self.dropout(self.embed(glyphs)))
        return logits

    def embed(self, glyphs: torch.Tensor) -> torch.Tensor:
        """What the head decides by: features float (N, F) of a batch."""
        features: torch.Tensor = self.pool(self.features(glyphs))
        return features
