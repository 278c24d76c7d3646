"""The command ``badcase`` in this process, in a folder and with a home of its own."""

import pytest
from labelled_images import png

from recognizer.cli.badcase import main


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RECOGNIZER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def badcase(capsys):
    """Runs a command line that should end with a code; gives its standard output."""

    def run(*argv, code=0):
        capsys.readouterr()
        assert main(list(map(str, argv))) == code
        return capsys.readouterr().out

    return run


@pytest.fixture
def image(tmp_path):
    """A file with image 0, and what it shows."""
    content, label = png(0)
    (tmp_path / "img.png").write_bytes(content)
    return "img.png", label
