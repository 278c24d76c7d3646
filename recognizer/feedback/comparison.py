"""Whether a candidate may take the current model's place: what it mends and breaks, and the bounds it must keep."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.bundle import Bundle
from recognizer.metrics import mcnemar, share_of
from recognizer.results import REJECT
from recognizer.specialists import Stages
from recognizer.stages import Stage

Z_ONE_SIDED = 1.6448536269514722  # 95 % of a normal distribution lie below
FORGOTTEN = 0.0005  # share of written digits that may be lost: 0.05 points
MORE_ACCEPTED = 0.1  # share by which non-digits taken for digits may rise
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Answers:
    """What a model says of N glyphs.

    Attributes:
        best: int (N,), the likeliest digit.
        accepted: bool (N,), whether it is given as the answer.
    """

    best: NDArray[np.intp]
    accepted: Mask

    @property
    def digit(self) -> NDArray[np.intp]:
        """The answer, int (N,): 0–9, or 10 for a refusal."""
        return np.where(self.accepted, self.best, REJECT)

    def right(self, labels: NDArray[np.uint8]) -> Mask:
        """Whether the answer is the label, bool (N,)."""
        same: Mask = self.digit == labels
        return same


def answers_of(bundle: Bundle, glyphs: NDArray[np.uint8]) -> Answers:
    """Read glyphs uint8 (N, 28, 28); blank ones are refused."""
    stages, logits = Stages(bundle), [np.zeros((0, REJECT + 1), np.float32)]
    for low in range(0, len(glyphs), 512):
        logits.append(stages.read(glyphs[low : low + 512]).logits)
    whole = np.concatenate(logits)
    whole[~glyphs.any(axis=(1, 2))] = np.nan
    stage = Stage.of(whole, bundle.temperature, bundle.operating_point().threshold)
    return Answers(stage.best, stage.accepted)


@dataclass(frozen=True)
class Check:
    """What must hold of the candidate on one set of images.

    Attributes:
        name: of the set, and what is counted.
        n: images.
        before: how many of them the current model has right.
        after: how many the candidate has.
        mended: how many only the candidate has.
        broken: how many only the current model has.
        allowed: the most that may be lost, broken ones less mended ones; negative where it must gain.
        rule: how that was chosen, in words.
    """

    name: str
    n: int
    before: int
    after: int
    mended: int
    broken: int
    allowed: float
    rule: str

    @property
    def passed(self) -> bool:
        """Whether it holds."""
        return self.broken - self.mended <= self.allowed

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with intervals and the exact test."""
        return {
            **asdict(self),
            "passed": self.passed,
            "right_before": share_of(self.before, self.n),
            "right_after": share_of(self.after, self.n),
            "p_value": mcnemar(self.mended, self.broken),
        }


def better(name: str, before: Mask, after: Mask) -> Check:
    """The candidate must mend more than it breaks."""
    return _check(name, before, after, -1, "must mend more than it breaks")


def no_worse(name: str, before: Mask, after: Mask) -> Check:
    """It may lose no more than chance does: the error bar of the difference, 1.64 standard errors, one-sided."""
    changed = int((before != after).sum())
    return _check(
        name,
        before,
        after,
        Z_ONE_SIDED * math.sqrt(changed),
        "no loss beyond 1.64 standard errors of the difference",
    )


def remembers(name: str, before: Mask, after: Mask) -> Check:
    """Of written digits, it may lose a fixed share, or one."""
    rule = f"no loss of more than {100 * FORGOTTEN:g} points, or one image"
    return _check(name, before, after, max(1.0, FORGOTTEN * len(before)), rule)


def refuses(name: str, before: Mask, after: Mask) -> Check:
    """Non-digits taken for digits may rise by a fixed share of what they were, or by one."""
    rule = f"no more than {100 * MORE_ACCEPTED:g} % more false accepts, or one"
    return _check(name, before, after, max(1.0, MORE_ACCEPTED * int((~before).sum())), rule)


def _check(name: str, before: Mask, after: Mask, allowed: float, rule: str) -> Check:
    mended, broken = int((after & ~before).sum()), int((before & ~after).sum())
    return Check(
        name, len(before), int(before.sum()), int(after.sum()), mended, broken, round(allowed, 3), rule
    )


@dataclass(frozen=True)
class Known:
    """Labelled glyphs besides the cases: validation digits by source, and non-digits.

    Attributes:
        glyphs: uint8 (N, 28, 28).
        labels: uint8 (N,), 0–10.
        sources: text (N,), as a pool has them.
    """

    glyphs: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    sources: NDArray[np.str_]


NAMES = {"mnist": "written digits", "page": "photographed digits", "printed": "printed digits"}


def known_checks(known: Known, before: Answers, after: Answers) -> list[Check]:
    """The checks on digits and non-digits that are no cases: best guesses of digits, refusals of non-digits."""
    checks = []
    for source in ("mnist", "page", "printed"):
        of = (known.sources == source) & (known.labels < REJECT)
        if not of.any():
            continue
        right = [answers.best[of] == known.labels[of] for answers in (before, after)]
        rule = remembers if source == "mnist" else no_worse
        checks.append(rule(f"{NAMES[source]}, best guess", *right))
    of = known.labels == REJECT
    if of.any():
        checks.append(refuses("non-digits, refused", ~before.accepted[of], ~after.accepted[of]))
    return checks


def accepted_share(known: Known, answers: Sequence[Answers]) -> list[dict[str, Any]]:
    """The share of written digits that are answered, by each: refusing everything mends nothing."""
    of = known.sources == "mnist"
    return [share_of(int(each.accepted[of].sum()), int(of.sum())) for each in answers]
