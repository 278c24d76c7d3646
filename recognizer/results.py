"""What a recognition returns: the answer for an image, those of a file, and counts of these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from recognizer.errors import RecognizerError
    from recognizer.feedback.mistakes import Mistake
    from retrieval import Hit

Reason = Literal["blank", "not_a_digit", "low_confidence", "ambiguous", "several_glyphs", "unlike_known"]
Box = tuple[int, int, int, int]

REASONS: tuple[Reason, ...] = get_args(Reason)
REJECT = 10
REJECT_MARK = "?"  # stands for a refused digit in the text of a row
UNREADABLE = "unreadable"


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


def name_and_version(model: str) -> str:
    """What an answer calls its model, without the operating point, such as "eleven@2"."""
    return model.partition(",")[0]


def text_of(answers: Iterable[Recognition]) -> str:
    """The digits of a row, with ``?`` for each that was refused."""
    return "".join(REJECT_MARK if each.digit is None else str(each.digit) for each in answers)


@dataclass(frozen=True, slots=True)
class FileReading:
    """What was read from one file.

    Attributes:
        path: the file, as it was named.
        answers: one answer, or of a row one for each character.
        error: why the file could not be read, or None.
        mistakes: past mistakes that it looks like, nearest first, where these were asked for.
    """

    path: str
    answers: tuple[Recognition, ...]
    error: RecognizerError | None = None
    mistakes: tuple[Mistake, ...] = ()

    @property
    def text(self) -> str:
        """The digits, with ``?`` for each that was refused."""
        return text_of(self.answers)

    @property
    def accepted(self) -> bool:
        """Whether every digit was accepted."""
        return bool(self.answers) and all(a.digit is not None for a in self.answers)

    @property
    def confidence(self) -> float:
        """The confidence of the weakest digit."""
        return min((a.confidence for a in self.answers), default=0.0)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was not accepted, each reason once; empty when it was."""
        if self.error:
            return (UNREADABLE,)
        if not self.answers:
            return ("blank",)  # a row in which no character was found
        return tuple(dict.fromkeys(a.reason for a in self.answers if a.reason))


@dataclass(slots=True)
class Tally:
    """Counts over a run, for its summary and its exit code."""

    accepted: int = 0
    unreadable: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def files(self) -> int:
        """How many files were named."""
        return self.accepted + self.unreadable + self.refused.total()

    def add(self, reading: FileReading) -> None:
        """Count one file; a row with several refused digits counts under the first reason."""
        if reading.error:
            self.unreadable += 1
        elif reading.accepted:
            self.accepted += 1
        else:
            self.refused[reading.reasons[0]] += 1

    def summary(self) -> str:
        """One line, such as ``12 images: 10 accepted, 2 refused (2 blank), 0 unreadable``."""
        why = ", ".join(f"{n} {reason}" for reason, n in self.refused.most_common())
        refused = f"{self.refused.total()} refused" + (f" ({why})" if why else "")
        images = "1 image" if self.files == 1 else f"{self.files} images"
        return f"{images}: {self.accepted} accepted, {refused}, {self.unreadable} unreadable"
