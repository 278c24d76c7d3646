"""What a batch of samples changes in a store: worked out in memory, whether it is then written or only rehearsed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from recognizer.feedback.cases import Answer, Part, Report, Sample, State, settled, state_of

Status = Literal["new", "further", "known", "refused"]


@dataclass
class Entry:
    """A case as a batch changes it.

    Attributes:
        answer: of the model that read it last.
        id: its number; 0 for a new one.
        reports: those that are stored, in order, and then the fresh ones.
        used_for: what it was used for.
        sample: the first sample of a new case; None for one that is stored.
        fresh: the reports to store.
    """

    answer: Answer
    id: int = 0
    reports: list[Report] = field(default_factory=list)
    used_for: frozenset[Part] = frozenset()
    sample: Sample | None = None
    fresh: list[Report] = field(default_factory=list)

    @property
    def label(self) -> int | None:
        """What the reports agree on."""
        return settled(self.reports)

    @property
    def state(self) -> State:
        """See `Case`."""
        return state_of(self.label, self.answer, self.used_for)

    @property
    def source(self) -> str:
        """See `Case`."""
        return min(report.source for report in self.reports)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one sample.

    Attributes:
        status: "new": a new case. "further": another report of a case. "known": a report that was there already.
            "refused": see ``problem``.
        case: the case's number; 0 where there is none yet.
        state: of the case, after the whole batch; None if refused.
        problem: why it was refused; otherwise "".
    """

    status: Status
    case: int = 0
    state: State | None = None
    problem: str = ""


class Ledger:
    """The cases that samples belong to, by the SHA-256 of their images, and the keys of reports in use.

    Args:
        entries: cases that are stored already.
        keys: keys that are in use, with the SHA-256 of the image that each belongs to.
    """

    def __init__(
        self, entries: Mapping[str, Entry] | None = None, keys: Mapping[str, str] | None = None
    ) -> None:
        self.entries = dict(entries or {})
        self.keys = dict(keys or {})

    def missing(self, samples: Iterable[Sample]) -> list[str]:
        """The images among samples that there is no entry for."""
        return list(dict.fromkeys(s.sha256 for s in samples if s.sha256 not in self.entries))

    def enter(self, samples: Sequence[Sample]) -> list[Status]:
        """Take samples in; returns what each of them is."""
        return [self._enter(sample) for sample in samples]

    def outcomes(self, samples: Sequence[Sample], statuses: Sequence[Status]) -> list[Outcome]:
        """What became of samples that were entered; cases have their numbers once they are stored."""
        return [self._outcome(sample, status) for sample, status in zip(samples, statuses, strict=True)]

    def _enter(self, sample: Sample) -> Status:
        report = sample.report.identified(sample.sha256)
        owner = self.keys.get(report.key)
        if owner is not None:
            return "known" if owner == sample.sha256 else "refused"
        self.keys[report.key] = sample.sha256
        entry = self.entries.get(sample.sha256)
        status: Status = "new" if entry is None else "further"
        if entry is None:
            entry = self.entries[sample.sha256] = Entry(sample.answer, sample=sample)
        entry.answer = sample.answer
        entry.reports.append(report)
        entry.fresh.append(report)
        return status

    def _outcome(self, sample: Sample, status: Status) -> Outcome:
        if status == "refused":
            return other_image(sample.report)
        entry = self.entries[sample.sha256]
        return Outcome(status, entry.id, entry.state)


def other_image(report: Report) -> Outcome:
    """The refusal of a report whose own key belongs to another image already."""
    return Outcome("refused", problem=f"the report {report.key!r} is of another image already")
