"""Which model answers: the one asked for, or the current one."""

from __future__ import annotations

import os

from recognizer.bundle import Bundle, read_bundle
from recognizer.errors import UsageError
from recognizer.places import REGISTRY_FILE, models_folder


def open_model(model: str | os.PathLike[str] | None) -> Bundle:
    """Read and check a model, as `Registry.open` names it.

    The registry takes a while to import: where nothing was ever registered, the model that ships needs none of it.

    Raises:
        ModelError: it is missing, damaged or of another format.
        UsageError: it is no text and no path.
    """
    if model is not None and (not isinstance(model, str | os.PathLike) or "\0" in os.fsdecode(model)):
        raise UsageError(f"a model is a folder, or the name of a registered one, not {model!r}")
    if model is None and not _is_there():
        return read_bundle()
    from recognizer.registry.versions import Registry

    return Registry().open(model)


def _is_there() -> bool:
    try:
        (models_folder() / REGISTRY_FILE).stat()
    except OSError as error:
        # Why one can't be looked at is for the registry to tell: another model than the one chosen must not answer.
        return not isinstance(error, FileNotFoundError | NotADirectoryError)
    return True
