"""Runs the application on uvicorn, in one process or several."""

from __future__ import annotations

import logging
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from recognizer.errors import UsageError
from recognizer.glyph.finder import without_opencv_threads
from recognizer.service.metrics import SHARED
from recognizer.service.protocol import BoundedProtocol
from recognizer.service.settings import LOOPBACK, Settings

_BACKLOG = 1024
_log = logging.getLogger("recognizer.service")


def check(settings: Settings) -> None:
    """Make sure that a service is not open to strangers.

    Raises:
        UsageError: it would be.
    """
    if settings.host not in LOOPBACK and not settings.token:
        raise UsageError(
            f"--host {settings.host} is open to other machines, which needs a token: --token-file FILE, "
            "or RECOGNIZER_TOKEN"
        )


def serve(settings: Settings) -> None:
    """Answer until a signal ends it; what was accepted by then is answered.

    Raises:
        UsageError: the address can't be used, or needs a token.
    """
    check(settings)
    with _bound(settings) as listening, _shared_metrics(settings):
        config = make_config(settings)
        url = _url(settings, listening.getsockname()[1])
        _log.info("listening on %s (to read), %sreview (to review)", url, url)
        if settings.workers == 1:
            uvicorn.Server(config).run([listening])
        else:
            Multiprocess(config, [listening]).run()


def make_config(settings: Settings) -> uvicorn.Config:
    """How uvicorn runs the application."""
    return uvicorn.Config(
        partial(start, settings),
        factory=True,
        workers=settings.workers,
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=settings.stop_s,
        backlog=_BACKLOG,
    )


def start(settings: Settings) -> FastAPI:
    """The application, as each process makes it."""
    from recognizer.service.app import create_app

    BoundedProtocol.most_connections = settings.connections
    without_opencv_threads()
    return create_app(settings)


def _url(settings: Settings, port: int) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{port}/"


@contextmanager
def _bound(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((settings.host, settings.port))
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise UsageError(f"can't listen on {settings.host}:{settings.port} ({reason})") from None
        listening.listen(_BACKLOG)
        listening.set_inheritable(True)
        yield listening
    finally:
        listening.close()


@contextmanager
def _shared_metrics(settings: Settings) -> Iterator[None]:
    """Where processes share what they count; gone when the service is."""
    if settings.workers == 1:
        os.environ.pop(SHARED, None)
        yield
        return
    with tempfile.TemporaryDirectory(prefix="recognizer-metrics-") as folder:
        os.environ[SHARED] = folder
        yield
