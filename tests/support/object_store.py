"""An object store on this machine that speaks as much of S3's protocol as reading, listing and writing need."""

from __future__ import annotations

import contextlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class ObjectStore:
    """A server; ``objects`` are what it holds, by ``bucket/key``."""

    def __init__(self):
        self.objects = {}
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                store.get(self)

            def do_HEAD(self):
                store.get(self)

            def do_PUT(self):
                store.put(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def environment(self):
        """What tells clients where it is."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server.server_port}",
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    @contextlib.contextmanager
    def running(self):
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join()

    def get(self, request):
        address = urlsplit(request.path)
        key, asked = unquote(address.path).strip("/"), parse_qs(address.query)
        if "list-type" in asked:
            answer(request, 200, self.listing(key, asked["prefix"][0]))
        elif key not in self.objects:
            answer(request, 404, b"<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>")
        elif part := re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("Range", "")):
            whole = self.objects[key]
            first = int(part[1]) if part[1] else len(whole) - int(part[2])
            last = min(int(part[2]), len(whole) - 1) if part[1] and part[2] else len(whole) - 1
            answer(
                request, 206, whole[first : last + 1], {"Content-Range": f"bytes {first}-{last}/{len(whole)}"}
            )
        else:
            answer(request, 200, self.objects[key])

    def listing(self, bucket, prefix):
        """One level of the folders that keys stand for."""
        keys = sorted(key.removeprefix(f"{bucket}/") for key in self.objects if key.startswith(f"{bucket}/"))
        below = [key for key in keys if key.startswith(prefix)]
        files = [key for key in below if "/" not in key[len(prefix) :]]
        folders = sorted({prefix + key[len(prefix) :].partition("/")[0] + "/" for key in below} - {*files})
        folders = [name for name in folders if name[:-1] not in files]
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.objects[f'{bucket}/{key}'])}</Size></Contents>"
            for key in files
        )
        common = "".join(
            f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in folders
        )
        return (
            f"<ListBucketResult><Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix>"
            f"<IsTruncated>false</IsTruncated>{contents}{common}</ListBucketResult>"
        ).encode()

    def put(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        if "aws-chunked" in request.headers.get("Content-Encoding", ""):
            body = b"".join(chunks(body))
        self.objects[unquote(urlsplit(request.path).path).strip("/")] = body
        answer(request, 200, b"")


def chunks(body):
    """What is in a body that comes in chunks, each after its length."""
    while body:
        line, _, body = body.partition(b"\r\n")
        length = int(line.partition(b";")[0], 16)
        if not length:
            return
        yield body[:length]
        body = body[length + 2 :]


def answer(request, status, content, headers=()):
    request.send_response(status)
    for name, value in {
        "Content-Length": str(len(content)),
        "ETag": '"0"',
        "Last-Modified": "Sun, 22 Nov 2026 00:00:00 GMT",
        **dict(headers),
    }.items():
        request.send_header(name, value)
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(content)
