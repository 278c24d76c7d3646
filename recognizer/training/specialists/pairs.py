"""Pairs of classes that a model confuses more often than others: found by a test, not by eye."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.measure.metrics import wilson
from recognizer.results import REJECT
from recognizer.stages.decide import Pair, pair_name

PHOTOGRAPHS, PRINTED, WRITTEN, NON_DIGITS = "photographed", "printed", "written", "non-digits"
_KIND = {"mnist": WRITTEN, "page": PHOTOGRAPHS, "printed": PRINTED}


@dataclass(frozen=True)
class ConfusedPair:
    """How often two classes were taken for each other.

    Attributes:
        pair: ascending; 10 is reject.
        confused: glyphs of either that were answered with the other.
        of: glyphs of either.
        base: the usual share for two digits: that of all pairs of digits together.
        p_value: of as many or more at that share, corrected for the number of pairs (binomial; Holm 1979).
        by_kind: ``confused`` by what the glyphs are: written, photographed, printed, non-digits.
    """

    pair: Pair
    confused: int
    of: int
    base: float
    p_value: float
    by_kind: dict[str, int]

    @property
    def name(self) -> str:
        """Such as "3-8"."""
        return pair_name(self.pair)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with the 95 % interval of the share."""
        return {
            "pair": list(self.pair),
            "confused": self.confused,
            "of": self.of,
            "interval_95": list(wilson(self.confused, self.of)),
            "base": self.base,
            "p_value": self.p_value,
            "by_kind": self.by_kind,
        }


def mine(
    labels: NDArray[np.uint8], answers: NDArray[np.intp], sources: NDArray[np.str_]
) -> list[ConfusedPair]:
    """All pairs with their tests, those with most confusions first.

    Args:
        labels: uint8 (N,), 0–10.
        answers: int (N,), 0–10, by networks that did not learn from the glyph.
        sources: text (N,), as a pool has them.
    """
    from scipy.stats import binom

    sizes = np.bincount(labels, minlength=REJECT + 1)
    kinds = np.array([_KIND.get(source, NON_DIGITS) for source in sources.tolist()])
    counted: dict[Pair, tuple[int, dict[str, int]]] = {}
    for pair in combinations(range(REJECT + 1), 2):
        confused = np.isin(labels, pair) & np.isin(answers, pair) & (labels != answers)
        names, counts = np.unique(kinds[confused], return_counts=True)
        counted[pair] = int(confused.sum()), dict(zip(names.tolist(), counts.tolist(), strict=True))
    of = {pair: int(sizes[list(pair)].sum()) for pair in counted}
    digits = [pair for pair in counted if pair[1] != REJECT]
    base = sum(counted[pair][0] for pair in digits) / max(1, sum(of[pair] for pair in digits))
    found = []
    for pair, (count, kinds_of) in counted.items():
        chance = float(binom.sf(count - 1, of[pair], base)) if count else 1.0
        found.append(ConfusedPair(pair, count, of[pair], base, chance, kinds_of))
    return sorted(_corrected(found), key=lambda each: -each.confused)


def _corrected(found: list[ConfusedPair]) -> list[ConfusedPair]:
    """With p-values such that the chance of one false alarm among all is no greater (Holm 1979)."""
    ranked = sorted(found, key=lambda each: each.p_value)
    corrected, largest = [], 0.0
    for rank, each in enumerate(ranked):
        largest = max(largest, min(1.0, each.p_value * (len(ranked) - rank)))
        corrected.append(ConfusedPair(each.pair, each.confused, each.of, each.base, largest, each.by_kind))
    return corrected
