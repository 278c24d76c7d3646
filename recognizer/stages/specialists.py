"""Stage two of a model: the specialists for pairs that stage one confuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recognizer.bundle import Bundle
from recognizer.results import REJECT
from recognizer.stages.decide import NO_SPECIALIST, Pair, Routing, pair_name, route, settle

if TYPE_CHECKING:
    from recognizer.stages.pair_models import PairModel

LIMIT = 15.0  # greater log-odds say no more
ROUNDING = 1e-3  # of log-odds: well above what single precision loses


@dataclass(frozen=True)
class Blend:
    """How the log-odds of both stages make the final ones: their weights, and what is added.

    All log-odds are of the pair's first class against its second, stage one's after calibration.
    """

    first: float
    second: float
    bias: float = 0.0

    def of(
        self, logits: NDArray[np.float32], pair: Pair, verdict: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Final log-odds float (N,), from calibrated logits float32 (N, 11) and a specialist's verdict float (N,)."""
        return self.mix((logits[:, pair[0]] - logits[:, pair[1]]).astype(np.float64), verdict)

    def mix(self, own: NDArray[np.float64], verdict: NDArray[np.float64]) -> NDArray[np.float64]:
        """Final log-odds float (N,), from stage one's float (N,) and a specialist's float (N,)."""
        return self.first * own + self.second * np.clip(verdict, -LIMIT, LIMIT) + self.bias


@dataclass(frozen=True)
class Specialist:
    """A model for one pair.

    Attributes:
        pair: the two classes, ascending; 10 is reject.
        model: tells them apart.
        blend: weighs what it says against what stage one said.
    """

    pair: Pair
    model: PairModel
    blend: Blend

    @property
    def name(self) -> str:
        """Such as "3-8" or "0-reject"."""
        return pair_name(self.pair)


@dataclass(frozen=True)
class StageTwo:
    """Specialists, and which answers they are asked about.

    Attributes:
        specialists: in the order of ``routing.pairs``.
        routing: the rule.
        temperature: stage one's, which calibrates the logits that are blended and routed by.
    """

    specialists: tuple[Specialist, ...]
    routing: Routing
    temperature: float

    def settle(
        self, glyphs: NDArray[np.uint8], logits: NDArray[np.float32], features: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], list[str | None]]:
        """Final logits float32 (N, 11), and which specialist decided each, or None.

        Args:
            glyphs: uint8 (N, 28, 28).
            logits: float32 (N, 11), of stage one.
            features: float32 (N, F), of stage one.
        """
        names: list[str | None] = [None] * len(logits)
        if not self.routing.by_answer and self._all_clear(logits):
            return logits, names
        calibrated = logits / np.float32(self.temperature)
        chosen = route(calibrated, self.routing)
        final = logits.copy()
        for i in np.unique(chosen[chosen != NO_SPECIALIST]).tolist():
            each, rows = self.specialists[i], np.flatnonzero(chosen == i)
            verdict = each.model.log_odds(glyphs[rows], features[rows])
            odds = each.blend.of(calibrated[rows], each.pair, verdict)
            final[rows] = settle(calibrated[rows], each.pair, odds) * np.float32(self.temperature)
            for row in rows.tolist():
                names[row] = each.name
        return final, names

    def _all_clear(self, logits: NDArray[np.float32]) -> bool:
        """Whether no answer is near another: most inputs pass here in a few microseconds."""
        ranked = np.partition(logits, REJECT - 1, axis=1)
        lead = ranked[:, REJECT] - ranked[:, REJECT - 1]
        return bool((lead > (self.routing.margin + ROUNDING) * self.temperature).all())


def load_stage_two(bundle: Bundle) -> StageTwo | None:
    """The specialists of a bundle; None where it has none.

    Raises:
        ModelError: the file of one of them is damaged.
    """
    described = bundle.stage_two
    if not described or not described["specialists"]:
        return None
    from recognizer.stages.pair_models import load_pair_model

    specialists = tuple(
        Specialist(
            (int(each["pair"][0]), int(each["pair"][1])),
            load_pair_model(bundle.specialists[each["file"]], str(bundle.folder / each["file"])),
            Blend(**each["blend"]),
        )
        for each in described["specialists"]
    )
    pairs = tuple(each.pair for each in specialists)
    return StageTwo(
        specialists,
        Routing(pairs, described["routing"]["margin"], described["routing"]["by_answer"]),
        described["stage_one"]["temperature"],
    )
