"""With what was compiled, and without it."""

from __future__ import annotations

import shutil
from contextlib import nullcontext

import pytest

from recognizer import compiled

HAS_COMPILER = any(map(shutil.which, ("cc", "gcc", "clang", "cl")))
# Where there is a compiler, the installation must have used it: these tests then fail without it.
compiled_only = pytest.mark.skipif(
    compiled.native is None and not HAS_COMPILER, reason="there is no C compiler, so nothing was compiled"
)
both_ways = pytest.mark.parametrize("way", [pytest.param("compiled", marks=compiled_only), "in Python"])


def going(way):
    """A context in which everything goes one of `both_ways`."""
    if way == "in Python":
        return compiled.in_python()
    assert compiled.native is not None, "nothing was compiled: install the package again"
    return nullcontext()
