"""Which specialists pay, of what kind, and how near a decision must be to be asked: chosen on out-of-fold answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.measure.stage_two import changes
from recognizer.results import REJECT
from recognizer.stages.decide import Pair
from recognizer.stages.specialists import LIMIT, Blend
from recognizer.training.specialists.fit import KINDS

WIDEST = 4.0  # a greater lead, in calibrated log-odds, is seldom mistaken
MARGINS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, WIDEST)
KEPT = 0.98  # share of the errors saved that a smaller margin must still save
SIGNIFICANCE = 0.05
ALONE = Blend(1.0, 0.0)
Values = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Asked:
    """Glyphs whose two best classes are one pair, and what each kind of specialist says of them.

    Attributes:
        pair: ascending.
        rows: int (R,), their places in the pool.
        folds: int8 (R,).
        labels: uint8 (R,), 0–10.
        own: float (R,), stage one's calibrated log-odds of the first class against the second.
        verdicts: by kind, float (R,), a specialist's log-odds; none of them learnt from these glyphs.
    """

    pair: Pair
    rows: NDArray[np.intp]
    folds: NDArray[np.int8]
    labels: NDArray[np.uint8]
    own: Values
    verdicts: Mapping[str, Values]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, chosen: Mask) -> Asked:
        """Those of a mask, bool (R,)."""
        return Asked(
            self.pair,
            self.rows[chosen],
            self.folds[chosen],
            self.labels[chosen],
            self.own[chosen],
            {kind: verdict[chosen] for kind, verdict in self.verdicts.items()},
        )

    def without(self, kinds: Collection[str]) -> Asked:
        """The same, without the verdicts of some kinds."""
        return replace(
            self, verdicts={kind: each for kind, each in self.verdicts.items() if kind not in kinds}
        )

    def wrong(self, log_odds: Values) -> Mask:
        """Whether the class that log-odds float (R,) speak for is not the label, bool (R,)."""
        answers = np.where(log_odds >= 0, *self.pair)
        different: Mask = answers != self.labels
        return different

    def settled(self, choice: Choice) -> Values:
        """Final log-odds float (R,)."""
        return choice.blend.mix(self.own, self.verdicts[choice.kind])


@dataclass(frozen=True)
class Choice:
    """A specialist for a pair.

    Attributes:
        kind: one of ``KINDS``.
        blend: weighs its verdict against stage one's.
        errors: the errors with each kind, and with stage one alone as "none".
        gain: `stages.changes` with the chosen kind.
    """

    kind: str
    blend: Blend
    errors: Mapping[str, int]
    gain: Mapping[str, Any]

    @property
    def pays(self) -> bool:
        """Whether it mends more than it breaks, by more than chance."""
        return bool(self.gain["mended"] > self.gain["broken"] and self.gain["p_value"] < SIGNIFICANCE)


@dataclass(frozen=True)
class Budget:
    """What specialists may cost.

    Attributes:
        most: multiplications a glyph, on average over all glyphs, asked about or not.
        looks: multiplications of each kind of specialist that is not much cheaper than stage one.
        n: all glyphs.
    """

    most: float
    looks: Mapping[str, float]
    n: int

    def total(self, asked: Mapping[Pair, Asked], plan: Plan) -> float:
        """Multiplications of a plan's specialists for all glyphs together."""
        return sum(
            self.looks.get(plan.choices[pair].kind, 0.0) * count for pair, count in plan.asked(asked).items()
        )

    def allows(self, asked: Mapping[Pair, Asked], plan: Plan) -> bool:
        """Whether a plan costs no more."""
        return self.total(asked, plan) <= self.most * self.n

    def each(self, asked: Mapping[Pair, Asked], plan: Plan) -> float:
        """Multiplications of a specialist, on average over the glyphs that one is asked about."""
        return self.total(asked, plan) / max(1, sum(plan.asked(asked).values()))


NO_LIMIT = Budget(np.inf, {}, 1)


@dataclass(frozen=True)
class Plan:
    """Stage two, as chosen.

    Attributes:
        choices: by pair, also of those that don't pay.
        margin: the greatest lead, in calibrated log-odds, with which a specialist is asked.
        curve: for each margin, "margin", "asked" and "errors" among all glyphs whose two best classes are a pair.
    """

    choices: Mapping[Pair, Choice]
    margin: float
    curve: list[dict[str, float]]

    @property
    def errors(self) -> float:
        """Errors at the margin, and of pairs whose specialists don't pay."""
        here = next(point["errors"] for point in self.curve if point["margin"] == self.margin)
        return here + sum(
            each.errors["none"] for pair, each in self.choices.items() if pair not in self.enabled
        )

    @property
    def enabled(self) -> dict[Pair, Choice]:
        """The specialists that pay."""
        return {pair: choice for pair, choice in self.choices.items() if choice.pays}

    def asked(self, asked: Mapping[Pair, Asked]) -> dict[Pair, int]:
        """How many glyphs each specialist that pays is asked about, from what it is asked at the widest margin."""
        return {pair: int((np.abs(asked[pair].own) <= self.margin).sum()) for pair in self.enabled}


