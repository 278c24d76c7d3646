"""Three ways to learn from reports, for `badcases.py`."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image
from populations import Population
from rich.console import Console

from recognizer import Recognizer
from recognizer.bundle import read_bundle
from recognizer.feedback.cases import Report
from recognizer.feedback.ingest import BATCH, make_sample
from recognizer.feedback.store import Store
from recognizer.registry.versions import Registry

WAYS = ("loop", "plain", "scratch")


@dataclass(frozen=True)
class Setting:
    """What all rounds of a run have in common.

    Attributes:
        way: one of ``WAYS``.
        base: the folder of the model to begin with.
        data: the folder of data sets.
        rounds: how many rounds of reports.
        reports: how many in a round.
        quick: whether to train as briefly as possible.
        replay: where replayed samples are kept, for all runs.
        held_out: the most images of the other half to measure on.
    """

    way: str
    base: str
    data: str | None
    rounds: int
    reports: int
    quick: bool
    replay: Path
    held_out: int = 2000


@contextmanager
def home_at(folder: Path) -> Iterator[None]:
    """While the context lasts, models and cases are kept there; replayed samples stay shared."""
    folder.mkdir(parents=True, exist_ok=True)
    with mock.patch.dict(os.environ, RECOGNIZER_HOME=str(folder)):
        yield


def learn_round(  # noqa: PLR0917 - a run, its reports, and where it is
    setting: Setting, reports: Population, number: int, seed: int, folder: Path, model: Path
) -> tuple[Path, dict[str, Any]]:
    """Store a round's reports and learn; returns the folder of the model in use afterwards, and what was done."""
    if not Registry().versions():
        registry = Registry()
        registry.use(registry.register(setting.base, "to begin with").version, "to begin with")
    with Store.open() as store:
        recognizer = Recognizer.load()
        wrong = _report(store, recognizer, reports, number)
        learn = {"loop": _loop, "plain": _plain, "scratch": _scratch}[setting.way]
        made, said = learn(setting, store, recognizer, seed, folder / f"round-{number}")
    return made or model, {"wrong_reports": wrong, **said}


def _report(store: Store, recognizer: Recognizer, reports: Population, number: int) -> int:
    samples = []
    for image, label, source in zip(reports.images, reports.labels, reports.sources, strict=True):
        file = io.BytesIO()
        Image.fromarray(image).save(file, "PNG")
        report = Report(int(label), str(source), "the simulation", note=f"round {number}")
        samples.append(make_sample(file.getvalue(), report, recognizer))
    for low in range(0, len(samples), BATCH):
        store.add(samples[low : low + BATCH])
    return sum(sample.answer.digit != sample.report.label for sample in samples)


def _pools(setting: Setting, bundle: Any) -> Any:  # noqa: ANN401 - torch's types stay behind their import
    from recognizer.training.progress import Progress
    from recognizer.training.replay import ReplayConfig, prepare_replay

    size = ReplayConfig(1500, 300, 800, 200, 400) if setting.quick else ReplayConfig()
    with home_at(setting.replay):
        return prepare_replay(bundle, size, Progress(), setting.data)


def _quiet() -> Any:  # noqa: ANN401
    from recognizer.training.progress import Progress

    return Progress(Console(quiet=True))


def _loop(
    setting: Setting, store: Store, recognizer: Recognizer, seed: int, folder: Path
) -> tuple[Path | None, dict[str, Any]]:
    """`badcase learn`, then `badcase promote`."""
    from recognizer.errors import UsageError
    from recognizer.feedback.learning import candidate_folder, learn, prepare, read_validation
    from recognizer.feedback.promotion import judge, promote, read_candidate
    from recognizer.galleries import open_gallery
    from recognizer.training.learn import LearnConfig

    try:
        material = prepare(store, recognizer, open_gallery())
    except UsageError as error:
        return None, {"refused": str(error)}
    config = LearnConfig(seed=seed)
    if setting.quick:
        config = replace(config, tuning=replace(config.tuning, fewest_steps=40, most_steps=40))
    pools = _pools(setting, read_bundle(setting.base))
    said = learn(recognizer.bundle, material, pools, config, _quiet(), candidate_folder())
    candidate = read_candidate(candidate_folder(), recognizer.bundle)
    verdict = judge(store, recognizer.bundle, candidate, read_validation(candidate))
    failed = [check.name for check in verdict.checks if not check.passed]
    told = {
        "share": said["share"],
        "tried": said["tried"],
        "failed": failed,
        "learn_seconds": said["seconds"],
        "checks": {check.name: [check.n, check.before, check.after] for check in verdict.checks},
    }
    if not verdict.passed:
        return None, told
    version = promote(store, verdict, "a round of the simulation")
    return Registry().folder / version, told


def _lesson(store: Store) -> Any:  # noqa: ANN401
    """All reports, as `badcase learn` would see them if it judged nothing."""
    from recognizer.feedback.evidence import gather
    from recognizer.training.learn import Lesson
    from recognizer.training.samples import Pool

    cases = gather(store, store.cases())
    return Lesson(Pool(cases.glyphs, cases.labels, np.full(len(cases), "case")), ~cases.right)


def _plain(
    setting: Setting, store: Store, recognizer: Recognizer, seed: int, folder: Path
) -> tuple[Path | None, dict[str, Any]]:
    """Fine-tuning on the reports alone; the result is used, good or bad."""
    from recognizer.training.fine_tuning import FineTuningConfig
    from recognizer.training.learn import LearnConfig, make_candidate

    tuning = FineTuningConfig(of_cases=1.0, most_steps=40 if setting.quick else 400)
    pools = _pools(setting, read_bundle(setting.base))
    start = time.perf_counter()
    config = LearnConfig(seed, tuning, checked=False)
    make_candidate(recognizer.bundle, _lesson(store), pools, config, folder, _quiet())
    return _in_use(folder), {"learn_seconds": round(time.perf_counter() - start, 1)}


def _scratch(
    setting: Setting, store: Store, recognizer: Recognizer, seed: int, folder: Path
) -> tuple[Path | None, dict[str, Any]]:
    """A new network of the same size, trained on the replayed samples and all reports."""
    import torch

    from recognizer.training.config import OptimizerConfig
    from recognizer.training.loop import Trainer
    from recognizer.training.model import GlyphClassifier
    from recognizer.training.networks import Networks, fit_look, network_of
    from recognizer.training.run import Run
    from recognizer.training.samples import Pool
    from recognizer.training.weights import config_of

    config = replace(config_of(recognizer.bundle), reader=None)
    pools = _pools(setting, read_bundle(setting.base))
    cases, start = _lesson(store).cases, time.perf_counter()
    pool = Pool.join([pools.train, *[cases] * 3])
    torch.manual_seed(seed)
    optimizer = OptimizerConfig(epochs=1 if setting.quick else 15, batch=128)
    trainer = Trainer(GlyphClassifier(config.network), pool, optimizer, config.augment, seed)
    network = trainer.run(lambda _: {}, lambda *_: None, None)
    networks = Networks(network)
    networks.bias_reject(config.network.reject_bias, pools.validation)
    files = networks.files(config, pool.glyphs)
    look = fit_look(config, files, pools.validation)
    logits = network_of(files, look).all_logits(pools.validation.glyphs)
    made = Run(config, folder, folder, 1).export(files, look, logits, pools)
    return _in_use(made), {"learn_seconds": round(time.perf_counter() - start, 1)}


def _in_use(folder: Path) -> Path:
    """Make a model the current one, unjudged."""
    registry = Registry()
    version = registry.use(registry.register(folder, "unjudged").version, "unjudged")
    return registry.folder / version
