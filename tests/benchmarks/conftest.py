"""The benchmarks as modules that tests can import; what they write goes to a folder of the test's own."""

import pytest
from report_files import benchmarks


@pytest.fixture
def modules(tmp_path):
    with benchmarks(tmp_path / "results"):
        yield
