"""The network behind the codes that are searched: a denoising autoencoder whose code tells digits, and images, apart.

Glyphs are float (N, 1, 28, 28) in 0–1 throughout. The only module of this package that imports torch.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

SIDE = 28
QUARTER = 7
DIGITS = 10
POSE_CHANNELS = (16, 32)
POSE_HIDDEN = 64
POSE_NUMBERS = 4  # two of shift, the angle, the logarithm of the scale
# What cosines to the ten digits are multiplied by: unit vectors alone can't make a softmax sure.
SHARPNESS = 20.0


class Codes(NamedTuple):
    """What the encoder makes of N glyphs.

    Attributes:
        digit: float (N, K) of unit length: which digit it is like.
        image: float (N, I) of unit length: which of all images it is.
        detail: float (N, R) of unit length: what only decoding needs, such as how it leans and how thick it is.
        wide: float (N, W), none below zero and most of them zero: the same as ``image``, for an inverted index.
        pose: float (N, 2, 3): where the network laid the glyph's own axes, as `apply_pose` takes it.
    """

    digit: torch.Tensor
    image: torch.Tensor
    detail: torch.Tensor
    wide: torch.Tensor
    pose: torch.Tensor


def _convolution(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


def apply_pose(glyphs: torch.Tensor, pose: torch.Tensor) -> torch.Tensor:
    """Sample glyphs at the affine maps ``pose``, float (N, 2, 3), of the coordinates -1 to 1 of the result."""
    steps = (torch.arange(SIDE) * 2 + 1) / SIDE - 1
    down, across = torch.meshgrid(steps, steps, indexing="ij")
    points = torch.stack([across, down, torch.ones_like(down)], 2).reshape(-1, 3)
    grid = (points @ pose.transpose(1, 2)).reshape(-1, SIDE, SIDE, 2)
    return functional.grid_sample(glyphs, grid, align_corners=False)


class PoseFinder(nn.Module):
    """Glyphs to the shift, turn and scale that bring each into a pose of its own, as float (N, 2, 3).

    A spatial transformer (Jaderberg et al. 2015). It starts as one that changes nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        half, quarter = POSE_CHANNELS
        self.features = nn.Sequential(_convolution(1, half, 5, 2), _convolution(half, quarter, 3, 2))
        self.hidden = nn.Sequential(
            nn.Flatten(), nn.Linear(quarter * QUARTER * QUARTER, POSE_HIDDEN), nn.ReLU()
        )
        self.numbers = nn.Linear(POSE_HIDDEN, POSE_NUMBERS)
        nn.init.zeros_(self.numbers.weight)
        nn.init.zeros_(self.numbers.bias)

    def forward(self, glyphs: torch.Tensor) -> torch.Tensor:
        """The poses of a batch."""
        across, down, angle, scale = self.numbers(self.hidden(self.features(glyphs))).float().unbind(1)
        cosine, sine = torch.cos(angle) * torch.exp(scale), torch.sin(angle) * torch.exp(scale)
        rows = [torch.stack([cosine, sine, across], 1), torch.stack([-sine, cosine, down], 1)]
        return torch.stack(rows, 1)


