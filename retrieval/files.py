"""Files that are whole or not there: atomic writes, checksums, arrays without pickle."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import BUILD_AGAIN, GalleryAccessError, GalleryError, first_line

PARTIAL = ".partial"
ARRAY = ".npy"
COMPRESSED = ".npz"
LOCK = ".lock"
PATIENCE = 5.0
_QUICKLY_CHECKED = 2 << 20  # bytes: two milliseconds at most
_LARGEST_JSON = 64 << 20
_PIECE = 1 << 20


def write_whole(file: Path, content: bytes, partial: Path) -> None:
    """Write or replace a file, whole or not at all, even if the program is killed or the power fails.

    Args:
        file: the file.
        content: what it shall hold.
        partial: beside it, what is written first; one that is left over is replaced.
    """
    try:
        partial.write_bytes(content)
        flush(partial)
        partial.replace(file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    flush_folder(file.parent)


def write_json(file: Path, content: dict[str, Any]) -> None:
    """Replace a file at once: whoever reads it sees the old content or the new one."""
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    write_whole(file, text.encode(), file.with_name(file.name + PARTIAL))


def read_json(file: Path) -> dict[str, Any]:
    """The object in a file.

    Raises:
        FileNotFoundError: there is none.
        GalleryError: it can't be read, or holds no object.
    """
    try:
        if file.stat().st_size > _LARGEST_JSON:
            raise GalleryError(f"{file}: too large for a description")
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise GalleryAccessError(f"{file}: can't be read ({error.strerror or error})") from None
    except (ValueError, RecursionError) as error:
        raise GalleryError(f"{file}: damaged, it is not JSON ({error}); {BUILD_AGAIN}") from None
    if not isinstance(content, dict):
        raise GalleryError(f"{file}: damaged, it is not a JSON object; {BUILD_AGAIN}")
    return content


def write_folder(folder: Path, arrays: dict[str, NDArray[Any]]) -> dict[str, dict[str, Any]]:
    """Write arrays as the files of a new folder, which appears when all of them are on the disk.

    Args:
        folder: the folder, not there yet.
        arrays: by file name; those that end in ``.npz`` are compressed.

    Returns:
        Size and SHA-256 of each file, by name.
    """
    partial = folder.with_name(folder.name + PARTIAL)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name, array in arrays.items():
        if name.endswith(COMPRESSED):
            np.savez_compressed(partial / name, array=array)
        else:
            np.save(partial / name, array, allow_pickle=False)
        flush(partial / name)
    flush_folder(partial)
    found = {name: describe(partial / name) for name in arrays}
    partial.rename(folder)
    flush_folder(folder.parent)
    return found


def describe(file: Path) -> dict[str, Any]:
    """The size and SHA-256 of a file."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
    return {"bytes": file.stat().st_size, "sha256": digest.hexdigest()}


def check_size(file: Path, described: dict[str, Any]) -> None:
    """Compare a file's size with what was written.

    Raises:
        FileNotFoundError: it is gone.
        GalleryError: it has another size.
    """
    size = file.stat().st_size
    if size != described["bytes"]:
        wanted = described["bytes"]
        raise GalleryError(f"{file}: damaged, it has {size:,} bytes instead of {wanted:,}; {BUILD_AGAIN}")


def check_content(file: Path, described: dict[str, Any], remedy: str = BUILD_AGAIN) -> None:
    """Compare a file's content with what was written.

    Args:
        file: the file.
        described: what `describe` said of it.
        remedy: what to do if it is damaged.

    Raises:
        FileNotFoundError: it is gone.
        GalleryError: it is another one, or can't be read.
    """
    try:
        if describe(file) != described:
            raise GalleryError(f"{file}: damaged, its checksum differs; {remedy}")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise GalleryAccessError(f"{file}: can't be read ({error.strerror or error})") from None


def check_quickly(file: Path, described: dict[str, Any]) -> None:
    """Compare a file with what was written: its size and, unless it is large, its content.

    Raises:
        FileNotFoundError: it is gone.
        GalleryError: it is another one, or can't be read.
    """
    check_size(file, described)
    if described["bytes"] <= _QUICKLY_CHECKED:
        check_content(file, described)


def read_array(file: Path, dtype: type[np.generic], shape: tuple[int | None, ...]) -> NDArray[Any]:
    """An array: mapped into memory, or unpacked if the file is compressed.

    Args:
        file: the file.
        dtype: what its numbers must be.
        shape: what its shape must be; None where any length will do.

    Raises:
        FileNotFoundError: there is no such file.
        GalleryError: it is damaged, or holds another array.
    """
    try:
        array = _load(file)
    except FileNotFoundError:
        raise
    except Exception as error:  # a damaged header can fail in any way
        raise GalleryError(
            f"{file}: damaged, it can't be read ({first_line(error)}); {BUILD_AGAIN}"
        ) from None
    fits = len(array.shape) == len(shape) and all(
        want is None or want == found for want, found in zip(shape, array.shape, strict=True)
    )
    if array.dtype != dtype or not fits or not array.flags.c_contiguous:
        held = f"{array.dtype} {array.shape}, which was not expected"
        raise GalleryError(f"{file}: damaged, it holds {held}; {BUILD_AGAIN}")
    return array


def _load(file: Path) -> NDArray[Any]:
    if file.name.endswith(COMPRESSED):
        with np.load(file, allow_pickle=False) as archive:
            packed: NDArray[Any] = archive["array"]
            return packed
    # An array without a row can't be mapped.
    with file.open("rb") as stream:
        empty = stream.seek(0, os.SEEK_END) <= 128
    return np.asarray(np.load(file, mmap_mode=None if empty else "r", allow_pickle=False))


@contextlib.contextmanager
def locked(folder: Path, patience: float | None = None) -> Iterator[None]:
    """Hold a gallery's lock, so that one process writes at a time; the system releases it when a process ends.

    Args:
        folder: where.
        patience: how many seconds to wait for another one to finish; ``PATIENCE`` by default.

    Raises:
        GalleryAccessError: another one is still writing.
    """
    import filelock

    lock = filelock.FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=PATIENCE if patience is None else patience)
    except filelock.Timeout:
        raise GalleryAccessError(
            f"{folder}: another process is writing to this gallery; try again later"
        ) from None
    try:
        yield
    finally:
        lock.release()


def flush(file: Path) -> None:
    """Make sure that a file's content is on the disk."""
    with file.open("rb+") as stream:
        os.fsync(stream.fileno())


def flush_folder(folder: Path) -> None:
    """Make sure that the names in a folder are on the disk, where the system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
