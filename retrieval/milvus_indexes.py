"""Which index a Milvus server gets for dense codes, how it is built, and how far a search looks."""

from __future__ import annotations

from typing import Any

MOST = 16_384  # no server finds more rows for one query

SPARSE = "SPARSE_INVERTED_INDEX"
_SQUARES = {"nlist": 1024}
BUILDS: dict[str, dict[str, int]] = {
    "HNSW": {"M": 24, "efConstruction": 200},
    "IVF_FLAT": _SQUARES,
    "IVF_SQ8": _SQUARES,
    "DISKANN": {},
    "FLAT": {},
}
_PREFERRED = ("HNSW", "IVF_FLAT", "FLAT")
_IN_FILES = ("HNSW", "IVF_FLAT", "IVF_SQ8", "FLAT")  # Milvus Lite takes any name, and fails later


def possible(server: str) -> tuple[str, ...]:
    """The indexes that a server can be asked for, by its version, such as ``milvus_lite-3.2.2``."""
    return _IN_FILES if "lite" in server else tuple(BUILDS)


def preferred(server: str) -> list[str]:
    """The indexes to try if none is asked for, best first."""
    return [name for name in _PREFERRED if name in possible(server)]


def building(index: str, server: str) -> dict[str, Any]:
    """How a server builds an index, as pymilvus is told."""
    build = BUILDS[index]
    if "lite" not in server:
        return dict(build)
    # pymilvus spreads what stands under "params", and Milvus Lite looks for it there. Its segments are small.
    return {"params": build | ({"nlist": 128} if "nlist" in build else {})}


def looking(index: str, top: int) -> dict[str, int]:
    """How far an index is searched for the first ``top`` rows."""
    if index == "HNSW":
        return {"ef": min(max(128, 2 * top), 2 * MOST)}
    if index == "DISKANN":
        return {"search_list": max(100, top)}
    return {"nprobe": 64} if index.startswith("IVF") else {}
