"""``/health`` and ``/metrics``: for those who run the service."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse

from recognizer.service.core import Core
from recognizer.service.routes.documented import refusals
from recognizer.service.schemas import Health


def router(core: Core) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["operation"])
    answers: dict[int | str, dict[str, Any]] = {
        **refusals(),
        503: {"model": Health, "description": "Not ready: the model is being loaded, or can't be."},
    }

    @routes.get("/health", response_model=Health, responses=answers)
    async def health() -> JSONResponse:
        """Whether images are answered: 200 once the model is loaded, 503 otherwise."""
        live = core.live
        told = Health(state=live.state, model=live.name, problem=live.problem, waiting=core.waiting)
        return JSONResponse(told.model_dump(), 200 if live.state == "ready" else 503)

    @routes.get(
        "/metrics",
        response_class=Response,
        responses={**refusals(), 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def metrics() -> Response:
        """For Prometheus."""
        return Response(core.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return routes
