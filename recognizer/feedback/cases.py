"""A case, its reports, and the rules by which reports make its label and state: pure, and the same in any order."""

from __future__ import annotations

import fnmatch
import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from recognizer.results import REJECT, Recognition

State = Literal["bad", "confirmed", "disputed", "learnt", "judged"]
Part = Literal["learn", "judge"]
STATES: tuple[State, ...] = get_args(State)
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said of an image.

    Attributes:
        digit: 0–9, or 10 where it refused.
        best: its best guess 0–9, refused or not; None if it had none, or that is not known.
        reason: why it refused, or None.
        confidence: 0–1, or None where that is not known.
        scores: 11 floats, the ten digits and then reject; () where they are not known.
        model: as answers name it; "" where that is not known.
    """

    digit: int
    best: int | None = None
    reason: str | None = None
    confidence: float | None = None
    scores: tuple[float, ...] = ()
    model: str = ""

    @classmethod
    def of(cls, found: Recognition) -> Answer:
        """The answer of a `Recognizer` to an image that it could read."""
        digit = REJECT if found.digit is None else found.digit
        scores = tuple(round(score, 6) for score in found.scores)
        return cls(digit, found.best, found.reason, round(found.confidence, 6), scores, found.model)


@dataclass(frozen=True, slots=True)
class Report:
    """What someone said of an image.

    Attributes:
        label: what it shows: 0–9, or 10 for no digit.
        source: where the image comes from, such as a meter, a batch of forms, a writer.
        reporter: who or what said so.
        name: what the reporter calls the image, such as its file.
        time: when, as `audit.now` writes it; "" for when it is stored.
        answer: what a model had said; None where that is not known.
        note: anything else worth knowing.
        decision: whether it settles all reports before it, and isn't one more of them.
        key: what tells it from other reports; "" to take it from everything else that is said here.
    """

    label: int
    source: str
    reporter: str
    name: str = ""
    time: str = ""
    answer: Answer | None = None
    note: str = ""
    decision: bool = False
    key: str = ""

    def identified(self, sha256: str) -> Report:
        """The report with its key: two that say the same of the same image are one."""
        if self.key:
            return self
        answer = self.answer
        said = (self.label, self.source, self.reporter, self.name, self.time, self.note, self.decision)
        given = answer and (
            answer.digit,
            answer.best,
            answer.reason,
            answer.confidence,
            answer.scores,
            answer.model,
        )
        text = json.dumps([sha256, said, given], ensure_ascii=True)
        return replace(self, key=hashlib.sha256(text.encode()).hexdigest())


@dataclass(frozen=True)
class Sample:
    """An image with a report, ready to be stored.

    Attributes:
        image: the bytes of its file, as they came.
        glyph: uint8 (28, 28).
        answer: what the model that is used now says.
        report: what was said of it.
    """

    image: bytes
    glyph: NDArray[np.uint8]
    answer: Answer
    report: Report

    @cached_property
    def sha256(self) -> str:
        """Of the image's bytes: images with the same are one case."""
        return hashlib.sha256(self.image).hexdigest()


@dataclass(frozen=True, slots=True)
class Case:
    """An image and all that follows from its reports.

    Attributes:
        id: a number that is never given to another case.
        sha256: of the image's bytes.
        label: what it shows, 0–9 or 10 for no digit; None while reports contradict each other.
        state: "disputed": they do. "bad": the model that read it last got it wrong. Otherwise that model is right, and
            the case is "learnt" if a model learnt from it, "judged" if models were judged by it, else "confirmed".
        source: the first by name of its reports' sources.
        part: what it is set aside for, for good; None for nothing yet.
        answer: of the model that read it last.
        reports: how many there are, decisions included.
        added: when it was stored.
    """

    id: int
    sha256: str
    label: int | None
    state: State
    source: str
    part: Part | None
    answer: Answer
    reports: int
    added: str


@dataclass(frozen=True, slots=True)
class Use:
    """That a model learnt from a case, or was judged by it; and when that was remembered."""

    purpose: Part
    model: str
    at: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which cases are meant: those that fit all that is given.

    Attributes:
        states: any of these states; () for all.
        pair: labels a and b where one was reported as read for the other, or guessed first.
        label: what they show.
        part: what they are set aside for.
        used_for: what they were used for, whatever their state.
        mistaken: whether a model's answer is wrong: of the model that read them last, or one that a report tells.
    """

    states: tuple[State, ...] = ()
    pair: tuple[int, int] | None = None
    label: int | None = None
    part: Part | None = None
    used_for: Part | None = None
    mistaken: bool = False


def from_source(source: str, pattern: str | None) -> bool:
    """Whether a source fits a pattern with ``*``, ``?`` and ``[…]``; None is for all."""
    return pattern is None or fnmatch.fnmatchcase(source, pattern)


def settled(reports: Iterable[Report]) -> int | None:
    """The label that reports agree on, in the order of their storage; None where they contradict each other.

    A decision settles what was said before it. What is said afterwards is held against the decision.
    """
    labels: set[int] = set()
    for report in reports:
        labels = {report.label} if report.decision else labels | {report.label}
    return labels.pop() if len(labels) == 1 else None


def state_of(label: int | None, answer: Answer, used_for: Collection[Part]) -> State:
    """A case's state; see `Case`."""
    if label is None:
        return "disputed"
    if answer.digit != label:
        return "bad"
    if "learn" in used_for:
        return "learnt"
    return "judged" if used_for else "confirmed"
