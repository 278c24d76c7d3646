"""Where this package keeps what it stores."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from recognizer.errors import UsageError

REGISTRY_FILE = "registry.json"  # in the folder of registered models


def home() -> Path:
    """The folder of registered models, galleries, bad cases and data, which may not exist yet.

    The environment variable RECOGNIZER_HOME names it; by default it is the platform's user data folder.

    Raises:
        UsageError: it names a user that there is not.
    """
    chosen = os.environ.get("RECOGNIZER_HOME")
    return expanded(chosen) if chosen else _data_folder()


def expanded(path: str | os.PathLike[str]) -> Path:
    """A path as users write it, with ``~`` or ``~user`` in the place of a home folder.

    Raises:
        UsageError: no such home folder is known.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise UsageError(
            f"{os.fspath(path)!r}: no such home folder is known; write the path in full"
        ) from None


def _data_folder() -> Path:
    own = os.environ.get("HOME", "")
    if sys.platform == "linux" and own.startswith("/") and not os.environ.get("XDG_DATA_HOME"):
        # As platformdirs says, which takes milliseconds to import.
        return Path(own, ".local", "share", "recognizer")
    import platformdirs

    return platformdirs.user_data_path("recognizer", appauthor=False)


def models_folder() -> Path:
    """The folder of registered models, which may not exist yet."""
    return home() / "models"
