"""A model that learnt from cases: a copy of another, with stage one fine-tuned and stage two fitted to it again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from recognizer.bundle import GOLDEN, Bundle, golden_outputs, write_bundle
from recognizer.errors import UsageError
from recognizer.feedback.comparison import Answers, Known, ancestor_of, answers_of, known_checks
from recognizer.glyph import SIDE
from recognizer.measure.calibrate import choose_threshold, fit_temperature
from recognizer.measure.stage_two import Stage, changes
from recognizer.results import REJECT
from recognizer.stages.decide import Pair, Routing, route, softmax
from recognizer.stages.network import Network
from recognizer.stages.pair_models import PairModel
from recognizer.stages.specialists import Blend, Specialist, StageTwo, load_stage_two
from recognizer.training.config import AugmentConfig
from recognizer.training.fine_tuning import FineTuningConfig, Tuned, fine_tune
from recognizer.training.networks import Networks, fit_look, network_of, reject_offset
from recognizer.training.progress import Progress
from recognizer.training.samples import Pool, Pools
from recognizer.training.specialists.choice import Asked, fit_choice
from recognizer.training.specialists.fit import NETWORK as CONVOLUTIONAL
from recognizer.training.specialists.fit import NETWORK_VIEWS, VECTORS, train_specialist
from recognizer.training.specialists.folds import Outputs, outputs_of
from recognizer.training.specialists.install import describe_answers, describe_stage_two, file_name
from recognizer.training.weights import config_of

MARGIN = 3.0  # the greatest lead, in calibrated log-odds, with which the first specialists are asked
EVEN = Blend(0.5, 0.5)  # where nothing says which stage knows better
PRIOR = 20.0
MOST_OF_A_CLASS = 1000  # replayed digits of each class that a specialist learns from
REPEATS = 3  # times that a case counts among them
_SEES_GLYPHS = frozenset({CONVOLUTIONAL, NETWORK_VIEWS})


@dataclass(frozen=True)
class LearnConfig:
    """How a candidate is made.

    Attributes:
        seed: of all that is random.
        tuning: how its networks go on learning.
        parts: of the way from the old weights to the new. All of it is gone, or as many as forget hardly anything.
        room: share of the false accepts that may be added to the first model's; the rest is for chance.
        checked: whether anything counts as forgotten.
    """

    seed: int = 0
    tuning: FineTuningConfig = field(default_factory=FineTuningConfig)
    parts: int = 20
    room: float = 0.6
    checked: bool = True


@dataclass(frozen=True)
class Lesson:
    """What to learn.

    Attributes:
        cases: N glyphs with labels.
        wrong: bool (N,), which of them the model gets wrong.
        specialists: pairs that are to have a specialist, or a new one.
    """

    cases: Pool
    wrong: NDArray[np.bool_]
    specialists: tuple[Pair, ...] = ()


def make_candidate(  # noqa: PLR0917 - a model, what to learn, what to replay, how, and where
    bundle: Bundle, lesson: Lesson, pools: Pools, config: LearnConfig, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Write a model that learnt a lesson.

    Args:
        bundle: the model to go on from, with its weights; it stays as it is.
        lesson: what to learn.
        pools: what to replay, and to validate with.
        config: how.
        folder: of the new bundle.
        progress: is told what is going on.

    Returns:
        What became of it, JSON-ready.

    Raises:
        ModelError: the model has no weights to go on from.
        UsageError: there is nothing to learn.
    """
    if not len(lesson.cases):
        raise UsageError("there is no case to learn from")
    old, tuning, trained = Networks.of(bundle), config.tuning, config_of(bundle)
    cases, wrong = lesson.cases, lesson.wrong

    def tuned(network: nn.Module, disturb: AugmentConfig, what: str) -> Tuned:
        offset = reject_offset(network, trained.network.reject_bias, pools.validation)
        with progress.epochs(1, tuning.steps(len(cases)), what) as watch:
            return fine_tune(network, cases, wrong, pools.train, tuning, disturb, config.seed, watch, offset)

    first, reader = tuned(old.first, trained.augment, "learning"), None
    if old.reader is not None:
        reader = tuned(old.reader, trained.of_reader().augment, "the second reader")
    known = Known(pools.validation.glyphs, pools.validation.labels, pools.validation.sources)
    before = answers_of(bundle, known.glyphs)
    ancestor = ancestor_of(bundle, known, before)
    tried: list[dict[str, Any]] = []

    def at(share: float) -> tuple[_Built, bool]:
        networks = Networks(first.at(share), None if reader is None else reader.at(share))
        made = _built(bundle, networks, lesson, pools, config.seed)
        checks = known_checks(known, before, made.answers, ancestor, config.room)
        failed = [check.name for check in checks if not check.passed]
        tried.append({"share": share, "failed": failed})
        progress.note("stage one", {"cases": len(cases), "share of the way": share, "holds": not failed})
        return made, not failed or not config.checked

    share, made = _farthest(at, config.parts)
    found = {"share": share, "tried": tried, "specialists": made.told, "ancestor": asdict(ancestor)}
    write_bundle(folder, made.meta | {"learning": found}, made.files)
    return found


