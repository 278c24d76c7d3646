"""The walk along a graph of near neighbours, compiled and kept on disk. Imported only where a graph is searched.

The way is that of pynndescent's search. It begins in the leaves of a tree that are nearest, goes on from the nearest
place that it has seen, and ends when that is further away than the last of the best by more than a given share.
pynndescent compares floats. Here codes stay whole numbers of one byte: a quarter of the memory has to be read, and
what is measured is exact.
"""

# ruff: noqa: ANN401, PLR0917
from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

# One less the cosine, 0–2, as a whole number. It stands in the upper half of a key, the place in the lower: keys are in
# order of distance, and among equals of place.
_SCALE = np.float32(1 << 28)
_PLACES = (1 << 32) - 1
_NONE = np.int64(1 << 62)

_compiled = numba.njit(nogil=True)


@_compiled
def _push(heap: Any, size: Any, key: Any) -> Any:
    """Put a key on a heap, whose least key is the first."""
    at = size
    while at > 0 and heap[(at - 1) >> 1] > key:
        heap[at] = heap[(at - 1) >> 1]
        at = (at - 1) >> 1
    heap[at] = key


@_compiled
def _replace(heap: Any, size: Any, key: Any) -> Any:
    """Put a key on a heap in place of its first one."""
    at, child = 0, 1
    while child < size:
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[at] = heap[child]
        at, child = child, 2 * child + 1
    heap[at] = key


@_compiled
def _dot(one: Any, other: Any) -> Any:
    total = np.int32(0)
    for dimension in range(one.shape[0]):
        total += np.int32(one[dimension]) * np.int32(other[dimension])
    return total


@numba.njit(nogil=True, fastmath=True)
def _side(links: Any, node: Any, query: Any, scale: Any) -> Any:
    """On which side of a node's plane the query lies, and how far from it."""
    total = np.float32(0)
    for dimension in range(query.shape[0]):
        total += links.planes[node, dimension] * np.float32(query[dimension])
    return links.offsets[node] + total * scale


@_compiled
def _leaves(links: Any, query: Any, scale: Any, space: Any) -> Any:
    """Find the nearest leaves of the tree, by the plane that parts them most from the query; how many there are."""
    nodes, margins, leaves = space.nodes, space.margins, space.leaves
    nodes[0], margins[0] = 0, np.float32(0)
    waiting, found = 1, 0
    while found < len(leaves) and waiting > 0:
        best = 0
        for other in range(1, waiting):
            if margins[other] < margins[best]:
                best = other
        node, margin = nodes[best], margins[best]
        waiting -= 1
        nodes[best], margins[best] = nodes[waiting], margins[waiting]
        while links.children[node, 0] > 0:
            side = _side(links, node, query, scale)
            nearer = 0 if side > 0 else 1
            nodes[waiting] = links.children[node, 1 - nearer]
            margins[waiting] = max(margin, abs(side))
            waiting += 1
            node = links.children[node, nearer]
        leaves[found] = node
        found += 1
    return found


@_compiled
def _visit(space: Any, place: Any, known: Any) -> Any:
    """Note a place, if it has not been visited; how many have been."""
    bit = np.uint8(1 << (place & 7))
    if space.visited[place >> 3] & bit:
        return known
    space.visited[place >> 3] |= bit
    space.places[known] = place
    return known + 1


@_compiled
def _begin(links: Any, query: Any, scale: Any, space: Any) -> Any:
    """Visit the places of the nearest leaves; how many there are."""
    known = 0
    for leaf in range(_leaves(links, query, scale, space)):
        node = space.leaves[leaf]
        for place in range(-links.children[node, 0], -links.children[node, 1]):
            known = _visit(space, place, known)
    return known


@_compiled
def _key(query: Any, scale: Any, rows: Any, inverse: Any, place: Any) -> Any:
    apart = np.float32(1) - np.float32(_dot(query, rows[place])) * (scale * inverse[place])
    return (np.int64(max(apart, np.float32(0)) * _SCALE) << 32) | np.int64(place)


@_compiled
def _bound(best: Any, reach: Any) -> Any:
    """Keys from this one on are too far away; ``best`` has the negative keys of the best, first that of the worst."""
    if best[0] == -_NONE:
        return _NONE
    return np.int64(np.float32(-best[0] >> 32) * reach) << 32


