"""What both stages cost, in multiplications a glyph, on average."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.stages.network import Network
from recognizer.stages.second_look import SecondLook
from recognizer.training.config import NetworkConfig
from recognizer.training.model import multiplications
from recognizer.training.specialists.choice import Budget
from recognizer.training.specialists.fit import NETWORK, NETWORK_VIEWS

Glyphs = NDArray[np.uint8]
MOST_EXTRA = 0.1  # multiplications of the full model's specialists for one of its stage one
MOST_OF_FULL = 0.4  # multiplications of a light model with specialists for one of the full model's stage one


def looks_of(size: NetworkConfig, views: int) -> dict[str, float]:
    """Multiplications of each convolutional kind.

    Models of arrays need a few hundred, or some ten thousand: nothing beside a network.

    Args:
        size: of the network that they begin from.
        views: places that the more thorough kind looks at.
    """
    once = float(multiplications(size, 2))
    return {NETWORK: once, NETWORK_VIEWS: once * views}


def network_cost(
    network: Network, look: SecondLook | None, sizes: Sequence[NetworkConfig], glyphs: Glyphs
) -> float:
    """Multiplications of stage one for a glyph, second looks included.

    Args:
        network: stage one.
        look: when and how it looks again.
        sizes: of the network that looks first, and of the one that looks again.
        glyphs: uint8 (N, 28, 28): the mean over these.
    """
    once, again = (multiplications(size) for size in sizes)
    if look is None:
        return float(once)
    best = np.sort(network.first_logits(glyphs), axis=1)
    share = float((best[:, -1] - best[:, -2] < look.lead).mean())
    return once + len(look.views) * share * again


def affordable(rules: Mapping[str, Any], cost: Mapping[str, Any]) -> bool:
    """Whether asking about every answer of a pair leaves the mean cost of an input near that of stage one."""
    return bool(rules["by_answer"]["asked"] * cost["specialist"] <= MOST_EXTRA * cost["stage_one"])


def mean_cost(
    stage_one: float,
    validation: float,
    specialist: float,
    evidence: Mapping[str, Any],
    curve: Sequence[Mapping[str, float]],
) -> dict[str, Any]:
    """Multiplications a glyph, as chosen and by margin, JSON-ready.

    Args:
        stage_one: multiplications of stage one, of the network that stands for it in the folds.
        validation: of the model itself.
        specialist: those of a specialist, on average over what they are asked.
        evidence: `stages.compare`, out of fold.
        curve: `choice.margin_curve`.

    Returns:
        "stage_one", "validation", "specialist", "mean"; and "curve", with "margin", "mean" and the share "error" of
        wrong answers.
    """
    n = evidence["n"]
    elsewhere = evidence["overall"]["before"] - curve[0]["errors"]
    return {
        "stage_one": stage_one,
        "validation": validation,
        "specialist": specialist,
        "mean": stage_one + specialist * evidence["routed"]["share"],
        "curve": [
            {
                "margin": point["margin"],
                "mean": stage_one + specialist * point["asked"] / n,
                "error": (point["errors"] + elsewhere) / n,
            }
            for point in curve
        ],
    }


def budget_of(stage_one: float, full: float, looks: Mapping[str, float], n: int) -> Budget:
    """What the specialists of a model may cost.

    Args:
        stage_one: multiplications of its stage one.
        full: those of the full model's; the same for the full model itself.
        looks: of each convolutional kind.
        n: glyphs out of fold.
    """
    most = MOST_EXTRA * full if stage_one == full else MOST_OF_FULL * full - stage_one
    return Budget(most, looks, n)


def cascade(figures: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each model alone and with specialists: its errors, and its multiplications a glyph beside the full model's.

    Args:
        figures: of each model by name, that of the full one first.

    Returns:
        A row each, JSON-ready: "model", "specialists", and out of fold and on the "validation" pool "errors",
        "multiplications" and "of_full"; "n" of both.
    """
    rows = []
    full = next(iter(figures.values()))["cost"]
    for name, found in figures.items():
        for both, when in ((False, "before"), (True, "after")):
            row: dict[str, Any] = {"model": name, "specialists": both}
            for key, pool in (("out_of_fold", "stage_one"), ("validation", "validation")):
                cost, seen = found["cost"], found[key]
                total = cost[pool] + both * cost["specialist"] * seen["routed"]["share"]
                row[key] = {
                    "n": seen["n"],
                    "errors": seen["overall"][when],
                    "multiplications": total,
                    "of_full": total / full[pool],
                }
            rows.append(row)
    return rows
