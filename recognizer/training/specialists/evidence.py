"""What stage two is worth out of fold: chosen on some folds, judged on the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.bundle import Bundle
from recognizer.measure.calibrate import choose_threshold, fit_temperature
from recognizer.measure.stage_two import Stage, changes, compare
from recognizer.results import REJECT
from recognizer.stages.decide import NO_SPECIALIST, Pair, Routing, pair_name, route, settle
from recognizer.stages.network import Network
from recognizer.stages.second_look import SecondLook
from recognizer.training.config import TrainingConfig
from recognizer.training.samples import Pool, Pools
from recognizer.training.specialists.candidates import Candidates
from recognizer.training.specialists.choice import WIDEST, Asked, Budget, Plan, choose
from recognizer.training.specialists.cost import network_cost
from recognizer.training.specialists.folds import FoldNetwork, out_of_fold, outputs_of, verdict_of
from recognizer.training.specialists.pairs import ConfusedPair, mine

SAMPLED = 40000  # glyphs that the two rules of routing are compared on


@dataclass(frozen=True)
class Model:
    """A model that is to have specialists, and its like in the folds.

    Attributes:
        bundle: the model.
        config: it was trained with.
        networks: by fold, one that did not learn from it.
        temperatures: of these networks, from the validation pool.
        logits: float32 (N, 11), of the training pool, by the network that did not learn from it, calibrated.
        mined: all pairs, tested on these.
    """

    bundle: Bundle
    config: TrainingConfig
    networks: tuple[FoldNetwork, ...]
    temperatures: tuple[float, ...]
    logits: NDArray[np.float32]
    mined: list[ConfusedPair]

    def costs(self, glyphs: NDArray[np.uint8]) -> tuple[float, float]:
        """Multiplications of stage one a glyph, of its like in the folds and of the model itself."""
        size, reader = self.config.network, self.config.reader
        again = size if reader is None else self.config.of_reader().network
        look = SecondLook(size.second_look) if size.second_look else None
        own = Network.of(self.bundle)
        return (
            network_cost(self.networks[0].network, look, (size, size), glyphs),
            network_cost(own, self.bundle.second_look, (size, again), glyphs),
        )


def make_model(
    bundle: Bundle,
    config: TrainingConfig,
    networks: tuple[FoldNetwork, ...],
    pools: Pools,
    folds: NDArray[np.int8],
) -> Model:
    """The out-of-fold answers of a model's like, and the pairs that they confuse."""
    train, validation = pools.train, pools.validation
    digit = validation.labels < REJECT
    logits = out_of_fold(networks, train.glyphs, folds)
    temperatures = []
    for fold, each in enumerate(networks):
        seen = outputs_of(each.network, validation.glyphs[digit]).logits[:, :REJECT]
        temperatures.append(fit_temperature(seen, validation.labels[digit]))
        logits[folds == fold] /= temperatures[-1]
    judged = folds >= 0
    mined = mine(train.labels[judged], logits[judged].argmax(axis=1), train.sources[judged])
    return Model(bundle, config, networks, tuple(temperatures), logits, mined)


def ask(
    logits: NDArray[np.float32], pool: Pool, folds: NDArray[np.int8], pairs: Sequence[Pair]
) -> dict[Pair, Asked]:
    """The glyphs whose two best classes are a pair, without verdicts so far.

    Args:
        logits: float32 (N, 11), calibrated; rows outside of all folds are not looked at.
        pool: N glyphs.
        folds: int8 (N,).
        pairs: that have specialists.
    """
    judged = np.flatnonzero(folds >= 0)
    chosen = route(logits[judged], Routing(tuple(pairs), WIDEST))
    found = {}
    for i, pair in enumerate(pairs):
        rows = judged[chosen == i]
        own = (logits[rows, pair[0]] - logits[rows, pair[1]]).astype(np.float64)
        found[pair] = Asked(pair, rows, folds[rows], pool.labels[rows], own, {})
    return found


