"""What the service takes and gives, as its OpenAPI document tells it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from recognizer.results import Reason
from recognizer.service.settings import LONGEST_PATTERN, MOST_NEIGHBORS

Digit = Annotated[int, Field(ge=0, le=9)]
Pattern = Annotated[str, Field(max_length=LONGEST_PATTERN)]
Share = Annotated[float, Field(ge=0, le=1)]
FileName = Annotated[str | None, Field(description="That of a form's file, where it has one.")]
Pixels = Annotated[str, Field(description="Base64 of 28×28 bytes, row by row: bright ink on black.")]


class Strict(BaseModel):
    """What a client sends; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Refusal(BaseModel):
    """Why a request was not answered."""

    error: str


class RecognizeQuery(Strict):
    """Options of ``POST /recognize``."""

    explain: int = Field(
        0, ge=0, le=MOST_NEIGHBORS, description="How many of the most similar known digits to name."
    )
    past: int = Field(
        0, ge=0, le=MOST_NEIGHBORS, description="How many of the most similar bad cases to name."
    )
    allowed: str | None = Field(
        None, max_length=40, description="The digits that may be the answer, such as 1-9 or 0,1,5."
    )
    field: bool = Field(False, description="Read a row of digits from each image.")
    length: int | None = Field(None, ge=1, le=100, description="With field: how many digits there are.")
    pictures: bool = Field(False, description="Also give the glyphs: what the network saw.")


class Neighbor(BaseModel):
    """A similar image of the gallery."""

    id: str
    label: Digit | None
    distance: float
    similarity: Share
    source: str
    glyph: Pixels | None = None


class PastCase(BaseModel):
    """A past mistake like it: what that shows, 0 to 9 or "reject", and what it was read as."""

    case: int
    label: str | None
    read: str
    source: str
    distance: float
    similarity: Share
    glyph: Pixels | None = None


class Answered(BaseModel):
    """The answer for an image, as `Recognition.to_dict` gives it."""

    digit: Digit | None
    best: Digit | None
    rejected: bool
    reason: Reason | None
    confidence: Share
    scores: list[Share]
    stage: Literal[1, 2]
    specialist: str | None
    neighbors: list[Neighbor]
    box: list[int] | None
    model: str
    error: str | None
    glyph: Pixels | None = None
    past: list[PastCase] | None = None
    looks_like: str | None = None


class AnsweredImage(Answered):
    """The answer for an image of a request."""

    name: FileName = None


class AnsweredRow(BaseModel):
    """The digits of a row, left to right; ``?`` in the text for what was refused."""

    digits: list[Answered]
    text: str
    error: str | None
    name: FileName = None


class Answers(BaseModel):
    """An answer for each image, in order."""

    answers: list[AnsweredImage] | list[AnsweredRow]


class SimilarQuery(Strict):
    """Options of ``POST /similar``."""

    k: int = Field(10, ge=1, le=MOST_NEIGHBORS, description="How many images to find.")
    mode: Literal["precision", "recall", "duplicates"] = "precision"
    label: Digit | None = Field(None, description="Find only images with this label.")
    source: Pattern | None = Field(None, description="Find only images whose source fits this pattern.")
    pictures: bool = Field(False, description="Also give the glyphs.")


class Similar(BaseModel):
    """The most similar images of one; none for a blank image, whose engine is null."""

    mode: str
    engine: str | None
    neighbors: list[Neighbor]
    error: str | None
    glyph: Pixels | None = None
    name: FileName = None


class SimilarAnswers(BaseModel):
    """What was found for each image, in order."""

    answers: list[Similar]


class Health(BaseModel):
    """Whether images are answered, and by which model."""

    state: Literal["loading", "ready", "failed", "stopping"]
    model: str | None
    problem: str
    waiting: int
