"""What a model that goes on learning is shown again, so that it forgets nothing; made once, then kept."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from recognizer.bundle import Bundle
from recognizer.data import find_data, load_mnist
from recognizer.errors import DataError
from recognizer.galleries import MNIST_SOURCE, open_gallery
from recognizer.places import home
from recognizer.training.config import TrainingConfig
from recognizer.training.pools import keep_pools, read_pools
from recognizer.training.progress import Progress
from recognizer.training.samples import Glyphs, Pool, PoolMaker, Pools, glyph_or_blank, stratified_split
from recognizer.training.weights import config_of

FOLDER = "replay"  # below RECOGNIZER_HOME
FORMAT = 1  # of what is kept there
MNIST, STARTER = "MNIST", "the starter gallery"
_SHARE = 10  # one in so many digits of the starter gallery is for validation


@dataclass(frozen=True)
class ReplayConfig:
    """How much is replayed.

    Attributes:
        digits: digits as they are written, each photographed once as well.
        printed: digits rendered from typefaces.
        rejects: generated non-digits.
        validation: digits of the validation split that are photographed, and printed ones beside them; as they are
            written, all of the split are looked at.
        validation_rejects: non-digits, of families and typefaces held out of training as well.
        seed: of all choices.
    """

    digits: int = 6000
    printed: int = 3000
    rejects: int = 12000
    validation: int = 1500
    validation_rejects: int = 8000
    seed: int = 0


@dataclass(frozen=True)
class _Material:
    """Digits uint8 (N, 28, 28), their labels uint8 (N,), and places int (K,) of those that training held out."""

    images: Glyphs
    labels: Glyphs
    held_out: np.ndarray[Any, np.dtype[np.intp]]
    origin: str


def prepare_replay(
    bundle: Bundle,
    config: ReplayConfig,
    progress: Progress,
    data: str | None = None,
    workers: int | None = None,
) -> Pools:
    """Pools to replay and to validate with, as the model's training had them, but smaller.

    Digits are MNIST's where it is at hand; otherwise those of MNIST that the starter gallery holds.

    Args:
        bundle: the model, whose configuration says what non-digits are and which digits were held out.
        config: how much.
        progress: is told what is going on.
        data: the folder of data sets; None for RECOGNIZER_DATA.
        workers: processes; None for as many as there are processors.

    Raises:
        DataError: MNIST is damaged, or named and missing, or was split in another way.
        ModelError: the model doesn't tell its configuration.
    """
    settings = config_of(bundle)
    material = _material(settings, bundle.meta.get("data", {}).get("split_sha256"), data)
    folder = home() / FOLDER / _key(settings, config, material)
    try:
        return read_pools(folder)
    except DataError:
        pass
    pools = _make(settings, config, material, workers or os.cpu_count() or 1, progress)
    keep_pools(pools, folder)
    return pools


def _key(settings: TrainingConfig, config: ReplayConfig, material: _Material) -> str:
    """A name for what these make."""
    wanted = {
        "format": FORMAT,
        "replay": asdict(config),
        "data": asdict(settings.data),
        "rejects": settings.rejects,
        "digits": hashlib.sha256(material.images.tobytes()).hexdigest(),
        "held_out": hashlib.sha256(material.held_out.tobytes()).hexdigest(),
    }
    return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:16]


def _material(settings: TrainingConfig, split_sha256: str | None, data: str | None) -> _Material:
    try:
        images, labels = load_mnist(find_data(data), "train")
    except DataError:
        if data is not None:
            raise
        return _from_starter()
    if settings.data.limit:
        images, labels = images[: settings.data.limit], labels[: settings.data.limit]
    held_out = stratified_split(labels, settings.data.validation, settings.seed)[1]
    found = hashlib.sha256(held_out.astype("<i8").tobytes()).hexdigest()
    if split_sha256 not in (None, found):
        raise DataError(
            "the digits that training held out can't be told: this version splits MNIST otherwise"
        )
    return _Material(images, labels, held_out, MNIST)


def _from_starter() -> _Material:
    known = open_gallery().labelled(MNIST_SOURCE)
    held_out = stratified_split(known.labels, len(known.labels) // _SHARE, 0)[1]
    return _Material(known.glyphs, known.labels, held_out, STARTER)


def _make(
    settings: TrainingConfig, config: ReplayConfig, material: _Material, workers: int, progress: Progress
) -> Pools:
    rng = np.random.default_rng(config.seed)
    validation = min(config.validation, len(material.held_out))
    data = replace(
        settings.data, limit=0, page_copies=1, printed=config.printed, rejects=config.rejects,
        validation=validation, validation_rejects=config.validation_rejects,
    )  # fmt: skip
    maker = PoolMaker(replace(settings, data=data), material.images, material.labels, workers)
    learnt = np.setdiff1d(np.arange(len(material.labels)), material.held_out)
    photographed, rest = np.split(rng.permutation(material.held_out), [validation])
    maker.split = np.sort(rng.permutation(learnt)[: config.digits]), np.sort(photographed)
    made = maker.make(progress.stage)
    plain = Pool(
        np.stack([glyph_or_blank(image) for image in material.images[rest]])
        if len(rest)
        else np.zeros((0, 28, 28), np.uint8),
        material.labels[rest],
        np.full(len(rest), "mnist"),
    )
    record = {**made.record, "digits": material.origin, "replay": asdict(config)}
    return Pools(made.train, Pool.join([made.validation, plain]), record)
