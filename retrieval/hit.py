"""What a similarity search returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Hit:
    """A similar image: its id and label in the gallery, how far and how alike it is, and where it came from."""

    id: str
    label: int | None
    distance: float
    similarity: float
    source: str

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON-ready values."""
        return asdict(self)


class Answer(list[list[Hit]]):
    """The hits of each query, nearest first.

    Attributes:
        mode: the mode asked for.
        engine: the engine that ran.
    """

    def __init__(self, hits: Sequence[list[Hit]], mode: str, engine: str) -> None:
        super().__init__(hits)
        self.mode = mode
        self.engine = engine
