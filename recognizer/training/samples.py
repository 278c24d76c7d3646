"""The pool that a network learns from: digits as written, photographed and printed, and non-digits; and its validation.

Every sample, from whatever source, passes through the normaliser that serves real input.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.errors import UsageError
from recognizer.glyph.normalise import find_glyph
from recognizer.results import REJECT
from recognizer.training.config import DataConfig, TrainingConfig
from reject_gen.base import GreyImage, Material
from reject_gen.mix import Degrade, Mix, draw_mix
from reject_gen.paper import put_on_paper
from reject_gen.paper_settings import PHONE, SCANNER
from reject_gen.printed import render_digits
from reject_gen.recipe import MixError, Recipe, make_recipe
from reject_gen.sources import SourceError
from reject_gen.typefaces import Typeface, find_typefaces, split_typefaces

SHORT_HASH = 16  # hexadecimal digits that tell typefaces apart in a record that ships
Glyphs = NDArray[np.uint8]
Finder = Callable[[GreyImage, GreyImage], GreyImage]
CHUNK = 1000
LEAST_LIKENESS = 0.6  # of a photographed digit's glyph to that of its ink: below it the digit was lost
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Pool:
    """Glyphs that know their label and where they came from.

    Attributes:
        glyphs: uint8 (N, 28, 28).
        labels: uint8 (N,), 0–10; 10 is reject.
        sources: (N,) texts: "mnist", "page", "printed", or the family of a non-digit.
    """

    glyphs: Glyphs
    labels: NDArray[np.uint8]
    sources: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Pool:
        """The samples at a mask or at indices."""
        return Pool(self.glyphs[chosen], self.labels[chosen], self.sources[chosen])

    @staticmethod
    def join(pools: list[Pool]) -> Pool:
        """One pool after the other."""
        return Pool(
            np.concatenate([pool.glyphs for pool in pools]),
            np.concatenate([pool.labels for pool in pools]),
            np.concatenate([pool.sources for pool in pools]),
        )


@dataclass(frozen=True)
class Pools:
    """Training and validation pools, with a record of what they were made from."""

    train: Pool
    validation: Pool
    record: dict[str, object]


@dataclass(frozen=True)
class RejectSource:
    """What non-digits are drawn from.

    Attributes:
        recipe: the families and their shares.
        material: the digits and typefaces that they are made of.
        degrade: photographs or scans ink, or leaves it; gets the sample's own generator.
    """

    recipe: Recipe
    material: Material
    degrade: Degrade

    def draw(self, n: int, seed: int, start: int, workers: int) -> Mix:
        """Glyphs of ``n`` non-digits, from the index ``start`` of the stream that ``seed`` begins."""
        return draw_mix(
            self.recipe, n, seed, self.material,
            degrade=self.degrade, normalise=glyph_or_blank, start=start, workers=workers,
        )  # fmt: skip

    def ink(self, seed: int, index: int) -> GreyImage:
        """The ink behind one glyph, before it was photographed: uint8 (H, W)."""
        return draw_mix(self.recipe, 1, seed, self.material, start=index).images[0]


def stratified_split(
    labels: NDArray[np.uint8], held_out: int, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices to train on and to validate on, each digit in proportion."""
    rng = np.random.default_rng(seed)
    validation: list[NDArray[np.intp]] = []
    for digit in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == digit))
        validation.append(members[: round(held_out * len(members) / len(labels))])
    chosen = np.sort(np.concatenate(validation))
    return np.setdiff1d(np.arange(len(labels)), chosen), chosen


def degrade(
    image: GreyImage, rng: np.random.Generator, plain_share: float, scanner_share: float
) -> GreyImage:
    """Photograph or scan an image of ink, or leave it as it is."""
    if rng.random() < plain_share:
        return image
    return put_on_paper(image, rng, SCANNER if rng.random() < scanner_share else PHONE)


def glyph_or_blank(image: GreyImage) -> GreyImage:
    """The glyph on a page, uint8 (28, 28); all zero where there is no ink."""
    return find_glyph(np.ascontiguousarray(image)).image


