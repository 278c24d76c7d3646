"""The application: routes, and what every request passes before it reaches one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from recognizer import __version__
from recognizer.service.core import Core
from recognizer.service.limits import Bodies
from recognizer.service.metrics import Measured
from recognizer.service.problems import add_handlers
from recognizer.service.routes import (
    badcases,
    candidate,
    doubtful,
    groups,
    models,
    pages,
    recognize,
    similar,
    status,
)
from recognizer.service.security import Security
from recognizer.service.settings import Settings

_DESCRIPTION = "Reads single handwritten or printed digits, or refuses and says why."


def create_app(settings: Settings) -> FastAPI:
    """An ASGI application; its model is loaded when it is started."""
    core = Core(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await core.start()
        yield
        await core.stop()

    app = FastAPI(
        title="digit-recognizer-eleven",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,  # they would load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.core = core
    add_handlers(app)
    for routes in (recognize, similar, badcases, doubtful, groups, models, candidate, status):
        app.include_router(routes.router(core))
    app.include_router(pages.router())
    # The last one added is the first that a request meets.
    app.add_middleware(Bodies, settings=settings)
    app.add_middleware(Security, settings=settings)
    app.add_middleware(Measured, metrics=core.metrics)
    return app
