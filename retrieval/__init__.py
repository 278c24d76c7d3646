"""Glyphs in, neighbours out: the similarity search, which knows arrays and never the recognizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.errors import RetrievalError

if TYPE_CHECKING:
    from retrieval.encoder import Encoder
    from retrieval.gallery import Gallery
    from retrieval.hit import Hit

__all__ = ["Encoder", "Gallery", "Hit", "RetrievalError"]

_LATER = {"Encoder": "retrieval.encoder", "Gallery": "retrieval.gallery", "Hit": "retrieval.hit"}


def __getattr__(name: str) -> object:
    """Import a class when it is asked for: those who need only the errors don't wait for the rest."""
    import importlib

    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_LATER[name]), name)
