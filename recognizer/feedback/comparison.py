"""Whether a candidate may take the current model's place: what it mends and breaks, and the bounds it must keep."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.bundle import Bundle
from recognizer.measure.metrics import mcnemar, share_of
from recognizer.measure.stage_two import Stage
from recognizer.results import REJECT
from recognizer.stages.both_stages import Stages

Z_ONE_SIDED = 1.6448536269514722  # 95 % of a normal distribution lie below
FORGOTTEN = 0.0005  # share of written digits that all learning together may lose: 0.05 points
MORE_ACCEPTED = 0.1  # share by which all learning together may make non-digits taken for digits more
WRITTEN = "mnist"
NAMES = {WRITTEN: "written digits", "page": "photographed digits", "printed": "printed digits"}
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


def remembers(name: str, before: Mask, after: Mask, first: int | None = None) -> Check:
    """Of written digits, all learning together may lose a fixed share, or one.

    Args:
        name: of the set.
        before: whether the current model has each right, bool (N,).
        after: whether the candidate has.
        first: how many the ancestor had right; None where the current model is that.
    """
    rule = f"no loss of more than {100 * FORGOTTEN:g} points, or one image, since the first model"
    allowed = max(1.0, FORGOTTEN * len(before)) - _lost(before, first)
    return _check(name, before, after, allowed, rule)


def refuses(name: str, before: Mask, after: Mask, first: int | None = None, share: float = 1.0) -> Check:
    """Non-digits taken for digits may rise by a ``share`` of a fixed share of what they were at first, or by one."""
    taken = len(before) - (int(before.sum()) if first is None else first)
    rule = f"no more than {100 * MORE_ACCEPTED:g} % more false accepts, or one, since the first model"
    allowed = max(1.0, share * MORE_ACCEPTED * taken) - _lost(before, first)
    return _check(name, before, after, allowed, rule)


def _lost(before: Mask, first: int | None) -> int:
    """How many fewer the current model has right than its ancestor had."""
    return 0 if first is None else first - int(before.sum())


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

    def digits(self, source: str) -> Mask:
        """Which are digits of a source, bool (N,)."""
        found: Mask = (self.sources == source) & (self.labels < REJECT)
        return found

    @property
    def identity(self) -> str:
        """A name for these images and their labels."""
        found = hashlib.sha256(self.glyphs.tobytes() + self.labels.tobytes())
        found.update("\n".join(self.sources.tolist()).encode())
        return found.hexdigest()


@dataclass(frozen=True)
class Ancestor:
    """The model that all learning from cases started from, and what it had right.

    Attributes:
        model: its name.
        validation: what it was measured on, as `Known.identity` names it.
        written: written digits that it had right, by its best guess.
        refused: non-digits that it refused.
    """

    model: str
    validation: str
    written: int
    refused: int


def ancestor_of(bundle: Bundle, known: Known, answers: Answers) -> Ancestor:
    """The ancestor of a model: the one that its description names, or itself where that was measured on other images.

    Args:
        bundle: the model.
        known: the images.
        answers: what the model says of them.
    """
    identity = known.identity
    told = bundle.meta.get("learning", {}).get("ancestor")
    if told and told["validation"] == identity:
        return Ancestor(**told)
    written, rejects = known.digits(WRITTEN), known.labels == REJECT
    right = int((answers.best[written] == known.labels[written]).sum())
    return Ancestor(bundle.name, identity, right, int((~answers.accepted[rejects]).sum()))


def known_checks(
    known: Known, before: Answers, after: Answers, ancestor: Ancestor, share: float = 1.0
) -> list[Check]:
    """The checks on digits and non-digits that are no cases: best guesses of digits, refusals of non-digits.

    Args:
        known: the images.
        before: what the current model says of them.
        after: what the candidate says.
        ancestor: of the current model.
        share: of the false accepts that may be added to the ancestor's, 0–1.
    """
    checks = []
    for source, name in NAMES.items():
        of = known.digits(source)
        if not of.any():
            continue
        old, new = (answers.best[of] == known.labels[of] for answers in (before, after))
        told = f"{name}, best guess"
        written = source == WRITTEN
        checks.append(remembers(told, old, new, ancestor.written) if written else no_worse(told, old, new))
    of = known.labels == REJECT
    if of.any():
        old, new = (~answers.accepted[of] for answers in (before, after))
        checks.append(refuses("non-digits, refused", old, new, ancestor.refused, share))
    return checks


def accepted_share(known: Known, answers: Sequence[Answers]) -> list[dict[str, Any]]:
    """The share of written digits that are answered, by each: refusing everything mends nothing."""
    of = known.digits(WRITTEN)
    return [share_of(int(each.accepted[of].sum()), int(of.sum())) for each in answers]
