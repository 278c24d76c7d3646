import uuid

import postgres_server
import pytest

from recognizer import Recognizer
from recognizer.feedback.store import Store


@pytest.fixture(scope="session")
def recognizer():
    return Recognizer.load("shipped")


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
