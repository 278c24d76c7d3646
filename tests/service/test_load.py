"""Sound under load: batches, bounds on waiting, back-pressure, another model in the middle of it, a clean end."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from bundles import copy_of_shipped
from waiting import wait_until

from recognizer.bundle import read_bundle
from recognizer.registry import Registry
from recognizer.service.batching import Batcher, Lane
from recognizer.service.problems import BusyError

PHOTO = (Path(__file__).parents[2] / "examples" / "photo-4.png").read_bytes()
PNG = {"Content-Type": "image/png"}
CLIENTS = 4
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"


class Log:
    def __init__(self):
        self.sizes = []

    def began(self, images, waited_s):
        self.sizes.append(images)
        assert waited_s >= 0


def doubled(kind, items):
    return [(kind, 2 * item) for item in items]


def batcher(work=doubled, batch=8, most=100, patience=5.0):
    log = Log()
    return Batcher(work, batch, most, patience, log), log


def test_what_waits_is_done_together_and_in_order():
    async def scene():
        many, log = batcher()
        answers = await asyncio.gather(*(many.submit(number, "a") for number in range(20)))
        many.close()
        return answers, log.sizes

    answers, sizes = asyncio.run(scene())
    assert answers == [("a", 2 * number) for number in range(20)]
    assert sizes == [8, 8, 4]


def test_kinds_are_not_mixed():
    async def scene():
        many, _ = batcher()
        return await asyncio.gather(*(many.submit(number, number % 3) for number in range(9)))

    assert asyncio.run(scene()) == [(number % 3, 2 * number) for number in range(9)]


def test_an_error_reaches_those_it_concerns():
    def work(kind, items):
        if kind == "bad":
            raise ValueError("no")
        return items

    async def scene():
        many, _ = batcher(work)
        calls = [many.submit(1, "good"), many.submit(2, "bad"), many.submit(3, "good")]
        return await asyncio.gather(*calls, return_exceptions=True)

    first, second, third = asyncio.run(scene())
    assert (first, third) == (1, 3)
    assert isinstance(second, ValueError)


class Held:
    """Work that begins, and ends when it is let go."""

    def __init__(self):
        self.done, self.began, self.going = [], threading.Event(), threading.Event()

    def __call__(self, _, items):
        self.began.set()
        assert self.going.wait(30)
        self.done.extend(items)
        return items

    async def has_begun(self):
        assert await asyncio.to_thread(self.began.wait, 30)


def test_more_than_may_wait_is_refused_at_once():
    work = Held()

    async def scene():
        many, _ = batcher(work, batch=1, most=3)
        first = asyncio.create_task(many.submit(0, "a"))
        await work.has_begun()
        waiting = [asyncio.create_task(many.submit(number, "a")) for number in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await many.submit(9, "a")
        work.going.set()
        return await asyncio.gather(first, *waiting)

    assert asyncio.run(scene()) == [0, 0, 1, 2]


def test_what_waited_too_long_is_refused_and_not_done():
    work, patience = Held(), 1.0

    async def scene():
        many, _ = batcher(work, batch=1, patience=patience)
        calls = [asyncio.create_task(many.submit(number, "a")) for number in range(3)]
        await work.has_begun()
        await asyncio.sleep(patience + 0.1)
        work.going.set()
        return await asyncio.gather(*calls, return_exceptions=True)

    first, *others = asyncio.run(scene())
    assert first == 0
    assert all(isinstance(each, BusyError) for each in others)
    assert work.done == [0]


def test_a_lane_holds_so_many_images():
    work = Held()

    async def scene():
        lane = Lane(1, 10, 30.0)
        first = asyncio.create_task(lane.run(lambda: work(None, "a"), 8))
        await work.has_begun()
        with pytest.raises(BusyError):
            await lane.run(lambda: "b", 3)
        work.going.set()
        second = await lane.run(lambda: "c", 2)
        alone = await lane.run(lambda: "d", 99)  # what is too large for any queue is not refused for ever
        return await first, second, alone, lane.held

    assert asyncio.run(scene()) == ("a", "c", "d", 0)


def test_requests_of_many_clients_share_batches(start, tmp_path):
    with start(tmp_path, patience_s=60) as service, service.client() as client:
        batcher, work = service.core.batcher, service.core.batcher._work
        first = iter([True])

        def held(kind, items):
            if next(first, False):  # others come in meanwhile, however fast or slow the machine is
                wait_until(lambda: batcher.waiting > 7)
            return work(kind, items)

        batcher._work = held

        def ask(_):
            return client.post("/recognize", content=PHOTO, headers=PNG).json()["answers"][0]["digit"]

        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(ask, range(200))) == {4}
        text = client.get("/metrics").text
    batches = float(re.search(r"^recognizer_batch_images_count (\S+)", text, re.MULTILINE)[1])
    images = float(re.search(r"^recognizer_batch_images_sum (\S+)", text, re.MULTILINE)[1])
    assert images == 200
    assert batches <= images - 7


def test_too_much_is_refused_with_retry_after(start, tmp_path):
    with start(tmp_path, queue=2, batch=1) as service, service.client() as client:
        work, busy = service.core.batcher._work, threading.Event()
        service.core.batcher._work = lambda kind, items: busy.wait(30) and work(kind, items)

        def ask(_):
            found = client.post("/recognize", content=PHOTO, headers=PNG)
            if found.status_code == 503:
                busy.set()
            return found

        with ThreadPoolExecutor(12) as pool:
            found = list(pool.map(ask, range(36)))
        refused = [each for each in found if each.status_code == 503]
        assert refused
        assert len(refused) < len(found)
        assert {each.status_code for each in found} == {200, 503}
        assert all(each.headers["retry-after"] == "1" and "busy" in each.json()["error"] for each in refused)
        assert client.post("/recognize", content=PHOTO, headers=PNG).status_code == 200


def test_no_request_is_dropped_while_the_model_changes(start, tmp_path):
    with start(tmp_path / "home", patience_s=60) as service:
        bundle = copy_of_shipped(tmp_path / "other", name="other")
        version = Registry().register(bundle, "for a test").version
        models, stop = [], threading.Event()

        def ask(_):
            with service.client() as client:
                while not stop.is_set():
                    found = client.post("/recognize", content=PHOTO, headers=PNG)
                    assert found.status_code == 200, found.text
                    models.append(found.json()["answers"][0]["model"].partition(",")[0])

        def more_answers():
            begun = len(models)  # each client has one request under way
            wait_until(lambda: len(models) > begun + CLIENTS)

        with ThreadPoolExecutor(CLIENTS) as pool:
            asking = [pool.submit(ask, number) for number in range(CLIENTS)]
            try:
                for wanted, name in ((version, version), ("shipped", read_bundle().name)):
                    more_answers()
                    Registry().use(wanted, "by another program")  # noticed by the service itself
                    wait_until(lambda name=name: service.core.live.name.startswith(name))
                    more_answers()
            finally:
                stop.set()
            for each in asking:
                each.result()
    assert set(models) == {read_bundle().name, version}


def serve(home, *options):
    """The command, in a process of its own, and its address once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "import sys; from recognizer.cli import main; sys.exit(main())", "serve"]
    environment = {**os.environ, "RECOGNIZER_HOME": str(home), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [*command, "--port", str(port), *options], env=environment, stderr=subprocess.PIPE, text=True
    )
    url = f"http://127.0.0.1:{port}"

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
        for _ in range(20):
            assert (
                httpx.post(f"{url}/recognize", content=PHOTO, headers=PNG, trust_env=False).status_code == 200
            )
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
