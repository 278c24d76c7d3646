"""What answering costs, in seconds: the figures behind the engine "auto".

They are of one thread of a server of 2025, and were measured on codes of 128 dimensions. They need not be right, only
of the right size. docs/indexes.md says where each comes from.
"""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

import platformdirs

from retrieval.exact import QUERIES
from retrieval.graph import BUILT_BY, SEARCHED_BY
from retrieval.installed import missing

# Exact search reads all rows once for so many queries, and compares each row with each query.
READ_ROW = 3e-8
COMPARE_ROW = 4.5e-9
# The other engine: imports and compiled code from disk, then each row.
LOAD = 0.5
LOAD_ROW = 1e-6
BUILD = 2.5
BUILD_ROW = 7e-5
# Where no compiled code is kept.
COMPILE_SEARCH = 5.0
COMPILE_BUILD = 30.0

SERVED = 200_000  # on how many more questions a service counts


def exact(queries: int, rows: int) -> float:
    """Seconds to search ``rows`` rows exactly for so many queries of one call."""
    return rows * (-(-queries // QUERIES) * READ_ROW + queries * COMPARE_ROW)


def loading(rows: int) -> float:
    """Seconds to load a saved graph over ``rows`` rows; infinite where the packages for it are not installed."""
    if missing(SEARCHED_BY):
        return math.inf
    return LOAD + rows * LOAD_ROW + (0 if is_kept("walk") else COMPILE_SEARCH)


def building(rows: int) -> float:
    """Seconds to build a graph over ``rows`` rows, and load it; infinite where the packages for it are missing."""
    if missing(BUILT_BY):
        return math.inf
    return loading(rows) + BUILD + rows * BUILD_ROW + (0 if is_kept("descent") else COMPILE_BUILD)


def is_kept(module: str) -> bool:
    """Whether numba keeps compiled code of a module of this package on disk; numba itself is not imported."""
    name = f"{module}.*.py{sys.version_info.major}{sys.version_info.minor}.nbi"
    given = os.environ.get("NUMBA_CACHE_DIR")
    if not given and any(Path(__file__).with_name("__pycache__").glob(name)):
        return True
    folder = Path(given) if given else platformdirs.user_cache_path("numba", appauthor=False)
    return any(folder.glob(f"{Path(__file__).parent.name}_*/{name}"))