class GlyphEncoder(nn.Module):
    """Glyphs to `Codes`: finds each glyph's pose, brings it there, and looks at it with convolutions.

    Args:
        half: channels of the convolutions at half the glyph's size.
        quarter: the same at a quarter.
        squeezed: channels that the last map is reduced to before it is laid out flat.
        hidden: units from which the codes are read.
        digit: numbers of the digit's part of the dense code.
        image: numbers of the image's part.
        detail: numbers of the detail.
        wide: numbers of the wide code.
    """

    def __init__(
        self,
        *,
        half: tuple[int, ...],
        quarter: tuple[int, ...],
        squeezed: int,
        hidden: int,
        digit: int,
        image: int,
        detail: int,
        wide: int,
    ) -> None:
        super().__init__()
        self.pose = PoseFinder()
        layers: list[nn.Module] = [_convolution(1, half[0], 5, 2)]
        layers += [_convolution(a, b) for a, b in pairwise(half)]
        layers += [nn.MaxPool2d(2)]
        layers += [_convolution(a, b) for a, b in pairwise((half[-1], *quarter))]
        layers += [_convolution(quarter[-1], squeezed, 1), nn.Flatten()]
        self.features = nn.Sequential(*layers)
        flat = squeezed * QUARTER * QUARTER + 2 * 3
        self.hidden = nn.Sequential(nn.Linear(flat, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU())
        self.sizes = (digit, image, detail)
        self.digit, self.image = nn.Linear(hidden, digit), nn.Linear(hidden, image)
        # The detail is read from the pixels as well: exact places get lost on the way to the other codes.
        self.detail = nn.Linear(hidden + SIDE * SIDE, detail)
        self.wide = nn.Linear(hidden, wide)
        self.centres = nn.Parameter(torch.randn(DIGITS, digit))

    def forward(self, glyphs: torch.Tensor) -> Codes:
        """The codes of a batch."""
        hidden, pose = self.look(glyphs)
        return self.read(hidden, glyphs, pose)

    def read(self, hidden: torch.Tensor, glyphs: torch.Tensor, pose: torch.Tensor) -> Codes:
        """The codes of N glyphs, from their hidden units (N, H) and their poses, as `look` gives them."""
        digit, image = (
            functional.normalize(part(hidden).float(), dim=1) for part in (self.digit, self.image)
        )
        wide = functional.relu(self.wide(hidden)).float()
        return Codes(digit, image, self.read_detail(hidden, glyphs), wide, pose)

    def look(self, glyphs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The hidden units, (N, H), that all codes of a batch are read from, and the glyphs' poses."""
        pose = self.pose(glyphs)
        maps = self.features(apply_pose(glyphs, pose))
        # The pose goes along: the decoder shows the glyph as it lay.
        return self.hidden(torch.cat([maps, pose.flatten(1).to(maps.dtype)], 1)), pose

    def read_detail(self, hidden: torch.Tensor, glyphs: torch.Tensor) -> torch.Tensor:
        """The detail's part of the codes of glyphs with these hidden units."""
        seen = torch.cat([hidden, glyphs.flatten(1).to(hidden.dtype)], 1)
        return functional.normalize(self.detail(seen).float(), dim=1)

    def digit_logits(self, digit: torch.Tensor) -> torch.Tensor:
        """Logits float (N, 10) of the digits' parts of codes, by their cosine to each digit's centre."""
        return SHARPNESS * digit @ functional.normalize(self.centres, dim=1).T


class GlyphDecoder(nn.Module):
    """Dense codes float (N, D) to the logits of glyphs' pixels, float (N, 28, 28).

    Args:
        spread: what each number of a dense code is multiplied by, float (D,): numbers near 1 are learnt from faster.
        hidden: units of the two layers between.
    """

    def __init__(self, spread: torch.Tensor, hidden: int) -> None:
        super().__init__()
        self.register_buffer("spread", spread, persistent=False)
        self.layers = nn.Sequential(
            nn.Linear(len(spread), hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, SIDE * SIDE),
        )

    def forward(self, dense: torch.Tensor) -> torch.Tensor:
        """The logits of a batch."""
        pixels: torch.Tensor = self.layers(dense * self.get_buffer("spread"))
        return pixels.reshape(-1, SIDE, SIDE)


class Autoencoder(nn.Module):
    """Encoder and decoder together.

    Args:
        encoder: makes the codes.
        hidden: units of the decoder's layers.
        shares: of the dense code's squared length, in the digit's, the image's and the detail's part; their sum is 1.
    """

    def __init__(self, encoder: GlyphEncoder, hidden: int, shares: tuple[float, float, float]) -> None:
        super().__init__()
        self.encoder, self.shares = encoder, shares
        self.sizes = encoder.sizes
        spread = [math.sqrt(size / share) for size, share in zip(self.sizes, shares, strict=True)]
        self.decoder = GlyphDecoder(torch.tensor(spread).repeat_interleave(torch.tensor(self.sizes)), hidden)

    def forward(self, glyphs: torch.Tensor) -> tuple[Codes, torch.Tensor]:
        """The codes of a batch, and the logits (N, 28, 28) of what is decoded from the dense ones.

        What is asked of the decoded glyphs does not shape the digit's and the image's part: they have another purpose.
        """
        codes: Codes = self.encoder(glyphs)
        shaped = codes._replace(digit=codes.digit.detach(), image=codes.image.detach())
        return codes, self.decoder(self.dense(shaped))

    def dense(self, codes: Codes) -> torch.Tensor:
        """The dense codes, float (N, D) of unit length."""
        parts = codes.digit, codes.image, codes.detail
        return torch.cat([math.sqrt(s) * part for s, part in zip(self.shares, parts, strict=True)], 1)


class PlainAutoencoder(nn.Module):
    """The rung below: 784 pixels, ``hidden`` ReLU units, the logits of 784 pixels; nothing else."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        pixels = SIDE * SIDE
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, pixels)
        )

    def forward(self, glyphs: torch.Tensor) -> torch.Tensor:
        """Logits float (N, 28, 28) of a batch; their sigmoid is the glyph."""
        pixels: torch.Tensor = self.layers(glyphs)
        return pixels.reshape(-1, SIDE, SIDE)


def reconstruction_loss(logits: torch.Tensor, glyphs: torch.Tensor) -> torch.Tensor:
    """The mean cross-entropy a pixel of logits (N, 28, 28) against glyphs (N, 1, 28, 28)."""
    return functional.binary_cross_entropy_with_logits(logits.float(), glyphs[:, 0])


def instance_loss(ones: torch.Tensor, others: torch.Tensor, temperature: float) -> torch.Tensor:
    """Of which row is each row a copy? NT-Xent (Chen et al. 2020) between two sets, in both directions.

    Args:
        ones: float (N, D) of unit length.
        others: the same; row i belongs to row i of ``ones``, and to no other.
        temperature: low ones ask for the nearest rows most.
    """
    logits = ones @ others.T / temperature
    right = torch.arange(len(logits))
    return (functional.cross_entropy(logits, right) + functional.cross_entropy(logits.T, right)) / 2


def pose_loss(clean: torch.Tensor, disturbed: torch.Tensor, moved: torch.Tensor) -> torch.Tensor:
    """How far the poses of glyphs and of their moved copies are from showing the same, (N,), squared.

    Args:
        clean: poses (N, 2, 3) of the glyphs.
        disturbed: poses of the copies.
        moved: the affine maps at which the glyphs were sampled to make the copies.
    """
    turned = moved[:, :, :2] @ disturbed
    wanted = torch.cat([turned[:, :, :2], turned[:, :, 2:] + moved[:, :, 2:]], 2)
    return (wanted - clean).square().sum((1, 2))
