"""Our refusal against the detectors of the library pytorch-ood, on the same features and logits of our network.

    python benchmarks/detectors.py --run RUN --data DIR [--fit 20000] [--n 0] [--seed 0] [--model FOLDER] [--env DIR]

RUN is the folder of the model's training run, whose pools hold glyphs of MNIST's training part and generated
non-digits. Detectors are fitted on training digits. Thresholds let 99 % of MNIST's validation digits pass. Reported:
characters of Omniglot, and non-digits of the families that training held out. A detector's settings are those that
answer the fewest non-digits of the other families. pytorch-ood is installed into an environment of its own.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from common import command_line
from detector_report import FIRST, HELD_OUT, KNOWN, OMNIGLOT, REJECT_ALONE, REPORTED, SCORE, TEST, report
from environments import default_folder, environment
from numpy.typing import NDArray
from peer.figures import COVERAGE, level_at
from processes import measured_by

from recognizer import Recognizer, to_glyph
from recognizer.bundle import Bundle
from recognizer.data import find_data, load_mnist
from recognizer.errors import DataError, ModelError
from recognizer.measure import metrics
from recognizer.results import REJECT
from recognizer.stages.both_stages import Stages
from recognizer.stages.decide import softmax
from recognizer.stages.network import BATCH, Network
from recognizer.training.config import make_config
from recognizer.training.samples import Pools

LIBRARIES = ("pytorch-ood==0.4.0", "torch==2.13.0", "torchvision==0.28.0", "scikit-learn==1.9.1")
VALIDATION = "MNIST validation"
Floats = NDArray[np.float32]
Confidence = NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """The network's output for N glyphs, without a second look and with all that the model has.

    Attributes:
        logits: float32 (N, 11).
        features: float32 (N, F).
        settled: float32 (N, 11), the logits that an answer is made from.
    """

    logits: Floats
    features: Floats
    settled: Floats


@dataclass(frozen=True)
class Detector:
    """A way to tell digits from the rest: for each set, how sure it is of a digit, float (N,)."""

    name: str
    setting: str
    sure: Mapping[str, Confidence]

    def accepted(self, part: str) -> dict[str, Any]:
        """How many of a set pass the threshold."""
        found = self.sure[part] >= level_at(self.sure[VALIDATION], COVERAGE)
        return metrics.share_of(int(found.sum()), len(found))


def see(bundle: Bundle, glyphs: NDArray[np.uint8]) -> Seen:
    """Run the network on glyphs uint8 (N, 28, 28).

    Raises:
        ModelError: it gives no features.
    """
    network, stages = Network(bundle.network, str(bundle.folder)), Stages(bundle)
    if not network.has_features:
        raise ModelError(f"{bundle.folder}: its network gives no features")
    parts = [glyphs[low : low + BATCH] for low in range(0, len(glyphs), BATCH)]
    found = [(*network.outputs(part), stages.read(part).logits) for part in parts]
    return Seen(*(np.concatenate(column) for column in zip(*found, strict=True)))


def last_layer(seen: Seen) -> tuple[Floats, Floats, float]:
    """Weights (10, F) and bias (10,) from features to the digits' logits, by least squares; and their greatest error.

    The shipped network may use integers, so these are what it computes, not what was trained.
    """
    features = np.hstack([seen.features, np.ones((len(seen.features), 1), np.float32)]).astype(np.float64)
    logits = seen.logits[:, :REJECT].astype(np.float64)
    solved = np.linalg.lstsq(features, logits, rcond=None)[0]
    error = float(np.abs(features @ solved - logits).max())
    return solved[:-1].T.astype(np.float32), solved[-1].astype(np.float32), error


def check(pools: Pools, run: Path, bundle: Bundle) -> None:
    """Check that the run's pools are of the kind that the model was trained on.

    Raises:
        DataError: its validation digits or held-out families are others.
    """
    told = bundle.meta.get("data", {}).get("split_sha256")
    config = make_config(bundle.meta["config"], str(bundle.folder))
    other = make_config(json.loads((run / "config.json").read_text()), str(run))
    same = config.data.held_out_families == other.data.held_out_families
    if told != pools.record["split_sha256"] or not same:
        raise DataError(
            f"{run}: held out other digits or families than {bundle.name} did: choose the model's own --run"
        )


def glyph_sets(pools: Pools, data: Path, n: int, rng: np.random.Generator) -> dict[str, NDArray[np.uint8]]:
    """Glyphs uint8 (N, 28, 28) by what they are; ``n`` of each at most, 0 for all."""
    pool = pools.validation
    rejects = pool.labels == REJECT
    seen = np.isin(pool.sources, np.unique(pools.train.sources))
    pages = datasets.omniglot(data / datasets.OMNIGLOT)
    test, _ = load_mnist(data, "test")
    sets = {
        VALIDATION: pool.glyphs[pool.sources == "mnist"],
        TEST: np.stack([to_glyph(page) for page in some(test, n, rng)]),
        OMNIGLOT: np.stack([to_glyph(page) for page in some(pages, n, rng)]),
        HELD_OUT: pool.glyphs[rejects & ~seen],
        KNOWN: pool.glyphs[rejects & seen],
    }
    # What is blank never reaches a network.
    return {name: some(glyphs[glyphs.any(axis=(1, 2))], n, rng) for name, glyphs in sets.items()}


def some(images: NDArray[np.uint8], n: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """``n`` of them at random; 0 for all."""
    return images if not n or n >= len(images) else images[np.sort(rng.permutation(len(images))[:n])]


def ours(by_set: Mapping[str, Seen], temperature: float) -> list[Detector]:
    """Our ways: the score of the best digit among eleven classes, without a second look, and reject's score alone."""
    first = {name: softmax(seen.logits, temperature) for name, seen in by_set.items()}
    settled = {name: softmax(seen.settled, temperature) for name, seen in by_set.items()}
    return [
        Detector(SCORE, "", {name: scores[:, :REJECT].max(axis=1) for name, scores in settled.items()}),
        Detector(FIRST, "", {name: scores[:, :REJECT].max(axis=1) for name, scores in first.items()}),
        Detector(REJECT_ALONE, "", {name: 1 - scores[:, REJECT] for name, scores in first.items()}),
    ]


