"""Sound under load: shared batches, back-pressure, another model in the middle of it."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bundles import copy_of_shipped
from waiting import wait_until

from recognizer.bundle import read_bundle
from recognizer.registry.versions import Registry

PHOTO = (Path(__file__).parents[2] / "examples" / "photo-4.png").read_bytes()
PNG = {"Content-Type": "image/png"}
CLIENTS = 4


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
