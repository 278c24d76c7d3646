"""A second look at what is in doubt: the glyph turned, sheared, scaled and moved a little, and the mean of all answers.

Test-time augmentation (Krizhevsky et al. 2012) for the few glyphs where it can change anything: so it costs little.
A model may have a larger network for it, its second reader: a cascade (Wang et al., *Wisdom of Committees*, 2022).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cv2.typing import MatLike

MIDDLE = 13.5  # of a glyph's side, pixels
View = tuple[float, float, float, float, float]
"""Degrees, shear as a share, scale, pixels to the right, pixels down."""
VIEWS: tuple[View, ...] = (
    (8.0, 0.0, 1.0, 0, 0), (-8.0, 0.0, 1.0, 0, 0), (0.0, 0.15, 1.0, 0, 0), (0.0, -0.15, 1.0, 0, 0),
    (0.0, 0.0, 1.1, 0, 0), (0.0, 0.0, 0.9, 0, 0),
    (0.0, 0.0, 1.0, 1, 0), (0.0, 0.0, 1.0, -1, 0), (0.0, 0.0, 1.0, 0, 1), (0.0, 0.0, 1.0, 0, -1),
)  # fmt: skip

Glyphs = NDArray[np.uint8]
Outputs = tuple[NDArray[np.float32], ...]


# A larger network looks less often: at the glyph as it is, and sheared either way.
READER_VIEWS: tuple[View, ...] = ((0.0, 0.0, 1.0, 0, 0), *VIEWS[2:4])


@dataclass(frozen=True)
class Reader:
    """How much the answers of a second reader count.

    Attributes:
        weight: their share in the final logits, 0–1.
        scale: what its logits are multiplied by, so that they mean the same as the first network's.
    """

    weight: float
    scale: float


@dataclass(frozen=True)
class SecondLook:
    """When a glyph is looked at again, and how.

    Attributes:
        lead: a glyph whose likeliest class leads the next by less than this, in logits, is in doubt.
        views: the changes of the glyph, one for each look.
        reader: for a model with a larger network that looks again; None: the same network does.
    """

    lead: float
    views: tuple[View, ...] = VIEWS
    reader: Reader | None = None

    def at(self, glyphs: Glyphs, first: Outputs, look: Callable[[Glyphs], Outputs]) -> Outputs:
        """What a network says at first and, where it is in doubt, on the mean of all looks.

        Args:
            glyphs: uint8 (N, 28, 28).
            first: what the network says of them: logits float32 (N, C), then whatever else, float32 (N, ...).
            look: the network that looks again. A second reader gives logits only: whatever else stays as it was.
        """
        best = np.partition(first[0], -2, axis=1)
        doubtful = np.flatnonzero(best[:, -1] - best[:, -2] < self.lead)
        if not len(doubtful):
            return first
        seen = look(changed(glyphs[doubtful], self.views))
        old, new = self._weights()
        settled = list(first)
        for i, again in enumerate(seen):
            looks = again.reshape(len(doubtful), len(self.views), *again.shape[1:])
            settled[i] = first[i].copy()
            settled[i][doubtful] = old * first[i][doubtful] + new * looks.mean(axis=1)
        return tuple(settled)

    def _weights(self) -> tuple[np.float32, np.float32]:
        """Of what was said at first, and of the mean of all further looks."""
        if self.reader is None:
            share = len(self.views) / (len(self.views) + 1)
            return np.float32(1 - share), np.float32(share)
        return np.float32(1 - self.reader.weight), np.float32(self.reader.weight * self.reader.scale)


def changed(glyphs: Glyphs, views: tuple[View, ...]) -> Glyphs:
    """All V views of each glyph, one after the other: uint8 (N, 28, 28) to (N * V, 28, 28)."""
    import cv2

    size = glyphs.shape[2], glyphs.shape[1]
    turned = [cv2.warpAffine(glyph, matrix, size) for glyph in glyphs for matrix in _matrices(views)]
    return np.asarray(turned, np.uint8).reshape(-1, *glyphs.shape[1:])


@cache
def _matrices(views: tuple[View, ...]) -> tuple[MatLike, ...]:
    import cv2

    made = []
    for degrees, shear, scale, right, down in views:
        matrix = cv2.getRotationMatrix2D((MIDDLE, MIDDLE), degrees, scale)
        matrix[0, 1] += shear
        matrix[0, 2] += right - shear * MIDDLE
        matrix[1, 2] += down
        made.append(matrix)
    return tuple(made)
