"""The shipped recognizer, samples that it made, and stores on both kinds of database."""

import uuid

import postgres_server
import pytest
from labelled_images import png

from recognizer import Recognizer
from recognizer.feedback.cases import Report
from recognizer.feedback.ingest import ingest, make_sample
from recognizer.feedback.rows import open_rows
from recognizer.feedback.store import Store


@pytest.fixture(scope="session")
def recognizer():
    return Recognizer.load("shipped")


@pytest.fixture(scope="session")
def sample(recognizer):
    """Makes a sample of an image's number, of what it is said to show (what it shows unless told) and other words."""

    def made(number, label=None, **said):
        content, shown = png(number)
        words = {"label": shown if label is None else label, "source": "s", "reporter": "ann", **said}
        return make_sample(content, Report(**words), recognizer)

    return made


@pytest.fixture(scope="session")
def postgres():
    """The URL of a server's database."""
    reason = postgres_server.unusable()
    if reason:
        pytest.skip(reason)
    with postgres_server.server() as url:
        yield url


@pytest.fixture
def postgres_place(postgres):
    """The URL of an empty part of a server's database."""
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return f"{postgres}&options=-csearch_path%3D{name}"


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    """Where a store is to be made: both kinds of database, one after the other."""
    if request.param == "sqlite":
        return str(tmp_path / "store" / "cases.sqlite")
    return request.getfixturevalue("postgres_place")


@pytest.fixture
def store(place):
    with Store.open(place) as opened:
        yield opened


@pytest.fixture
def run(store, recognizer):
    """Ingests, and gives the results."""

    def ingested(spec, source=None, keeper=store):
        return list(ingest(open_rows(str(spec), source, "ann").read(), keeper, recognizer))

    return ingested
