"""The line of progress of commands that may take long."""

import io

import pytest
from terminals import ESCAPE
from waiting import wait_until

from recognizer.cli.progress import watched


def test_progress_shows_only_after_a_while_and_passes_everything_on():
    stream = io.StringIO()
    assert list(watched(iter(range(5)), pytest.fail, stream)) == list(range(5))
    assert stream.getvalue() == ""
    assert list(watched(iter(range(5)), lambda: None, stream, patience_s=-1.0)) == list(range(5))


def test_progress_counts_on_a_terminal(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    stream = io.StringIO()
    for number in watched(range(3), lambda: 3, stream, patience_s=-1.0):
        if number == 2:
            wait_until(lambda: "2/3" in ESCAPE.sub("", stream.getvalue()))
