"""Disturbed copies of glyphs: what a search is to find the original of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from recognizer.glyph import SIDE
from recognizer.glyph.normalise import to_glyph
from recognizer.training.augment import move
from recognizer.training.embedding.config import DisturbConfig


class Disturbed(NamedTuple):
    """Disturbed copies of N glyphs.

    Attributes:
        glyphs: float (N, 1, 28, 28) in 0–1.
        moved: float (N, 2, 3), the affine maps at which the originals were sampled.
        known: bool (N,): False where the normaliser moved the copy on, nobody knows how far.
    """

    glyphs: torch.Tensor
    moved: torch.Tensor
    known: torch.Tensor


def disturb(glyphs: torch.Tensor, config: DisturbConfig, generator: torch.Generator) -> Disturbed:
    """Disturb float (N, 1, 28, 28) glyphs in 0–1, each in its own way."""
    copies, moved = move(glyphs, config.move, generator)
    copies = _thicken(copies, config.thick, generator)
    copies = _change_pen(copies, config.pen, generator)
    copies = _leave_gaps(copies, config, generator)
    copies = _dirty(copies, config, generator)
    normalised = torch.rand(len(copies), generator=generator) < config.normalised
    for row in normalised.nonzero()[:, 0].tolist():
        found = to_glyph((copies[row, 0] * 255).to(torch.uint8).numpy())
        if found.any():  # what the normaliser takes for blank paper shows nothing
            copies[row, 0] = torch.from_numpy(found.astype(np.float32) / 255)
    return Disturbed(copies, moved, ~normalised)


def _some(n: int, share: float, generator: torch.Generator) -> torch.Tensor:
    return (torch.rand(n, generator=generator) < share).nonzero()[:, 0]


def _thicken(glyphs: torch.Tensor, share: float, generator: torch.Generator) -> torch.Tensor:
    chosen = _some(len(glyphs), share, generator)
    glyphs[chosen] = functional.max_pool2d(functional.pad(glyphs[chosen], (1, 0, 1, 0)), 2, 1)
    return glyphs


def _change_pen(glyphs: torch.Tensor, share: float, generator: torch.Generator) -> torch.Tensor:
    chosen = _some(len(glyphs), share, generator)
    level = 0.3 + 0.5 * torch.rand(len(chosen), 1, 1, 1, generator=generator)
    soft = functional.avg_pool2d(glyphs[chosen], 3, 1, 1)
    most = soft.amax((2, 3), keepdim=True).clamp(min=1e-3)
    glyphs[chosen] = (0.5 + 2 * (soft / most - level)).clamp(0, 1) * (soft > 0.1 * most)
    return glyphs


def _leave_gaps(glyphs: torch.Tensor, config: DisturbConfig, generator: torch.Generator) -> torch.Tensor:
    chosen = _some(len(glyphs), config.gap, generator)
    middles = 6 + torch.rand(2, len(chosen), 1, generator=generator) * (SIDE - 12)
    reach = 1 + torch.rand(2, len(chosen), 1, generator=generator) * (config.gap_side / 2 - 1)
    down, across = (torch.arange(SIDE) - middles).abs() < reach
    glyphs[chosen] = glyphs[chosen].masked_fill((down[:, :, None] & across[:, None, :])[:, None], 0.0)
    return glyphs


def _dirty(glyphs: torch.Tensor, config: DisturbConfig, generator: torch.Generator) -> torch.Tensor:
    n = len(glyphs)
    dirty = (torch.rand(n, 1, 1, 1, generator=generator) >= config.clean).float()
    stray = torch.rand(n, 1, 1, 1, generator=generator) * config.stray * dirty
    noise = torch.rand(n, 1, 1, 1, generator=generator) * config.noise * dirty
    draw = torch.rand(n, 1, SIDE, SIDE, generator=generator)
    glyphs = torch.where(draw < stray, 1.0, torch.where(draw > 1 - stray, 0.0, glyphs))
    return (glyphs + noise * torch.randn(n, 1, SIDE, SIDE, generator=generator)).clamp(0, 1)
