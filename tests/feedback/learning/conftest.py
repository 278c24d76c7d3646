"""A registry whose current model is a tiny one, and a store of what it reads wrongly."""

import pytest

from recognizer.feedback.store import Store
from recognizer.registry.versions import Registry


@pytest.fixture(scope="package")
def base(tmp_path_factory):
    from learning_cases import POOLS
    from tiny_model import make_base

    return make_base(tmp_path_factory.mktemp("base"), POOLS)


@pytest.fixture
def home(tmp_path, monkeypatch, models, base):
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path / "home"))
    registry = Registry()
    registry.use(registry.register(base, "to begin with").version, "to begin with")
    return tmp_path / "home"


@pytest.fixture
def store(home):
    from learning_cases import fill

    with Store.open() as opened:
        fill(opened)
        yield opened
