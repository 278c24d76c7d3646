"""The pages, and what belongs to them: files of this package, read once, under names that are known."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from recognizer.service.security import STATIC

FOLDER = Path(__file__).parents[1] / "static"
_PAGES = {"/": "index.html", "/review": "review.html"}
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def router() -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)
    for file in sorted(FOLDER.iterdir()):
        if file.suffix in _KINDS and file.suffix != ".html":
            _add(routes, STATIC + file.name, file)
    for path, name in _PAGES.items():
        _add(routes, path, FOLDER / name)
    return routes


def _add(routes: APIRouter, path: str, file: Path) -> None:
    content = file.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    # Asked for anew each time, and sent only if it changed: an update of the package is seen at once.
    headers = {"ETag": tag, "Cache-Control": "no-cache"}

    async def page(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=_KINDS[file.suffix], headers=headers)

    routes.add_api_route(path, page, methods=["GET"])
