"""A model with specialists, made once."""

import pytest
from two_stages import give_specialists


@pytest.fixture(scope="package")
def two_stages(tmp_path_factory):
    return give_specialists(tmp_path_factory.mktemp("model"))
