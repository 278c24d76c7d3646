"""A folder of nasty files: name to path and what is expected, ``answer`` or ``error``."""

import pytest
from nasty import make_folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("nasty")
    return {path.name: (path, expected) for path, expected in make_folder(root).items()}
