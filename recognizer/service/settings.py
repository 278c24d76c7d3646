"""Every setting of the service, its default and its bounds."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
MOST_NEIGHBORS = 50
MOST_LISTED = 500
MOST_COMPARED = 5000
LONGEST_PATTERN = 200
RETRY_AFTER_S = 1
WATCH_S = 1.0  # between looks for another current model


@dataclass(frozen=True, slots=True)
class Settings:
    """How a service runs; it is handed to each of its processes.

    Attributes:
        host: the address to listen on.
        port: the port; 0 for any that is free.
        allowed_hosts: further names that clients may call it by.
        token: what clients must show; "" for none, which is for this machine alone.
        workers: processes.
        threads: threads of a process that work on requests of several images.
        model: see `Recognizer.load`.
        max_error: see `Recognizer.load`.
        gallery: the known digits; see `Recognizer.load`.
        store: where bad cases are; see `Store.open`.
        batch: the most images of several requests that one call of the network takes; 1 for no batching.
        queue: the most images that wait at a time, in each process; more are refused.
        patience_s: what has waited longer is refused rather than begun.
        max_bytes: the largest body of a request.
        max_held_bytes: the most that all bodies of requests in work may hold together, in each process.
        max_images: the most images of a request.
        max_pixels: the largest image.
        body_s: how long a client may take to send a request.
        work_s: how long the work on one request may take.
        connections: how many clients may be connected at a time, to each process.
        keep_doubtful: how many images with doubtful answers are kept for review; 0 for none.
        stop_s: how long requests in work may take when the service is stopped.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    allowed_hosts: tuple[str, ...] = ()
    token: str = ""
    workers: int = 1
    threads: int = 2
    model: str | None = None
    max_error: float | None = None
    gallery: str | None = None
    store: str | None = None
    batch: int = 64
    queue: int = 1024
    patience_s: float = 2.0
    max_bytes: int = 32 * MIB
    max_held_bytes: int = 256 * MIB
    max_images: int = 1000
    max_pixels: int = 16_000_000
    body_s: float = 30.0
    work_s: float = 20.0
    connections: int = 1000
    keep_doubtful: int = 1000
    stop_s: int = 30
