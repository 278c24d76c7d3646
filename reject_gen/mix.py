"""Many non-digits from a recipe and one seed, each with the name of its family.

Each sample is drawn from a generator of its own, seeded by (seed, index). So a mix is the same in one process
or in several, and the first 1,000 of a mix of 100,000 are the mix of 1,000.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reject_gen.base import FAMILIES, Family, GreyImage, Material
from reject_gen.recipe import MixError, Recipe, make_recipe

Degrade = Callable[[GreyImage, np.random.Generator], GreyImage]
Normalise = Callable[[GreyImage], GreyImage]
Sample = tuple[GreyImage, str]
CHUNK = 512


@dataclass(frozen=True)
class Mix:
    """Generated non-digits.

    Attributes:
        images: uint8 (H, W) each; all (28, 28) where the mix was drawn with a normaliser.
        families: the family that each image came from.
    """

    images: tuple[GreyImage, ...]
    families: tuple[str, ...]

    @property
    def glyphs(self) -> NDArray[np.uint8]:
        """The images as one array, uint8 (N, 28, 28).

        Raises:
            MixError: the mix was drawn without a normaliser.
        """
        if any(image.shape != (28, 28) for image in self.images):
            raise MixError("this mix holds images of other sizes than 28x28: draw it with normalise=")
        return np.stack(self.images) if self.images else np.zeros((0, 28, 28), np.uint8)

    def keep(self, mask: NDArray[np.bool_]) -> Mix:
        """The samples where ``mask``, bool (N,), is true: what an audit leaves."""
        kept = np.flatnonzero(mask)
        return Mix(tuple(self.images[i] for i in kept), tuple(self.families[i] for i in kept))


def draw_mix(
    weights: Mapping[str, object] | Recipe,
    n: int,
    seed: int,
    material: Material,
    *,
    degrade: Degrade | None = None,
    normalise: Normalise | None = None,
    exclude: Collection[str] = (),
    only: Collection[str] = (),
    start: int = 0,
    workers: int = 1,
) -> Mix:
    """Draw ``n`` non-digits, the same for the same seed whatever ``workers`` is.

    Args:
        weights: see ``make_recipe``; or a recipe already made, and then without ``exclude`` and ``only``.
        n: how many.
        seed: 0 or more.
        material: digits and typefaces to make them from.
        degrade: changes each image, such as a simulation of paper and camera; gets the sample's generator.
        normalise: image -> uint8 (28, 28), such as the recognizer's own normaliser.
        exclude: families and groups to hold out.
        only: where given, the families and groups to draw from.
        start: index of the first sample, to draw more of a mix that an audit has thinned out.
        workers: processes; with more than one, ``degrade`` and ``normalise`` must be functions of a module.

    Raises:
        MixError: the weights make no mix.
        SourceError: a folder of images that cannot be read.
        ValueError: a family needs digits or typefaces that ``material`` lacks.
    """
    if isinstance(weights, Recipe):
        if exclude or only:
            raise MixError("exclude and only belong into make_recipe when a recipe is given")
        recipe = weights
    else:
        recipe = make_recipe(weights, exclude=exclude, only=only, typefaces=material.typefaces)
    job = _Job(_references(recipe), recipe.shares, seed, material, degrade, normalise)
    bounds = [(low, min(low + CHUNK, start + n)) for low in range(start, start + n, CHUNK)]
    drawn = [sample for part in _run(job, bounds, workers) for sample in part]
    return Mix(tuple(image for image, _ in drawn), tuple(name for _, name in drawn))


def _references(recipe: Recipe) -> tuple[str | Family, ...]:
    """The families as a worker can receive them: registered ones by name, since some draw with closures."""
    return tuple(m.name if FAMILIES.get(m.name) is m else m for m in recipe.families)


@dataclass(frozen=True)
class _Job:
    """What a worker needs once, before its first chunk."""

    members: tuple[str | Family, ...]
    shares: NDArray[np.float64]
    seed: int
    material: Material
    degrade: Degrade | None
    normalise: Normalise | None

    def samples(self, bounds: tuple[int, int]) -> list[Sample]:
        """Samples ``bounds[0]`` up to ``bounds[1]``, each with the name of its family."""
        members = [FAMILIES[m] if isinstance(m, str) else m for m in self.members]
        edges = np.cumsum(self.shares)[:-1]
        drawn = []
        for index in range(*bounds):
            rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(index,)))
            member = members[int(np.searchsorted(edges, rng.random(), side="right"))]
            image = member.draw(rng, self.material)
            if self.degrade:
                image = self.degrade(image, rng)
            drawn.append((self.normalise(image) if self.normalise else image, member.name))
        return drawn


_jobs: list[_Job] = []


def _take_job(job: _Job) -> None:
    _jobs[:] = [job]


def _work(bounds: tuple[int, int]) -> list[Sample]:
    return _jobs[0].samples(bounds)


def _run(job: _Job, bounds: Sequence[tuple[int, int]], workers: int) -> Iterator[list[Sample]]:
    if workers <= 1 or len(bounds) < 2:
        yield from map(job.samples, bounds)
        return
    # Spawned, not forked: a fork of a process in which torch or cv2 runs threads can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(bounds)), context, _take_job, (job,)) as pool:
        yield from pool.map(_work, bounds)