def likeness(one: GreyImage, other: GreyImage) -> float:
    """How much two glyphs uint8 (28, 28) look alike, 0–1: the cosine between them, softened."""
    a, b = (cv2.GaussianBlur(glyph, (0, 0), 1.5).astype(np.float32).ravel() for glyph in (one, other))
    return float(a @ b / np.sqrt((a @ a) * (b @ b) + 1))


def found_or_blank(page: GreyImage, ink: GreyImage) -> GreyImage:
    """The glyph on a page, or a blank one where the normaliser lost the ink that the page was made from.

    To learn that a cell's border is a seven would teach a network to accept borders.
    """
    glyph = glyph_or_blank(page)
    return glyph if likeness(glyph, glyph_or_blank(ink)) >= LEAST_LIKENESS else np.zeros_like(glyph)


def whatever_found(page: GreyImage, _ink: GreyImage) -> GreyImage:
    """The glyph on a page, be it a digit or what the normaliser took for one: validation counts its failures."""
    return glyph_or_blank(page)


def _as_written(images: Glyphs, _seed: int) -> Glyphs:
    return np.stack([glyph_or_blank(image) for image in images])


def _photographed(images: Glyphs, seed: int, config: DataConfig, find: Finder) -> Glyphs:
    rng = np.random.default_rng(seed)
    return np.stack([find(degrade(image, rng, 0.0, config.scanner_share), image) for image in images])


def _printed(
    n: int, seed: int, config: DataConfig, typefaces: tuple[str, ...], find: Finder
) -> tuple[Glyphs, NDArray[np.uint8]]:
    rng = np.random.default_rng(seed)
    images, labels = render_digits(rng, n, typefaces)
    glyphs = [find(degrade(image, rng, config.plain_share, config.scanner_share), image) for image in images]
    return np.stack(glyphs), labels


def recipe_of(weights: dict[str, Any], where: str, **bounds: Any) -> Recipe:  # noqa: ANN401
    """What `reject_gen.recipe.make_recipe` makes of weights.

    Raises:
        UsageError: they name a family that there is not, or a folder that can't be read; begins with ``where``.
    """
    try:
        return make_recipe(weights, **bounds)
    except (MixError, SourceError) as error:
        raise UsageError(f"{where} {error}") from None


