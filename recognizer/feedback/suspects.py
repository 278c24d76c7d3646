"""Labels that are likely to be wrong: neighbours in the embedding and the model speak for another one.

Leave-one-out: no case votes for itself. That most wrong labels stand out against similar images and a model's own
confidence is what confident learning builds on (Northcutt et al. 2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recognizer.feedback.evidence import Evidence, nearest
from recognizer.results import REJECT

if TYPE_CHECKING:
    from retrieval import Gallery

NEIGHBOURS = 10
MOST = 0.2  # of all cases: nobody looks through a longer list
DOUBT = 0.5  # a neighbour without any similarity still leaves that much doubt
# Similar cases weigh most. A mistake that a model makes always, and known digits seem to bear out, is a pattern, and no
# error of labels, as soon as enough cases agree on it.
OF_MODEL, OF_CASES, OF_KNOWN = 0.5, 2.0, 0.5
SUREST = 0.02  # the least share that a model's score counts as
_CLASSES = REJECT + 1
Votes = NDArray[np.float64]


@dataclass(frozen=True)
class Suspect:
    """A case whose label is likely to be wrong.

    Attributes:
        case: its number.
        label: 0–10.
        likely: the label that fits better, 0–10.
        odds: natural logarithm of how much better.
    """

    case: int
    label: int
    likely: int
    odds: float


def find_suspects(cases: Evidence, known: Gallery | None, most: float = MOST) -> list[Suspect]:
    """The likeliest label errors first, at most a share ``most`` of all cases; never one that someone decided on.

    Args:
        cases: with codes.
        known: a gallery of known digits, whose votes count besides those of other cases.
        most: 0–1.
    """
    if not len(cases):
        return []
    belief = beliefs(cases, known)
    rows = np.arange(len(cases))
    own = belief[rows, cases.labels]
    others = belief.copy()
    others[rows, cases.labels] = -np.inf
    odds = others.max(axis=1) - own
    odds[cases.settled] = -np.inf
    order = np.argsort(-odds, kind="stable")[: int(most * len(cases))]
    return [
        Suspect(int(cases.ids[i]), int(cases.labels[i]), int(others[i].argmax()), round(float(odds[i]), 3))
        for i in order.tolist()
        if odds[i] > 0
    ]


def beliefs(cases: Evidence, known: Gallery | None) -> Votes:
    """Log of how well each class fits each case, float (N, 11): model, other cases and known digits together."""
    belief: Votes = OF_MODEL * np.log(np.maximum(cases.scores, SUREST)) + OF_CASES * np.log(case_votes(cases))
    if known is not None:
        belief += OF_KNOWN * np.log(gallery_votes(known, cases.glyphs))
    return belief


def case_votes(cases: Evidence) -> Votes:
    """What the nearest other cases are labelled, nearer ones weighing more: votes float (N, 11)."""
    places, far = nearest(cases.codes, cases.codes, NEIGHBOURS, alone=True)
    return _counted(cases.labels[places], np.maximum(0.0, 1 - far.astype(np.float64) ** 2))


def gallery_votes(known: Gallery, glyphs: NDArray[np.uint8]) -> Votes:
    """The same among known digits; they say nothing of non-digits, which get what a digit has that none votes for."""
    found = known.search(glyphs, NEIGHBOURS)
    labels = np.full((len(glyphs), NEIGHBOURS), REJECT, np.uint8)
    weights = np.zeros((len(glyphs), NEIGHBOURS))
    for row, hits in enumerate(found):
        for place, hit in enumerate(hits):
            if hit.label is not None:
                labels[row, place], weights[row, place] = hit.label, hit.similarity
    return _counted(labels, weights)


def _counted(labels: NDArray[np.uint8], weights: Votes) -> Votes:
    votes = np.full((len(labels), _CLASSES), DOUBT)
    for place in range(labels.shape[1]):
        votes[np.arange(len(labels)), labels[:, place]] += weights[:, place]
    return votes


def contradictions(cases: Evidence, limit: float) -> list[int]:
    """Cases whose label differs from that of images as good as the same, within ``limit``: their numbers, ascending.

    A case that more of these images agree with than contradict is not among them: the others are to be looked at.
    """
    places, far = nearest(cases.codes, cases.codes, NEIGHBOURS, alone=True)
    same = far <= limit
    agrees = cases.labels[places] == cases.labels[:, None]
    against, with_it = (same & ~agrees).sum(axis=1), (same & agrees).sum(axis=1)
    found: list[int] = np.sort(cases.ids[(against > 0) & (against >= with_it)]).tolist()
    return found
