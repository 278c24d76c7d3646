"""No test sees, or changes, what whoever runs the tests keeps: registered models, bad cases."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def own_home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECOGNIZER_HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("RECOGNIZER_STORE", raising=False)
        yield
