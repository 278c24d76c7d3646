"""The pools of a run: made once, rid of digits by accident, made harder where asked, and found again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from recognizer.data import load_mnist
from recognizer.errors import DataError, UsageError
from recognizer.files import write_whole
from recognizer.results import REJECT
from recognizer.stages.decide import softmax
from recognizer.training.config import TrainingConfig, make_config
from recognizer.training.embedding.config import EmbeddingConfig
from recognizer.training.hard import PREFIX, Search, add_hard
from recognizer.training.loop import logits_of
from recognizer.training.progress import Progress
from recognizer.training.quick import train_quickly
from recognizer.training.samples import Pool, PoolMaker, Pools, inked, recipe_of
from reject_gen.audit import Score, audit

AnyConfig = TrainingConfig | EmbeddingConfig
POOLS = "pools.npz"
RECORD = "pools.json"
PLAIN_SOURCES = ("mnist", "printed")
MORE = "more.npz"
HARD_STREAM, MORE_STREAM = 5, 6  # added to the seed; the other kinds of samples have the numbers below


def prepare_pools(
    config: TrainingConfig, folder: Path, data: Path, workers: int, progress: Progress
) -> Pools:
    """The pools of the run that works in ``folder``; also seeds torch's own generator.

    Args:
        config: the run's configuration, which is kept in the folder.
        folder: where pools are kept; made where it is missing.
        data: the folder of data sets.
        workers: processes that make samples.
        progress: is told what is going on.

    Raises:
        UsageError: the folder holds another configuration's run, or this one names unknown non-digits.
        DataError: MNIST is missing or damaged.
    """
    if config.more is not None:
        recipe_of(config.more.mix, "[more.mix]")  # asked for only after hours
    claim(config, folder, make_config)
    torch.manual_seed(config.seed)
    file, record = folder / POOLS, folder / RECORD
    if file.exists() and record.exists():
        return read_pools(folder)
    pools = _make(config, data, workers, progress)
    keep_pools(pools, folder)
    return pools


def add_more(  # noqa: PLR0917 - as prepare_pools, and the pools
    config: TrainingConfig, pools: Pools, folder: Path, data: Path, workers: int, progress: Progress
) -> Pools:
    """The pools with the non-digits of `[more]` among those to train on; the arguments are `prepare_pools`'s.

    Raises:
        UsageError: there are none, or they name unknown non-digits.
        DataError: MNIST is missing or damaged.
    """
    if config.more is None:
        raise UsageError("the configuration has no [more]")
    file, record = folder / MORE, folder / MORE.replace(".npz", ".json")
    if not (file.exists() and record.exists()):
        maker = PoolMaker(replace(config, rejects=config.more.mix), *_mnist(config, data), workers)
        drawn = maker.rejects(config.more.rejects, MORE_STREAM, maker.reject_source(False), progress.stage)
        told: dict[str, object] = {}
        score = _plain_score(config, pools.train, progress)
        np.savez(
            file,
            allow_pickle=False,
            **_pack(_audited(inked(drawn), score, config.data.audit_limit, "more", told), "train"),
        )
        write_whole(record, (json.dumps(told, indent=1) + "\n").encode())
    with np.load(file, allow_pickle=False) as stored:
        more = _unpack(dict(stored), "train")
    told = json.loads(record.read_text())
    return Pools(Pool.join([pools.train, more]), pools.validation, pools.record | told)


def keep_pools(pools: Pools, folder: Path) -> None:
    """Write pools to a folder, their record last: without it they are not there."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = _pack(pools.train, "train") | _pack(pools.validation, "validation")
    np.savez(folder / POOLS, allow_pickle=False, **parts)
    write_whole(folder / RECORD, (json.dumps(pools.record, indent=1) + "\n").encode())


