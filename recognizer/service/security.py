"""Who may ask, and what browsers may do with answers.

Without a token the service is for this machine alone. A page of another site that is open in a browser of this
machine must not use it: its requests bear that site's name as Origin, or as Host if the site's name was made to
mean this machine.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from recognizer.service.problems import RequestError, send_refusal
from recognizer.service.settings import LOOPBACK, Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_RAW = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_NO_STORE = (b"cache-control", b"no-store")
# What holds nothing of anybody: the pages ask for the token themselves.
OPEN = frozenset({"/", "/review", "/health"})
STATIC = "/static/"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Security:
    """ASGI middleware that refuses who may not ask, and adds headers to every answer."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._token = settings.token.encode()
        named = {settings.host.lower(), *map(str.lower, settings.allowed_hosts)}
        self._hosts = named | (LOOPBACK if settings.host in LOOPBACK else set())
        # Behind a token, names can't be turned against it: a stranger's page doesn't know the token.
        self._any_host = bool(settings.token) and not settings.allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"] = [*message.get("headers", ()), *_RAW]
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append(_NO_STORE)
            await send(message)

        try:
            self._check(scope)
        except RequestError as refused:
            await send_refusal(with_headers, refused, close=True)
            return
        await self._app(scope, receive, with_headers)

    def _check(self, scope: Scope) -> None:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        if not self._any_host and _name(host) not in self._hosts:
            raise RequestError(
                421, f"this service is not called {host[:100]!r}: start it with --allow-host NAME"
            )
        if scope["method"] not in _SAFE:
            _check_origin(headers, host)
        path = scope["path"]
        if self._token and path not in OPEN and not path.startswith(STATIC):
            shown = headers.get(b"authorization", b"")
            if not hmac.compare_digest(shown, b"Bearer " + self._token):
                raise RequestError(401, "show the service's token: Authorization: Bearer TOKEN")


def _check_origin(headers: dict[bytes, bytes], host: str) -> None:
    origin = headers.get(b"origin")
    foreign = origin is not None and origin.decode("latin-1").lower().partition("://")[2] != host.lower()
    if foreign or headers.get(b"sec-fetch-site", b"none") not in (b"same-origin", b"none"):
        raise RequestError(403, "pages of other sites may not use this service")


def _name(host: str) -> str:
    """A host without its port, and without the brackets of an IPv6 address."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
