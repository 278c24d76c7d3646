"""No test sees, or changes, what whoever runs the tests keeps, and none fails because the machine is busy."""

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says more about the machine than about the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(autouse=True, scope="session")
def own_home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECOGNIZER_HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("RECOGNIZER_STORE", raising=False)
        yield


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """An encoder and a starter gallery that stand in for those that ship, while a file's tests run."""
    from shipped_stand_in import shipped, write_shipped

    with shipped(write_shipped(tmp_path_factory.mktemp("models"))) as folder:
        yield folder