class PoolMaker:
    """Makes pools from MNIST, typefaces and the families of non-digits, on several processes."""

    def __init__(
        self, config: TrainingConfig, images: Glyphs, labels: NDArray[np.uint8], workers: int = 2
    ) -> None:
        """``images`` uint8 (N, 28, 28) and ``labels`` uint8 (N,) are MNIST's training part, or some of it."""
        self.config, self.workers = config, workers
        self.images, self.labels = images, labels
        self.split = stratified_split(labels, config.data.validation, config.seed)
        self.typefaces = split_typefaces(find_typefaces(), config.data.held_out_typefaces)
        self.recipes = tuple(self._recipe(side) for side in (0, 1))

    def _recipe(self, side: int) -> Recipe:
        """The non-digits of training (0) or of validation (1), which draws the held-out families as well."""
        held_out = () if side else self.config.data.held_out_families
        faces = tuple(face.path for face in self.typefaces[side])
        return recipe_of(self.config.rejects, "[rejects]", exclude=held_out, typefaces=faces)

    def make(self, progress: Progress) -> Pools:
        """Both pools; rejects of the training pool are not audited yet."""
        data, (train, held_out) = self.config.data, self.split
        trained, unseen = ([face.path for face in faces] for faces in self.typefaces)
        digits, validation = (
            self._digits(train, progress, data.page_copies, found_or_blank),
            self._digits(held_out, progress, 1, whatever_found),
        )
        digits += [self._print(data.printed, 1, trained, found_or_blank, progress)]
        validation += [self._print(data.validation, 2, unseen or trained, whatever_found, progress)]
        digits += [self.rejects(data.rejects, 3, self.reject_source(False), progress)]
        validation += [self.rejects(data.validation_rejects, 4, self.reject_source(True), progress)]
        return Pools(inked(Pool.join(digits)), inked(Pool.join(validation)), self._record())

    def _record(self) -> dict[str, object]:
        def hashes(faces: tuple[Typeface, ...]) -> dict[str, str]:
            return {f"{face.family} {face.style}": face.sha256[:SHORT_HASH] for face in faces}

        return {
            "split_sha256": hashlib.sha256(self.split[1].astype("<i8").tobytes()).hexdigest(),
            "train_typefaces": hashes(self.typefaces[0]),
            "validation_typefaces": hashes(self.typefaces[1]),
        }

    def _digits(self, chosen: NDArray[np.intp], progress: Progress, copies: int, find: Finder) -> list[Pool]:
        images, labels = self.images[chosen], self.labels[chosen]
        pools = [
            Pool(
                self._chunks(_as_written, images, 0, "mnist", progress), labels, _named("mnist", len(labels))
            )
        ]
        photographed = partial(_photographed, config=self.config.data, find=find)
        for copy in range(copies):
            seed = self.config.seed + 1000 * (copy + 1) + len(chosen)
            glyphs = self._chunks(photographed, images, seed, f"pages {copy + 1}", progress)
            pools.append(Pool(glyphs, labels, _named("page", len(labels))))
        return pools

    def _chunks(
        self,
        make: Callable[[Glyphs, int], Glyphs],
        images: Glyphs,
        seed: int,
        what: str,
        progress: Progress,
    ) -> Glyphs:
        parts = [images[low : low + CHUNK] for low in range(0, len(images), CHUNK)]
        seeds = [_mixed(seed, number) for number in range(len(parts))]
        done = []
        with ProcessPoolExecutor(self.workers, get_context("spawn")) as workers:
            for part in workers.map(make, parts, seeds):
                done.append(part)
                progress(what, len(done), len(parts))
        return np.concatenate(done)

    def _print(self, n: int, stream: int, typefaces: list[str], find: Finder, progress: Progress) -> Pool:
        counts = [min(CHUNK, n - low) for low in range(0, n, CHUNK)]
        seeds = [_mixed(self.config.seed + stream, number) for number in range(len(counts))]
        make = partial(_printed, config=self.config.data, typefaces=tuple(typefaces), find=find)
        glyphs, labels = [], []
        with ProcessPoolExecutor(self.workers, get_context("spawn")) as workers:
            for made in workers.map(make, counts, seeds):
                glyphs.append(made[0])
                labels.append(made[1])
                progress("printed", len(glyphs), len(counts))
        return Pool(np.concatenate(glyphs), np.concatenate(labels), _named("printed", n))

    def reject_source(self, held_out: bool) -> RejectSource:
        """What the non-digits of training, or those of validation, are drawn from."""
        data, digits = self.config.data, self.split[held_out]
        faces = tuple(face.path for face in self.typefaces[held_out])
        material = Material(self.images[digits], self.labels[digits], faces)
        change = partial(degrade, plain_share=data.plain_share, scanner_share=data.scanner_share)
        return RejectSource(self.recipes[held_out], material, change)

    def rejects(self, n: int, stream: int, source: RejectSource, progress: Progress) -> Pool:
        """So many non-digits, not audited yet; ``stream`` is added to the seed."""
        glyphs: list[Glyphs] = []
        families: list[str] = []
        for low in range(0, n, 10 * CHUNK):
            count = min(10 * CHUNK, n - low)
            mix = source.draw(count, self.config.seed + stream, low, self.workers)
            glyphs.append(mix.glyphs)
            families.extend(mix.families)
            progress("rejects", low + count, n)
        return Pool(np.concatenate(glyphs), np.full(n, REJECT, np.uint8), np.array(families))


def _mixed(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def _named(name: str, n: int) -> NDArray[np.str_]:
    return np.full(n, name)


def inked(pool: Pool) -> Pool:
    """Without blank glyphs: these never reach the network."""
    return pool.take(np.flatnonzero(pool.glyphs.any(axis=(1, 2))))
