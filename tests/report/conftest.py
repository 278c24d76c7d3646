"""A report of most files, made once for all tests."""

import pytest
from report_files import all_files
from report_pages import report

from reject_gen.typefaces import built_in


@pytest.fixture(scope="package")
def place(tmp_path_factory):
    """The report of a model with most of its files, and where all of it is."""
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECOGNIZER_DATA", str(folder / "nothing"))
        patch.setattr("recognizer.measure.nondigits.find_typefaces", lambda: (built_in(),))
        results, run = all_files(folder)
        words = ["--results", results, "--run", run, "--data", folder / "data"]
        assert report(folder, *words) == 0
    return folder, results, run
