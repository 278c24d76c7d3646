"""Very many images at once, on Daft: embedded, or on a Ray cluster."""

from recognizer.bulk.asked import Asked
from recognizer.bulk.run import PART_ROWS, Result, recognize_bulk

__all__ = ["PART_ROWS", "Asked", "Result", "recognize_bulk"]
