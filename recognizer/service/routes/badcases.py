"""``/badcases``: mistakes are reported, looked at, and settled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from recognizer.errors import RecognizerError, UsageError
from recognizer.feedback.cases import Answer, Chosen, Report, Sample, from_source
from recognizer.feedback.cases import Case as StoredCase
from recognizer.feedback.fields import Defaults, report_of
from recognizer.feedback.ingest import MOST_BYTES, TOO_LARGE
from recognizer.feedback.store import Store
from recognizer.glyph.finder import glyph_or_error
from recognizer.glyph.normalise import Glyph
from recognizer.results import name_and_version
from recognizer.service.core import Core
from recognizer.service.problems import RequestError
from recognizer.service.review_schemas import Case, CaseList, CasesQuery, Decision, Outcomes, ReportQuery
from recognizer.service.routes.documented import IMAGES, refusals, upload_refusals
from recognizer.service.routes.recognize import unreadable
from recognizer.service.told import cases_told, label_of
from recognizer.service.uploads import Upload, read_uploads, with_names

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


def router(core: Core) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/badcases", tags=["bad cases"])

    @routes.post(
        "",
        response_model=Outcomes,
        response_model_exclude_unset=True,
        responses=upload_refusals(),
        openapi_extra=IMAGES,
    )
    async def report(request: Request, query: Annotated[ReportQuery, Query()]) -> dict[str, Any]:
        """Keep images with what they show. When this is answered, they are on the disk.

        An image that can't be read is an outcome with its `error`; if none can be read, the answer is 422.
        """
        uploads = await read_uploads(request, core.settings.max_images)
        told = with_names(await core.lane.run(lambda: _report(core, uploads, query), len(uploads)), uploads)
        if all(each["error"] for each in told):
            raise unreadable(told[0]["error"])
        return {"outcomes": told}

    @routes.get("", response_model=CaseList, response_model_exclude_unset=True, responses=refusals())
    async def cases(query: Annotated[CasesQuery, Query()]) -> dict[str, Any]:
        """A page of the cases that fit all that is asked for, in the order of their numbers."""
        return await core.desk.run(lambda: _list(core, query))

    @routes.get("/{number}", response_model=Case, response_model_exclude_unset=True, responses=refusals(404))
    async def case(number: Number) -> dict[str, Any]:
        """One case, with its glyph."""
        return await core.desk.run(lambda: _told(core, number))

    @routes.post(
        "/{number}/label",
        response_model=Case,
        response_model_exclude_unset=True,
        responses=refusals(404, 408, 413, 415),
    )
    async def label(number: Number, decision: Decision) -> dict[str, Any]:
        """Settle what a case shows, whatever was reported of it; gives the case as it is then."""
        return await core.desk.run(lambda: _decide(core, number, decision))

    return routes


def add_reports(core: Core, images: Sequence[bytes], reports: Sequence[Report]) -> list[dict[str, Any]]:
    """Store images, the bytes of their files, each with its report; `schemas.Outcome` for each."""
    recognizer = core.live.model.one
    glyphs = [_glyph(image, core.settings.max_pixels) for image in images]
    now = recognizer.recognize_glyphs(glyphs)
    samples = [
        Sample(image, glyph.image, Answer.of(answer), report)
        for image, glyph, answer, report in zip(images, glyphs, now, reports, strict=True)
        if isinstance(glyph, Glyph)
    ]
    stored = iter(core.storing().add(samples) if samples else ())
    told: list[dict[str, Any]] = []
    for glyph in glyphs:
        if isinstance(glyph, RecognizerError):
            told.append({"status": "refused", "case": 0, "state": None, "error": str(glyph)})
        else:
            outcome = next(stored)
            told.append(
                {
                    "status": outcome.status,
                    "case": outcome.case,
                    "state": outcome.state,
                    "error": outcome.problem or None,
                }
            )
    if core.settings.keep_doubtful:
        core.doubtful.forget(images)
    return told


def _glyph(image: bytes, max_pixels: int) -> Glyph | RecognizerError:
    if len(image) > MOST_BYTES:
        return UsageError(TOO_LARGE)
    return glyph_or_error(image, max_pixels)


def _report(core: Core, uploads: Sequence[Upload], query: ReportQuery) -> list[dict[str, Any]]:
    defaults = Defaults(query.source, query.reporter)
    reports = [
        report_of({"label": query.label, "name": upload.name or query.name, "note": query.note}, defaults)
        for upload in uploads
    ]
    return add_reports(core, [upload.content for upload in uploads], reports)


def _list(core: Core, query: CasesQuery) -> dict[str, Any]:
    store = core.stored()
    if store is None:
        return {"cases": [], "next": None}
    found: list[StoredCase] = []
    for case in core.in_time(_chosen(store, query)):
        if len(found) == query.limit:
            return {"cases": cases_told(found, store, query.pictures), "next": found[-1].id}
        found.append(case)
    return {"cases": cases_told(found, store, query.pictures), "next": None}


def _chosen(store: Store, query: CasesQuery) -> Iterator[StoredCase]:
    first, _, second = (query.pair or "").partition("-")
    pair = (label_of(first), label_of(second)) if second else None
    label = None if query.label is None else label_of(query.label)
    wanted = frozenset(query.number)
    for case in store.cases(Chosen(tuple(query.state), pair, label), query.after):
        if wanted and case.id not in wanted:
            continue
        if query.reason is not None and case.answer.reason != query.reason:
            continue
        model = case.answer.model
        if query.model is not None and query.model not in (model, name_and_version(model)):
            continue
        if from_source(case.source, query.source):
            yield case


def _told(core: Core, number: int) -> dict[str, Any]:
    store, case = _existing(core, number)
    return cases_told([case], store, pictures=True)[0]


def _decide(core: Core, number: int, decision: Decision) -> dict[str, Any]:
    store, _ = _existing(core, number)
    case = store.decide(number, label_of(decision.label), decision.reporter, decision.note)
    return cases_told([case], store, pictures=False)[0]


def _existing(core: Core, number: int) -> tuple[Store, StoredCase]:
    store = core.stored()
    try:
        if store is not None:
            return store, store.get(number)
    except UsageError:
        pass
    raise RequestError(404, f"there is no case {number}")
