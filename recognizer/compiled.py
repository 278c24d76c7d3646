"""What was compiled from the C files in `native` while the package was built; None where there was no C compiler.

All of it is there in Python as well, and says the same, bit by bit: compiled it takes less time.
"""

from __future__ import annotations

__all__ = ["native"]

try:
    from recognizer import _native as native
except ImportError:
    native = None  # type: ignore[assignment]
