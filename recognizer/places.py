"""Where this package keeps what it stores."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def home() -> Path:
    """The folder of registered models, galleries, bad cases and data, which may not exist yet.

    The environment variable RECOGNIZER_HOME names it; by default it is the platform's user data folder.
    """
    chosen = os.environ.get("RECOGNIZER_HOME")
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("recognizer", appauthor=False)
