"""Many short strings in two arrays, which can be mapped into memory."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

LONGEST = 65535


@dataclass(frozen=True)
class Texts:
    """Strings, as UTF-8.

    Attributes:
        lengths: bytes of each; uint16 (N,).
        text: all of them, one after the other; uint8 (sum of lengths,).
    """

    lengths: NDArray[np.uint16]
    text: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, number: int) -> str:
        end = int(self._ends[number])
        return self.text[end - int(self.lengths[number]) : end].tobytes().decode(errors="surrogateescape")

    def __iter__(self) -> Iterator[str]:
        whole = self.text.tobytes()
        start = 0
        for end in self._ends.tolist():
            yield whole[start:end].decode(errors="surrogateescape")
            start = end

    @cached_property
    def _ends(self) -> NDArray[np.int64]:
        return np.cumsum(self.lengths, dtype=np.int64)

    @classmethod
    def of(cls, strings: Sequence[str]) -> Texts:
        """Pack strings of at most ``LONGEST`` bytes each."""
        packed = [encoded(string) for string in strings]
        lengths = np.array([len(one) for one in packed], np.uint16)
        return cls(lengths, np.frombuffer(b"".join(packed), np.uint8))


def encoded(string: str) -> bytes:
    """A string's bytes; file names that are no valid text come through unharmed."""
    return string.encode(errors="surrogateescape")


def different(strings: Iterable[str]) -> Iterator[str]:
    """Each string once, in the order in which they first come."""
    seen: set[str] = set()
    for string in strings:
        if string not in seen:
            seen.add(string)
            yield string


def fits(text: str, pattern: str) -> bool:
    """Whether a text, or what follows one of its slashes, fits a pattern with ``*``, ``?`` and ``[…]``."""
    # As with a file's name on a command line: "form-A*" also means what lies in a folder.
    return fnmatch.fnmatchcase(text, pattern) or fnmatch.fnmatchcase(text, f"*/{pattern}")
