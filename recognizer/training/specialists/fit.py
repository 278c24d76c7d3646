"""Fitting specialists: from glyphs of two classes to a model that tells them apart. One kind needs torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import UsageError
from recognizer.stages.decide import Pair
from recognizer.stages.pair_models import (
    FEATURES,
    PIXELS,
    Boosting,
    Convolutional,
    Logistic,
    PairModel,
    SupportVectors,
    Values,
    inputs,
)
from recognizer.training.config import AugmentConfig, NetworkConfig, OptimizerConfig
from recognizer.training.specialists.config import FitConfig

LOGISTIC, VECTORS, TREES = Logistic.kind, SupportVectors.kind, Boosting.kind
VECTORS_ON_PIXELS = f"{SupportVectors.kind} on pixels"
NETWORK = Convolutional.kind
NETWORK_VIEWS = f"{Convolutional.kind}, several views"
KINDS = (LOGISTIC, VECTORS, TREES, VECTORS_ON_PIXELS, NETWORK, NETWORK_VIEWS)
"""From the simplest on."""
ON_FEATURES = frozenset({LOGISTIC, VECTORS, TREES})
FEWEST = 10  # of each class
FOLDS = 3  # that the distances are from which a support vector machine's log-odds are learnt
SMALL = NetworkConfig((16, 24), (48, 48, 48), second_look=0.0)
"""Of a convolutional specialist that begins from nothing."""
_TREES, _DEPTH, _RATE = 60, 3, 0.15


@dataclass(frozen=True)
class Start:
    """A network to begin from, which knows all eleven classes already.

    Attributes:
        weights: the file of its weights.
        network: its size, which becomes the specialist's.
    """

    weights: Path
    network: NetworkConfig


@dataclass(frozen=True)
class Sample:
    """What a specialist learns from.

    Attributes:
        glyphs: uint8 (N, 28, 28).
        first: bool (N,), whether a glyph shows the pair's first class.
        features: float32 (N, F), stage one's; (N, 0) where no kind asks for them.
    """

    glyphs: NDArray[np.uint8]
    first: NDArray[np.bool_]
    features: NDArray[np.float32]

    def take(self, chosen: NDArray[np.intp]) -> Sample:
        """Those at indices."""
        return Sample(self.glyphs[chosen], self.first[chosen], self.features[chosen])


def train_specialist(  # noqa: PLR0917 - of eight types, most with a default
    pair: Pair,
    glyphs: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    features: NDArray[np.float32] | None = None,
    kind: str = LOGISTIC,
    start: Start | None = None,
    config: FitConfig | None = None,
    seed: int = 0,
) -> PairModel:
    """A model that tells the two classes of a pair apart, from some hundred glyphs or many.

    Args:
        pair: the two classes, ascending; 10 is reject.
        glyphs: uint8 (N, 28, 28).
        labels: uint8 (N,), 0–10; glyphs of other classes are passed over.
        features: float32 (N, F), stage one's, for the kinds that look at them.
        kind: one of ``KINDS``.
        start: the network that a convolutional one begins from; None for a new one.
        config: passes, rate and batch of a convolutional one.
        seed: of all that is random.

    Raises:
        UsageError: there is no such kind, it needs features, or there are too few glyphs of a class.
    """
    if kind not in KINDS:
        raise UsageError(f"there is no specialist of the kind {kind!r}; there are {', '.join(KINDS)}")
    if features is None:
        if kind in ON_FEATURES:
            raise UsageError(f"a specialist of the kind {kind!r} needs the features of stage one")
        features = np.zeros((len(glyphs), 0), np.float32)
    chosen = np.flatnonzero(np.isin(labels, pair))
    sample = Sample(glyphs, labels == pair[0], features).take(chosen)
    fewest = min(int(sample.first.sum()), int((~sample.first).sum()))
    if fewest < FEWEST:
        raise UsageError(f"{fewest} glyphs of a class are too few for a specialist: {FEWEST} are needed")
    if kind in (NETWORK, NETWORK_VIEWS):
        return fit_networks(sample, start, config or FitConfig(), seed)[kind]
    return fit_simple(sample, kind, seed)


def fit_simple(sample: Sample, kind: str, seed: int) -> PairModel:
    """A model of plain arrays; ``kind`` is one of the first four."""
    if kind == LOGISTIC:
        return _logistic(sample)
    if kind == TREES:
        return _boosting(sample, seed)
    return _support_vectors(sample, PIXELS if kind == VECTORS_ON_PIXELS else FEATURES, seed)


def _seen(sample: Sample, name: str) -> tuple[Values, Values, Values]:
    seen = inputs(sample.glyphs, sample.features, name)
    mean, scale = seen.mean(axis=0), seen.std(axis=0)
    # A pixel that is hardly ever lit would be magnified beyond measure.
    return seen, mean, np.maximum(scale, 0.1 * scale.max() + 1e-9)


def _logistic(sample: Sample) -> Logistic:
    from sklearn.linear_model import LogisticRegression

    seen, mean, scale = _seen(sample, FEATURES)
    model = LogisticRegression(C=0.1, max_iter=2000).fit((seen - mean) / scale, sample.first)
    weights = model.coef_[0] / scale
    return Logistic(weights, float(model.intercept_[0] - mean @ weights))


def _support_vectors(sample: Sample, name: str, seed: int) -> SupportVectors:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.svm import SVC

    seen, mean, scale = _seen(sample, name)
    scaled = (seen - mean) / scale
    machine = SVC(C=3.0, gamma=1 / (scaled.var() * scaled.shape[1]))
    split = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    distances = cross_val_predict(machine, scaled, sample.first, cv=split, method="decision_function")
    platt = LogisticRegression().fit(distances[:, None], sample.first)
    machine.fit(scaled, sample.first)
    return SupportVectors(
        mean, scale, machine.support_vectors_, machine.dual_coef_[0], float(machine.gamma),
        float(machine.intercept_[0]), float(platt.coef_[0, 0]), float(platt.intercept_[0]), name,
    )  # fmt: skip


def _boosting(sample: Sample, seed: int) -> Boosting:
    from sklearn.ensemble import GradientBoostingClassifier

    seen = inputs(sample.glyphs, sample.features, FEATURES)
    model = GradientBoostingClassifier(
        n_estimators=_TREES, max_depth=_DEPTH, learning_rate=_RATE, subsample=0.7, random_state=seed
    ).fit(seen, sample.first)
    trees = [each.tree_ for each in model.estimators_[:, 0]]
    size = max(tree.node_count for tree in trees)

    def padded(values: list[NDArray[Any]], kind: type) -> NDArray[Any]:
        found = np.full((len(values), size), -1, kind)
        for row, each in zip(found, values, strict=True):
            row[: len(each)] = each
        return found

    share = float(sample.first.mean())
    return Boosting(
        padded([np.maximum(tree.feature, 0) for tree in trees], np.int64),
        padded([tree.threshold for tree in trees], np.float64),
        padded([tree.children_left for tree in trees], np.int64),
        padded([tree.children_right for tree in trees], np.int64),
        padded([_RATE * tree.value[:, 0, 0] for tree in trees], np.float64),
        float(np.log(share / (1 - share))),
    )


def fit_networks(sample: Sample, start: Start | None, config: FitConfig, seed: int) -> dict[str, PairModel]:
    """The two convolutional kinds, of one training: that looks at a glyph once, and that looks at it several times."""
    import torch

    from recognizer.training.export import specialist_to_onnx
    from recognizer.training.loop import Trainer
    from recognizer.training.model import GlyphClassifier
    from recognizer.training.quantise import quantise
    from recognizer.training.samples import Pool

    torch.manual_seed(seed)
    size = start.network if start else SMALL
    network = GlyphClassifier(size, 2)
    if start:
        known = torch.load(start.weights, weights_only=True)
        kept = {name: value for name, value in known.items() if not name.startswith("head.")}
        network.load_state_dict(kept, strict=False)
    pool = Pool(sample.glyphs, (~sample.first).astype(np.uint8), np.full(len(sample.first), "pair"))
    batch = min(config.batch, len(pool))
    optimizer = replace(
        OptimizerConfig(),
        epochs=config.epochs,
        batch=batch,
        rate=config.rate,
        smoothing=config.smoothing,
    )
    trained = Trainer(network, pool, optimizer, AugmentConfig(), seed).run(
        lambda _: {}, lambda *_: None, None
    )
    made: dict[str, PairModel] = {}
    for kind, views in ((NETWORK, 1), (NETWORK_VIEWS, config.views)):
        graph = specialist_to_onnx(trained, views)
        made[kind] = Convolutional(quantise(graph, sample.glyphs, seed) if size.int8 else graph)
    return made
