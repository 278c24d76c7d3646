"""A model with specialists that is made in no time: its pairs are told apart by pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pages import many_digits

from recognizer.bundle import GOLDEN, NETWORK, read_bundle, write_bundle
from recognizer.measure.stage_two import Stage, compare
from recognizer.results import REJECT
from recognizer.stages.decide import pair_name
from recognizer.stages.pair_models import PIXELS, Logistic

OLD = Path(__file__).parents[1] / "data" / "bundle-1"
GLYPHS, TRUTH = many_digits(300, seed=5)
PAIRS = ((1, 7), (3, 8), (4, 9), (0, REJECT))


def give_specialists(folder, margin=9.0, by_answer=False, **changes):
    """A copy of the old model in which pixels decide three pairs of digits, and whether it is a zero."""
    bundle = read_bundle(OLD)
    weights = np.zeros(784)
    weights[:392], weights[392:] = -0.1, 0.1
    files = {NETWORK: bundle.network, GOLDEN: (OLD / GOLDEN).read_bytes()}
    described = []
    for pair in PAIRS:
        name = f"specialist-{pair_name(pair)}.npz"
        files[name] = Logistic(weights, 0.0, PIXELS).to_bytes()
        blend = {"first": 0.2, "second": 1.0, "bias": 0.0}
        described.append({"pair": list(pair), "file": name, "kind": "logistic regression", "blend": blend})
    meta = {name: value for name, value in bundle.meta.items() if name not in ("files", "format_version")}
    meta["stage_two"] = {
        "specialists": described,
        "routing": {"margin": margin, "by_answer": by_answer},
        "stage_one": {
            "temperature": bundle.temperature,
            "operating_point": bundle.meta["operating_point"],
        },
        "out_of_fold": compare_nothing(),
        **changes,
    }
    write_bundle(folder, meta, files)
    return folder


def compare_nothing():
    stage = Stage(np.eye(11), 0.5)
    return compare(stage, stage, np.arange(11, dtype=np.uint8), [None] * 11)
