"""A bundle with specialists, from one without: what was chosen out of fold, trained on everything, calibrated."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.bundle import (
    GOLDEN,
    READER,
    READER_WEIGHTS,
    WEIGHTS,
    Bundle,
    golden_outputs,
    read_file_of,
    write_bundle,
)
from recognizer.bundle import NETWORK as STAGE_ONE
from recognizer.glyph import SIDE
from recognizer.measure.calibrate import choose_threshold, fit_temperature, risk_coverage
from recognizer.measure.stage_two import Stage, compare
from recognizer.results import REJECT
from recognizer.stages.decide import NO_SPECIALIST, Routing, route, softmax
from recognizer.stages.network import Network
from recognizer.stages.specialists import Specialist, StageTwo
from recognizer.training.export import with_features
from recognizer.training.run import validation_figures
from recognizer.training.samples import Pool
from recognizer.training.specialists.candidates import Candidates
from recognizer.training.specialists.choice import Asked, Plan, fit_choice
from recognizer.training.specialists.folds import Outputs, outputs_of, verdict_of

# How much the blends of the folds weigh: as much as some sixty glyphs that stage one is unsure of.
PRIOR = 20.0
GOLDEN_ROUTED = 8
KEPT = (WEIGHTS, READER, READER_WEIGHTS)
_WRITTEN_ANEW = ("files", "format_version", "preprocessing", "labels", "calibration", "stage_two")


def install(  # noqa: PLR0917 - seven different things, of seven types
    bundle: Bundle,
    plan: Plan,
    by_answer: bool,
    candidates: Candidates,
    pool: Pool,
    figures: Mapping[str, Any],
    folder: Path,
) -> dict[str, Any]:
    """Write a copy of a model with its specialists.

    Args:
        bundle: the model; specialists that it has already are left behind.
        plan: what was chosen out of fold.
        by_answer: the rule of routing.
        candidates: make the specialists.
        pool: the validation pool: blends, temperature and operating point are fitted to it.
        figures: what is known of pairs, choices and evidence.
        folder: of the new bundle.

    Returns:
        `stages.compare` on the validation pool.
    """
    graph = with_features(bundle.network)
    network = Network.of(bundle, graph)
    first = first_stage(bundle)
    seen = outputs_of(network, pool.glyphs)
    logits = seen.logits / np.float32(first["temperature"])
    routing = Routing(tuple(plan.enabled), plan.margin, by_answer)
    chosen = route(logits, routing)
    specialists = []
    for i, (pair, choice) in enumerate(plan.enabled.items()):
        model = candidates.model(choice.kind, pair, candidates.config.folds.count, network)
        rows = np.flatnonzero(chosen == i)
        verdict = verdict_of(model, pool.glyphs[rows], seen.features[rows])
        own = (logits[rows, pair[0]] - logits[rows, pair[1]]).astype(np.float64)
        asked = Asked(
            pair, rows, np.zeros(len(rows), np.int8), pool.labels[rows], own, {choice.kind: verdict}
        )
        specialists.append(Specialist(pair, model, fit_choice(asked, choice.kind, choice.blend, PRIOR)))
    second = StageTwo(tuple(specialists), routing, first["temperature"])
    final, names = second.settle(pool.glyphs, seen.logits, seen.features)
    meta, scores = describe_answers(bundle, final, pool)
    meta["stage_two"] = describe_stage_two(
        second, first, [plan.choices[each.pair].kind for each in specialists]
    )
    meta["stage_two"] |= _found(figures)
    files = {file_name(each): each.model.to_bytes() for each in specialists}
    files |= {STAGE_ONE: graph, GOLDEN: _golden(bundle, pool, seen, second, meta["temperature"])}
    files |= {name: read_file_of(bundle, name) for name in KEPT if name in bundle.meta["files"]}
    write_bundle(folder, meta, files)
    before = Stage.of(seen.logits, first["temperature"], first["operating_point"]["threshold"])
    return compare(before, Stage(scores, meta["operating_point"]["threshold"]), pool.labels, names)


def first_stage(bundle: Bundle) -> dict[str, Any]:
    """Temperature and operating point of stage one alone."""
    if bundle.stage_two:
        return dict(bundle.stage_two["stage_one"])
    return {"temperature": bundle.temperature, "operating_point": bundle.meta["operating_point"]}


def describe_answers(
    bundle: Bundle, final: NDArray[np.float32], pool: Pool
) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """What changes in a bundle's description with its final logits, float32 (N, 11), of the validation pool; scores."""
    digit = pool.labels < REJECT
    temperature = fit_temperature(final[digit][:, :REJECT], pool.labels[digit])
    scores = softmax(final, temperature)
    written = pool.sources == "mnist"
    point = choose_threshold(scores[written], pool.labels[written], bundle.meta["config"]["coverage"])
    meta = {name: value for name, value in bundle.meta.items() if name not in _WRITTEN_ANEW}
    meta |= {
        "temperature": temperature,
        "operating_point": point,
        "risk_coverage": risk_coverage(scores[digit], pool.labels[digit]),
        "validation": validation_figures(scores, pool, point["threshold"]),
    }
    return meta, scores


def describe_stage_two(second: StageTwo, first: Mapping[str, Any], kinds: Sequence[str]) -> dict[str, Any]:
    """What answering needs of stage two, as ``meta.json`` holds it.

    Args:
        second: specialists and routing.
        first: temperature and operating point of stage one alone.
        kinds: of each specialist.
    """
    return {
        "stage_one": dict(first),
        "routing": {"margin": second.routing.margin, "by_answer": second.routing.by_answer},
        "specialists": [
            {"pair": list(each.pair), "file": file_name(each), "kind": kind, "blend": vars(each.blend)}
            for each, kind in zip(second.specialists, kinds, strict=True)
        ],
    }


def _found(figures: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of stage two, as ``meta.json`` holds it."""
    return {
        **{name: figures[name] for name in ("pairs", "choices", "rules", "out_of_fold")},
        "cost": {name: value for name, value in figures["cost"].items() if name != "curve"},
    }


def file_name(specialist: Specialist) -> str:
    """The file of a specialist in a bundle."""
    return f"specialist-{specialist.name}{specialist.model.suffix}"


def _golden(bundle: Bundle, pool: Pool, seen: Outputs, second: StageTwo, temperature: float) -> bytes:
    """The golden glyphs of the bundle and some that a specialist decides, with their scores."""
    content = json.loads((bundle.folder / GOLDEN).read_bytes()) if GOLDEN in bundle.meta["files"] else []
    old = np.array([pair["glyph"] for pair in content], np.uint8).reshape(-1, SIDE, SIDE)
    routed = np.flatnonzero(
        route(seen.logits / np.float32(second.temperature), second.routing) != NO_SPECIALIST
    )
    new = pool.glyphs[routed[:: max(1, len(routed) // GOLDEN_ROUTED)][:GOLDEN_ROUTED]]
    glyphs = np.unique(np.concatenate([old, new]), axis=0)
    stage_one = outputs_of(Network.of(bundle, with_features(bundle.network)), glyphs)
    final, _ = second.settle(glyphs, stage_one.logits, stage_one.features)
    return golden_outputs(glyphs, softmax(final, temperature).astype(np.float32))
