"""One engine in a process of its own: builds it, searches with several settings, and prints what that took.

Started by `search_engines.py`, with a job as JSON. Nothing but numpy and the engine's own library is imported, so that
it runs where only these are.
"""

from __future__ import annotations

import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from processes import peak, resident

LINKS, BUILD_EFFORT, TREES = 16, 200, 50
EFFORTS = (10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384)
EPSILONS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
ENOUGH = 0.9995  # of recall: what comes after is only slower
LONG = 2.0  # seconds: what takes so long is measured once

Floats = NDArray[np.float32]
Rows = NDArray[np.integer[Any]]
Search = Callable[[float], Rows]  # from a setting to the rows found
Ask = Callable[[Floats, int], dict[str, Search]]  # queries and k; by what is added to the engine's name


def hnswlib_index(codes: Floats, threads: int) -> Ask:
    """A graph in layers (HNSW, Malkov and Yashunin 2018), by its authors."""
    import hnswlib

    index = hnswlib.Index("l2", codes.shape[1])
    index.init_index(len(codes), M=LINKS, ef_construction=BUILD_EFFORT, random_seed=1)
    index.add_items(codes, num_threads=threads)

    def ask(queries: Floats, k: int) -> dict[str, Search]:
        def search(setting: float) -> Rows:
            index.set_ef(int(setting))
            found: Rows = index.knn_query(queries, k, num_threads=threads)[0]
            return found

        return {"": search}

    return ask


def faiss_hnsw(codes: Floats, threads: int) -> Ask:
    """The same kind of graph, in faiss."""
    import faiss

    faiss.omp_set_num_threads(threads)
    index = faiss.IndexHNSWFlat(codes.shape[1], LINKS)
    index.hnsw.efConstruction = BUILD_EFFORT
    index.add(codes)

    def ask(queries: Floats, k: int) -> dict[str, Search]:
        def search(setting: float) -> Rows:
            index.hnsw.efSearch = int(setting)
            found: Rows = index.search(queries, k)[1]
            return found

        return {"": search}

    return ask


def faiss_flat(codes: Floats, threads: int) -> Ask:
    """Every row, by faiss."""
    import faiss

    faiss.omp_set_num_threads(threads)
    index = faiss.IndexFlatL2(codes.shape[1])
    index.add(codes)
    return lambda queries, k: {"": lambda _: index.search(queries, k)[1]}


def annoy_forest(codes: Floats, threads: int) -> Ask:
    """Trees that split by random planes. It takes one query at a time."""
    from annoy import AnnoyIndex

    index = AnnoyIndex(codes.shape[1], "euclidean")
    index.set_seed(1)
    for row, code in enumerate(codes):
        index.add_item(row, code)
    index.build(TREES, n_jobs=threads)

    def ask(queries: Floats, k: int) -> dict[str, Search]:
        def search(setting: float) -> Rows:
            def find(part: Floats) -> list[list[int]]:
                return [index.get_nns_by_vector(query, k, int(setting)) for query in part]

            with ThreadPoolExecutor(threads) as pool:
                return np.concatenate(list(pool.map(find, np.array_split(queries, threads))))

        return {"": search}

    return ask


def plain_graph(codes: Floats, threads: int) -> Ask:
    """Pynndescent as it comes."""
    import pynndescent

    parallel = threads > 1
    index = pynndescent.NNDescent(codes, n_jobs=threads, random_state=1, parallel_batch_queries=parallel)
    index.prepare()
    return lambda queries, k: {"": lambda setting: index.query(queries, k, epsilon=setting)[0]}


def own_graph(codes: Floats, threads: int) -> Ask:
    """Our engine pynndescent as it runs behind `Gallery.search`."""
    from retrieval.approximate import ApproximateIndex
    from retrieval.codes import pack
    from retrieval.graph import Graph
    from retrieval.neighbours import Rows as Packed

    rows = Packed([pack(codes)])
    graph = Graph.build(rows, threads)

    def ask(queries: Floats, k: int) -> dict[str, Search]:
        packed = pack(queries)

        def search(setting: float) -> Rows:
            return ApproximateIndex(rows, graph.looking(setting), len(codes)).search(packed, k)[0]

        return {"": search}

    return ask


