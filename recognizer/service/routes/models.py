"""``/models``: which models there are, what a candidate would change, and which one answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path

from recognizer.errors import UsageError
from recognizer.feedback.learning import candidate_folder
from recognizer.pipeline import Recognizer
from recognizer.registry.state import SHIPPED
from recognizer.registry.versions import Registry
from recognizer.service.compare import compare
from recognizer.service.core import Core
from recognizer.service.problems import RequestError
from recognizer.service.review_schemas import Change, Comparison, Current, History, Models
from recognizer.service.routes.documented import refusals

Version = Annotated[str, Path(max_length=120, description="Such as eleven@2, or shipped.")]


def router(core: Core) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/models", tags=["models"])

    @routes.get("", response_model=Models, responses=refusals())
    async def models() -> dict[str, Any]:
        """The models there are, and the one that answers."""
        return await core.desk.run(lambda: _models(core))

    @routes.get("/history", response_model=History, responses=refusals())
    async def history() -> dict[str, Any]:
        """All changes, the latest first."""
        events = await core.desk.run(Registry().history)
        return {"events": [asdict(event) for event in reversed(events)]}

    @routes.get("/{version}/compare", response_model=Comparison, responses=refusals(404))
    async def comparison(version: Version) -> dict[str, Any]:
        """What a model would change among the bad cases with a label."""
        return await core.lane.run(lambda: _compare(core, version))

    @routes.post("/rollback", response_model=Current, responses=refusals(408, 409, 413, 415))
    async def rollback(change: Change) -> dict[str, Any]:
        """Go back to the model that was current before."""
        return await _switch(core, lambda registry: registry.rollback(change.why, change.who))

    @routes.post("/{version}/use", response_model=Current, responses=refusals(404, 408, 409, 413, 415))
    async def use(version: Version, change: Change) -> dict[str, Any]:
        """Make a model the current one of every program here; this service answers by it at once."""
        return await _switch(core, lambda registry: _use(registry, version, change))

    return routes


def _models(core: Core) -> dict[str, Any]:
    registry = Registry()
    return {
        "current": registry.current,
        "serving": core.live.name,
        "follows_registry": core.settings.model is None,
        "has_candidate": candidate_folder().is_dir(),
        "models": registry.catalogue(),
    }


def _known(registry: Registry, version: str) -> str:
    if version == SHIPPED or version in {each.version for each in registry.versions()}:
        return version
    raise RequestError(404, f"no model is registered as {version[:100]!r}")


def _compare(core: Core, version: str) -> dict[str, Any]:
    settings = core.settings
    name = _known(Registry(), version)
    candidate = Recognizer.load(name, settings.max_error, 1, settings.max_pixels)
    return compare(core.live.model.one, candidate, core.stored())


def _use(registry: Registry, version: str, change: Change) -> str:
    return registry.use(_known(registry, version), change.why, change.who)


async def _switch(core: Core, switch: Callable[[Registry], str]) -> dict[str, Any]:
    def work() -> str:
        try:
            return switch(Registry())
        except UsageError as error:
            raise RequestError(409, str(error)) from None

    current = await core.desk.run(work)
    await core.live.refresh()
    return {"current": current, "serving": core.live.name}
