"""Which packages this installation lacks: a small one leaves out what only graphs and fitting need."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

ALL_OF_IT = "pip install digit-recognizer-eleven"  # brings what a small installation left out


def missing(modules: Iterable[str]) -> list[str]:
    """Those of these top-level modules that can't be found; none is imported."""
    return [name for name in modules if not _is_there(name)]


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:  # a finder that refuses it
        return False
