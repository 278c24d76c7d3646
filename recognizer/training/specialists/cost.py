"""What both stages cost, in multiplications a glyph, on average."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recognizer.training.model import multiplications
from recognizer.training.specialists.choice import Plan
from recognizer.training.specialists.config import SpecialistConfig
from recognizer.training.specialists.fit import NETWORK, NETWORK_VIEWS

MOST_EXTRA = 0.1  # multiplications of specialists for one of stage one


def specialist_cost(config: SpecialistConfig, plan: Plan) -> float:
    """Multiplications of a specialist, on average over those that pay; 0 where none does.

    Models of arrays need a few hundred, or some ten thousand: nothing beside a network.
    """
    views = {NETWORK: 1, NETWORK_VIEWS: config.fit.views}
    counts = [views.get(choice.kind, 0) for choice in plan.enabled.values()]
    return multiplications(config.network, 2) * float(np.mean(counts)) if counts else 0.0


def affordable(rules: Mapping[str, Any], cost: Mapping[str, Any]) -> bool:
    """Whether asking about every answer of a pair leaves the mean cost of an input near that of stage one."""
    return bool(rules["by_answer"]["asked"] * cost["specialist"] <= MOST_EXTRA * cost["stage_one"])


def mean_cost(
    stage_one: float, specialist: float, evidence: Mapping[str, Any], curve: Sequence[Mapping[str, float]]
) -> dict[str, Any]:
    """Multiplications a glyph, as chosen and by margin, JSON-ready.

    Args:
        stage_one: multiplications of stage one.
        specialist: those of a specialist.
        evidence: `stages.compare`, out of fold.
        curve: `choice.margin_curve`.

    Returns:
        "stage_one", "specialist", "mean"; and "curve", with "margin", "mean" and the share "error" of wrong answers.
    """
    n = evidence["n"]
    elsewhere = evidence["overall"]["before"] - curve[0]["errors"]
    return {
        "stage_one": stage_one,
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
