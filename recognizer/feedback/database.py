"""A database, and transactions that hold what they promise."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from recognizer.errors import StoreError
from recognizer.feedback import schema

_Result = TypeVar("_Result")
_FAILURES = (SQLAlchemyError, sqlite3.Error, UnicodeError)  # the last is of text that no database takes


class Database:
    """An SQLite file or a PostgreSQL database with the tables of a store. Threads may share it.

    Args:
        url: as `schema.parse_place` gives it; nothing is opened yet.
    """

    def __init__(self, url: URL) -> None:
        self._is_file = url.drivername == "sqlite"
        self.name = url.database or "" if self._is_file else url.render_as_string(hide_password=True)
        self._engine = schema.connect(url)

    def is_there(self) -> bool:
        """Whether the tables are there.

        Raises:
            StoreError: they are, but of a format that this version doesn't know; or nothing can be read.
        """
        if self._is_file and not Path(self.name).exists():
            return False
        with self.reading() as connection:
            return schema.is_prepared(connection, self.name)

    def prepare(self) -> None:
        """Create the tables where there are none.

        Raises:
            StoreError: that can't be done; or they are of a format that this version doesn't know.
        """
        if self._is_file:
            self._make_folder()
        self.write(lambda connection: schema.prepare(connection, self.name))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _make_folder(self) -> None:
        try:
            Path(self.name).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{self.name}: can't make its folder ({error.strerror})") from None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database.

        Raises:
            StoreError: the database can't be used.
        """
        try:
            with self._engine.connect() as connection, connection.begin():
                yield connection
        except _FAILURES as error:
            raise self._refusal(error) from None

    def write(self, work: Callable[[Connection], _Result]) -> _Result:
        """Do work in one transaction, alone among writers; returns once it is on the disk.

        Raises:
            StoreError: nothing was changed.
        """
        try:
            with self._engine.connect() as connection:
                connection.execution_options(writes=True)
                with connection.begin():
                    return work(connection)
        except _FAILURES as error:
            raise self._refusal(error) from None

    def _refusal(self, error: Exception) -> StoreError:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())[:200]
        if "locked" in reason or "lock timeout" in reason:
            return StoreError(
                f"{self.name}: busy: another program has held it for {schema.PATIENCE_S} s; try again"
            )
        return StoreError(f"{self.name}: the store can't be used ({reason})")