def with_verdicts(asked: Asked, pool: Pool, model: Model, candidates: Candidates) -> Asked:
    """With what the specialists of all kinds say, each of glyphs that neither it nor its stage one learnt from."""
    verdicts: dict[str, NDArray[np.float64]] = {}
    for fold, each in enumerate(model.networks):
        of = asked.folds == fold
        glyphs = pool.glyphs[asked.rows[of]]
        features = outputs_of(each.network, glyphs).features
        for kind, specialist in candidates.models(asked.pair, fold, each.network).items():
            verdict = verdicts.setdefault(kind, np.zeros(len(asked)))
            verdict[of] = verdict_of(specialist, glyphs, features)
    return Asked(asked.pair, asked.rows, asked.folds, asked.labels, asked.own, verdicts)


def judge(
    model: Model, pool: Pool, folds: NDArray[np.int8], asked: Mapping[Pair, Asked], budget: Budget
) -> dict[str, Any]:
    """`stages.compare` out of fold: for each fold everything is chosen on the other folds.

    Args:
        model: with its out-of-fold logits.
        pool: the training pool.
        folds: int8 (N,).
        asked: with verdicts.
        budget: what specialists may cost.
    """
    final, names = model.logits.copy(), np.full(len(pool), "", "<U16")
    for fold in range(len(model.networks)):
        others = replace(budget, n=int(((folds != fold) & (folds >= 0)).sum()))
        plan = choose({pair: each.take(each.folds != fold) for pair, each in asked.items()}, others)
        for pair, choice in plan.enabled.items():
            here = asked[pair].take((asked[pair].folds == fold) & (np.abs(asked[pair].own) <= plan.margin))
            final[here.rows] = settle(model.logits[here.rows], pair, here.settled(choice))
            names[here.rows] = pair_name(pair)
    judged = folds >= 0
    labels, written = pool.labels[judged], pool.sources[judged] == "mnist"
    coverage = float(model.bundle.meta["config"]["coverage"])
    stages = []
    for logits in (model.logits[judged], final[judged]):
        scores = Stage.of(logits, 1.0, 0.0).scores
        point = choose_threshold(scores[written], labels[written], coverage)
        stages.append(Stage(scores, point["threshold"]))
    specialists = [name or None for name in names[judged].tolist()]
    return compare(stages[0], stages[1], labels, specialists)


def compare_rules(
    model: Model, pool: Pool, folds: NDArray[np.int8], plan: Plan, candidates: Candidates
) -> dict[str, Any]:
    """Errors and specialists asked by either rule of routing, on some of the glyphs; "by_answer_better" sums it up."""
    judged = np.flatnonzero(folds >= 0)
    rows = np.sort(np.random.default_rng(candidates.config.seed).permutation(judged)[:SAMPLED])
    labels, pairs = pool.labels[rows], tuple(plan.enabled)
    wrong, found = [], dict[str, Any]()
    for name, by_answer in (("margin", False), ("by_answer", True)):
        chosen = route(model.logits[rows], Routing(pairs, plan.margin, by_answer))
        final = model.logits[rows].copy()
        for i, pair in enumerate(pairs):
            for fold, network in enumerate(model.networks):
                of = np.flatnonzero((chosen == i) & (folds[rows] == fold))
                glyphs, choice = pool.glyphs[rows[of]], plan.choices[pair]
                specialist = candidates.model(choice.kind, pair, fold, network.network)
                verdict = verdict_of(specialist, glyphs, outputs_of(network.network, glyphs).features)
                final[of] = settle(final[of], pair, choice.blend.of(final[of], pair, verdict))
        wrong.append(final.argmax(axis=1) != labels)
        found[name] = {"asked": float((chosen != NO_SPECIALIST).mean()), "errors": int(wrong[-1].sum())}
    difference = changes(*wrong)
    better = difference["mended"] > difference["broken"] and difference["p_value"] < 0.05
    return {"n": len(rows), **found, "difference": difference, "by_answer_better": bool(better)}