def own_exact(codes: Floats, _: int) -> Ask:
    """Our exact engine."""
    from retrieval.codes import pack
    from retrieval.exact import ExactIndex
    from retrieval.neighbours import Rows

    index = ExactIndex(Rows([pack(codes)]))

    def ask(queries: Floats, k: int) -> dict[str, Search]:
        packed = pack(queries)
        return {"": lambda _: index.search(packed, k)[0]}

    return ask


@dataclass(frozen=True)
class Engine:
    """How an engine is measured.

    Attributes:
        build: makes it from codes float32 (N, D) with a number of threads.
        package: the distribution whose version is told.
        module: what is imported first.
        setting: what the setting is called.
        settings: which are tried, from quick to thorough.
        builds: how often it is built; twice where the first time compiles.
    """

    build: Callable[[Floats, int], Ask]
    package: str
    module: str
    setting: str = "–"
    settings: Sequence[float] = (0,)
    builds: int = 1


ENGINES = {
    "ours": Engine(own_graph, "pynndescent", "pynndescent", "epsilon", EPSILONS, 2),
    "plain": Engine(plain_graph, "pynndescent", "pynndescent", "epsilon", EPSILONS, 2),
    "exact": Engine(own_exact, "numpy", "retrieval.exact"),
    "hnswlib": Engine(hnswlib_index, "hnswlib", "hnswlib", "ef", EFFORTS),
    "faiss HNSW": Engine(faiss_hnsw, "faiss-cpu", "faiss", "efSearch", EFFORTS),
    "faiss flat": Engine(faiss_flat, "faiss-cpu", "faiss"),
    "annoy": Engine(annoy_forest, "annoy", "annoy", "search_k", (1000, 2000, 4000, 8000, 16000, 32000)),
}


def timed(call: Callable[[], Rows], rounds: int, clock: Callable[[], float]) -> tuple[Rows, float]:
    """What a call returns, and its seconds: the median of ``rounds``, after one that counts only if it is long."""
    start = clock()
    result = call()
    first = clock() - start
    if first > LONG:
        return result, first
    times = []
    for _ in range(rounds):
        start = clock()
        call()
        times.append(clock() - start)
    return result, statistics.median(times)


def curve(
    search: Search, settings: Sequence[float], truth: Rows, rounds: int, clock: Callable[[], float]
) -> list[list[float]]:
    """Setting, recall and queries a second, from quick to thorough."""
    points: list[list[float]] = []
    for setting in settings:
        found, seconds = timed(lambda chosen=setting: search(chosen), rounds, clock)  # type: ignore[misc]
        recall = float((truth[:, :, None] == found[:, None, :]).any(axis=2).mean())
        points.append([setting, recall, len(truth) / seconds])
        if recall >= ENOUGH:
            break
    return points


def main() -> None:
    """Do the job of the first argument, and print what it took as JSON."""
    job = json.loads(sys.argv[1])
    codes, queries, truth = (np.load(job[name]) for name in ("codes", "queries", "truth"))
    engine = ENGINES[job["engine"]]
    start = time.perf_counter()
    importlib.import_module(engine.module)
    imported, before = time.perf_counter() - start, resident()
    built, held = [], 0
    for number in range(job.get("builds", engine.builds)):
        start = time.perf_counter()
        ask = engine.build(codes, job["threads"])
        built.append(time.perf_counter() - start)
        held = held if number else resident() - before
    # On one thread CPU time, which other programs hardly disturb.
    clock = time.process_time if job["threads"] == 1 else time.perf_counter
    faces = ask(queries, truth.shape[1]) if job["rounds"] else {}
    result = {
        "package": f"{engine.package} {version(engine.package)}",
        "setting": engine.setting,
        "import": imported,
        "build": built,
        "held": held,
        "peak": peak(),
        "curves": {
            name: curve(face, engine.settings, truth, rounds=job["rounds"], clock=clock)
            for name, face in faces.items()
        },
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
