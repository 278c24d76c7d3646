"""``/candidate``: the model that `badcase learn` made, judged against the current one, and promoted if it passes."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from recognizer.errors import UsageError
from recognizer.feedback.learning import candidate_folder, read_validation
from recognizer.feedback.promotion import Verdict, judge, promote, read_candidate
from recognizer.feedback.told import digit_or_reject
from recognizer.registry.versions import Registry
from recognizer.service.core import Core
from recognizer.service.problems import RequestError
from recognizer.service.review_schemas import CandidateVerdict, Change, Current
from recognizer.service.routes.documented import refusals
from recognizer.service.told import pixels


def router(core: Core) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/candidate", tags=["models"])

    @routes.get("", response_model=CandidateVerdict, responses=refusals(404, 409))
    async def verdict() -> dict[str, Any]:
        """Judge the candidate, as `badcase promote --dry-run` does."""
        return await core.lane.run(lambda: _told(core, _judged(core)))

    @routes.post("/promote", response_model=Current, responses=refusals(404, 408, 409, 413, 415))
    async def promotion(change: Change) -> dict[str, Any]:
        """Judge the candidate, and make it the current model if it passes; 409 if it doesn't."""
        current = await core.lane.run(lambda: _promote(core, change))
        await core.live.refresh()
        return {"current": current, "serving": core.live.name}

    return routes


def _judged(core: Core) -> Verdict:
    store, folder = core.stored(), candidate_folder()
    if store is None or not folder.is_dir():
        raise RequestError(404, "there is no candidate: make one with `badcase learn`")
    current = Registry().open()
    try:
        candidate = read_candidate(folder, current)
    except UsageError as error:
        raise RequestError(409, str(error)) from None
    return judge(store, current, candidate, read_validation(candidate))


def _promote(core: Core, change: Change) -> str:
    try:
        return promote(core.storing(), _judged(core), change.why, change.who)
    except UsageError as error:
        raise RequestError(409, str(error)) from None


def _told(core: Core, verdict: Verdict) -> dict[str, Any]:
    glyphs = core.storing().glyphs([each.case for each in verdict.changes])
    return {
        "current": verdict.current,
        "passed": verdict.passed,
        "checks": [check.to_dict() for check in verdict.checks],
        "changed": [
            {
                "id": each.case,
                "label": digit_or_reject(each.label),
                "before": digit_or_reject(each.before),
                "after": digit_or_reject(each.after),
                "verdict": "mended" if each.mended else "broken",
                "glyph": pixels(glyph),
            }
            for each, glyph in zip(verdict.changes, glyphs, strict=True)
        ],
    }