def fit_blend(  # noqa: PLR0917 - the samples, and what is known beforehand
    own: Values, verdict: Values, first: Mask, biased: bool, prior: Blend = ALONE, strength: float = 1.0
) -> Blend:
    """The blend with the least log-loss (Newton's method).

    Args:
        own: float (N,), stage one's log-odds.
        verdict: float (N,), a specialist's.
        first: bool (N,), whether the first class is right.
        biased: whether to fit a bias: between two digits there is no reason for one.
        prior: what few samples leave it at.
        strength: of the prior, as a weight of its squared distance.
    """
    seen = np.column_stack([own, np.clip(verdict, -LIMIT, LIMIT), np.full(len(own), float(biased))])
    centre = np.array([prior.first, prior.second, prior.bias])
    weights = centre.copy()
    for _ in range(30):
        right = 0.5 * (1 + np.tanh(0.5 * seen @ weights))
        slope = seen.T @ (right - first) + strength * (weights - centre)
        curvature = (seen * (right * (1 - right))[:, None]).T @ seen + strength * np.eye(3)
        step = np.linalg.solve(curvature, slope)
        weights = weights - step * min(1.0, 2.0 / max(1e-9, float(np.abs(step).max())))
        if np.abs(step).max() < 1e-6:
            break
    return Blend(float(weights[0]), float(weights[1]), float(weights[2]))


def fit_choice(asked: Asked, kind: str, prior: Blend = ALONE, strength: float = 1.0) -> Blend:
    """The blend of one kind for a pair, from the glyphs that show one of its classes."""
    member = asked.take(np.isin(asked.labels, asked.pair))
    biased = asked.pair[1] == REJECT
    return fit_blend(
        member.own, member.verdicts[kind], member.labels == asked.pair[0], biased, prior, strength
    )


def choose_kind(asked: Asked) -> Choice:
    """The simplest kind whose errors are within one standard error of the best one's."""
    before = asked.wrong(asked.own)
    errors, wrong, blends = {"none": int(before.sum())}, {}, {}
    for kind in (kind for kind in KINDS if kind in asked.verdicts):
        blends[kind] = fit_choice(asked, kind)
        wrong[kind] = asked.wrong(asked.settled(Choice(kind, blends[kind], {}, {})))
        errors[kind] = int(wrong[kind].sum())
    best = min(wrong, key=lambda kind: errors[kind])
    near = (
        kind for kind in wrong if errors[kind] - errors[best] <= np.sqrt((wrong[kind] != wrong[best]).sum())
    )
    chosen = next(near)
    return Choice(chosen, blends[chosen], errors, changes(before, wrong[chosen]))


def choose(asked: Mapping[Pair, Asked], budget: Budget = NO_LIMIT) -> Plan:
    """Kinds, blends and margin for all pairs, from glyphs that neither stage learnt from.

    A cheap kind with a wide margin may do more within the budget than a dear one with a narrow margin: each kind that
    costs something is tried as the dearest, and the plan with the fewest errors is taken, the cheapest of equals.
    """
    kinds = {kind for each in asked.values() for kind in each.verdicts}
    dear = sorted(kinds & budget.looks.keys(), key=lambda kind: budget.looks[kind])
    plans = []
    for kept in range(len(dear), 0, -1) if dear else (0,):
        dropped = set(dear[kept:])
        cheaper = {pair: each.without(dropped) for pair, each in asked.items()}
        plans.append(_plan(cheaper, budget))
    best = min(reversed(plans), key=lambda plan: plan.errors)
    told = {
        pair: replace(choice, errors=plans[0].choices[pair].errors) for pair, choice in best.choices.items()
    }
    return replace(best, choices=told)


def _plan(asked: Mapping[Pair, Asked], budget: Budget) -> Plan:
    choices = {pair: choose_kind(each) for pair, each in asked.items() if len(each)}
    plan = Plan(choices, WIDEST, [])
    curve = margin_curve(asked, plan)
    if not plan.enabled:
        return replace(plan, curve=curve)
    paid = [
        point
        for point in curve
        if not point["margin"] or budget.allows(asked, replace(plan, margin=point["margin"]))
    ]
    none, least = curve[0]["errors"], min(point["errors"] for point in paid)
    enough = none - KEPT * (none - least)
    margin = next(point["margin"] for point in paid if point["errors"] <= enough)
    return replace(plan, margin=margin, curve=curve)


def margin_curve(asked: Mapping[Pair, Asked], plan: Plan) -> list[dict[str, float]]:
    """Errors, and how many glyphs are asked about, for each margin from 0 on."""
    leads, before, after = [np.zeros(0)], [np.zeros(0, bool)], [np.zeros(0, bool)]
    for pair, choice in plan.enabled.items():
        leads.append(np.abs(asked[pair].own))
        before.append(asked[pair].wrong(asked[pair].own))
        after.append(asked[pair].wrong(asked[pair].settled(choice)))
    lead, first, second = (np.concatenate(parts) for parts in (leads, before, after))
    return [
        {
            "margin": margin,
            "asked": int((lead <= margin).sum()) if margin else 0,
            "errors": int(np.where((lead <= margin) & (margin > 0), second, first).sum()),
        }
        for margin in (0.0, *MARGINS)
    ]