@_compiled
def _follow(
    links: Any, rows: Any, inverse: Any, keep: Any, query: Any, scale: Any, reach: Any, known: Any, space: Any
) -> Any:
    """Go on from the nearest place as long as it is near enough; how many places have been visited."""
    seen, best = space.seen, space.best
    best[:] = -_NONE
    bound, looked, waiting = _NONE, 0, 0
    while True:
        for number in range(looked, known):
            key = _key(query, scale, rows, inverse, space.places[number])
            if key < bound:
                _push(seen, waiting, key)
                waiting += 1
                if -key > best[0] and (len(keep) == 0 or keep[links.order[space.places[number]]]):
                    _replace(best, len(best), -key)
                    bound = _bound(best, reach)
        looked = known
        if waiting == 0 or seen[0] >= bound:
            return known
        place = seen[0] & _PLACES
        waiting -= 1
        _replace(seen, waiting, seen[waiting])
        for edge in range(links.edge_starts[place], links.edge_starts[place + 1]):
            known = _visit(space, links.edges[edge], known)


@_compiled
def _distance(one: Any, other: Any) -> Any:
    """As `retrieval.codes.distances`, to the last bit."""
    square, others = np.float64(_dot(one, one)), np.float64(_dot(other, other))
    cosine = np.float64(_dot(one, other)) / max(np.sqrt(square * others), 1.0)
    far = min(square, 1.0) + min(others, 1.0) - 2 * cosine
    return np.float32(np.sqrt(max(far, 0.0)))


@_compiled
def _rank(links: Any, rows: Any, query: Any, best: Any, ids: Any, far: Any) -> Any:
    """The nearest of what was found, and among equals by row number; -1 and infinity for what is missing."""
    ids[:], far[:] = -1, np.inf
    last = len(ids) - 1
    for key in best:
        if key == -_NONE:
            continue
        place = -key & _PLACES
        row, distance = np.int64(links.order[place]), _distance(query, rows[place])
        if distance > far[last] or (distance == far[last] and row > ids[last]):
            continue
        at = last
        while at > 0 and (far[at - 1] > distance or (far[at - 1] == distance and ids[at - 1] > row)):
            ids[at], far[at] = ids[at - 1], far[at - 1]
            at -= 1
        ids[at], far[at] = row, distance


class _Space(NamedTuple):
    """What a search writes to."""

    query: Any
    visited: Any  # a bit for each place
    places: Any  # those visited
    seen: Any  # a heap of keys: places to go on from
    best: Any  # a heap of negative keys: the best that may be found
    nodes: Any
    margins: Any
    leaves: Any


@numba.njit(nogil=True, cache=True)
def walk(
    links: Any,
    rows: Any,
    inverse: Any,
    codes: Any,
    keep: Any,
    leaves: Any,
    reach: Any,
    asked: Any,
    ids: Any,
    far: Any,
) -> None:
    """Find rows for each query; see `retrieval.graph.Graph.query`. Python's other threads go on meanwhile.

    Args:
        links: a `retrieval.graph.Links` over R places.
        rows: packed codes by place, int8 (R, D).
        inverse: one over their lengths, float32 (R,).
        codes: packed queries, int8 (N, D).
        keep: which rows may be found, bool (R,), or empty if all may.
        leaves: in how many leaves of the tree a search begins.
        reach: how many times as far as the last of the best a search goes on, by squares of distances; float32.
        asked: how many best are looked for, at least k.
        ids: int64 (N, k) for the rows, nearest first; -1 where too few were found.
        far: float32 (N, k) for their distances.
    """
    count, nodes = len(rows), len(links.offsets)
    space = _Space(
        np.empty(rows.shape[1], np.int16),
        np.zeros(count // 8 + 1, np.uint8),
        np.empty(count, np.int32),
        np.empty(count, np.int64),
        np.empty(asked, np.int64),
        np.empty(nodes, np.int32),
        np.empty(nodes, np.float32),
        np.empty(leaves, np.int32),
    )
    for number in range(len(codes)):
        query = space.query
        query[:] = codes[number]
        scale = np.float32(1) / np.sqrt(np.float32(max(_dot(query, query), 1)))
        known = _begin(links, query, scale, space)
        known = _follow(links, rows, inverse, keep, query, scale, reach, known, space)
        _rank(links, rows, query, space.best, ids[number], far[number])
        for visited in range(known):
            space.visited[space.places[visited] >> 3] = 0