def _farthest(at: Callable[[float], tuple[_Built, bool]], parts: int) -> tuple[float, _Built]:
    """The greatest share of the way that holds, by halving, and what is there; 0 where none does."""
    made, holds = at(1.0)
    if holds:
        return 1.0, made
    best, low, high = None, 0, parts
    while high - low > 1:
        middle = (low + high) // 2
        made, holds = at(middle / parts)
        if holds:
            best, low = made, middle
        else:
            high = middle
    return (low / parts, best) if best else (0.0, at(0.0)[0])


@dataclass(frozen=True)
class _Built:
    """A model before it is written: its description and files, its answers to validation, what became of stage two."""

    meta: dict[str, Any]
    files: dict[str, bytes]
    answers: Answers
    told: list[dict[str, Any]]


def _built(bundle: Bundle, networks: Networks, lesson: Lesson, pools: Pools, seed: int) -> _Built:
    """Stage one as it ships, stage two fitted to it, and both calibrated."""
    config = config_of(bundle)
    files = networks.files(config, np.concatenate([pools.train.glyphs, lesson.cases.glyphs]))
    look = fit_look(config, files, pools.validation)
    stage_one = network_of(files, look)
    seen = outputs_of(stage_one, pools.validation.glyphs)
    first = _first_stage(bundle, seen.logits, pools.validation)
    second, kinds, told = _stage_two(bundle, stage_one, seen, first, lesson, pools, seed)
    final = second.settle(pools.validation.glyphs, seen.logits, seen.features)[0] if second else seen.logits
    meta, scores = describe_answers(bundle, final, pools.validation)
    meta["second_look"] = look and asdict(look)
    if second:
        meta["stage_two"] = describe_stage_two(second, first, kinds)
    stage = Stage(scores, meta["operating_point"]["threshold"])
    files |= {file_name(each): each.model.to_bytes() for each in (second.specialists if second else ())}
    files[GOLDEN] = _golden(bundle, stage_one, second, meta["temperature"])
    return _Built(meta, files, Answers(stage.best, stage.accepted), told)


def _first_stage(bundle: Bundle, logits: NDArray[np.float32], pool: Pool) -> dict[str, Any]:
    digit, written = pool.labels < REJECT, pool.sources == "mnist"
    temperature = fit_temperature(logits[digit][:, :REJECT], pool.labels[digit])
    scores = softmax(logits[written], temperature)
    coverage = config_of(bundle).coverage
    return {
        "temperature": temperature,
        "operating_point": choose_threshold(scores, pool.labels[written], coverage),
    }


