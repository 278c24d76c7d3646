"""``/doubtful``: answers that the model was not sure of, for a person to look at."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from recognizer.feedback.fields import Defaults, report_of
from recognizer.glyph.normalise import to_glyph
from recognizer.service.core import Core
from recognizer.service.doubtful import Kept
from recognizer.service.problems import RequestError
from recognizer.service.review_schemas import Decision, DoubtfulList, DoubtfulQuery, Outcome
from recognizer.service.routes.badcases import Number, add_reports
from recognizer.service.routes.documented import refusals
from recognizer.service.told import pixels

SOURCE = "doubtful answers"


def router(core: Core) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/doubtful", tags=["bad cases"])

    @routes.get("", response_model=DoubtfulList, response_model_exclude_unset=True, responses=refusals())
    async def doubtful(query: Annotated[DoubtfulQuery, Query()]) -> dict[str, Any]:
        """Images whose answers were refused for doubt or accepted with little confidence; the latest first."""
        return await core.desk.run(lambda: _list(core, query))

    @routes.post("/{number}/label", response_model=Outcome, responses=refusals(404, 408, 413, 415))
    async def label(number: Number, decision: Decision) -> dict[str, Any]:
        """Say what one shows: it becomes a case, with the answer that was given."""
        return await core.lane.run(lambda: _label(core, number, decision))

    @routes.delete("/{number}", status_code=204, response_class=Response, responses=refusals(404, 408, 413))
    async def dismiss(number: Number) -> Response:
        """Look at one no more."""
        if not await core.desk.run(lambda: core.doubtful.dismiss(number)):
            raise _none(number)
        return Response(status_code=204)

    return routes


def _list(core: Core, query: DoubtfulQuery) -> dict[str, Any]:
    found = core.doubtful.latest(query.limit, query.below)
    more = found[-1].id if len(found) == query.limit else None
    return {"doubtful": [_told(each) for each in found], "next": more}


def _told(kept: Kept) -> dict[str, Any]:
    return {"id": kept.id, "at": kept.at, "answer": kept.answer, "glyph": pixels(to_glyph(kept.image))}


def _label(core: Core, number: int, decision: Decision) -> dict[str, Any]:
    kept = core.doubtful.get(number)
    if kept is None:
        raise _none(number)
    said = report_of(
        {"label": decision.label, "name": "", "note": decision.note}, Defaults(SOURCE, decision.reporter)
    )
    return add_reports(core, [kept.image], [replace(said, answer=kept.said)])[0]


def _none(number: int) -> RequestError:
    return RequestError(404, f"there is no doubtful answer {number}, or no longer")
