"""The candidate in the current model's place: only if it is better on judged cases, and no worse on anything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recognizer.bundle import META, Bundle, read_bundle
from recognizer.errors import ModelError, UsageError
from recognizer.feedback.cases import Case
from recognizer.feedback.comparison import (
    Answers,
    Check,
    Known,
    accepted_share,
    ancestor_of,
    answers_of,
    better,
    known_checks,
    no_worse,
)
from recognizer.feedback.ingest import recheck
from recognizer.feedback.learning import judged
from recognizer.galleries import galleries_folder
from recognizer.pipeline import Recognizer
from recognizer.registry.versions import Registry
from recognizer.results import REJECT

if TYPE_CHECKING:
    from recognizer.feedback.store import Store

_PROPOSAL = {"group": str, "cases": int, "proposal": str}
GALLERY = "cases"  # the gallery that what was learnt is added to, below RECOGNIZER_HOME


@dataclass(frozen=True)
class Change:
    """A judged case that the candidate answers otherwise than the current model: rightly or wrongly."""

    case: int
    label: int
    before: int
    after: int
    source: str
    mended: bool


@dataclass(frozen=True)
class Verdict:
    """What a candidate was found to be.

    Attributes:
        current: the name of the current model.
        candidate: where the candidate is.
        checks: what must hold.
        changes: judged cases that it mends or breaks.
        coverage: the share of written digits answered, before and after.
        learning: how it was made, from its description.
    """

    current: str
    candidate: Path
    checks: tuple[Check, ...]
    changes: tuple[Change, ...]
    coverage: list[dict[str, Any]]
    learning: dict[str, Any]

    @property
    def passed(self) -> bool:
        """Whether it may take the current model's place."""
        return all(check.passed for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "current": self.current,
            "passed": self.passed,
            "checks": [check.to_dict() for check in self.checks],
            "changes": [asdict(each) for each in self.changes],
            "coverage": self.coverage,
            "learning": {
                name: self.learning[name] for name in ("from", "at", "proposals", "replayed", "seconds")
            },
        }


def read_candidate(folder: Path, current: Bundle) -> Bundle:
    """The candidate, which must have been made from the current model.

    Raises:
        UsageError: there is none, or it was made from another model.
        ModelError: it is damaged.
    """
    if not folder.is_dir():
        raise UsageError("there is no candidate: make one with `badcase learn`")
    candidate = read_bundle(folder)
    if not _tells_how_it_learnt(candidate.meta.get("learning")):
        raise ModelError(
            f"{folder / META}: damaged, its record of what it learnt is not valid: run `badcase learn` again"
        )
    made_from = candidate.meta["learning"]["from"]
    if made_from != current.name:
        raise UsageError(
            f"the candidate was made from {made_from}, but the current model is {current.name}: "
            "run `badcase learn` again"
        )
    return candidate


def _tells_how_it_learnt(said: object) -> bool:
    """Whether all is there that a verdict takes from a candidate's description."""

    def is_cases(value: object) -> bool:
        return isinstance(value, list) and all(type(each) is int for each in value)

    def is_proposal(value: object) -> bool:
        return isinstance(value, dict) and {name: type(value.get(name)) for name in _PROPOSAL} == _PROPOSAL

    return (
        isinstance(said, dict)
        and all(isinstance(said.get(name), str) for name in ("from", "at", "validation_sha256"))
        and all(is_cases(said.get(name)) for name in ("learn", "look"))
        and isinstance(said.get("proposals"), list)
        and all(map(is_proposal, said["proposals"]))
        and {"replayed", "seconds"} <= said.keys()
    )


def judge(store: Store, current: Bundle, candidate: Bundle, known: Known) -> Verdict:
    """Compare a candidate with the current model on all that must not get worse, and on what must get better.

    Args:
        store: the cases.
        current: the model that is used now.
        candidate: the one that learnt.
        known: validation digits and non-digits.
    """
    learning = candidate.meta["learning"]
    fresh, earlier = judged(store, tuple(learning["look"]))
    cases = [*fresh, *earlier]
    glyphs = store.glyphs([case.id for case in cases])
    labels = np.array([case.label for case in cases], np.uint8)
    answers = [answers_of(bundle, glyphs) for bundle in (current, candidate)]
    right = [each.right(labels) for each in answers]
    checks = [better("judged cases, answer", *right)]
    if earlier:
        checks.append(no_worse("earlier judged cases, answer", *(each[len(fresh) :] for each in right)))
    on_known = [answers_of(bundle, known.glyphs) for bundle in (current, candidate)]
    before, after = on_known
    checks += known_checks(known, before, after, ancestor_of(current, known, before))
    return Verdict(
        current.name,
        candidate.folder,
        tuple(checks),
        tuple(_changes(cases, *answers)),
        accepted_share(known, on_known),
        learning,
    )


def _changes(cases: Sequence[Case], before: Answers, after: Answers) -> list[Change]:
    found = []
    for case, old, new in zip(cases, before.digit.tolist(), after.digit.tolist(), strict=True):
        label = int(case.label or 0)
        if (old == label) != (new == label):
            found.append(Change(case.id, label, old, new, case.source, new == label))
    return found


def promote(store: Store, verdict: Verdict, why: str, who: str | None = None) -> str:
    """Make a candidate that passed the current model; returns its version.

    A process that is killed on the way leaves one of the two models current. If that was before the switch, the same
    call again does the rest; if it was after, `refresh` does.

    Raises:
        UsageError: it did not pass.
        ModelError: it is damaged.
    """
    if not verdict.passed:
        raise UsageError("the candidate did not pass, and the current model stays")
    registry = Registry()
    metrics = verdict.to_dict()
    version = registry.register(verdict.candidate, why, who, metrics).version
    store.record_use(verdict.learning["learn"], "learn", version)
    fresh, earlier = judged(store, tuple(verdict.learning["look"]))
    store.record_use([case.id for case in (*fresh, *earlier)], "judge", version)
    _enlarge_gallery(store, verdict.learning["learn"])
    registry.use(version, why, who)
    refresh(store)
    return version


def refresh(store: Store) -> None:
    """Read all cases again with the current model."""
    recheck(store, Recognizer.load(), [case.id for case in store.cases()])


def _enlarge_gallery(store: Store, learnt: Sequence[int]) -> None:
    """Add what was learnt to a gallery of one's own; one that another encoder made is brought to this one first."""
    from retrieval import Gallery
    from retrieval.errors import GalleryError, RetrievalError

    path = galleries_folder() / GALLERY
    try:
        try:
            gallery = Gallery.create(path)
        except GalleryError:
            gallery = Gallery.reencode(path)
        cases = [store.get(case) for case in learnt]
        kept = [case for case in cases if case.label is not None and case.label < REJECT]
        ids = [case.id for case in kept]
        gallery.append(
            store.glyphs(ids), [f"case {each}" for each in ids], [case.label for case in kept],
            [case.source for case in kept],
        )  # fmt: skip
    except RetrievalError as error:
        raise ModelError(str(error)) from None