def theirs(
    by_set: Mapping[str, Seen], fit: tuple[Seen, NDArray[np.uint8]], python: Path, folder: Path
) -> tuple[dict[str, list[Detector]], dict[str, Any], float]:
    """The library's detectors in each of their settings, by name; what its process said; the last layer's error."""
    weights, bias, error = last_layer(fit[0])
    arrays: dict[str, NDArray[Any]] = {
        "weights": weights,
        "bias": bias,
        "fit labels": fit[1].astype(np.int64),
    }
    for name, seen in {"fit": fit[0], **by_set}.items():
        arrays |= {f"{name} logits": seen.logits[:, :REJECT], f"{name} features": seen.features}
    np.savez(folder / "inputs.npz", allow_pickle=False, **arrays)
    job = {"file": str(folder / "inputs.npz"), "out": str(folder / "scores.npz"), "sets": list(by_set)}
    said = measured_by(python, "detector_process.py", job, threads=None)
    with np.load(folder / "scores.npz", allow_pickle=False) as scores:
        found = {
            name: [
                Detector(
                    name,
                    described(setting),
                    {part: -scores[f"{name}/{i}/{part}"].astype(np.float64) for part in by_set},
                )
                for i, setting in enumerate(tried["settings"])
            ]
            for name, tried in said["tried"].items()
        }
    return found, said, error


def described(setting: Mapping[str, Any]) -> str:
    """A detector's setting in words."""
    return ", ".join(f"{name} {value:g}" for name, value in setting.items()) or "default"


def with_reject(detector: Detector, by_set: Mapping[str, Seen]) -> Detector:
    """The same, which also refuses what the network's likeliest class calls no digit."""
    sure = {
        part: np.where(by_set[part].logits.argmax(axis=1) == REJECT, -np.inf, values)
        for part, values in detector.sure.items()
    }
    return Detector(detector.name, detector.setting, sure)


def best(detectors: list[Detector]) -> Detector:
    """The one that answers fewest non-digits of the families that were in training."""
    return min(detectors, key=lambda each: each.accepted(KNOWN)["count"])


def rows(
    found: Mapping[str, list[Detector]], by_set: Mapping[str, Seen], own: list[Detector]
) -> list[dict[str, Any]]:
    """Figures of each way: alone, and with the class for non-digits."""
    made = [{"name": each.name, "alone": figures(each), "with_reject": figures(each)} for each in own]
    for name, tried in found.items():
        if not tried:
            continue
        joined = [with_reject(each, by_set) for each in tried]
        made.append({"name": name, "alone": figures(best(tried)), "with_reject": figures(best(joined))})
    return made


def figures(detector: Detector) -> dict[str, Any]:
    """The setting, the coverage of MNIST test, and what is answered of non-digits."""
    return {
        "setting": detector.setting,
        **{part: detector.accepted(part) for part in (TEST, KNOWN, *REPORTED)},
    }


def main() -> None:
    """Measure, and write the table, the plot and the metrics file."""
    from recognizer.training.pools import read_pools

    parser = command_line(__doc__, data="mnist/ and omniglot.npz", model=True, seed=0)
    parser.add_argument("--run", type=Path, required=True, help="the folder of the model's training run")
    parser.add_argument(
        "--fit", type=int, default=20_000, help="training digits that detectors are fitted on"
    )
    parser.add_argument("--n", type=int, default=0, help="glyphs of each set at most; 0 for all")
    parser.add_argument("--env", help="folder of the environment of pytorch-ood (default: a cache folder)")
    args = parser.parse_args()
    python = environment(args.env or default_folder("pytorch-ood"), LIBRARIES)
    model, rng = Recognizer.load(args.model, threads=1), np.random.default_rng(args.seed)
    pools = read_pools(args.run)
    check(pools, args.run, model.bundle)
    glyphs = glyph_sets(pools, find_data(args.data), args.n, rng)
    digits = np.flatnonzero(pools.train.sources == "mnist")
    learnt = pools.train.take(np.sort(rng.permutation(digits)[: args.fit]))
    del pools
    by_set = {name: see(model.bundle, each) for name, each in glyphs.items()}
    with tempfile.TemporaryDirectory() as folder:
        fit = see(model.bundle, learnt.glyphs), learnt.labels
        found, said, error = theirs(by_set, fit, python, Path(folder))
    made = rows(found, by_set, ours(by_set, model.bundle.temperature))
    report(
        made, said, model=model.model, seed=args.seed, error=error,
        n={name: len(each) for name, each in glyphs.items()} | {"training digits to fit on": len(learnt)},
    )  # fmt: skip


if __name__ == "__main__":
    main()
