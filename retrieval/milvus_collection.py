"""A collection in Milvus: what pymilvus is asked to do, and what may go wrong, in one line."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from retrieval.addresses import MilvusAddress
from retrieval.errors import EngineError, GalleryError
from retrieval.manifest import FORMAT, FORMAT_VERSION, no_gallery, other_format
from retrieval.milvus_indexes import MOST, SPARSE, building, possible, preferred
from retrieval.milvus_rows import ARRIVED, DENSE, ID, KEY, LABEL, SOURCE, TEXTS, WIDE, Row, key_of

TOKEN = "MILVUS_TOKEN"  # noqa: S105 - the variable that holds it
PIECE = 1000  # rows that travel at once
CONNECT_S = 10.0
CALL_S = 120.0
BUILD_S = 3600.0

_LENGTHS = ("dense", "wide")
_ABOUT = "retrieval.about"
_LONGEST_LINE = 300
_FOUND = [ID, LABEL, SOURCE, ARRIVED, DENSE]


@dataclass
class Collection:
    """A connection to one collection; threads may share it.

    Attributes:
        address: where it is.
        server: what answers there, such as ``milvus_lite-3.2.2``.
    """

    address: MilvusAddress
    server: str
    _client: Any

    @classmethod
    def connect(cls, address: MilvusAddress) -> Collection:
        """Connect to what may hold the collection; a file is made if there is none.

        Raises:
            EngineError: the client is not installed.
            GalleryError: nothing answers, or another process has the file.
        """
        client_class = _client_class(address)
        with _errors(address.text):
            client = client_class(
                uri=address.uri,
                token=os.environ.get(TOKEN, "") if address.file is None else "",
                db_name=address.database,
                timeout=CONNECT_S,
            )
            return cls(address, str(client.get_server_version(timeout=CONNECT_S)), client)

    @property
    def name(self) -> str:
        """Its name on the server."""
        return self.address.collection

    def named(self, name: str, index: str | None = None) -> Collection:
        """Another collection, by the same connection, to be made with this index."""
        return Collection(replace(self.address, collection=name, index=index), self.server, self._client)

    def exists(self) -> bool:
        """Whether there is such a collection."""
        with _errors(self.address.text):
            return bool(self._client.has_collection(self.name, timeout=CALL_S))

    def about(self) -> dict[str, Any]:
        """What the gallery keeps of the encoder that made it.

        Raises:
            GalleryError: there is no such collection, or it is none of a gallery.
        """
        where = self.address.text
        if not self.exists():
            raise no_gallery(where)
        with _errors(where):
            told = self._client.describe_collection(self.name, timeout=CALL_S)
        text = told.get("properties", {}).get(_ABOUT) or told.get("description", "")
        try:
            about = json.loads(text)
            encoder: dict[str, Any] = about["encoder"]
            known = about["format"] == FORMAT and all(key in encoder for key in ("sha256", "name", *_LENGTHS))
        except (ValueError, TypeError, KeyError):
            known = False
        if not known:
            raise GalleryError(f"{where}: this collection is not a gallery; name another one")
        if about.get("format_version") != FORMAT_VERSION:
            raise other_format(where, about.get("format_version"))
        return encoder

    def create(self, encoder: Mapping[str, Any]) -> None:
        """Make it, empty, with the index that was asked for, or the best that the server takes.

        Raises:
            GalleryError: the server refuses.
        """
        asked, known = self.address.index, possible(self.server)
        if asked and asked not in known:
            raise GalleryError(
                f"{self.address.text}: no index {asked} with {self.server}: there are {', '.join(known)}"
            )
        names = [asked] if asked else preferred(self.server)
        for name in names:
            try:
                self._create(name, encoder)
                return
            except GalleryError:
                self.drop()
                if name == names[-1]:
                    raise

    def load(self) -> None:
        """Make it ready to be searched."""
        with _errors(self.address.text):
            self._client.load_collection(self.name, timeout=BUILD_S)

    def index(self) -> str:
        """The index of dense codes."""
        with _errors(self.address.text):
            return str(self._client.describe_index(self.name, DENSE, timeout=CALL_S)["index_type"])

    def count(self, wanted: str = "") -> int:
        """How many rows pass a filter."""
        with _errors(self.address.text):
            rows = self._client.query(self.name, filter=wanted, output_fields=["count(*)"], timeout=CALL_S)
        return int(rows[0]["count(*)"])

    def fetch(self, ids: Sequence[str], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Fields of the rows with these ids, as far as there are any."""
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(ids), PIECE):
            names = {key_of(name): name for name in ids[start : start + PIECE]}
            with _errors(self.address.text):
                rows = self._client.query(
                    self.name, ids=list(names), output_fields=[KEY, *fields], timeout=CALL_S
                )
            found |= {names[row[KEY]]: row for row in rows}
        return found

    def nearest(
        self, field: str, queries: Sequence[Any], top: int, wanted: str, search: Mapping[str, int]
    ) -> list[list[Row]]:
        """The ``top`` rows or fewer that are nearest to each query by a field's codes, nearest first."""
        found: list[list[Row]] = []
        at_once = max(1, MOST // top)
        for start in range(0, len(queries), at_once):
            with _errors(self.address.text):
                lists = self._client.search(
                    self.name,
                    data=list(queries[start : start + at_once]),
                    anns_field=field,
                    limit=top,
                    filter=wanted,
                    search_params={"params": dict(search)},
                    output_fields=_FOUND,
                    timeout=CALL_S,
                )
            found += [[Row.of(hit["entity"]) for hit in hits] for hits in lists]
        return found

    def scan(self, wanted: str = "", fields: Sequence[str] = _FOUND) -> Iterator[list[dict[str, Any]]]:
        """All rows that pass a filter, some at a time, in no particular order."""
        with _errors(self.address.text):
            rows = self._client.query_iterator(
                self.name, batch_size=PIECE, filter=wanted, output_fields=[*fields], timeout=CALL_S
            )
            try:
                while piece := rows.next():
                    yield list(piece)
            finally:
                rows.close()

    def upsert(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add rows; those with an id that is there take its place."""
        with _errors(self.address.text):
            for start in range(0, len(rows), PIECE):
                self._client.upsert(self.name, list(rows[start : start + PIECE]), timeout=CALL_S)

    def delete(self, ids: Sequence[str]) -> None:
        """Delete the rows with these ids."""
        with _errors(self.address.text):
            for start in range(0, len(ids), PIECE):
                piece = [key_of(name) for name in ids[start : start + PIECE]]
                self._client.delete(self.name, ids=piece, timeout=CALL_S)

    def flush(self) -> None:
        """Write what is in memory to where it stays, and index it."""
        with _errors(self.address.text):
            self._client.flush(self.name, timeout=BUILD_S)

    def compact(self) -> None:
        """Let the server write its files anew, without what was deleted."""
        with _errors(self.address.text):
            self._client.compact(self.name, timeout=BUILD_S)

    def drop(self) -> None:
        """Delete the collection, if there is one."""
        with _errors(self.address.text):
            self._client.drop_collection(self.name, timeout=CALL_S)

    def rename(self, name: str) -> None:
        """Give the collection this name."""
        with _errors(self.address.text):
            self._client.rename_collection(self.name, name, timeout=CALL_S)

    def _create(self, index: str, encoder: Mapping[str, Any]) -> None:
        about = json.dumps({"format": FORMAT, "format_version": FORMAT_VERSION, "encoder": dict(encoder)})
        client, lite = self._client, "lite" in self.server
        with _errors(self.address.text):
            client.create_collection(
                self.name,
                schema=self._schema(encoder, about),
                consistency_level="Strong",  # what was appended is found at once
                timeout=BUILD_S,
                **({"properties": {_ABOUT: about}} if lite else {}),  # which forgets descriptions
            )
            # There is nothing to be indexed that one would have to wait for.
            client.create_index(self.name, self._indexes(index), timeout=CALL_S, sync=False)

    def _schema(self, encoder: Mapping[str, Any], about: str) -> Any:  # noqa: ANN401 - pymilvus has no types
        from pymilvus import DataType

        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False, description=about)
        for name, longest in TEXTS.items():
            schema.add_field(name, DataType.VARCHAR, max_length=longest, is_primary=name == KEY)
        schema.add_field(DENSE, DataType.FLOAT_VECTOR, dim=encoder["dense"])
        schema.add_field(WIDE, DataType.SPARSE_FLOAT_VECTOR)
        schema.add_field(LABEL, DataType.INT16)
        schema.add_field(ARRIVED, DataType.INT64)
        return schema

    def _indexes(self, dense: str) -> Any:  # noqa: ANN401 - pymilvus has no types
        indexes = self._client.prepare_index_params()
        indexes.add_index(DENSE, dense, DENSE, metric_type="COSINE", params=building(dense, self.server))
        indexes.add_index(WIDE, SPARSE, WIDE, metric_type="IP")
        return indexes


def _client_class(address: MilvusAddress) -> Any:  # noqa: ANN401 - pymilvus has no types
    needed = ("pymilvus", "milvus_lite") if address.file else ("pymilvus",)
    try:
        from pymilvus import MilvusClient

        if address.file:
            import milvus_lite  # noqa: F401
    except ImportError:
        raise EngineError(
            f"{address.text}: a gallery in Milvus needs {' and '.join(needed)}; "
            "install the extra 'scale', or name a gallery in a folder"
        ) from None
    for name in needed:
        logging.getLogger(name).setLevel(
            logging.CRITICAL
        )  # what they log is raised as well, and becomes one line
    return MilvusClient


@contextlib.contextmanager
def _errors(where: str) -> Iterator[None]:
    import grpc
    from pymilvus.exceptions import MilvusException

    try:
        yield
    except (MilvusException, grpc.RpcError, OSError) as error:
        text = getattr(error, "message", "") or str(error) or type(error).__name__
        line = " ".join(str(text).split())[:_LONGEST_LINE]
        if line == "Open local milvus failed":
            line = "it is no file of Milvus Lite, can't be written, or another process has it open; try again later"
        raise GalleryError(f"{where}: {line}") from None
