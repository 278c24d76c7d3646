"""A stand-in for MNIST, seven images, and a mirror of it on this machine."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from recognizer import data


def idx(array):
    """The contents of an IDX file."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


IMAGES = np.random.default_rng(0).integers(0, 255, (7, 28, 28), dtype=np.uint8)
LABELS = np.arange(7, dtype=np.uint8)
FILES = {name: idx(IMAGES if "images" in name else LABELS) for name in data.MNIST}
SUMS = {name: hashlib.sha256(contents).hexdigest() for name, contents in FILES.items()}


def put(root, files=FILES):
    (root / "mnist").mkdir(parents=True, exist_ok=True)
    for name, contents in files.items():
        data.packed(root, name).write_bytes(packed(contents))
    return root


def packed(contents):
    return gzip.compress(contents, mtime=0)


class Mirror:
    """A server on this machine; what it answers can be changed, what it was asked is kept."""

    def __init__(self):
        self.asked = []
        self.files = {name + ".gz": gzip.compress(contents) for name, contents in FILES.items()}
        self.missing_bytes = 0
        self.status = 200
        self.headers = {}
        self.stall = threading.Event()
        self.stalls = False
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                with contextlib.suppress(ConnectionError):  # the client gave up
                    mirror.answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/mnist/"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def answer(self, request):
        self.asked.append(request.path)
        if self.stalls:
            self.stall.wait(5)
        body = self.files.get(request.path.rsplit("/", 1)[-1])
        request.send_response(self.status if body is not None else 404)
        for key, value in self.headers.items():
            request.send_header(key, value)
        request.send_header("Content-Length", str(len(body or b"")))
        request.end_headers()
        request.wfile.write((body or b"")[: len(body or b"") - self.missing_bytes])

    def close(self):
        self.stall.set()
        self.server.shutdown()
        self.server.server_close()
