"""Groups of images that are the same, or nearly so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.exact import ExactIndex
from retrieval.hit import Hit
from retrieval.neighbours import Rows

_AT_ONCE = 256

Group = tuple[bool, NDArray[np.int64], NDArray[np.float32]]


@dataclass(frozen=True)
class DuplicateGroup:
    """Images that belong together.

    Attributes:
        exact: whether all of them are the same, pixel by pixel.
        hits: the images, in the order of the gallery; distance and similarity are to the first.
    """

    exact: bool
    hits: tuple[Hit, ...]


class _Forest:
    """Disjoint sets (Tarjan 1975); a set is named by one of its members."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def find(self, member: int) -> int:
        parent = self._parent
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    def join(self, first: int, second: int) -> None:
        self._parent[self.find(first)] = self.find(second)


def find_groups(
    codes: Rows,
    hashes: NDArray[np.uint8],
    present: NDArray[np.int64],
    distance: float,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Group]:
    """Groups of two or more images, linked by neighbours at most ``distance`` apart.

    Images with the same pixels are put together by their hash; only one of each is then compared with the
    others, block by block, so that memory does not grow with the square of the gallery.

    Args:
        codes: the packed dense codes of all rows.
        hashes: of their glyphs, uint8 (rows, 16).
        present: the rows that count, ascending.
        distance: how far apart neighbours may be; 0 for images with the same pixels alone.
        progress: called with how many images were compared.

    Yields:
        Whether all are the same, pixel by pixel; their rows, ascending; their distances to the first.
    """
    if not len(present):
        return
    keys = np.ascontiguousarray(hashes[present]).view("V16").ravel()
    _, firsts, kind = np.unique(keys, return_index=True, return_inverse=True)
    forest = _Forest(len(firsts))
    if distance > 0:
        _join_near(forest, codes.take(present[firsts]), distance, progress)
    roots = np.array([forest.find(number) for number in range(len(firsts))])[kind]
    order = np.argsort(roots, kind="stable")
    ends = np.flatnonzero(np.diff(roots[order], append=-1)) + 1
    groups = [present[group] for group in np.split(order, ends[:-1]) if len(group) > 1]
    for group in sorted(groups, key=lambda members: int(members[0])):
        yield _measured(codes, hashes[group], group)


def _join_near(
    forest: _Forest,
    codes: NDArray[np.int8],
    distance: float,
    progress: Callable[[int], None] | None,
) -> None:
    for start in range(0, len(codes), _AT_ONCE):
        # Each pair is looked at once: by the later of the two among those up to it.
        index = ExactIndex(Rows([codes[: start + _AT_ONCE]]))
        of, found = index.within(codes[start : start + _AT_ONCE], distance)
        earlier = found < of + start
        for later, one in zip((of[earlier] + start).tolist(), found[earlier].tolist(), strict=True):
            forest.join(later, one)
        if progress:
            progress(min(start + _AT_ONCE, len(codes)))


def _measured(codes: Rows, hashes: NDArray[np.uint8], group: NDArray[np.int64]) -> Group:
    first = codes.take(group[:1])
    far = codes.distances(first, np.zeros(len(group), np.int64), group)
    return bool((hashes == hashes[0]).all()), group, far
