"""Glyphs in, neighbours out: the similarity search, which knows arrays and never the recognizer."""

from retrieval.hit import Hit

__all__ = ["Hit"]
