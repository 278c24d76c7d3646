"""Disturbances of glyphs on the fly: affine, elastic (Simard, Steinkraus, Platt 2003) and of the pen's width."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from recognizer.training.config import AugmentConfig

HALF = 14  # pixels that one unit of grid_sample's coordinates stands for


def augment(glyphs: torch.Tensor, config: AugmentConfig, generator: torch.Generator) -> torch.Tensor:
    """Disturb float (N, 1, 28, 28) glyphs in 0–1, each in its own way."""
    return _change_pen(move(glyphs, config, generator)[0], config.pen, generator)


def move(
    glyphs: torch.Tensor, config: AugmentConfig, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Move the pixels of float (N, 1, 28, 28) glyphs; also returns the affine maps, (N, 2, 3), they were sampled at."""
    n, _, height, width = glyphs.shape
    affine = _affine(n, config, generator)
    grid = functional.affine_grid(affine, [n, 1, height, width], align_corners=False)
    if config.elastic:
        coarse = torch.randn(n, 2, 5, 5, generator=generator) * (config.elastic / HALF)
        smooth = functional.interpolate(coarse, (height, width), mode="bicubic", align_corners=True)
        grid = grid + smooth.permute(0, 2, 3, 1)
    return functional.grid_sample(glyphs, grid, align_corners=False), affine


def _affine(n: int, config: AugmentConfig, generator: torch.Generator) -> torch.Tensor:
    def uniform(most: float) -> torch.Tensor:
        return (torch.rand(n, generator=generator) * 2 - 1) * most

    angle, shear = uniform(math.radians(config.rotation)), uniform(config.shear)
    across, down = torch.exp(uniform(config.scale)), torch.exp(uniform(config.scale))
    matrix = torch.zeros(n, 2, 3)
    matrix[:, 0, 0] = torch.cos(angle) * across
    matrix[:, 0, 1] = (torch.sin(angle) + shear) * across
    matrix[:, 1, 0] = -torch.sin(angle) * down
    matrix[:, 1, 1] = torch.cos(angle) * down
    matrix[:, 0, 2], matrix[:, 1, 2] = uniform(config.shift / HALF), uniform(config.shift / HALF)
    return matrix


def _change_pen(glyphs: torch.Tensor, probability: float, generator: torch.Generator) -> torch.Tensor:
    draw = torch.rand(len(glyphs), generator=generator)
    thick, thin = (draw < probability).nonzero()[:, 0], (draw > 1 - probability).nonzero()[:, 0]
    glyphs = glyphs.clone()
    # A plus-shaped neighbourhood changes a stroke by about one pixel; half of it keeps the anti-aliasing.
    glyphs[thick] = (glyphs[thick] + functional.max_pool2d(glyphs[thick], 3, 1, 1)) / 2
    glyphs[thin] = (glyphs[thin] - functional.max_pool2d(-glyphs[thin], 3, 1, 1)) / 2
    return glyphs
