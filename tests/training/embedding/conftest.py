"""A small embedding, trained once for all tests."""

import pytest


@pytest.fixture(scope="package")
def learnt():
    from small_embedding import learn

    return learn()
