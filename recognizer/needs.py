"""Checks for packages that may not be installed: the error is one line, raised before they are imported."""

from __future__ import annotations

from recognizer.errors import UsageError
from retrieval.installed import missing

_CALLED = {"sklearn": "scikit-learn"}  # by pip


def need(what: str, *modules: str) -> None:
    """Make sure that packages are installed which a small install leaves out.

    Args:
        what: the beginning of the line, such as "fitting needs".
        modules: as they are imported.

    Raises:
        UsageError: some are not; names them, and how to install them.
    """
    if lacking := [_CALLED.get(name, name) for name in missing(modules)]:
        raise UsageError(f"{what} {', '.join(lacking)}: pip install {' '.join(lacking)}")


def need_extra(extra: str, what: str, *modules: str) -> None:
    """Make sure that the packages of an extra are installed; see `need`.

    Raises:
        UsageError: some are not there; names them, and the extra.
    """
    if lacking := missing(modules):
        raise UsageError(f"{what} {', '.join(lacking)}: pip install 'digit-recognizer-eleven[{extra}]'")
