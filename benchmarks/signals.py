"""Whether signals beside the scores help to refuse non-digits: each is judged on validation glyphs.

    python benchmarks/signals.py --run runs/best [--model FOLDER] [--seed 0]

A signal is added to the best digit's score by a logistic regression of "a digit, and the best guess is right". Both it
and the threshold, which accepts the model's share of written digits, are fitted to one half of the validation pool and
judged on the other, in turn. Signals: the distance of stage one's features to the nearest digit's mean (Mahalanobis;
Lee et al. 2018), the error of the autoencoder's reconstruction, and the distance to the nearest of known digits in its
codes.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from common import command_line, header, table, write
from numpy.typing import NDArray

from recognizer.bundle import Bundle, read_bundle
from recognizer.measure.metrics import mcnemar
from recognizer.results import REJECT
from recognizer.stages.both_stages import Stages
from recognizer.stages.decide import softmax
from recognizer.training.pools import read_pools
from recognizer.training.samples import Pool, Pools
from recognizer.training.specialists.folds import outputs_of
from retrieval.encoder import Encoder

KNOWN = 20000
Values = NDArray[np.float64]
Masks = dict[str, NDArray[np.bool_]]


def mahalanobis(
    features: NDArray[np.float32], known: NDArray[np.float32], labels: NDArray[np.uint8]
) -> Values:
    """The least distance of features float (N, F) to a digit's mean, by the covariance within digits: float (N,)."""
    means = np.stack([known[labels == digit].mean(axis=0) for digit in range(REJECT)])
    within = known - means[labels]
    white = np.linalg.cholesky(np.linalg.inv(np.cov(within.T) + 1e-4 * np.eye(within.shape[1])))
    distances = [np.linalg.norm((features - mean) @ white, axis=1) for mean in means]
    return np.min(distances, axis=0).astype(np.float64)


def autoencoder_signals(glyphs: NDArray[np.uint8], known: NDArray[np.uint8]) -> dict[str, Values]:
    """Of the shipped autoencoder: how badly it reconstructs a glyph, and how far the nearest known digit is."""
    encoder = Encoder.open(threads=2)
    codes, own = (np.asarray(encoder.dense(each), np.float32) for each in (known, glyphs))
    codes, own = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (codes, own))
    error, nearest = [], []
    for low in range(0, len(glyphs), 500):
        part = slice(low, low + 500)
        error.append(((encoder.reconstruct(glyphs[part]) - glyphs[part] / 255) ** 2).mean(axis=(1, 2)))
        nearest.append(1 - (own[part] @ codes.T).max(axis=1))
    return {
        "reconstruction": np.concatenate(error),
        "nearest known": np.concatenate(nearest).astype(np.float64),
    }


def accepted(
    signals: Values, pool: Pool, right: NDArray[np.bool_], coverage: float, seed: int
) -> NDArray[np.bool_]:
    """What is accepted by signals float (N, K), each half of the pool by what was fitted to the other: bool (N,)."""
    from sklearn.linear_model import LogisticRegression

    first = np.random.default_rng(seed).permutation(len(pool)) < len(pool) / 2
    scaled = (signals - signals.mean(axis=0)) / signals.std(axis=0)
    taken = np.zeros(len(pool), bool)
    for learnt in (first, ~first):
        model = LogisticRegression(C=100.0, max_iter=1000).fit(scaled[learnt], right[learnt])
        value = model.decision_function(scaled)
        written = learnt & (pool.sources == "mnist")
        taken[~learnt] = value[~learnt] >= np.quantile(value[written], 1 - coverage)
    return taken


def choices(score: Values, signals: Mapping[str, Values]) -> dict[str, Values]:
    """What is tried: the score (N,) alone, with each signal, and with all of them; float (N, K)."""
    logarithms = {name: np.log(each + 1e-6) for name, each in signals.items()}
    return {
        "score alone": np.column_stack([score]),
        **{f"score, {name}": np.column_stack([score, each]) for name, each in logarithms.items()},
        "all": np.column_stack([score, *logarithms.values()]),
    }


def taken_by(args: argparse.Namespace, bundle: Bundle, pools: Pools) -> tuple[Masks, NDArray[np.bool_]]:
    """What each choice accepts of the validation pool, and which best guesses are right; bool (N,)."""
    pool, stages = pools.validation, Stages(bundle)
    digits = np.flatnonzero(pools.train.labels < REJECT)
    known = pools.train.take(np.random.default_rng(args.seed).permutation(digits)[:KNOWN])
    seen, learnt = (outputs_of(stages.network, each.glyphs) for each in (pool, known))
    final = [stages.read(pool.glyphs[low : low + 256]).logits for low in range(0, len(pool), 256)]
    scores = softmax(np.concatenate(final), bundle.temperature)[:, :REJECT]
    best, right = scores.max(axis=1).clip(1e-9, 1 - 1e-9), scores.argmax(axis=1) == pool.labels
    signals = {
        "features' distance": mahalanobis(seen.features, learnt.features, known.labels),
        **autoencoder_signals(pool.glyphs, known.glyphs),
    }
    coverage = float(bundle.meta["config"]["coverage"])
    tried = choices(np.log(best / (1 - best)), signals)
    return {name: accepted(each, pool, right, coverage, args.seed) for name, each in tried.items()}, right


def rows_of(taken: Masks, digit: NDArray[np.bool_], right: NDArray[np.bool_]) -> list[list[object]]:
    """A row for each choice."""
    alone = taken["score alone"]
    rows: list[list[object]] = []
    for name, each in taken.items():
        fewer, more = int((alone & ~each)[~digit].sum()), int((each & ~alone)[~digit].sum())
        rows.append([
            name, f"{100 * each[digit].mean():.2f} %", int((each & ~right)[digit].sum()),
            f"{100 * each[~digit].mean():.2f} %", f"{mcnemar(fewer, more):.2g}",
        ])  # fmt: skip
    return rows


def main() -> None:
    """Measure each signal and write the result."""
    parser = command_line(__doc__, seed=0)
    parser.add_argument(
        "--run", type=Path, required=True, help="the folder of a training run, with its pools"
    )
    parser.add_argument("--model", type=Path, help="a bundle (default: that of the run)")
    args = parser.parse_args()
    bundle, pools = read_bundle(args.model or args.run / "bundle"), read_pools(args.run)
    digit = pools.validation.labels < REJECT
    taken, right = taken_by(args, bundle, pools)
    columns = [
        "accepted by",
        "digits accepted",
        "wrong among them",
        "non-digits accepted",
        "p against the score alone",
    ]
    write(
        "signals",
        "Signals for refusal",
        header(
            ("numpy", "onnxruntime", "scikit-learn"),
            model=bundle.name,
            n=f"{int(digit.sum())} digits, {int((~digit).sum())} non-digits of the validation pool",
            seed=args.seed,
            command="`python benchmarks/signals.py --run runs/best`",
        ),
        table(columns, rows_of(taken, digit, right)),
    )


if __name__ == "__main__":
    main()
