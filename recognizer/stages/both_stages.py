"""The two stages of a model: the network that answers everything, and the specialists for pairs that it confuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recognizer.bundle import Bundle
from recognizer.results import REJECT
from recognizer.stages.network import Network

if TYPE_CHECKING:
    from recognizer.stages.specialists import StageTwo


class Reading(NamedTuple):
    """What the two stages say of N glyphs.

    Attributes:
        first: float32 (N, 11), the logits of stage one.
        logits: float32 (N, 11), the final ones.
        specialists: which specialist decided each, or None.
    """

    first: NDArray[np.float32]
    logits: NDArray[np.float32]
    specialists: list[str | None]

    @staticmethod
    def nothing(n: int) -> Reading:
        """N readings that are still to be filled in: all logits are NaN."""
        empty = np.full((n, REJECT + 1), np.nan, np.float32)
        return Reading(empty, empty.copy(), [None] * n)

    @staticmethod
    def join(parts: Sequence[Reading]) -> Reading:
        """The readings of all parts, one after the other."""
        parts = [Reading.nothing(0), *parts]
        return Reading(
            np.concatenate([each.first for each in parts]),
            np.concatenate([each.logits for each in parts]),
            [name for each in parts for name in each.specialists],
        )

    def put(self, rows: Sequence[int], other: Reading) -> None:
        """Set some rows to those of another reading."""
        self.first[rows], self.logits[rows] = other.first, other.logits
        for row, name in zip(rows, other.specialists, strict=True):
            self.specialists[row] = name


class Stages:
    """A model's two stages, ready to run. Threads may share one."""

    def __init__(self, bundle: Bundle) -> None:
        """Load the graphs of a bundle; those of specialists are loaded when they are first asked.

        Raises:
            ModelError: one of them can't be loaded.
        """
        self.network = Network.of(bundle)
        self.second = _stage_two_of(bundle)

    def read(self, glyphs: NDArray[np.uint8]) -> Reading:
        """Both stages' logits of glyphs uint8 (N, 28, 28)."""
        if self.second is None:
            logits = self.network.logits(glyphs)
            return Reading(logits, logits, [None] * len(logits))
        first, features = self.network.outputs(glyphs)
        return Reading(first, *self.second.settle(glyphs, first, features))


def _stage_two_of(bundle: Bundle) -> StageTwo | None:
    if not bundle.stage_two:
        return None
    from recognizer.stages.specialists import load_stage_two

    return load_stage_two(bundle)
