"""What is wrong with a model, by its bad cases: labels to look at, regular mistakes, irregular ones, and what to do."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from recognizer.feedback.cases import Chosen
from recognizer.feedback.clusters import SIGNIFICANCE, Known, common_source, find_clusters
from recognizer.feedback.evidence import Evidence, Rows, gather
from recognizer.feedback.fields import label_text
from recognizer.feedback.suspects import Suspect, contradictions, find_suspects
from recognizer.needs import need
from recognizer.results import REJECT
from recognizer.stages.decide import Pair, pair_name

if TYPE_CHECKING:
    from recognizer.bundle import Bundle
    from recognizer.feedback.store import Store
    from retrieval import Gallery

Action = Literal["look", "new specialist", "retrain specialist", "fine-tune", "add to the reject class"]
Kind = Literal["labels", "pair", "cluster", "irregular"]
MOSTLY = 0.8  # share of a cluster that makes it one of something
FEWEST_OF_PAIR = 3


@dataclass(frozen=True)
class Group:
    """Cases that belong together.

    Attributes:
        kind: "labels" contradict others; "pair": two classes are confused; "cluster": they look alike; "irregular".
        name: in a few words.
        cases: their numbers.
        why: the test, in words.
        p_value: corrected for all that were tested; None where nothing is tested.
        action: what to do.
        pair: the classes of a specialist, ascending; None without one.
    """

    kind: Kind
    name: str
    cases: tuple[int, ...]
    why: str
    p_value: float | None
    action: Action
    pair: Pair | None = None

    @property
    def regular(self) -> bool:
        """Whether its cases share a pattern."""
        return self.kind in ("pair", "cluster")

    @property
    def proposal(self) -> str:
        """Such as "new specialist 3-8"."""
        return f"{self.action} {pair_name(self.pair)}" if self.pair else self.action

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**asdict(self), "regular": self.regular, "proposal": self.proposal}


@dataclass(frozen=True)
class Diagnosis:
    """What bad cases say of a model.

    Attributes:
        cases: how many with a label were looked at.
        bad: how many of these the model that read them last got wrong.
        suspects: likely label errors, the likeliest first; they are in no other group.
        groups: labels to look at first, then pairs, clusters, and what is irregular.
    """

    cases: int
    bad: int
    suspects: tuple[Suspect, ...]
    groups: tuple[Group, ...]

    @property
    def specialists(self) -> tuple[Pair, ...]:
        """The pairs for which a specialist is proposed, each once."""
        found = (each.pair for each in self.groups if each.pair)
        return tuple(dict.fromkeys(found))


def need_packages() -> None:
    """Make sure that a diagnosis can be made; to be asked before anybody waits for what it is made from.

    Raises:
        UsageError: a package that it needs is not installed.
    """
    need("a diagnosis needs", "scipy", "sklearn")


def diagnose(store: Store, bundle: Bundle, gallery: Gallery) -> Diagnosis:
    """Look through all cases of a store.

    Args:
        store: the cases; what the current model says of them should be up to date, see `ingest.recheck`.
        bundle: the current model, for the specialists that it has.
        gallery: known digits, with the encoder that all are compared by.

    Raises:
        UsageError: a package that it needs is not installed.
    """
    need_packages()
    cases = gather(store, store.cases(), gallery.encoder)
    disputed = tuple(case.id for case in store.cases(Chosen(states=("disputed",))))
    return examine(cases, gallery, specialists_of(bundle), disputed)


def specialists_of(bundle: Bundle) -> frozenset[Pair]:
    """The pairs that a model has specialists for."""
    described = (bundle.stage_two or {}).get("specialists", ())
    return frozenset((each["pair"][0], each["pair"][1]) for each in described)


def examine(
    cases: Evidence, gallery: Gallery, specialists: frozenset[Pair], disputed: tuple[int, ...] = ()
) -> Diagnosis:
    """The same, of cases at hand; ``disputed`` are others, without a label.

    Raises:
        UsageError: a package that it needs is not installed.
    """
    need_packages()
    suspects = tuple(find_suspects(cases, gallery))
    groups = list(_labels(suspects, disputed, contradictions(cases, gallery.encoder.duplicate_distance)))
    trusted = cases.take(~np.isin(cases.ids, [each.case for each in suspects]))
    regular = [*_pairs(trusted, specialists), *_clusters(trusted, known_digits(gallery), specialists)]
    told = {case for group in regular for case in group.cases}
    rest = tuple(int(case) for case in trusted.ids[~trusted.right] if int(case) not in told)
    groups += regular
    if rest:
        groups.append(Group("irregular", "no pattern", rest, "in no group above", None, "fine-tune"))
    return Diagnosis(len(cases), int((~cases.right).sum()), suspects, tuple(groups))


def known_digits(gallery: Gallery) -> Known:
    """All digits of a gallery, with their codes."""
    found = gallery.labelled()
    return Known(found.codes, found.labels)


def _labels(
    suspects: tuple[Suspect, ...], disputed: tuple[int, ...], contradicting: list[int]
) -> list[Group]:
    groups = []
    if suspects:
        why = "similar images and the model speak for another label"
        cases = tuple(each.case for each in suspects)
        groups.append(Group("labels", "likely label errors", cases, why, None, "look"))
    if contradicting:
        why = "images that are as good as the same have another label"
        groups.append(Group("labels", "same image, other label", tuple(contradicting), why, None, "look"))
    if disputed:
        groups.append(
            Group("labels", "disputed", disputed, "their reports contradict each other", None, "look")
        )
    return groups


def _pairs(cases: Evidence, specialists: frozenset[Pair]) -> list[Group]:
    """Pairs of classes that are confused more often than others."""
    from recognizer.training.specialists.pairs import mine

    groups = []
    for each in mine(cases.labels, cases.read.astype(np.intp), cases.sources):
        if each.p_value > SIGNIFICANCE or each.confused < FEWEST_OF_PAIR:
            continue
        rows = np.flatnonzero(
            ~cases.right & np.isin(cases.labels, each.pair) & np.isin(cases.read, each.pair)
        )
        why = f"{each.confused} of {each.of} confused, {100 * each.base:.2g} % expected (binomial test, Holm)"
        action, pair = _remedy(cases, rows, each.pair, specialists)
        cases_of = tuple(cases.ids[rows].tolist())
        groups.append(
            Group(
                "pair", f"{each.name}: {composition(cases, rows)}", cases_of, why, each.p_value, action, pair
            )
        )
    return groups


def _clusters(cases: Evidence, known: Known, specialists: frozenset[Pair]) -> list[Group]:
    """Bad cases that look alike."""
    bad = np.flatnonzero(~cases.right)
    groups = []
    found = find_clusters(cases.codes[bad], cases.labels[bad], known)
    for cluster in found:
        rows = bad[cluster.rows]
        source, chance = common_source(cases.sources, rows)
        share = float((cases.sources[rows] == source).mean())
        together = share >= MOSTLY and chance * len(found) <= SIGNIFICANCE
        origin = f"all from {source}" if share == 1 else f"most from {source}"
        name = f"{origin if together else 'look alike'}: {composition(cases, rows)}"
        why = f"{len(rows)} cases nearer than as many known digits ever lie"
        (one, other), count = _commonest(cases, rows)
        pair = (min(one, other), max(one, other))
        whole = count >= MOSTLY * len(rows)
        action, pair_of = _remedy(cases, rows, pair if whole else None, specialists)
        groups.append(
            Group("cluster", name, tuple(cases.ids[rows].tolist()), why, cluster.p_value, action, pair_of)
        )
    return groups


def _remedy(
    cases: Evidence, rows: Rows, pair: Pair | None, specialists: frozenset[Pair]
) -> tuple[Action, Pair | None]:
    """What to do about cases; ``pair`` is what they are confused within, if it is one."""
    if (cases.labels[rows] == REJECT).mean() >= MOSTLY:
        return "add to the reject class", None
    if pair is None or pair[1] == REJECT:
        return "fine-tune", None
    return ("retrain specialist" if pair in specialists else "new specialist"), pair


def _commonest(cases: Evidence, rows: Rows) -> tuple[Pair, int]:
    """The commonest label and answer, and how many cases have them or the reverse."""
    counts = _mistakes(cases, rows)
    (label, read), _ = counts.most_common(1)[0]
    return (label, read), counts[label, read] + counts[read, label]


def _mistakes(cases: Evidence, rows: Rows) -> Counter[Pair]:
    """How many cases have each label and answer."""
    return Counter(zip(cases.labels[rows].tolist(), cases.read[rows].tolist(), strict=True))


def composition(cases: Evidence, rows: Rows) -> str:
    """The commonest mistakes among cases, such as "12 times 8 read as 3, 2 times 3 read as 8"."""
    counts = _mistakes(cases, rows)
    told = [
        f"{count} times {label_text(label)} read as {label_text(read)}"
        for (label, read), count in counts.most_common(3)
    ]
    return ", ".join(told) + (", and others" if len(counts) > 3 else "")