def read_pools(folder: Path) -> Pools:
    """The pools that a run left in its folder.

    Raises:
        DataError: there are none.
    """
    try:
        record = json.loads((folder / RECORD).read_text())
        with np.load(folder / POOLS, allow_pickle=False) as stored:
            parts = {key: stored[key] for key in stored.files}
    except (OSError, ValueError) as error:
        raise DataError(f"{folder}: has no pools of a training run that can be read ({error})") from None
    return Pools(_unpack(parts, "train"), _unpack(parts, "validation"), record)


def describe(pool: Pool, name: str) -> dict[str, Any]:
    """A pool as the metrics file names data: its size, and the SHA-256 of its glyphs and labels."""
    return {
        "name": name,
        "n": len(pool),
        "images_sha256": hashlib.sha256(pool.glyphs.tobytes()).hexdigest(),
        "labels_sha256": hashlib.sha256(pool.labels.tobytes()).hexdigest(),
    }


def claim(config: AnyConfig, folder: Path, make: Callable[[dict[str, Any], str], AnyConfig]) -> None:
    """Keep the configuration beside the work, and refuse to go on with another's.

    Args:
        config: of the run.
        folder: that it works in; made where it is missing.
        make: a configuration of this kind from plain values; is told where they are from.

    Raises:
        UsageError: the folder holds another configuration's run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "config.json"
    # Compared as configurations: a folder stays of use when a later version knows one setting more.
    if file.exists() and make(json.loads(file.read_text()), str(file)) != config:
        raise UsageError(
            f"{folder}: holds a run with another configuration; choose another --out, or delete it"
        )
    file.write_text(json.dumps(config.to_dict(), indent=1) + "\n")


def _make(config: TrainingConfig, data: Path, workers: int, progress: Progress) -> Pools:
    images, labels = _mnist(config, data)
    maker = PoolMaker(config, images, labels, workers)
    pools = maker.make(progress.stage)
    pools.record["mnist_train_sha256"] = hashlib.sha256(images.tobytes()).hexdigest()
    score = _plain_score(config, pools.train, progress)
    train = _audited(pools.train, score, config.data.audit_limit, "train", pools.record)
    validation = _audited(pools.validation, score, config.data.audit_limit, "validation", pools.record)
    if config.data.hard_rejects:
        search = Search(maker.reject_source(False), score, config.seed + HARD_STREAM, workers)
        train = add_hard(config.data, train, search, progress)
        pools.record["train_hard_rejects"] = int(np.char.startswith(train.sources, PREFIX).sum())
    return Pools(train, validation, pools.record)


def _mnist(config: TrainingConfig, data: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    images, labels = load_mnist(data, "train")
    most = config.data.limit or len(images)
    return images[:most], labels[:most]


def _plain_score(config: TrainingConfig, pool: Pool, progress: Progress) -> Score:
    """The judgement of a plain digit classifier, trained here for this: it knows no reject."""
    digits = pool.take(np.isin(pool.sources, PLAIN_SOURCES))
    judge = train_quickly(digits, REJECT, config.seed + 1, progress, "audit")

    def score(glyphs: NDArray[np.uint8]) -> NDArray[np.float64]:
        return softmax(logits_of(judge, glyphs), 1.0)

    return score


def _audited(pool: Pool, score: Score, limit: float, name: str, record: dict[str, object]) -> Pool:
    """Without the rejects that the plain classifier takes for digits."""
    rejects = np.flatnonzero(pool.labels == REJECT)
    keep = audit(pool.glyphs[rejects], score, limit, list(pool.sources[rejects]))
    record[f"{name}_rejects"] = len(rejects)
    record[f"{name}_rejects_dropped"] = int((~keep).sum())
    kept = np.ones(len(pool), bool)
    kept[rejects[~keep]] = False
    return pool.take(kept)


def _pack(pool: Pool, name: str) -> dict[str, NDArray[Any]]:
    return {f"{name}_glyphs": pool.glyphs, f"{name}_labels": pool.labels, f"{name}_sources": pool.sources}


def _unpack(parts: dict[str, NDArray[Any]], name: str) -> Pool:
    return Pool(parts[f"{name}_glyphs"], parts[f"{name}_labels"], parts[f"{name}_sources"])
