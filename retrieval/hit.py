"""One answer of a similarity search."""

from __future__ import annotations

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
