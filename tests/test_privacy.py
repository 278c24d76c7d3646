"""What is recognized stays here: no library reports it, and none leaves files where nobody asked for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import retrieval.runtime

PHOTO = Path(__file__).parent.parent / "examples" / "photo-4.png"

SEARCH = """
from recognizer import Recognizer
answer = Recognizer.load().recognize({path!r}, explain=2)
assert answer.digit == 4 and len(answer.neighbors) == 2
"""


def test_recognizing_and_searching_leave_nothing_in_the_home_folder(tmp_path: Path) -> None:
    """ONNX Runtime would keep an identifier of the machine, and events to send, in a cache there."""
    home = tmp_path / "home"
    home.mkdir()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "ORT_"))}
    outcome = subprocess.run(
        [sys.executable, "-c", SEARCH.format(path=str(PHOTO))],
        env=kept | {"HOME": str(home), "RECOGNIZER_HOME": str(tmp_path / "own")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_who_wants_reports_may_have_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user has set is left alone."""
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    retrieval.runtime.onnx_runtime()
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "0"
