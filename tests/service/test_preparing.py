"""A service gets its gallery ready for many questions, and answers meanwhile."""

import logging
import threading
from pathlib import Path

from small_graphs import seen, worth
from waiting import wait_until

from recognizer import Recognizer
from recognizer.service.preparing import Preparing
from retrieval import cost
from retrieval.errors import EngineError
from retrieval.graph import Graph

PHOTO = (Path(__file__).parents[2] / "examples" / "photo-4.png").read_bytes()
PNG = {"Content-Type": "image/png"}


def engine_of(client):
    return client.post("/similar", content=PHOTO, headers=PNG).json()["answers"][0]["engine"]


def look(preparing, gallery):
    preparing.look(gallery)
    preparing._thread.join(30)


def test_a_service_runs_on_the_graph(start, tmp_path, monkeypatch):
    """It is ready and answers exactly while the graph is built; then all questions go to the graph, built once."""
    ran, going, built = worth(monkeypatch, 1000), threading.Event(), []
    build = Graph.build

    def slow(*asked):
        built.append(1)
        assert going.wait(60)
        return build(*asked)

    monkeypatch.setattr(Graph, "build", slow)
    with start(tmp_path) as service, service.client() as client:
        wait_until(lambda: built)
        assert client.get("/health").status_code == 200
        assert engine_of(client) == "exact"
        going.set()
        wait_until(lambda: service.core.live.model.gallery.plan(1).engine == "pynndescent")
        assert engine_of(client) == "pynndescent"
        for several in (1, 2):
            files = [("images", PHOTO)] * several
            answers = client.post("/recognize?explain=3", files=files).json()["answers"]
            assert [len(answer["neighbors"]) for answer in answers] == [3] * several
            assert ran[-1] == "pynndescent"
    assert built == [1]


def test_a_small_gallery_stays_exact(start, tmp_path, monkeypatch):
    ran = seen(monkeypatch)
    with start(tmp_path) as service, service.client() as client:
        look(service.core.live._preparing, service.core.live.model.gallery)
        assert engine_of(client) == "exact"
    assert ran == ["exact"]


def test_it_begins_once_the_rule_says_so(monkeypatch, start):
    """What was asked counts, and many questions more, so that no request has to wait for the graph."""
    worth(monkeypatch, cost.SERVED)
    gallery, preparing = Recognizer.load().gallery, Preparing()
    look(preparing, gallery)
    assert gallery.plan(1).engine == "exact"
    gallery._engines._spent = cost.building(len(gallery)) - 2 * cost.exact(1, len(gallery))
    assert gallery.plan(1).engine == "exact"
    look(preparing, gallery)
    assert gallery.plan(1).engine == "pynndescent"


def test_what_can_not_be_made_is_told_once(monkeypatch, start, caplog):
    def fails(*_):
        raise EngineError("the engine pynndescent can't be used (here)")

    worth(monkeypatch, 2)
    monkeypatch.setattr(Graph, "build", fails)
    gallery, preparing = Recognizer.load().gallery, Preparing()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            look(preparing, gallery)
    assert [record.getMessage() for record in caplog.records] == [
        "the engine pynndescent can't be used (here)"
    ]
    assert gallery.plan(10).engine == "exact"
