"""Bodies of requests: read whole, within bounds of size and time, before anything is done with them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from recognizer.service.problems import BusyError, RequestError, send_refusal
from recognizer.service.settings import MIB, Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Bodies:
    """ASGI middleware that hands requests on with their whole body, or refuses them."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or scope["method"] not in _WITH_BODY:
            await self._app(scope, receive, send)
            return
        reading = _Reading(self, announced_length(scope))
        try:
            try:
                async with asyncio.timeout(self._settings.body_s):
                    body = await reading.whole(receive)
            except TimeoutError:
                refusal = RequestError(408, f"the request did not arrive within {self._settings.body_s:g} s")
                await send_refusal(send, refusal, close=True)
                return
            except RequestError as error:
                await send_refusal(send, error, close=True)
                return
            if body is not None:
                await self._app(scope, _replay(body, receive), send)
        finally:
            self._held -= reading.held

    def hold(self, more: int, of_request: int) -> None:
        """Count bytes that a request holds.

        Raises:
            RequestError: they are too many.
        """
        most = self._settings.max_bytes
        if of_request > most:
            raise RequestError(413, f"the request is over the limit of {most / MIB:g} MiB: send fewer images")
        if self._held + more > self._settings.max_held_bytes:
            raise BusyError("busy: too much is being received; try again in a second")
        self._held += more


class _Reading:
    def __init__(self, bodies: Bodies, announced: int | None) -> None:
        self._bodies, self._announced = bodies, announced
        self.held = 0

    async def whole(self, receive: Receive) -> bytes | None:
        """The body; None where the client went away."""
        if self._announced:
            self._hold(self._announced)
        parts: list[bytes] = []
        got, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part = message.get("body", b"")
            got += len(part)
            if got > self.held:
                self._hold(got - self.held)
            parts.append(part)
            more = message.get("more_body", False)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _hold(self, more: int) -> None:
        self._bodies.hold(more, self.held + more)
        self.held += more


def announced_length(scope: Scope) -> int | None:
    """What the header Content-Length says; None where there is none that makes sense."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return None


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
