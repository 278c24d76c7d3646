"""What the service takes and gives of bad cases, doubtful answers and models, as its OpenAPI document tells it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from recognizer.audit import LONGEST
from recognizer.feedback.cases import Part, State
from recognizer.results import Reason
from recognizer.service.schemas import Answered, Digit, FileName, Pattern, Pixels, Share, Strict
from recognizer.service.settings import MOST_LISTED

Text = Annotated[str, Field(max_length=LONGEST)]
Label = Annotated[Digit, Field(strict=True)] | Literal["reject"]  # not true, nor "3": a slip is no label
LabelText = Annotated[str, Field(pattern=r"^([0-9]|reject)$", description="0 to 9, or reject")]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


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
    name: FileName = None


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

    number: list[Number] = Field([], max_length=MOST_LISTED, description="Any of these.")
    state: list[State] = Field([], description="Any of these states.")
    pair: str | None = Field(
        None,
        pattern=r"^([0-9]|reject)-([0-9]|reject)$",
        description="Where one was read for the other, such as 3-8.",
    )
    label: LabelText | None = Field(None, description="What they show.")
    source: Pattern | None = Field(None, description="From sources such as meter-*.")
    reason: Reason | None = Field(None, description="Why they were refused.")
    model: Text | None = Field(None, description="Read last by this model, such as eleven@2.")
    after: int = Field(
        0, ge=0, le=2**31 - 1, description="Only higher numbers: the ``next`` of the page before."
    )
    limit: int = Field(100, ge=1, le=MOST_LISTED)
    pictures: bool = Field(False, description="Also give the glyphs.")


class CaseList(BaseModel):
    """A page of cases; `next` is the number to go on after, null at the end."""

    cases: list[Case]
    next: int | None


class Group(BaseModel):
    """Cases that belong together: why, and what to do about them."""

    kind: Literal["labels", "pair", "cluster", "irregular"]
    name: str
    cases: list[int]
    why: str
    p_value: float | None
    action: str
    pair: tuple[int, int] | None
    regular: bool
    proposal: str


class Groups(BaseModel):
    """What a diagnosis found: how many cases have a label, how many of these are bad, and the groups."""

    cases: int
    bad: int
    groups: list[Group]


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
    """A page of doubtful answers, the latest first; `next` is the number to go on below, null at the end."""

    doubtful: list[Doubtful]
    next: int | None


class DoubtfulQuery(Strict):
    """Which doubtful answers are meant."""

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
    has_candidate: bool
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


class CandidateCheck(BaseModel):
    """What must hold of the candidate on one set of images: how many are right, and the rule."""

    model_config = ConfigDict(extra="allow")

    name: str
    n: int
    before: int
    after: int
    mended: int
    broken: int
    rule: str
    passed: bool


class CandidateVerdict(BaseModel):
    """Whether the candidate may take the current model's place, and the judged cases that it changes."""

    current: str
    passed: bool
    checks: list[CandidateCheck]
    changed: list[ChangedCase]
