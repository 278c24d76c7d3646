"""What stops a request becomes a status and one line, the same that the command line would say."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, cast

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from recognizer.errors import ImageError, RecognizerError, UsageError
from recognizer.service.settings import RETRY_AFTER_S
from retrieval.errors import QueryError, RetrievalError

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.types import Send

_NO_BODY = 'send a JSON object, such as {"label": 4} for a label; /openapi.json tells what it may hold'
_log = logging.getLogger("recognizer.service")


class RequestError(Exception):
    """A request that is not answered.

    Attributes:
        status: of HTTP.
        line: what is wrong, and what to do.
        retry: whether the same request may be answered a moment later.
    """

    def __init__(self, status: int, line: str, retry: bool = False) -> None:
        super().__init__(line)
        self.status, self.line, self.retry = status, line, retry

    @property
    def headers(self) -> dict[str, str]:
        """Those that go with it."""
        return {"Retry-After": str(RETRY_AFTER_S)} if self.retry else {}


class BusyError(RequestError):
    """There is more to do than can be done in time."""

    def __init__(self, line: str = "busy: too many images are waiting; try again in a second") -> None:
        super().__init__(503, line, retry=True)


def status_of(error: RecognizerError | RetrievalError) -> int:
    """The client's fault is 422; a model, gallery or store that can't be used is 503."""
    return 422 if isinstance(error, ImageError | UsageError | QueryError) else 503


async def send_refusal(send: Send, refused: RequestError, close: bool = False) -> None:
    """Answer before any route is reached; with ``close`` the rest of the request is not waited for."""
    body = json.dumps({"error": refused.line}).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **refused.headers}
    if close:
        headers["Connection"] = "close"
    if refused.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refused.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def add_handlers(app: FastAPI) -> None:
    """Let an app answer errors so."""

    async def refused(_: Request, error: Exception) -> JSONResponse:
        refusal = cast(RequestError, error)
        return JSONResponse({"error": refusal.line}, refusal.status, refusal.headers)

    async def ours(_: Request, error: Exception) -> JSONResponse:
        status = status_of(cast(RecognizerError, error))
        again = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else None
        return JSONResponse({"error": str(error)}, status, again)

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        first = cast(RequestValidationError, error).errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        what = _NO_BODY if first["loc"] == ("body",) and first["type"] == "missing" else first["msg"]
        return JSONResponse({"error": f"{where}: {what}"}, 422)

    async def http(_: Request, error: Exception) -> JSONResponse:
        told = cast(HTTPException, error)
        return JSONResponse({"error": str(told.detail)}, told.status_code, told.headers)

    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return JSONResponse({"error": "the service failed; its log tells why"}, 500)

    app.add_exception_handler(RequestError, refused)
    app.add_exception_handler(RecognizerError, ours)
    app.add_exception_handler(RetrievalError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unexpected)
