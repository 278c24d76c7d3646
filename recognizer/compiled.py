"""What was compiled from the C files in `native` while the package was built; None where there was no C compiler.

All of it is there in Python as well, and says the same, bit by bit: compiled it takes less time.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["in_python", "native"]

try:
    import recognizer._native as native
except ModuleNotFoundError:
    native = None  # type: ignore[assignment]
except ImportError as error:
    native = None  # type: ignore[assignment]
    warnings.warn(f"slower without the compiled parts, which can't be loaded: {error}", stacklevel=1)


@contextmanager
def in_python() -> Iterator[None]:
    """Without what was compiled, as if there had been no C compiler: to compare. It holds for all threads."""
    global native  # noqa: PLW0603 - the modules that use it look here each time
    before, native = native, None  # type: ignore[assignment]
    try:
        yield
    finally:
        native = before
