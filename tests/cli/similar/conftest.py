"""The models of a stand-in, a folder of drawn digits, and a home of its own."""

import pytest
from shipped_stand_in import shipped, write_shipped
from similar_command import draw


@pytest.fixture(scope="module", autouse=True)
def models(tmp_path_factory):
    with shipped(write_shipped(tmp_path_factory.mktemp("models"))) as folder:
        yield folder


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("drawn"))


@pytest.fixture
def here(drawn, monkeypatch, tmp_path):
    monkeypatch.chdir(drawn)
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path / "home"))
    return drawn
