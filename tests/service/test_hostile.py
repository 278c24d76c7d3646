"""What a client should not send, or should not be: 4xx and one line, bounded memory, and the service answers on."""

import base64
import contextlib
import json
import socket
from pathlib import Path

import httpx
import pytest
from nasty import READABLE, REFUSED, make_folder

from recognizer.service.protocol import HEAD_S
from recognizer.service.settings import MIB

PHOTO = (Path(__file__).parents[2] / "examples" / "photo-4.png").read_bytes()
PNG = {"Content-Type": "image/png"}
TOKEN = "correct-horse-battery"  # noqa: S105


def refusal(found):
    """The one line of a refusal."""
    assert 400 <= found.status_code < 500, found.text
    line = found.json()["error"]
    assert line
    assert "\n" not in line
    assert "Traceback" not in line
    return line


def memory_mib():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def test_a_folder_of_difficult_files(client, tmp_path):
    files = {path: expected for path, expected in make_folder(tmp_path).items() if path.is_file()}
    assert len(files) > 60
    for path, expected in files.items():
        try:
            content = path.read_bytes()
        except PermissionError:
            continue
        found = client.post("/recognize", content=content, headers=PNG)
        if expected == "answer" or path.name == "unreadable.png":  # here only its access rights are bad
            assert found.status_code == 200, path.name
        else:
            refusal(found)
    assert READABLE.keys()
    assert REFUSED.keys()


@pytest.mark.parametrize("path", ["/recognize", "/similar", "/badcases?label=1"])
def test_no_image_is_refused_everywhere(client, path):
    for content in (
        b"",
        b"GIF89a" + b"<script>alert(1)</script>",
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n",
        b"PK\x03\x04junk",
    ):
        refusal(client.post(path, content=content, headers=PNG))


def test_ten_thousand_files_are_refused(client):
    before = memory_mib()
    files = [("images", (f"{number}.png", b"x", "image/png")) for number in range(10_000)]
    assert "more than 1000 images" in refusal(client.post("/recognize", files=files))
    many = {"images": [base64.b64encode(b"x").decode()] * 10_000}
    assert "more than 1000 images" in refusal(client.post("/recognize", json=many))
    assert memory_mib() < before + 100


def test_a_gigabyte_is_not_even_received(client, service):
    before = memory_mib()

    def gigabyte():
        for _ in range(1024):
            yield bytes(MIB)

    with socket.create_connection(service.url.removeprefix("http://").split(":")) as raw:
        raw.sendall(
            b"POST /recognize HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\n"
            b"Content-Length: 1073741824\r\n\r\n"
        )
        assert raw.recv(100).startswith(b"HTTP/1.1 413")
    # Without a length, as much is received as may be.
    with contextlib.suppress(httpx.TransportError):  # the connection is closed while the client still sends
        assert client.post("/recognize", content=gigabyte(), headers=PNG).status_code == 413
    assert memory_mib() < before + 150
    assert client.post("/recognize", content=PHOTO, headers=PNG).status_code == 200


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[1]", "application/json"),
        (b'{"images": "x"}', "application/json"),
        (b'{"images": ["***"]}', "application/json"),
        (b'{"images": []}', "application/json"),
        (b'{"images": [], "path": "/etc/passwd"}', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"", "multipart/form-data"),
        (b"junk", "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
        (
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nvalue\r\n--x--',
            "multipart/form-data; boundary=x",
        ),
        (b"--x--", "multipart/form-data; boundary=x"),
        (PHOTO, "text/plain"),
        (PHOTO, "application/x-www-form-urlencoded"),
        (PHOTO, "image/svg+xml"),
        (PHOTO, ""),
    ],
)
def test_bodies_that_make_no_sense(client, body, kind):
    refusal(client.post("/recognize", content=body, headers={"Content-Type": kind}))


def test_names_of_files_are_only_names(client, service):
    (outcome,) = client.post(
        "/badcases?label=3", files=[("images", ("../../../etc/cron.d/x", PHOTO, "image/png"))]
    ).json()["outcomes"]
    assert outcome["status"] == "new"
    assert {path.name for path in service.home.iterdir()} >= {"badcases.sqlite"}
    assert not list(service.home.rglob("cron.d"))


@pytest.mark.parametrize(
    "path",
    [
        "/static/../settings.py",
        "/static/%2e%2e/app.py",
        "/static//etc/passwd",
        "/../../etc/passwd",
        "/static/x",
    ],
)
def test_no_path_leads_out_of_the_pages(service, path):
    with socket.create_connection(service.url.removeprefix("http://").split(":")) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 404")


def test_headers_without_end(service):
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, port)) as raw:
        raw.settimeout(10)
        raw.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        try:
            for _ in range(10_000):
                raw.sendall(b"X-Long: " + b"x" * 1000 + b"\r\n")
            assert raw.recv(100).startswith(b"HTTP/1.1 400")
        except ConnectionError:
            pass
    assert httpx.get(f"{service.url}/health", trust_env=False).status_code == 200


def test_bodies_and_headers_that_never_come(start, tmp_path, monkeypatch):
    monkeypatch.setattr("recognizer.service.protocol.HEAD_S", 0.3)
    with start(tmp_path, body_s=0.3) as service:
        address = service.url.removeprefix("http://").split(":")
        with socket.create_connection(address) as raw:
            raw.settimeout(10)
            raw.sendall(
                b"POST /recognize HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\nContent-Length: 9\r\n\r\nx"
            )
            assert raw.recv(100).startswith(b"HTTP/1.1 408")
        with socket.create_connection(address) as raw:
            raw.settimeout(0.9 * HEAD_S)
            raw.sendall(b"GET /hea")
            assert raw.recv(100) == b""


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[evil"}, 403),
        ({"Host": "[evil"}, 421),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_pages_of_other_sites_can_not_write(client, headers, status):
    found = client.post("/badcases?label=4", content=PHOTO, headers={**PNG, **headers})
    assert found.status_code == status


def test_own_pages_can_write(client, service):
    headers = {**PNG, "Origin": service.url, "Sec-Fetch-Site": "same-origin"}
    assert client.post("/badcases?label=4", content=PHOTO, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/review", "/health", "/badcases", "/nothing", "/static/read.js"])
def test_every_answer_bears_the_headers(client, path):
    headers = client.get(path).headers
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"]
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


def test_with_a_token_nothing_is_open_but_the_pages(start, tmp_path):
    with start(tmp_path, token=TOKEN) as service, service.client() as client:
        for path in ("/badcases", "/models", "/metrics", "/openapi.json", "/doubtful", "/nothing"):
            assert client.get(path).status_code == 401, path
            assert client.get(path, headers={"Authorization": f"Bearer {TOKEN}x"}).status_code == 401
        assert client.post("/recognize", content=PHOTO, headers=PNG).status_code == 401
        for path in ("/", "/review", "/health", "/static/common.js"):
            assert client.get(path).status_code == 200, path
        shown = {"Authorization": f"Bearer {TOKEN}"}
        assert client.post("/recognize", content=PHOTO, headers={**PNG, **shown}).status_code == 200
        assert json.loads(client.get("/badcases", headers=shown).text) == {"cases": [], "next": None}
