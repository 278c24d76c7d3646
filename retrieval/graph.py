"""A graph of near neighbours, built by pynndescent: saved as arrays, loaded ready to answer, and searched."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from retrieval.codes import inverse_lengths, pack, unpack
from retrieval.errors import EngineError, GalleryError, first_line
from retrieval.exact import BLOCK, ExactIndex
from retrieval.files import check_content, read_array, read_json, write_folder, write_json
from retrieval.installed import ALL_OF_IT, missing
from retrieval.neighbours import Found, Keep, Rows

FORMAT_VERSION = 2
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
LEAST_QUERIES = 64  # for each thread: starting one takes as long as some queries

# What the walk and the descent import.
SEARCHED_BY = ("numba",)
BUILT_BY = ("numba", "pynndescent")

# numba's simplest layer of threads ends the process when two threads use it at once.
_one_at_a_time = threading.Lock()
# GNU's OpenMP ends a process that uses it, and was forked from one that did: these ids go to a forked process.
_builders: set[int] = set()


class Links(NamedTuple):
    """The graph over R rows, and the tree in which a search begins. A place is a row's number in the tree's order.

    Attributes:
        order: the row at each place, int32 (R,).
        edges: the places near each place, one place after the other, int32 (E,).
        edge_starts: where those of each place begin in ``edges``, and where the last ones end; int32 (R + 1,).
        planes: for each node of the tree, the plane that splits it, float32 (T, D).
        offsets: how far the planes are from the origin, float32 (T,).
        children: the two nodes below each node; for a leaf, its first place and the one after its last, both negated;
            int32 (T, 2).
    """

    order: NDArray[np.int32]
    edges: NDArray[np.int32]
    edge_starts: NDArray[np.int32]
    planes: NDArray[np.float32]
    offsets: NDArray[np.float32]
    children: NDArray[np.int32]


_KINDS: dict[str, tuple[type[np.generic], int]] = {
    "order": (np.int32, 1),
    "edges": (np.int32, 1),
    "edge_starts": (np.int32, 1),
    "planes": (np.float32, 2),
    "offsets": (np.float32, 1),
    "children": (np.int32, 2),
}


class Graph:
    """An index over packed rows; threads may share it."""

    def __init__(self, links: Links, rows: Rows, threads: int, epsilon: float = EPSILONS[0]) -> None:
        """Use `build` or `load`.

        Raises:
            EngineError: numba can't be used.
        """
        with _usable(SEARCHED_BY):
            from retrieval.walk import walk
        self._walk = walk
        self.links = Links(*(_read_only(array) for array in links))
        self.epsilon = epsilon
        self._threads = threads
        self._rows = _read_only(rows.take(links.order.astype(np.int64)))
        blocks = (block.astype(np.float32) for _, block in Rows([self._rows]).blocks(BLOCK))
        self._inverse = _read_only(np.concatenate([inverse_lengths(block) for block in blocks]))

    @classmethod
    def build(cls, rows: Rows, threads: int) -> Graph:
        """Build the index. The same rows give the same index, with any number of threads.

        Raises:
            EngineError: pynndescent can't be used.
        """
        with _usable(BUILT_BY):
            from retrieval.descent import descend

            if _builders - {os.getpid()}:
                raise RuntimeError("this process was forked from one that built a graph")
        _builders.add(os.getpid())
        with _one_at_a_time, _numba_threads(threads):
            links = Links(*descend(unpack(rows.take(np.arange(len(rows)))), NEIGHBOURS, SEED))
        graph = cls(links, rows, threads)
        graph._calibrate(rows)
        return graph

    def query(self, codes: NDArray[np.int8], k: int, keep: Keep = None) -> Found:
        """Rows and distances (N, k) of packed queries (N, D), as `retrieval.neighbours.Index` gives them.

        Where fewer were found, the row is -1 and the distance infinite.

        Raises:
            ValueError: the codes have another length than those of the rows.
        """
        if codes.shape[1] != self._rows.shape[1]:
            raise ValueError(
                f"codes of {codes.shape[1]} dimensions, where the rows have {self._rows.shape[1]}"
            )
        ids, far = np.empty((len(codes), k), np.int64), np.empty((len(codes), k), np.float32)
        codes = _read_only(codes)
        kept = _read_only(np.zeros(0, np.bool_) if keep is None else keep)
        reach, asked = np.float32(1 + self.epsilon), max(k, LEAST_ASKED)

        def search(part: slice) -> None:
            self._walk(
                self.links,
                self._rows,
                self._inverse,
                codes[part],
                kept,
                LEAVES,
                reach,
                asked,
                ids[part],
                far[part],
            )

        parts = max(1, min(self._threads, len(codes) // LEAST_QUERIES))
        ends = np.linspace(0, len(codes), parts + 1).astype(int)
        slices = [slice(start, end) for start, end in pairwise(ends.tolist())]
        if parts == 1:
            search(slices[0])
        else:
            with ThreadPoolExecutor(parts) as pool:
                list(pool.map(search, slices))
        return ids, far

    def looking(self, epsilon: float) -> Graph:
        """The same graph, searched as far beyond the k-th neighbour as this says."""
        other = copy(self)
        other.epsilon = epsilon
        return other

    def _calibrate(self, rows: Rows) -> None:
        """Choose how far to look, on points half-way between a row and a distant neighbour of it.

        They lie among the rows, but close to none: so do new images, for which the search is harder than for known
        ones or for those that noise was added to.
        """
        rng = np.random.default_rng(SEED)
        start = rows.take(rng.choice(len(rows), min(TRIED_QUERIES, len(rows)), replace=False))
        exact = ExactIndex(rows)
        near, _ = exact.search(start, max(2, min(TRIED_NEIGHBOUR, len(rows) // 20)))
        codes = pack(unpack(start) + unpack(rows.take(near[:, -1])))
        true, _ = exact.search(codes, TRIED_K)
        for epsilon in EPSILONS:
            self.epsilon = epsilon
            found, _ = self.query(codes, true.shape[1])
            if (true[:, :, None] == found[:, None]).any(axis=2).mean() >= RECALL:
                return

    def save(self, folder: Path, about: dict[str, Any]) -> None:
        """Write it to a new folder, with what there is to say ``about`` the data."""
        arrays = {f"{name}.npy": array for name, array in self.links._asdict().items()}
        meta = {
            "format_version": FORMAT_VERSION,
            "about": about,
            "epsilon": self.epsilon,
            "files": write_folder(folder, arrays),
        }
        write_json(folder / META, meta)

    @classmethod
    def load(cls, folder: Path, rows: Rows, threads: int) -> Graph:
        """Load what `save` wrote, ready to answer.

        Args:
            folder: where it is.
            rows: what it was built over.
            threads: how many a query may use.

        Raises:
            EngineError: numba can't be used.
            GalleryError: the index is missing or damaged, or over other rows.
        """
        meta = read_about(folder)
        links = _read_links(folder, meta["files"])
        if len(links.order) != len(rows) or links.planes.shape[1] != rows.dimensions:
            raise GalleryError(f"{folder}: an index over other rows")
        return cls(links, rows, threads, float(meta["epsilon"]))


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A view that can't be written to: compiled once, the walk takes no other."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def read_about(folder: Path) -> dict[str, Any]:
    """What `save` noted; its key "about" is the caller's own.

    Raises:
        GalleryError: there is no index, or its description is damaged.
    """
    try:
        meta = read_json(folder / META)
    except (FileNotFoundError, NotADirectoryError):
        raise GalleryError(f"{folder}: no index there") from None
    wanted = {"about", "epsilon", "files"}
    if meta.get("format_version") != FORMAT_VERSION or not wanted <= meta.keys():
        raise GalleryError(f"{folder}: an index of another format")
    return meta


def _read_links(folder: Path, files: dict[str, dict[str, Any]]) -> Links:
    """The arrays, after a look at their checksums: compiled code would follow a wrong number anywhere."""
    found = {}
    for name, (dtype, dimensions) in _KINDS.items():
        file = folder / f"{name}.npy"
        if file.name not in files:
            raise GalleryError(f"{folder}: the index lacks {name}")
        check_content(file, files[file.name])
        found[name] = read_array(file, dtype, (None,) * dimensions)
    return Links(**found)


@contextlib.contextmanager
def _usable(modules: Sequence[str]) -> Iterator[None]:
    """Say in a line that libraries can't be used, whatever they raise: numba does so where it can't keep code."""
    if lacking := missing(modules):
        raise EngineError(
            f"the engine pynndescent needs {' and '.join(lacking)}: {ALL_OF_IT}; or name another engine: exact"
        )
    try:
        yield
    except Exception as error:
        raise EngineError(
            f"the engine pynndescent can't be used ({first_line(error)}); name another: exact"
        ) from None


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
