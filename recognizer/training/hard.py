"""Hard rejects: non-digits that a model takes for digits, searched for round after round.

A family draws mostly what a trained network refuses at sight. So each round draws many, looks which of them
the present model would accept, and searches on around those: their ink is drawn, bent, thickened, partly
covered and photographed anew, and what is accepted again is changed further.

What a model accepts is a digit by accident far more often than what is drawn: it is audited more strictly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognizer.bundle import read_bundle
from recognizer.glyph import SIDE
from recognizer.measure.calibrate import choose_threshold
from recognizer.results import REJECT
from recognizer.stages.decide import softmax
from recognizer.stages.network import Network
from recognizer.training.config import DataConfig
from recognizer.training.loop import logits_of
from recognizer.training.model import CLASSES
from recognizer.training.progress import Progress
from recognizer.training.quick import train_quickly
from recognizer.training.samples import Glyphs, Pool, RejectSource
from recognizer.training.vary import Find, Part, breed
from reject_gen.audit import Score, audit

PREFIX = "hard:"
DRAWS = 10  # samples drawn for each one wanted
GENERATIONS = 3
KINDRED = 8  # most samples from one ink, changed or not
LIMIT = 0.5  # of the audit, and of all families: a change, or the normaliser, can leave one digit of several
COVERAGE = 0.99  # of training digits, where the threshold of a network without one is set
CHUNK = 64


@dataclass(frozen=True)
class Target:
    """The model that is to be fooled.

    Attributes:
        score: glyphs uint8 (N, 28, 28) to probabilities float (N, 11).
        threshold: the least probability of a digit that is accepted.
    """

    score: Score
    threshold: float

    @staticmethod
    def of_bundle(folder: str | Path) -> Target:
        """A model on disk, at its operating point.

        Raises:
            ModelError: it is missing or damaged.
        """
        bundle = read_bundle(folder)
        network = Network.of(bundle)
        return Target(
            lambda glyphs: softmax(network.logits(glyphs), bundle.temperature),
            bundle.operating_point().threshold,
        )

    @staticmethod
    def of_pool(pool: Pool, seed: int, progress: Progress) -> Target:
        """A quick network trained on ``pool``, at a threshold that accepts most of its handwritten digits."""
        network = train_quickly(pool, CLASSES, seed, progress, "target")

        def score(glyphs: Glyphs) -> NDArray[np.float64]:
            return softmax(logits_of(network, glyphs), 1.0)

        digits = pool.take(np.flatnonzero(pool.sources == "mnist"))
        return Target(score, choose_threshold(score(digits.glyphs), digits.labels, COVERAGE)["threshold"])

    def accepts(self, glyphs: Glyphs) -> NDArray[np.bool_]:
        """Which glyphs, uint8 (N, 28, 28), it answers with a digit: bool (N,); never a blank one."""
        best = self.score(glyphs)[:, :REJECT].max(axis=1)
        accepted: NDArray[np.bool_] = (best >= self.threshold) & glyphs.any(axis=(1, 2))
        return accepted


@dataclass(frozen=True)
class Search:
    """How hard rejects are searched for.

    Attributes:
        source: what non-digits are drawn from.
        plain: the judgement of a plain digit classifier.
        seed: of all draws.
        workers: processes.
    """

    source: RejectSource
    plain: Score
    seed: int
    workers: int = 1

    def find(self, target: Target, wanted: int, start: int) -> Pool:
        """Samples that the target accepts, with sources such as "hard:zigzag".

        Args:
            target: the model that is to be fooled.
            wanted: how many, at most; ``DRAWS`` times as many are drawn to begin with.
            start: the index of the first one drawn: a later round starts where the last one ended.
        """
        leads = self._drawn(target, DRAWS * wanted, start)
        found = list(leads)
        for generation in range(GENERATIONS):
            if not leads or len(spread(found)) >= wanted:
                break
            leads = self._bred(target, spread(leads)[:wanted], generation)
            found += leads
        return _as_pool(spread(found)[:wanted])

    def _drawn(self, target: Target, n: int, start: int) -> list[Find]:
        mix = self.source.draw(n, self.seed, start, self.workers)
        glyphs = mix.glyphs
        return [
            Find(glyphs[i], self.source.ink(self.seed, start + i), mix.families[i], start + i)
            for i in self._kept(target, glyphs)
        ]

    def _bred(self, target: Target, leads: list[Find], generation: int) -> list[Find]:
        """What is accepted of the changed inks."""
        seeds = [(self.seed, generation, number) for number in range(len(leads))]
        parts = [(leads[low : low + CHUNK], seeds[low : low + CHUNK]) for low in range(0, len(leads), CHUNK)]
        children = [child for part in self._run(partial(breed, self.source.degrade), parts) for child in part]
        glyphs = np.stack([child.glyph for child in children])
        return [children[i] for i in self._kept(target, glyphs)]

    def _run(self, work: Callable[[Part], list[Find]], parts: Sequence[Part]) -> Iterator[list[Find]]:
        if self.workers <= 1 or len(parts) < 2:
            yield from map(work, parts)
            return
        with ProcessPoolExecutor(min(self.workers, len(parts)), get_context("spawn")) as workers:
            yield from workers.map(work, parts)

    def _kept(self, target: Target, glyphs: Glyphs) -> list[int]:
        """Indices of those that are accepted, and are no digits by accident."""
        accepted = np.flatnonzero(target.accepts(glyphs))
        kept: list[int] = accepted[audit(glyphs[accepted], self.plain, LIMIT)].tolist()
        return kept


def spread(found: Sequence[Find]) -> list[Find]:
    """The first of each ink, then the second of each, and so on to the ``KINDRED``-th; no glyph twice."""
    different: dict[bytes, Find] = {}
    for find in found:
        different.setdefault(find.glyph.tobytes(), find)
    counts: Counter[int] = Counter()
    ranked = []
    for find in different.values():
        ranked.append((counts[find.root], find))
        counts[find.root] += 1
    return [find for rank, find in sorted(ranked, key=lambda pair: pair[0]) if rank < KINDRED]


def _as_pool(found: Sequence[Find]) -> Pool:
    glyphs = np.stack([find.glyph for find in found]) if found else np.zeros((0, SIDE, SIDE), np.uint8)
    sources = np.array([PREFIX + find.family for find in found], dtype=np.str_)
    return Pool(glyphs, np.full(len(found), REJECT, np.uint8), sources)


def add_hard(data: DataConfig, pool: Pool, search: Search, progress: Progress) -> Pool:
    """The pool with the hard rejects of as many rounds as the configuration asks for.

    A round's target is the bundle that the configuration names, or a quick network trained on what there is by
    then, so that it has learnt from the rounds before.

    Args:
        data: says how many, in how many rounds, and found with what.
        pool: digits and non-digits for training.
        search: how they are searched for.
        progress: is told what is going on.

    Raises:
        ModelError: the configuration names a bundle that is missing or damaged.
    """
    wanted = -(-data.hard_rejects // data.hard_rounds)
    for number in range(data.hard_rounds):
        if data.hard_model:
            target = Target.of_bundle(data.hard_model)
        else:
            target = Target.of_pool(pool, search.seed + number, progress)
        found = search.find(target, wanted, number * DRAWS * wanted)
        progress.note(f"hard rejects, round {number + 1}", {"wanted": wanted, "found": len(found)})
        pool = Pool.join([pool, found])
    return pool
