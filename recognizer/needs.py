"""What needs a package that a small installation leaves out says so in a line, before it begins."""

from __future__ import annotations

from recognizer.errors import UsageError
from retrieval.installed import missing

_CALLED = {"sklearn": "scikit-learn"}  # by pip


def need(what: str, *modules: str) -> None:
    """Make sure that packages are there, before they are imported.

    Args:
        what: the beginning of the line, such as "fitting needs".
        modules: as they are imported.

    Raises:
        UsageError: some are not; names them, and how to install them.
    """
    if lacking := [_CALLED.get(name, name) for name in missing(modules)]:
        raise UsageError(f"{what} {', '.join(lacking)}: pip install {' '.join(lacking)}")
