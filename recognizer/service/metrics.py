"""What Prometheus is told: requests, answers, batches, queues, refusals, the model."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from recognizer.results import Recognition

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SHARED = "PROMETHEUS_MULTIPROC_DIR"  # the library reads it when it is imported
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SIZES = (1, 2, 4, 8, 16, 32, 64)
_PREFIX = "recognizer_"


class Metrics:
    """What is counted; of all processes of the service, where there are several."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            _PREFIX + "requests_total", "Requests.", ["route", "status"], registry=registry
        )
        self.seconds = Histogram(
            _PREFIX + "request_seconds",
            "From the first byte to the last.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.answers = Counter(_PREFIX + "answers_total", "Images answered.", ["outcome"], registry=registry)
        self.batches = Histogram(
            _PREFIX + "batch_images", "Images of a batch.", buckets=_SIZES, registry=registry
        )
        self.waits = Histogram(
            _PREFIX + "batch_wait_seconds",
            "How long its first image waited.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.waiting = Gauge(
            _PREFIX + "waiting_images",
            "Images that wait.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.doubtful = Counter(
            _PREFIX + "doubtful_total",
            "Doubtful answers, by what became of them.",
            ["kept"],
            registry=registry,
        )
        self.loads = Counter(_PREFIX + "model_loads_total", "Models taken up.", ["model"], registry=registry)
        self.failures = Counter(
            _PREFIX + "model_load_failures_total", "Models that could not be taken up.", registry=registry
        )

    def began(self, images: int, waited_s: float) -> None:
        """See `batching.Watcher`."""
        self.batches.observe(images)
        self.waits.observe(waited_s)

    def answered(self, answers: Sequence[Recognition]) -> None:
        """Count answers."""
        for answer in answers:
            outcome = "error" if answer.error else answer.reason or "accepted"
            self.answers.labels(outcome).inc()

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        if SHARED not in os.environ:
            return generate_latest(self._registry)
        from prometheus_client.multiprocess import MultiProcessCollector

        whole = CollectorRegistry()
        MultiProcessCollector(whole)  # type: ignore[no-untyped-call]
        return generate_latest(whole)


class Measured:
    """ASGI middleware that counts requests by route and status, and measures them."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, start = 500, time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            # The route, and not the path, which a client may make up.
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.requests.labels(route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - start)