def _stage_two(  # noqa: PLR0917 - both stages, and what they are fitted to
    bundle: Bundle,
    stage_one: Network,
    seen: Outputs,
    first: dict[str, Any],
    lesson: Lesson,
    pools: Pools,
    seed: int,
) -> tuple[StageTwo | None, list[str], list[dict[str, Any]]]:
    """Stage two, the kinds of its specialists, and what was tried."""
    models = _models(bundle, stage_one, lesson, pools.train, seed)
    old = load_stage_two(bundle)
    routing = Routing(
        tuple(models), old.routing.margin if old else MARGIN, old.routing.by_answer if old else False
    )
    pool, logits = pools.validation, seen.logits / np.float32(first["temperature"])
    chosen = route(logits, routing)
    known = {each.pair: each.blend for each in (old.specialists if old else ())}
    kept: list[Specialist] = []
    told, kinds = [], []
    for i, (pair, (model, kind)) in enumerate(models.items()):
        rows = np.flatnonzero(chosen == i)
        own = (logits[rows, pair[0]] - logits[rows, pair[1]]).astype(np.float64)
        verdict = model.log_odds(pool.glyphs[rows], seen.features[rows]) if len(rows) else np.zeros(0)
        asked = Asked(pair, rows, np.zeros(len(rows), np.int8), pool.labels[rows], own, {kind: verdict})
        prior = known.get(pair, EVEN)
        blend = fit_choice(asked, kind, prior, PRIOR)
        gain = changes(asked.wrong(own), asked.wrong(blend.mix(own, verdict)))
        harmless = gain["broken"] <= gain["mended"]
        told.append({"pair": list(pair), "kind": kind, "kept": harmless, **gain})
        if harmless:
            kept.append(Specialist(pair, model, blend))
            kinds.append(kind)
    if not kept:
        return None, [], told
    pairs = Routing(tuple(each.pair for each in kept), routing.margin, routing.by_answer)
    return StageTwo(tuple(kept), pairs, first["temperature"]), kinds, told


def _models(
    bundle: Bundle, stage_one: Network, lesson: Lesson, replay: Pool, seed: int
) -> dict[Pair, tuple[PairModel, str]]:
    """The specialists: those that the model has and those that are wanted, fitted to the new features."""
    described = (bundle.stage_two or {}).get("specialists", ())
    old = load_stage_two(bundle)
    models: dict[Pair, tuple[PairModel, str]] = {}
    for specialist, each in zip(old.specialists if old else (), described, strict=True):
        kind = str(each["kind"])
        if specialist.pair in lesson.specialists or kind not in _SEES_GLYPHS:
            kind = VECTORS if kind in _SEES_GLYPHS else kind
            models[specialist.pair] = _fitted(specialist.pair, kind, stage_one, lesson, replay, seed), kind
        else:
            models[specialist.pair] = specialist.model, kind
    for pair in lesson.specialists:
        if pair not in models:
            models[pair] = _fitted(pair, VECTORS, stage_one, lesson, replay, seed), VECTORS
    return dict(sorted(models.items()))


def _fitted(  # noqa: PLR0917 - a pair, a kind, and what they are fitted to
    pair: Pair, kind: str, stage_one: Network, lesson: Lesson, replay: Pool, seed: int
) -> PairModel:
    """A specialist that learnt from cases, and from what is replayed."""
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(np.flatnonzero(replay.labels == each))[:MOST_OF_A_CLASS] for each in pair]
    of_pair = np.repeat(np.flatnonzero(np.isin(lesson.cases.labels, pair)), REPEATS)
    sample = Pool.join([replay.take(np.concatenate(rows)), lesson.cases.take(of_pair)])
    features = outputs_of(stage_one, sample.glyphs).features
    return train_specialist(pair, sample.glyphs, sample.labels, features, kind, seed=seed)


def _golden(bundle: Bundle, stage_one: Network, second: StageTwo | None, temperature: float) -> bytes:
    """The scores of the glyphs that the old model's golden outputs are of."""
    content = json.loads((bundle.folder / GOLDEN).read_bytes()) if GOLDEN in bundle.meta["files"] else []
    glyphs = np.array([pair["glyph"] for pair in content], np.uint8).reshape(-1, SIDE, SIDE)
    seen = outputs_of(stage_one, glyphs)
    logits = second.settle(glyphs, seen.logits, seen.features)[0] if second else seen.logits
    return golden_outputs(glyphs, softmax(logits, temperature).astype(np.float32))
