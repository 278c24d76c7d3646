"""A run that gives models their specialists: folds, pairs, candidates, choice, evidence, bundles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from recognizer.bundle import Bundle, read_bundle
from recognizer.errors import DataError, UsageError
from recognizer.measure.record import make_record, write_record
from recognizer.stages.decide import Pair
from recognizer.stages.network import Network
from recognizer.training.checkpoints import keep_state
from recognizer.training.config import NetworkConfig, TrainingConfig
from recognizer.training.export import with_features
from recognizer.training.model import GlyphClassifier
from recognizer.training.pools import describe, read_pools
from recognizer.training.progress import Progress
from recognizer.training.run import CHECKPOINT
from recognizer.training.samples import Pools
from recognizer.training.specialists.candidates import Candidates
from recognizer.training.specialists.choice import Asked, Budget, Choice, Plan, choose
from recognizer.training.specialists.config import SpecialistConfig
from recognizer.training.specialists.cost import affordable, budget_of, cascade, looks_of, mean_cost
from recognizer.training.specialists.evidence import (
    Model,
    ask,
    compare_rules,
    judge,
    make_model,
    with_verdicts,
)
from recognizer.training.specialists.folds import FoldNetwork, Recipe, assign_folds, train_fold
from recognizer.training.specialists.install import install
from recognizer.training.specialists.plots import draw_cascade, draw_confusions, draw_pairs
from recognizer.training.weights import config_of

FULL, LIGHT = "full", "light"
BUNDLE = "bundle"


@dataclass(frozen=True)
class Made:
    """What a run made.

    Attributes:
        bundles: the folders of the models, by name: "full", "light", and "light-b" and so on for further light ones.
        figures: what is known of each.
    """

    bundles: dict[str, Path]
    figures: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class SpecialistRun:
    """What a run is told.

    Attributes:
        config: its settings.
        run: the folder of the full model's training run, whose pools are learnt from; networks of its size stand for
            the model in the folds.
        lights: the folders of light models' runs, on the same pools. What the first is in doubt of, convolutional
            specialists learn from.
        model: the full model's bundle.
        folder: where to work; what is finished there is found again.
    """

    config: SpecialistConfig
    run: Path
    lights: tuple[Path, ...]
    model: Path
    folder: Path

    def make(self, progress: Progress) -> Made:
        """Make both models' specialists.

        Raises:
            DataError: a run's folder has no pools or no weights.
            UsageError: the folder holds another run.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        pools = read_pools(self.run)
        lights = {name: read_bundle(folder / BUNDLE) for name, folder in self._lights().items()}
        bundles = {FULL: read_bundle(self.model), **lights}
        likes = {FULL: config_of(read_bundle(self.run / BUNDLE))}
        likes |= {name: config_of(bundle) for name, bundle in lights.items()}
        self._check(bundles, likes)
        folds = assign_folds(
            pools.train, likes[FULL].data.page_copies, self.config.folds.count, self.config.seed
        )
        networks = self._networks(likes, pools, folds, progress)
        models = {
            name: make_model(bundle, likes[name], networks[name], pools, folds)
            for name, bundle in bundles.items()
        }
        pairs = self._pairs(models)
        progress.note(
            "pairs", {each.name: each.confused for each in models[FULL].mined if each.pair in pairs}
        )
        whole = {
            LIGHT: self._trained(LIGHT, self.lights[0], bundles[LIGHT], likes[LIGHT].network),
            FULL: self._trained(FULL, self.run, read_bundle(self.run / BUNDLE), likes[FULL].network),
        }
        candidates = Candidates(
            self.config,
            pools.train,
            folds,
            (*networks[LIGHT], whole[LIGHT]),
            (*networks[FULL], whole[FULL]),
            likes[FULL].network,
            self.folder / "specialists",
            progress,
        )
        made = Made({}, {})
        costs = {name: model.costs(pools.validation.glyphs) for name, model in models.items()}
        looks = looks_of(likes[FULL].network, self.config.fit.views)
        for name, model in models.items():
            budget = budget_of(costs[name][0], costs[FULL][0], looks, int((folds >= 0).sum()))
            asked = {
                pair: with_verdicts(each, pools.train, model, candidates)
                for pair, each in ask(model.logits, pools.train, folds, pairs).items()
            }
            made.figures[name], made.bundles[name] = self._finish(
                name, model, asked, candidates, pools, costs[name], budget, progress
            )
            if name == FULL:
                draw_pairs(pools.train, asked, self.folder / "pairs.png")
        judged = folds >= 0
        answers = {name: model.logits[judged].argmax(axis=1) for name, model in models.items()}
        draw_confusions(pools.train.labels[judged], answers, self.folder / "confusion.png")
        draw_cascade(made.figures, self.folder / "cascade.png")
        self._record(made.figures, pools, bundles[FULL])
        return made

    def _lights(self) -> dict[str, Path]:
        """The folders of the light models' runs, by name."""
        letters = ("", *(f"-{letter}" for letter in ascii_lowercase[1:]))
        return {f"{LIGHT}{letter}": folder for letter, folder in zip(letters, self.lights, strict=False)}

    def _check(self, bundles: Mapping[str, Bundle], likes: Mapping[str, TrainingConfig]) -> None:
        split = bundles[FULL].meta["data"].get("split_sha256")
        for name, folder in self._lights().items():
            if bundles[name].meta["data"].get("split_sha256") != split:
                raise DataError(f"{folder}: the light model holds out other digits than {self.model}")
        self._claim(
            {"config": self.config.to_dict(), **{name: each.to_dict() for name, each in likes.items()}}
        )

    def _claim(self, settings: Mapping[str, Any]) -> None:
        """Keep what this run was told, so that what another one left is not taken for its own."""
        file, told = self.folder / "config.json", json.dumps(settings, indent=1) + "\n"
        if file.exists() and json.loads(file.read_text()) != json.loads(told):
            raise UsageError(
                f"{self.folder}: holds a run with another configuration or other models; choose another --out"
            )
        file.write_text(told)

    def _networks(
        self, likes: Mapping[str, TrainingConfig], pools: Pools, folds: NDArray[np.int8], progress: Progress
    ) -> dict[str, tuple[FoldNetwork, ...]]:
        folder = self.folder / "folds"
        folder.mkdir(exist_ok=True)
        epochs, small = self.config.folds.epochs, self.config.folds.small_epochs
        made = {}
        for name in likes:
            networks = []
            for fold in range(self.config.folds.count):
                rows = np.flatnonzero((folds != fold) & (folds >= 0))
                config = likes[name]
                optimizer = replace(config.optimizer, epochs=epochs if name == FULL else small)
                recipe = Recipe(config.network, optimizer, config.augment, self.config.seed + fold)
                networks.append(
                    train_fold(recipe, pools.train.take(rows), f"{name}-{fold}", folder, progress)
                )
            made[name] = tuple(networks)
        return made

    def _trained(self, name: str, run: Path, bundle: Bundle, size: NetworkConfig) -> FoldNetwork:
        """The first network of a training run itself, with its weights in torch."""
        weights = self.folder / "folds" / f"{name}.pt"
        checkpoint = run / CHECKPOINT
        if not checkpoint.is_file():
            raise DataError(f"{run}: has no {CHECKPOINT} of a training run")
        averaged = torch.load(checkpoint, weights_only=True)["averaged"]
        network = GlyphClassifier(size)
        prefix = "module."
        network.load_state_dict(
            {key.removeprefix(prefix): value for key, value in averaged.items() if key.startswith(prefix)}
        )
        keep_state(network.state_dict(), weights)
        return FoldNetwork(Network.of(bundle, with_features(bundle.network)), weights)

    def _pairs(self, models: Mapping[str, Model]) -> list[Pair]:
        """The pairs that either model confuses more than others, those with most confusions first."""
        counts: dict[Pair, int] = {}
        for model in models.values():
            for each in model.mined:
                if each.p_value < self.config.pairs.significance:
                    counts[each.pair] = counts.get(each.pair, 0) + each.confused
        return sorted(counts, key=lambda pair: -counts[pair])[: self.config.pairs.most]

    def _finish(  # noqa: PLR0917 - eight different things, of eight types
        self,
        name: str,
        model: Model,
        asked: Mapping[Pair, Asked],
        candidates: Candidates,
        pools: Pools,
        costs: tuple[float, float],
        budget: Budget,
        progress: Progress,
    ) -> tuple[dict[str, Any], Path]:
        """Choose, judge, and write the bundle of one model."""
        plan = choose(asked, budget)
        rules = (
            compare_rules(model, pools.train, candidates.folds, plan, candidates) if plan.enabled else None
        )
        evidence = judge(model, pools.train, candidates.folds, asked, budget)
        overall = evidence["overall"]
        progress.note(name, {key: overall[key] for key in ("before", "after", "mended", "broken", "p_value")})
        found: dict[str, Any] = {
            "pairs": [each.to_dict() for each in model.mined],
            "choices": [_described(pair, choice, plan) for pair, choice in plan.choices.items()],
            "margin": plan.margin,
            "rules": rules,
            "out_of_fold": evidence,
            "cost": mean_cost(
                *costs,
                budget.each(asked, plan),
                evidence,
                plan.curve,
            ),
        }
        target = self.folder / (BUNDLE if name == FULL else f"{BUNDLE}-{name}")
        by_answer = bool(rules and rules["by_answer_better"] and affordable(rules, found["cost"]))
        found["validation"] = install(
            model.bundle, plan, by_answer, candidates, pools.validation, found, target
        )
        return found, target

    def _record(self, figures: Mapping[str, Any], pools: Pools, bundle: Bundle) -> None:
        data = [describe(pools.train, "training pool"), describe(pools.validation, "validation pool")]
        arguments = self.config.to_dict()
        record = make_record(
            "specialists",
            "recognizer specialists",
            arguments,
            data,
            {**figures, "cascade": cascade(figures)},
            bundle,
        )
        write_record(record, self.folder)


def _described(pair: Pair, choice: Choice, plan: Plan) -> dict[str, Any]:
    return {
        "pair": list(pair),
        "kind": choice.kind,
        "errors": dict(choice.errors),
        "gain": dict(choice.gain),
        "enabled": pair in plan.enabled,
    }
