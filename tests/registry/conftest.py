"""An empty registry, and bundles to register."""

import pytest
from bundles import copy_of_shipped

from recognizer.registry.versions import Registry


@pytest.fixture
def registry(tmp_path, monkeypatch):
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path / "home"))
    return Registry()


@pytest.fixture
def bundle(tmp_path):
    """Makes bundles that differ in their temperature."""
    made = iter(range(1000))
    return lambda temperature=0.8: copy_of_shipped(tmp_path / f"bundle-{next(made)}", temperature=temperature)
