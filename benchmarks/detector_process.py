"""The detectors of pytorch-ood in a process of their own: fitted on features and logits, they score others.

Started by `detectors.py` with a job as JSON; arrays come and go as .npz files. Each detector is tried with the settings
that the library itself proposes to search.
"""

from __future__ import annotations

import inspect
import json
import sys
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from itertools import product
from typing import Any

import numpy as np
from torchvision_operators import define_missing

MOST = 16  # settings of a detector; where there would be more, each setting is varied alone
# Left out is what needs gradients, inner layers, texts, learnt weights or several passes through a network in torch.
DETECTORS = (
    "MaxSoftmax", "MaxLogit", "EnergyBased", "Entropy", "GEN", "TemperatureScaling", "KLMatching", "OpenMax",
    "Mahalanobis", "RMD", "ViM", "KNN", "GMM", "NNGuide", "SHE", "DICE", "LTS", "fDBD", "NCI", "PNML",
    "ReAct", "VRA", "ASH", "SCALE",
)  # fmt: skip


def settings(space: Mapping[str, list[Any]], needed: list[str]) -> Iterator[dict[str, Any]]:
    """The settings to try: a detector's whole space, or each setting varied alone; the defaults first.

    Args:
        space: values by the name of the setting.
        needed: settings without a default.
    """
    if not needed:
        yield {}
    if not space:
        return
    if int(np.prod([len(values) for values in space.values()])) <= MOST:
        yield from (dict(zip(space, values, strict=True)) for values in product(*space.values()))
        return
    yield from ({name: value} for name, values in space.items() for value in values)


class Bench:
    """Features and logits as tensors, the last layer, and detectors on them."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        """Read the job's file."""
        import torch

        self.torch = torch
        with np.load(job["file"], allow_pickle=False) as stored:
            self.arrays = {name: torch.from_numpy(stored[name]) for name in stored.files}
        self.sets = job["sets"]
        weights = self.arrays["weights"]
        self.head = torch.nn.Linear(weights.shape[1], weights.shape[0])
        self.head.weight.data, self.head.bias.data = weights, self.arrays["bias"]
        self.head.requires_grad_(False)

    def scores(self, name: str, chosen: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
        """A detector's scores of each set, float32 (N,): higher for what it takes for a non-digit."""
        from pytorch_ood import api, detector  # type: ignore[import-not-found]

        made = getattr(detector, name)
        maps = issubclass(made, api.FeatureMapsDetector)
        kind = "logits" if issubclass(made, api.LogitsDetector) else "features"
        # Features after pooling are maps of one pixel.
        head = self.torch.nn.Sequential(self.torch.nn.Flatten(), self.head) if maps else self.head
        given = {
            "model": None, "encoder": None, "backbone": None,
            "head": head, "w": self.head.weight.data, "b": self.head.bias.data,
        }  # fmt: skip
        takes = inspect.signature(made.__init__).parameters
        each = made(**{key: value for key, value in given.items() if key in takes}, **chosen)
        suffix = "feature_maps" if maps else kind

        def inputs(part: str) -> Any:  # noqa: ANN401
            values = self.arrays[f"{part} {kind}"]
            return values[:, :, None, None] if maps else values

        if made.requires_fit:
            getattr(each, f"fit_{suffix}")(inputs("fit"), self.arrays["fit labels"])
        predict = getattr(each, f"predict_{suffix}")
        return {part: predict(inputs(part)).detach().numpy().astype(np.float32) for part in self.sets}


def main() -> None:
    """Do the job of the first argument, and print what came of it as JSON."""
    job = json.loads(sys.argv[1])
    define_missing()
    from pytorch_ood import detector

    bench = Bench(job)
    scores: dict[str, np.ndarray[Any, Any]] = {}
    tried: dict[str, Any] = {}
    for name in job.get("only") or DETECTORS:
        made = getattr(detector, name)
        space = made.hyperparameter_space
        takes = inspect.signature(made.__init__).parameters
        needed = [key for key in space if takes[key].default is inspect.Parameter.empty]
        done: list[dict[str, Any]] = []
        start, problem = time.perf_counter(), ""
        for chosen in settings(space, needed):
            try:
                found = bench.scores(name, chosen)
            except Exception as error:  # a setting that doesn't fit this network becomes a line of the table
                problem = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
                continue
            scores |= {f"{name}/{len(done)}/{part}": values for part, values in found.items()}
            done.append(chosen)
        tried[name] = {"settings": done, "seconds": time.perf_counter() - start, "problem": problem}
        print(name, tried[name], file=sys.stderr, flush=True)
    np.savez(job["out"], allow_pickle=False, **scores)
    packages = ("pytorch-ood", "torch")
    print(json.dumps({"tried": tried, "versions": {name: version(name) for name in packages}}))


if __name__ == "__main__":
    main()
