"""What a recognition returns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from recognizer.errors import RecognizerError
    from retrieval import Hit

Reason = Literal["blank", "not_a_digit", "low_confidence", "ambiguous", "several_glyphs", "unlike_known"]
Box = tuple[int, int, int, int]

REASONS: tuple[Reason, ...] = get_args(Reason)
REJECT = 10


@dataclass(frozen=True, slots=True)
class Recognition:
    """The answer for one image.

    Attributes:
        digit: 0–9, or None when rejected or unreadable.
        best: the best guess 0–9, rejected or not; None for a blank image or an error.
        reason: why it was rejected; None when accepted or unreadable.
        confidence: calibrated probability that ``best`` is right, among digits, 0–1.
        scores: 11 floats that sum to 1, the ten digits and then reject; () on an error.
        stage: 1, or 2 when a specialist decided.
        specialist: the specialist that decided, such as "3-8", or None.
        neighbors: the most similar known digits; () unless asked for.
        box: (left, top, right, bottom) in pixels of the field or page it was cut from, or None.
        model: "name@version, operating point".
        error: the error of an input that could not be read, or None.
    """

    digit: int | None
    best: int | None
    reason: Reason | None
    confidence: float
    scores: tuple[float, ...]
    stage: Literal[1, 2] = 1
    specialist: str | None = None
    neighbors: tuple[Hit, ...] = ()
    box: Box | None = None
    model: str = ""
    error: RecognizerError | None = None

    @property
    def rejected(self) -> bool:
        """Whether the image was read and refused."""
        return self.digit is None and self.error is None

    @classmethod
    def failed(cls, error: RecognizerError, model: str = "") -> Recognition:
        """The answer for an input that could not be read."""
        return cls(None, None, None, 0.0, (), model=model, error=error)

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON-ready values; ``error`` as its one line."""
        plain: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        plain["rejected"] = self.rejected
        plain["scores"] = [round(s, 6) for s in self.scores]
        plain["confidence"] = round(self.confidence, 6)
        plain["neighbors"] = [hit.to_dict() for hit in self.neighbors]
        plain["box"] = list(self.box) if self.box else None
        plain["error"] = str(self.error) if self.error else None
        return plain
