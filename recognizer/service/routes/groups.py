"""``GET /groups``: what the bad cases have in common, and which labels are doubtful."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from recognizer.feedback.diagnosis import diagnose
from recognizer.service.core import Core
from recognizer.service.review_schemas import Groups
from recognizer.service.routes.documented import refusals


def router(core: Core) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["bad cases"])

    @routes.get("/groups", response_model=Groups, responses=refusals())
    async def groups() -> dict[str, Any]:
        """Diagnose all cases with a label, as `badcase diagnose` does."""
        return await core.lane.run(lambda: _groups(core))

    return routes


def _groups(core: Core) -> dict[str, Any]:
    store = core.stored()
    if store is None:
        return {"cases": 0, "bad": 0, "groups": []}
    recognizer = core.live.model.one
    found = diagnose(store, recognizer.bundle, recognizer.gallery)
    return {"cases": found.cases, "bad": found.bad, "groups": [group.to_dict() for group in found.groups]}
