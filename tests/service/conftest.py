"""A service on this machine, in this process: real sockets, the model that ships, a home of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass

import httpx
import pytest
import uvicorn
from shipped_stand_in import shipped, write_shipped
from waiting import wait_until

from recognizer.service.server import make_config
from recognizer.service.settings import Settings


def pytest_addoption(parser):
    parser.addoption("--screenshots", metavar="FOLDER", help="take the pictures of the documents")


@dataclass
class Running:
    """A service that answers, and how to ask it."""

    url: str
    core: object
    server: uvicorn.Server
    home: object

    def client(self, **options):
        return httpx.Client(base_url=self.url, timeout=30, trust_env=False, **options)


@contextlib.contextmanager
def running(home, **settings):
    """A service with these settings, from when it is ready until the block ends."""
    with pytest.MonkeyPatch.context() as patch, socket.socket() as listening:
        patch.setenv("RECOGNIZER_HOME", str(home))
        patch.delenv("RECOGNIZER_STORE", raising=False)
        listening.bind(("127.0.0.1", 0))
        listening.listen(256)
        server = uvicorn.Server(make_config(Settings(**{"threads": 1, "stop_s": 10, **settings})))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            wait_until(lambda: server.started)
            core = core_of(server)
            wait_until(lambda: core.live.state == "ready")
            yield Running(f"http://127.0.0.1:{listening.getsockname()[1]}", core, server, home)
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


def core_of(server):
    app = server.config.loaded_app
    while not hasattr(app, "state"):
        app = app.app
    return app.state.core


@pytest.fixture(scope="module")
def start(request, tmp_path_factory):
    """Starts a service for the length of a block; see `running`."""
    if request.config.getoption("--screenshots", default=None):  # pictures show what ships
        yield running
        return
    with shipped(write_shipped(tmp_path_factory.mktemp("shipped"))):
        yield running


@pytest.fixture(scope="module")
def service(start, tmp_path_factory):
    with start(tmp_path_factory.mktemp("home")) as ready:
        yield ready


@pytest.fixture
def client(service):
    with service.client() as ready:
        yield ready
