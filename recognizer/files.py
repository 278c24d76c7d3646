"""Atomic writes of files that other processes may be reading, and locks between processes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from retrieval import files


def write_whole(path: Path, content: bytes) -> None:
    """Write or replace a file, whole or not at all; several may do so at once."""
    files.write_whole(path, content, path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial"))


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    if path.is_dir():
        files.flush_folder(path)
    else:
        files.flush(path)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file, once no other process or thread holds it; a killed process releases it."""
    import filelock

    path.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(path):
        yield
