"""The command ``recognizer serve``: a clean end, several workers, what can't be served."""

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from commands import environment
from waiting import wait_until

PHOTO = (Path(__file__).parents[2] / "examples" / "photo-4.png").read_bytes()
PNG = {"Content-Type": "image/png"}
CLIENTS = 4
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"


def serve(home, *options):
    """The command, in a process of its own, and its address, which it tells, once it answers."""
    command = [sys.executable, "-c", "import sys; from recognizer.cli import main; sys.exit(main())", "serve"]
    settings = environment(RECOGNIZER_HOME=str(home), OMP_NUM_THREADS="1")
    process = subprocess.Popen(
        [*command, "--port", "0", *options], env=settings, stderr=subprocess.PIPE, text=True
    )
    told = next((line for line in process.stderr if "listening on" in line), "")
    url, review = re.findall(r"http://127\.0\.0\.1:[0-9]+[/a-z]*", told) or ("", "")
    url = url.removesuffix("/")
    assert review == f"{url}/review"

    def answers():
        try:
            return httpx.get(f"{url}/health", trust_env=False, timeout=2).status_code == 200
        except httpx.TransportError:
            assert process.poll() is None, process.stderr.read()
            return False

    try:
        wait_until(answers)
    except AssertionError:
        process.kill()
        process.communicate()
        raise
    return process, url


@pytest.mark.skipif(sys.platform == "win32", reason="ends processes by signals")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_signal_ends_it_once_all_is_answered(tmp_path, workers):
    process, url = serve(tmp_path, "--workers", str(workers))
    host, port = url.removeprefix("http://").split(":")
    head = (
        f"POST /recognize HTTP/1.1\r\nHost: {host}\r\nContent-Type: image/png\r\n"
        f"Content-Length: {len(PHOTO)}\r\nExpect: 100-continue\r\n\r\n"
    )
    try:
        asking = [socket.create_connection((host, port), 20) for _ in range(CLIENTS)]
        for each in asking:
            each.sendall(head.encode())
        for each in asking:  # said once a request has begun
            assert each.recv(len(GO_ON), socket.MSG_WAITALL) == GO_ON
            each.sendall(PHOTO[:100])
        process.send_signal(signal.SIGTERM)
        time.sleep(0.7)
        for each in asking:
            each.sendall(PHOTO[100:])
        answers = [each.makefile("rb").read() for each in asking]
        for each in asking:
            each.close()
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    assert [answer.partition(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 200 OK"] * CLIENTS
    assert all(b'"digit": 4' in answer for answer in answers)
    assert "Traceback" not in said


def test_several_workers_count_together(tmp_path):
    process, url = serve(tmp_path, "--workers", "2")
    try:
        answered = 0
        for _ in range(60):
            answer = httpx.post(f"{url}/recognize", content=PHOTO, headers=PNG, trust_env=False)
            answered += answer.status_code == 200
            if answered == 20:
                break
            if answer.status_code == 503:  # by the worker that is not ready yet
                assert "being loaded" in answer.text
                time.sleep(int(answer.headers["Retry-After"]))
        assert answered == 20
        text = httpx.get(f"{url}/metrics", trust_env=False).text
        assert 'recognizer_answers_total{outcome="accepted"} 20.0' in text
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--host", "198.51.100.7"], (2, "needs a token")),
        (["--model", "nothing@7"], (3, "no model is registered")),
        (["--host", "203.0.113.7", "--token-file", "TOKEN"], (2, "can't listen on")),
        (["--token-file", "SHORT"], (2, "16 or more")),
    ],
)
def test_what_can_not_be_served_is_told(tmp_path, monkeypatch, capsys, options, expected):
    from recognizer.cli import main

    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path))
    (tmp_path / "TOKEN").write_text("a-token-that-is-long-enough\n")
    (tmp_path / "SHORT").write_text("short")
    asked = [str(tmp_path / each) if each in ("TOKEN", "SHORT") else each for each in options]
    code, word = expected
    assert main(["serve", *asked]) == code
    assert word in capsys.readouterr().err
