"""What the service takes and gives, as its OpenAPI document tells it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from recognizer.feedback.cases import Part, State
from recognizer.results import Reason
from recognizer.service.settings import LONGEST_PATTERN, LONGEST_TEXT, MOST_LISTED, MOST_NEIGHBORS

Digit = Annotated[int, Field(ge=0, le=9)]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Pattern = Annotated[str, Field(max_length=LONGEST_PATTERN)]
Share = Annotated[float, Field(ge=0, le=1)]
Label = Digit | Literal["reject"]
LabelText = Annotated[str, Field(pattern=r"^([0-9]|reject)$", description="0 to 9, or reject")]
Pixels = Annotated[str, Field(description="Base64 of 28×28 bytes, row by row: bright ink on black.")]


class Strict(BaseModel):
    """What a client sends: nothing that is not known."""

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


class AnsweredRow(BaseModel):
    """The digits of a row, left to right; ``?`` in the text for what was refused."""

    digits: list[Answered]
    text: str
    error: str | None


class Answers(BaseModel):
    """An answer for each image, in order."""

    answers: list[Answered] | list[AnsweredRow]


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


class SimilarAnswers(BaseModel):
    """What was found for each image, in order."""

    answers: list[Similar]


class ReportQuery(Strict):
    """What is said of the images of ``POST /badcases``."""

    label: LabelText
    source: Text = Field("service", min_length=1, description="Where the images come from.")
    reporter: Text = Field("service", min_length=1, description="Who says so.")
    name: Text = Field("", description="What the reporter calls the image; files of a form bring their own.")
    note: Text = ""


class Outcome(BaseModel):
    """What became of a report."""

    status: Literal["new", "further", "known", "refused"]
    case: int
    state: State | None
    error: str | None


class Outcomes(BaseModel):
    """What became of each image, in order."""

    outcomes: list[Outcome]


class GivenAnswer(BaseModel):
    """What a model said."""

    digit: Label
    best: Digit | None
    reason: str | None
    confidence: Share | None
    scores: list[Share]
    model: str


class Case(BaseModel):
    """A bad case, as `badcase list --json` gives it."""

    id: int
    sha256: str
    label: Label | None
    state: State
    source: str
    part: Part | None
    answer: GivenAnswer
    reports: int
    added: str
    glyph: Pixels | None = None


class CasesQuery(Strict):
    """Which cases are meant: those that fit all that is given."""

    state: list[State] = Field([], description="Any of these states.")
    pair: str | None = Field(
        None,
        pattern=r"^([0-9]|reject)-([0-9]|reject)$",
        description="Where one was read for the other, such as 3-8.",
    )
    label: LabelText | None = Field(None, description="What they show.")
    source: Pattern | None = Field(None, description="From sources such as meter-*.")
    reason: Reason | None = Field(None, description="Why they were refused.")
    model: Text | None = Field(None, description="Read last by this model.")
    after: int = Field(
        0, ge=0, le=2**31 - 1, description="Only higher numbers: the ``next`` of the page before."
    )
    limit: int = Field(100, ge=1, le=MOST_LISTED)
    pictures: bool = Field(False, description="Also give the glyphs.")


class CaseList(BaseModel):
    """A page of cases, and the number to go on after; null at the end."""

    cases: list[Case]
    next: int | None


class Decision(Strict):
    """What someone says that an image shows."""

    label: Label
    reporter: Text = Field("service", min_length=1)
    note: Text = ""


class Doubtful(BaseModel):
    """An answer that is kept for review, because it was refused for doubt or accepted with little confidence."""

    id: int
    at: str
    answer: Answered
    glyph: Pixels


class DoubtfulList(BaseModel):
    """A page of them, the latest first, and the number to go on below; null at the end."""

    doubtful: list[Doubtful]
    next: int | None


class DoubtfulQuery(Strict):
    """Which of them."""

    below: int | None = Field(None, ge=1, le=2**31 - 1)
    limit: int = Field(100, ge=1, le=MOST_LISTED)


class ModelEntry(BaseModel):
    """A model that can be used."""

    version: str
    origin: str
    current: bool
    at: str
    who: str
    why: str
    metrics: dict[str, Any]


class Models(BaseModel):
    """The models there are, the one that ships first, and the one that answers now."""

    current: str
    serving: str | None
    follows_registry: bool
    models: list[ModelEntry]


class Event(BaseModel):
    """A change of the registry."""

    action: str
    version: str
    before: str
    after: str
    at: str
    who: str
    why: str


class History(BaseModel):
    """All changes, the latest first."""

    events: list[Event]


class Change(Strict):
    """Why another model becomes the current one, and who says so."""

    why: Text = ""
    who: Text = Field("service", min_length=1)


class Current(BaseModel):
    """The current version, and the model that answers from now on."""

    current: str
    serving: str | None


class ChangedCase(BaseModel):
    """A case that two models answer differently."""

    id: int
    label: Label
    before: Label
    after: Label
    verdict: Literal["mended", "broken", "other"]
    glyph: Pixels


class Comparison(BaseModel):
    """What a candidate would change among the cases with a label; the latest of them, where there are very many."""

    current: str
    candidate: str
    cases: int
    right_before: int
    right_after: int
    mended: int
    broken: int
    changed: list[ChangedCase]


class Health(BaseModel):
    """Whether images are answered, and by which model."""

    state: Literal["loading", "ready", "failed", "stopping"]
    model: str | None
    problem: str
    waiting: int
