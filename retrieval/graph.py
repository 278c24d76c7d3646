"""A graph of near neighbours, by pynndescent: built once, saved as arrays, loaded ready to answer."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import EngineError, GalleryError
from retrieval.files import check_content, read_array, read_json, write_folder, write_json

FORMAT_VERSION = 1
META = "index.json"
NEIGHBOURS = 30
# Where a search begins: in as many leaves of a tree. One leaf may lie in another cluster, and no edge leads out.
LEAVES = 2
SEED = 1
LEAST_ASKED = 12
# How far beyond the k-th neighbour a search goes on looking (pynndescent's epsilon): the first that finds the
# wanted share of true neighbours.
EPSILONS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
RECALL = 0.998
TRIED_K = 10
TRIED_QUERIES = 500
TRIED_NEIGHBOUR = 200

_TREE = ("hyperplanes", "offsets", "children", "indices")
_ATTRIBUTES = {
    "vertex_order": "_vertex_order",
    "build_random": "rng_state",
    "search_random": "search_rng_state",
}
_PLAIN = (bool, int, float, str, type(None))
# One at a time: numba's simplest layer of threads ends the process when two threads use it at once, and an index
# has one workspace for its queries.
_one_at_a_time = threading.Lock()


class Graph:
    """An index over float32 (N, D), by Euclidean distance; threads may share it."""

    def __init__(self, index: Any, threads: int, epsilon: float = EPSILONS[0]) -> None:  # noqa: ANN401
        """Use `build` or `load`."""
        self._index = index
        self._threads = threads
        self._epsilon = epsilon

    @classmethod
    def build(cls, data: NDArray[np.float32], threads: int) -> Graph:
        """Build the index. The same data give the same index, with any number of threads.

        Raises:
            EngineError: pynndescent can't be used.
        """
        pynndescent = _library()
        with _one_at_a_time, _numba_threads(threads):
            from retrieval.descent import construct

            index = pynndescent.NNDescent.__new__(pynndescent.NNDescent)
            construct(
                index,
                data,
                metric="euclidean",
                n_neighbors=NEIGHBOURS,
                random_state=SEED,
                compressed=True,
                search_tree_leaf_budget=LEAVES,
                parallel_batch_queries=threads > 1,
            )
            index.prepare()
        graph = cls(index, threads)
        graph._calibrate(data)
        return graph

    def query(self, queries: NDArray[np.float32], k: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Rows and distances (N, k), nearest first; where fewer were found, the distance is infinite."""
        with _one_at_a_time, _numba_threads(self._threads):
            rows, far = self._index.query(queries, k=k, epsilon=self._epsilon)
        return rows, far

    def looking(self, epsilon: float) -> Graph:
        """The same graph, searched as far beyond the k-th neighbour as this says."""
        return Graph(self._index, self._threads, epsilon)

    def _calibrate(self, data: NDArray[np.float32]) -> None:
        """Choose how far to look, on points half-way between a row and a distant neighbour of it.

        They lie among the rows, but close to none: so do new images, for which the search is harder than for known
        ones or for those that noise was added to.
        """
        rng = np.random.default_rng(SEED)
        start = data[rng.choice(len(data), min(TRIED_QUERIES, len(data)), replace=False)]
        near, _ = _exact(start, data, max(2, min(TRIED_NEIGHBOUR, len(data) // 20)))
        queries = start + data[near[:, -1]]
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
        k = min(TRIED_K, len(data))
        true, _ = _exact(queries, data, k)
        for epsilon in EPSILONS:
            self._epsilon = epsilon
            found, _ = self.query(queries, max(k, LEAST_ASKED))
            if (true[:, :, None] == found[:, None]).any(axis=2).mean() >= RECALL:
                return

    def save(self, folder: Path, about: dict[str, Any]) -> None:
        """Write it to a new folder, with what there is to say ``about`` the data."""
        state = self._index.__getstate__()
        graph, tree = state["_search_graph"], state["_search_forest"][0]
        arrays = {name: state[attribute] for name, attribute in _ATTRIBUTES.items()}
        arrays |= {"edges": graph.indices.astype(np.int32), "edge_starts": graph.indptr.astype(np.int32)}
        arrays |= {f"tree_{name}": array for name, array in zip(_TREE, tree, strict=False)}
        meta = {
            "format_version": FORMAT_VERSION,
            "versions": _versions(),
            "about": about,
            "plain": {key: value for key, value in state.items() if isinstance(value, _PLAIN)},
            "epsilon": self._epsilon,
            "leaf_size": int(tree[-1]),
            "min_distance": float(state["_min_distance"]),
            "files": write_folder(folder, {f"{name}.npy": array for name, array in arrays.items()}),
        }
        write_json(folder / META, meta)

    @classmethod
    def load(cls, folder: Path, data: NDArray[np.float32], threads: int) -> Graph:
        """Load what `save` wrote, ready to answer.

        Args:
            folder: where it is.
            data: what it was built over, float32 (N, D).
            threads: how many a query may use.

        Raises:
            EngineError: pynndescent can't be used.
            GalleryError: the index is missing or damaged, or another version of a library made it.
        """
        pynndescent = _library()
        from scipy.sparse import csr_array

        meta = read_about(folder)
        if meta["versions"] != _versions():
            raise GalleryError(f"{folder}: made by other versions of the libraries")
        arrays = _read_arrays(folder, meta["files"])
        order, edges, starts = (arrays[name] for name in ("vertex_order", "edges", "edge_starts"))
        size = len(data)
        links = csr_array((np.ones(len(edges), np.uint8), edges, starts), shape=(size, size))
        state = meta["plain"] | {attribute: arrays[name] for name, attribute in _ATTRIBUTES.items()}
        state |= {
            "n_jobs": None,
            "parallel_batch_queries": threads > 1,
            "_dist_args": (),
            "_input_dtype": np.float32,
            "_min_distance": np.float32(meta["min_distance"]),
            "_raw_data": data[order],
            "_search_forest": ((*(arrays[f"tree_{name}"] for name in _TREE), meta["leaf_size"]),),
            "_search_graph": links,
            "_visited": np.zeros(size // 8 + 1, np.uint8),
        }
        index = pynndescent.NNDescent.__new__(pynndescent.NNDescent)
        with _one_at_a_time, _numba_threads(threads):
            index.__setstate__(state)
        return cls(index, threads, float(meta["epsilon"]))


def _exact(
    queries: NDArray[np.float32], data: NDArray[np.float32], k: int
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The k nearest rows of unit length and their distances, (N, k), nearest first."""
    scores = queries @ data.T
    rows = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    best = np.take_along_axis(scores, rows, axis=1)
    order = np.argsort(-best, axis=1)
    far = np.sqrt(np.maximum(2 - 2 * np.take_along_axis(best, order, axis=1), 0))
    return np.take_along_axis(rows, order, axis=1), far


def read_about(folder: Path) -> dict[str, Any]:
    """What `save` noted; its key "about" is the caller's own.

    Raises:
        GalleryError: there is no index, or its description is damaged.
    """
    try:
        meta = read_json(folder / META)
    except (FileNotFoundError, NotADirectoryError):
        raise GalleryError(f"{folder}: no index there") from None
    wanted = {"versions", "about", "plain", "epsilon", "leaf_size", "min_distance", "files"}
    if meta.get("format_version") != FORMAT_VERSION or not wanted <= meta.keys():
        raise GalleryError(f"{folder}: an index of another format")
    return meta


def _read_arrays(folder: Path, files: dict[str, dict[str, Any]]) -> dict[str, NDArray[Any]]:
    """The arrays, after a look at their checksums: compiled code would follow a wrong number anywhere."""
    kinds: dict[str, tuple[type[np.generic], int]] = {
        "vertex_order": (np.int32, 1),
        "build_random": (np.int64, 1),
        "search_random": (np.int64, 1),
        "edges": (np.int32, 1),
        "edge_starts": (np.int32, 1),
        "tree_hyperplanes": (np.float32, 2),
        "tree_offsets": (np.float32, 1),
        "tree_children": (np.int32, 2),
        "tree_indices": (np.int32, 1),
    }
    found = {}
    for name, (dtype, dimensions) in kinds.items():
        file = folder / f"{name}.npy"
        if file.name not in files:
            raise GalleryError(f"{folder}: the index lacks {name}")
        check_content(file, files[file.name])
        found[name] = read_array(file, dtype, (None,) * dimensions)
    # The generator's state is written to while searching.
    found["search_random"] = found["search_random"].copy()
    return found


def _library() -> Any:  # noqa: ANN401
    try:
        import pynndescent
    except Exception as error:  # numba raises what it likes where it can't keep compiled code
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise EngineError(f"the engine pynndescent can't be used ({line}); name another: exact") from None
    return pynndescent


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("pynndescent", "numba")}


@contextlib.contextmanager
def _numba_threads(threads: int) -> Iterator[None]:
    """Let numba use that many threads for what this thread asks of it, and no longer."""
    import numba

    before = numba.get_num_threads()
    most: int = vars(numba.config)["NUMBA_NUM_THREADS"]
    numba.set_num_threads(max(1, min(threads, most)))
    try:
        yield
    finally:
        numba.set_num_threads(before)
