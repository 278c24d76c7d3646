"""The models of a stand-in, a folder of drawn digits, and a home of its own."""

import pytest
from similar_command import draw


@pytest.fixture(scope="module", autouse=True)
def stand_in(models):
    """No test here asks what really ships."""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("drawn"))


@pytest.fixture
def here(drawn, monkeypatch, tmp_path):
    monkeypatch.chdir(drawn)
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path / "home"))
    return drawn
