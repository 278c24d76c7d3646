"""Fetching MNIST from its public mirrors: checked, atomic, from the next mirror when one fails."""

from __future__ import annotations

import http.client
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from recognizer.data import MNIST, packed, state
from recognizer.errors import DataError, UsageError

Progress = Callable[[str, int, int | None], None]

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
TIMEOUT_S = 30.0
_MAX_BYTES = 1 << 28
_BLOCK = 1 << 16


def fetch(
    root: str | os.PathLike[str],
    mirrors: Sequence[str] = MIRRORS,
    sums: Mapping[str, str] = MNIST,
    progress: Progress | None = None,
) -> dict[str, Literal["kept", "fetched"]]:
    """Bring MNIST into ``root/mnist``; files that are intact already are kept.

    Args:
        root: the folder of data sets; made when missing.
        mirrors: the http(s) addresses of folders that hold the files, tried in order.
        sums: the SHA-256 of each uncompressed file.
        progress: told the name of a file, the bytes so far, and the bytes to come if known.

    Returns:
        Each name, with whether it was there or had to be fetched.

    Raises:
        UsageError: a mirror that is not http(s).
        DataError: no mirror had a file; those before it stay, so that the next try goes on from there.
    """
    for mirror in mirrors:
        if urllib.parse.urlsplit(mirror).scheme not in ("http", "https"):
            raise UsageError(f"{mirror!r}: a mirror's address starts with https:// or http://")
    done: dict[str, Literal["kept", "fetched"]] = {}
    for name, wanted in sums.items():
        target = packed(Path(root), name)
        if state(target, wanted) == "intact":
            done[name] = "kept"
            continue
        _fetch_one(target, wanted, mirrors, progress)
        done[name] = "fetched"
    return done


def _fetch_one(target: Path, wanted: str, mirrors: Sequence[str], progress: Progress | None) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{target.parent}: cannot make this folder: {error.strerror}") from None
    failures = []
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        for mirror in mirrors:
            try:
                _download(mirror, target.name, partial, progress)
            except (OSError, http.client.HTTPException, ValueError) as error:
                failures.append(f"{mirror}: {_reason(error)}")
                continue
            if state(partial, wanted) == "intact":
                # In place only when it is whole and right: who reads meanwhile sees the old file or the new.
                partial.replace(target)
                return
            failures.append(f"{mirror}: not the right contents (SHA-256)")
    finally:
        partial.unlink(missing_ok=True)
    raise DataError(f"cannot fetch {target.name}: {'; '.join(failures) or 'no mirror'}; try another --mirror")


def _download(mirror: str, name: str, partial: Path, progress: Progress | None) -> None:
    address = f"{mirror.rstrip('/')}/{name}"
    with _opener().open(address, timeout=TIMEOUT_S) as answer, partial.open("wb") as out:
        length = answer.headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() else None
        size = 0
        while block := answer.read(_BLOCK):
            out.write(block)
            size += len(block)
            if size > _MAX_BYTES:
                raise ValueError(f"over {_MAX_BYTES:,} bytes")
            if progress:
                progress(name, size, total)
        if total is not None and size < total:
            raise ValueError(f"ended after {size:,} of {total:,} bytes")


def _opener() -> urllib.request.OpenerDirector:
    """Only http(s), also after redirects: the usual opener reads local files too."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"answered {error.code}"
    inner = getattr(error, "reason", None) or error
    return " ".join(str(getattr(inner, "strerror", None) or inner or type(inner).__name__).split())
