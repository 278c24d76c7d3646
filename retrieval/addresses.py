"""Where a gallery is: in a folder, in a file of Milvus Lite, or on a Milvus server."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from retrieval.errors import QueryError
from retrieval.manifest import MANIFEST

Where = str | os.PathLike[str]

FORM = "milvus://HOST:PORT/COLLECTION or FILE.db, both with ?index=… if need be"
COLLECTION = "gallery"  # in a file
PORT = 19530
_SCHEMES = {"milvus": "http", "milvus+tls": "https"}
_FILE = re.compile(r"(?P<file>.+\.db)(\?(?P<query>[^/?]*))?", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True)
class MilvusAddress:
    """A gallery in Milvus.

    Attributes:
        text: the address as it was given.
        uri: what is connected to: a file, or ``http://HOST:PORT``.
        database: the server's database; empty for its default.
        collection: the collection's name.
        index: the index of dense codes that was asked for, in capitals; None where the server chooses.
    """

    text: str
    uri: str
    database: str
    collection: str
    index: str | None

    @property
    def file(self) -> Path | None:
        """The file of Milvus Lite; None for a server."""
        return None if "://" in self.uri else Path(self.uri)

    @property
    def name(self) -> str:
        """What the gallery is called for short."""
        return self.file.name if self.file else self.collection


def is_milvus(where: Where) -> bool:
    """Whether an address means a gallery in Milvus; else it is a folder."""
    text = os.fspath(where)
    if text.partition("://")[0] in _SCHEMES and "://" in text:
        return True
    match = _FILE.fullmatch(text)
    return match is not None and not (Path(match["file"]) / MANIFEST).is_file()


def milvus_address(where: Where) -> MilvusAddress:
    """Take an address apart.

    Raises:
        QueryError: it is none.
    """
    text = os.fspath(where)
    if "://" not in text:
        match = _FILE.fullmatch(text)
        if match is None:
            raise QueryError(f"{text}: not the address of a gallery in Milvus: {FORM}")
        return MilvusAddress(text, match["file"], "", COLLECTION, _index(text, match["query"] or ""))
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port or PORT
    except ValueError:
        host = None
    names = [unquote(name) for name in parts.path.strip("/").split("/")] if host else []
    if not host or parts.username or not 1 <= len(names) <= 2 or not all(map(_NAME.fullmatch, names)):
        raise QueryError(f"{text}: not the address of a gallery in Milvus: {FORM}")
    host = f"[{host}]" if ":" in host else host
    uri = f"{_SCHEMES[parts.scheme]}://{host}:{port}"
    return MilvusAddress(text, uri, names[0] if names[1:] else "", names[-1], _index(text, parts.query))


def _index(text: str, query: str) -> str | None:
    key, _, value = query.partition("=")
    if not query:
        return None
    if key != "index" or not _NAME.fullmatch(value):
        raise QueryError(f"{text}: after the question mark stands index=NAME")
    return value.upper()
