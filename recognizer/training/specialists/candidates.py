"""The specialists that are compared for a pair: what each learns from, and those that were made already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognizer.files import write_whole
from recognizer.results import REJECT
from recognizer.stages.decide import Pair
from recognizer.stages.network import Network
from recognizer.stages.pair_models import Convolutional, PairModel
from recognizer.training.config import NetworkConfig
from recognizer.training.progress import Progress
from recognizer.training.samples import Pool
from recognizer.training.specialists.config import SpecialistConfig
from recognizer.training.specialists.fit import KINDS, NETWORK, NETWORK_VIEWS, Sample, Start, fit_simple
from recognizer.training.specialists.folds import FoldNetwork, first_looks, outputs_of
from recognizer.training.specialists.shared import find_doubts, fit_shared, ship_shared, specialist_of

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Candidates:
    """Makes the specialists of all kinds for a pair, and keeps those that took long.

    A part is a fold, whose specialists learn from all others, or the number of folds: then they learn from all glyphs.

    Attributes:
        config: of the run.
        pool: digits and non-digits.
        folds: int8 (N,), the fold of each.
        light: for each part, the light network that learnt from it: what it is in doubt of is hard.
        full: for each part, the network of the full model's size that learnt from it: convolutional specialists begin
            from it.
        size: of ``full``.
        folder: where they are kept.
        progress: is told what is going on.
    """

    config: SpecialistConfig
    pool: Pool
    folds: NDArray[np.int8]
    light: tuple[FoldNetwork, ...]
    full: tuple[FoldNetwork, ...]
    size: NetworkConfig
    folder: Path
    progress: Progress
    _known: dict[int, tuple[Network, NDArray[np.float32]]] = field(default_factory=dict)

    def models(self, pair: Pair, part: int, stage_one: Network) -> dict[str, PairModel]:
        """Specialists of all kinds that learnt from a part; the simple ones, from features of ``stage_one``."""
        kinds = self.config.fit.kinds or KINDS
        networks = self.networks(pair, part) if {NETWORK, NETWORK_VIEWS} & set(kinds) else {}
        simple = [kind for kind in kinds if kind not in (NETWORK, NETWORK_VIEWS)]
        found = networks | self.simple(simple, pair, part, stage_one)
        return {kind: model for kind, model in found.items() if kind in kinds}

    def model(self, kind: str, pair: Pair, part: int, stage_one: Network) -> PairModel:
        """The specialist of one kind."""
        if kind in (NETWORK, NETWORK_VIEWS):
            return self.networks(pair, part)[kind]
        return fit_simple(self._simple_sample(pair, part, stage_one), kind, self.config.seed + part)

    def networks(self, pair: Pair, part: int) -> dict[str, PairModel]:
        """The convolutional ones."""
        files = {
            kind: self.folder / f"{part}.{number}{Convolutional.suffix}"
            for number, kind in enumerate((NETWORK, NETWORK_VIEWS))
        }
        if not all(file.exists() for file in files.values()):
            self._make_networks(part, files)
        return {kind: specialist_of(file.read_bytes(), pair, str(file)) for kind, file in files.items()}

    def _make_networks(self, part: int, files: Mapping[str, Path]) -> None:
        """Write those of all pairs."""
        fit, seed = self.config.fit, self.config.seed + part
        learns = np.flatnonzero(self._learns(part))
        glyphs = self.pool.glyphs[learns]
        logits = first_looks(self.light[part].network, glyphs)
        doubts = find_doubts(glyphs, self.pool.labels[learns], logits, fit.lead)
        network = fit_shared(doubts, Start(self.full[part].weights, self.size), fit, seed)
        self.folder.mkdir(parents=True, exist_ok=True)
        for kind, graph in ship_shared(network, doubts.glyphs, self.size, fit.views, seed).items():
            write_whole(files[kind], graph)
        self.progress.note(f"specialists, part {part}", {"glyphs": len(doubts)})

    def simple(self, kinds: Sequence[str], pair: Pair, part: int, stage_one: Network) -> dict[str, PairModel]:
        """Those of plain arrays."""
        if not kinds:
            return {}
        sample = self._simple_sample(pair, part, stage_one)
        return {kind: fit_simple(sample, kind, self.config.seed + part) for kind in kinds}

    def _simple_sample(self, pair: Pair, part: int, stage_one: Network) -> Sample:
        """Some of the glyphs, half of them the hardest for stage one."""
        rows = self.rows(pair, part, stage_one)
        logits = self._logits(part, stage_one)[rows]
        hard = self._some(
            np.abs(logits[:, pair[0]] - logits[:, pair[1]]), self.config.fit.simple_samples, part
        )
        glyphs = self.pool.glyphs[rows[hard]]
        features = outputs_of(stage_one, glyphs).features
        return Sample(glyphs, self.pool.labels[rows[hard]] == pair[0], features)

    def rows(self, pair: Pair, part: int, stage_one: Network) -> Rows:
        """The glyphs that simple kinds are taken from: all digits of the pair, and the likeliest non-digits."""
        learns = self._learns(part)
        digits = np.flatnonzero(learns & np.isin(self.pool.labels, pair) & (self.pool.labels != REJECT))
        if pair[1] != REJECT:
            return digits
        rejects = np.flatnonzero(learns & (self.pool.labels == REJECT))
        logits = self._logits(part, stage_one)[rejects]
        likely = self._some(
            logits[:, REJECT] - logits[:, pair[0]], round(self.config.fit.others * len(digits)), part
        )
        return np.sort(np.concatenate([digits, rejects[likely]]))

    def _logits(self, part: int, network: Network) -> NDArray[np.float32]:
        """What a network says of the glyphs that a part learns from, at its first look: float32 (N, 11), others NaN."""
        if self._known.get(part, (None,))[0] is not network:
            learns = np.flatnonzero(self._learns(part))
            logits = np.full((len(self.pool), REJECT + 1), np.nan, np.float32)
            logits[learns] = first_looks(network, self.pool.glyphs[learns])
            self._known[part] = network, logits
        return self._known[part][1]

    def _learns(self, part: int) -> NDArray[np.bool_]:
        if part == self.config.folds.count:
            return np.ones(len(self.pool), bool)
        learns: NDArray[np.bool_] = (self.folds != part) & (self.folds >= 0)
        return learns

    def _some(self, lead: NDArray[np.float32], wanted: int, part: int) -> Rows:
        """As many as are wanted: half of them those with the least lead, half any others."""
        order = lead.argsort(kind="stable")
        if len(order) <= wanted:
            return np.sort(order)
        others = np.random.default_rng([self.config.seed, part]).permutation(order[wanted // 2 :])
        return np.sort(np.concatenate([order[: wanted // 2], others[: wanted - wanted // 2]]))
