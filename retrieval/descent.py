"""pynndescent's nearest neighbour descent, compiled once and kept on disk. Imported only where an index is built.

The library compiles its descent anew in every process, some 20 seconds long, because numba keeps no code that takes
a compiled function as an argument (the metric) or asks Python for the number of threads. Here both are fixed when
the descent is compiled, so that numba can keep it (in ``NUMBA_CACHE_DIR``, if that is set).
"""

# ruff: noqa: ANN401, PLR0917
from __future__ import annotations

import types
from typing import Any

import numba
import numpy as np
import pynndescent
from numba.extending import overload
from numpy.typing import NDArray
from pynndescent import NNDescent, pynndescent_
from pynndescent.distances import squared_euclidean

# The descent divides its work into as many parts as there are threads, and the graph depends on that. So many
# parts, whatever the number of threads, give the same graph.
PARTS = 8


@numba.njit
def _part_count() -> Any:
    return PARTS


def _metric(first: Any, second: Any) -> Any:
    """Stands for the metric: known by name when compiled, where a compiled function is known by its address."""
    raise NotImplementedError


@overload(_metric)
def _measure(first: Any, second: Any) -> Any:
    def measure(first: Any, second: Any) -> Any:
        return squared_euclidean(first, second)

    return measure


def _copy(dispatcher: Any, **names: Any) -> Any:
    """A function of the library that finds other things under these names."""
    source = dispatcher.py_func
    names = {**source.__globals__, **names}
    return numba.njit(types.FunctionType(source.__code__, names, source.__name__, source.__defaults__))


_numba = types.ModuleType("numba")
vars(_numba).update(vars(numba) | {"get_num_threads": _part_count})
_iterate = _copy(pynndescent_.nn_descent_internal, numba=_numba)
_descend = _copy(pynndescent_.nn_descent, numba=_numba, nn_descent_internal=_iterate)


def _kept(
    data: Any,
    k: Any,
    state: Any,
    candidates: Any,
    rounds: Any,
    delta: Any,
    init: Any,
    leaves: Any,
    kernel: Any,
) -> Any:
    return _descend(
        data, k, state, candidates, _metric, rounds, delta, init, True, leaves, True, False, kernel
    )


# numba names the file after the function; code of another version of the library must not be taken for this one's.
_kept.__qualname__ += "_" + "".join(c if c.isalnum() else "_" for c in pynndescent.__version__)
_compiled = numba.njit(cache=True)(_kept)


def _replacement(
    data: Any,
    k: int,
    state: Any,
    candidates: int,
    _dist: Any,
    rounds: int,
    delta: float,
    *,
    init_graph: Any,
    leaf_array: Any,
    kernel: int,
    **_: object,
) -> Any:
    return _compiled(data, k, state, candidates, rounds, delta, init_graph, leaf_array, kernel)


# The library's own constructor, which finds our descent where it looks for its own. The library stays as it is.
_construct = types.FunctionType(
    NNDescent.__init__.__code__,
    {**vars(pynndescent_), "nn_descent": _replacement},
    "_construct",
    NNDescent.__init__.__defaults__,
)


def descend(data: NDArray[np.float32], neighbours: int, seed: int) -> tuple[NDArray[Any], ...]:
    """Build a graph over float32 (R, D) by Euclidean distance: the fields of `retrieval.graph.Links`.

    Only the part of the library that is needed to build it is compiled: it is searched by `retrieval.walk`.
    """
    index = NNDescent.__new__(NNDescent)
    _construct(index, data, metric="euclidean", n_neighbors=neighbours, random_state=seed, compressed=True)
    NNDescent._init_search_graph(index)
    state = vars(index)
    graph, tree = state["_search_graph"], state["_search_forest"][0]
    order = state["_vertex_order"]
    arrays = (order, graph.indices, graph.indptr, tree.hyperplanes, tree.offsets, tree.children)
    kinds = (np.int32, np.int32, np.int32, np.float32, np.float32, np.int32)
    return tuple(array.astype(kind, copy=False) for array, kind in zip(arrays, kinds, strict=True))
