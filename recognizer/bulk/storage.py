"""Files by path or URL: on this machine as the system has them, elsewhere as Daft reaches them."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote, unquote_to_bytes, urlsplit
from urllib.request import url2pathname

from recognizer.errors import ImageError, UsageError
from recognizer.files import write_whole
from recognizer.image.opening import describe

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from daft.daft import PyDaftFile
    from daft.expressions import Expression

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_FILE = "file://"
_LISTLESS = ("http://", "https://")  # servers that don't tell what they hold


def is_remote(place: str) -> bool:
    """Whether a place is a URL, and none of a file on this machine."""
    return bool(_URL.match(place)) and not place.lower().startswith(_FILE)


def local_path(place: str, folder: str = "") -> str:
    """The path of a place on this machine; a relative one starts in ``folder``."""
    if place.lower().startswith(_FILE):
        path = urlsplit(place, allow_fragments=False).path
        return url2pathname(path) if os.name == "nt" else os.fsdecode(unquote_to_bytes(path))
    return str(Path(folder, place)) if folder and place else place


def file_url(path: Path) -> str:
    """The URL of a file on this machine, for names that are no text: bytes that are none are escaped."""
    return f"{_FILE}{quote(os.fsencode(path))}"


def is_listing(place: str) -> bool:
    """Whether a URL names several files: a pattern, or a folder, which ends with a slash."""
    return not place.lower().startswith(_LISTLESS) and (place.endswith("/") or bool(set(place) & set("*?[")))


def listed(pattern: str) -> Iterator[str]:
    """The URLs that match a pattern of a store, in the order in which it tells them; a folder stands for all below.

    Raises:
        UsageError: the store can't be asked.
    """
    import daft

    below = f"{pattern}**/*" if pattern.endswith("/") else pattern
    try:
        for batch in daft.from_glob_path(below).select("path").to_arrow_iter():
            yield from batch.column(0).to_pylist()
    except Exception as error:  # each store has errors of its own
        raise UsageError(f"{describe(pattern)}: can't be listed ({one_line(error)})") from None


def fetch(urls: Sequence[str]) -> list[bytes | ImageError]:
    """The contents of URLs, fetched at the same time; an error for each that can't be had."""
    from daft import col
    from daft.functions import download

    contents = _evaluate(download(col("a"), on_error="null"), urls)
    return [_fetch_again(url) if got is None else got for url, got in zip(urls, contents, strict=True)]


def open_file(place: str) -> BinaryIO:
    """Open a file to read from any position; it must be closed.

    Raises:
        OSError: it is missing or can't be read.
    """
    if not is_remote(place):
        return Path(local_path(place)).open("rb")
    import daft

    with _as_system_errors():
        return io.BufferedReader(_Remote(daft.File(place).open()), 1 << 20)


def put(place: str, content: bytes) -> None:
    """Write or replace a file, whole or not at all.

    Raises:
        OSError: it can't be written.
    """
    if not is_remote(place):
        write_whole(Path(local_path(place)), content)
        return
    from daft import col
    from daft.functions import upload

    try:
        _evaluate(upload(col("a"), col("b")), [content], [place])
    except Exception as error:  # each store has errors of its own
        raise OSError(f"{place}: can't be written ({one_line(error)})") from None


def below(folder: str, name: str) -> str:
    """The place of a file in a folder."""
    return f"{folder.rstrip('/')}/{name}" if is_remote(folder) else str(Path(local_path(folder)) / name)


def one_line(error: BaseException) -> str:
    """What an error says, on one line: its first words and, of a chain, its root."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    kept = lines if len(lines) < 2 else [lines[0], lines[-1]]
    return "; ".join(kept) or type(error).__name__


def _fetch_again(url: str) -> bytes | ImageError:
    from daft import col
    from daft.functions import download

    try:
        (content,) = _evaluate(download(col("a"), on_error="raise"), [url])
    except Exception as error:  # each store has errors of its own
        return ImageError(f"{describe(url)}: can't be fetched ({one_line(error)})")
    return bytes(content)


def _evaluate(expression: Expression, *columns: Sequence[Any]) -> list[Any]:
    from daft.expressions import ExpressionsProjection
    from daft.recordbatch import RecordBatch

    table = RecordBatch.from_pydict(dict(zip("ab", map(list, columns), strict=False)))
    (result,) = table.eval_expression_list(ExpressionsProjection([expression])).to_pydict().values()
    return list(result)


@contextmanager
def _as_system_errors() -> Iterator[None]:
    """Errors of stores, of which each has its own, become an OSError."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OSError(one_line(error)) from None


class _Remote(io.RawIOBase):
    """A file of a store as Python's own streams are."""

    def __init__(self, inner: PyDaftFile) -> None:
        self._inner = inner.__enter__()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        with _as_system_errors():
            content = self._inner.read(len(view))
        view[: len(content)] = content
        return len(content)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        with _as_system_errors():
            return int(self._inner.seek(offset, whence))

    def tell(self) -> int:
        return int(self._inner.tell())

    def close(self) -> None:
        if not self.closed:
            self._inner.__exit__(None, None, None)
        super().close()
