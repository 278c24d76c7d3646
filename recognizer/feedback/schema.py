"""The tables of the bad-case store, and connections to SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    inspect,
    make_url,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from recognizer.errors import StoreError, UsageError
from recognizer.needs import need_extra
from recognizer.places import expanded

FORMAT_VERSION = 1
PATIENCE_S = 60  # how long a writer waits for another
_POSTGRES = "postgresql+psycopg"
_LOCK = 0x0BAD_CA5E  # the number of the lock that writers hold on PostgreSQL

METADATA = MetaData()


def _answer_columns() -> list[Column[Any]]:
    return [
        Column("digit", Integer, nullable=True),
        Column("best", Integer, nullable=True),
        Column("reason", String, nullable=True),
        Column("confidence", Float, nullable=True),
        Column("scores", Text, nullable=False),  # JSON
        Column("model", String, nullable=False),
    ]


STORE = Table("badcase_store", METADATA, Column("format_version", Integer, primary_key=True))
CASES = Table(
    "badcase_cases",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("glyph", LargeBinary, nullable=False),
    Column("label", Integer, nullable=True),
    Column("state", String(16), nullable=False, index=True),
    Column("source", String, nullable=False),
    Column("part", String(16), nullable=True),
    *_answer_columns(),
    Column("reports", Integer, nullable=False),
    Column("added", String(32), nullable=False),
    sqlite_autoincrement=True,
)
# Apart from the cases: a list of these should not have to pass over the pictures.
IMAGES = Table(
    "badcase_images",
    METADATA,
    Column("case_id", ForeignKey(CASES.c.id), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
REPORTS = Table(
    "badcase_reports",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("case_id", ForeignKey(CASES.c.id), nullable=False),
    Column("key", String(200), nullable=False, unique=True),
    Column("label", Integer, nullable=False),
    Column("source", String, nullable=False),
    Column("reporter", String, nullable=False),
    Column("name", String, nullable=False),
    Column("time", String(32), nullable=False),
    Column("note", Text, nullable=False),
    Column("decision", Boolean, nullable=False),
    *_answer_columns(),
    Index("badcase_reports_of_case", "case_id", "id"),
    sqlite_autoincrement=True,
)
USES = Table(
    "badcase_uses",
    METADATA,
    Column("case_id", ForeignKey(CASES.c.id), primary_key=True),
    Column("purpose", String(16), primary_key=True),
    Column("model", String, primary_key=True),
    Column("at", String(32), nullable=False),
)


def parse_place(where: str | Path) -> URL:
    """Where a store is: the path of an SQLite file, or the URL of a PostgreSQL database.

    Raises:
        UsageError: the URL makes no sense, is of another database, or its driver is not installed.
    """
    if isinstance(where, Path) or "://" not in where:
        path = str(expanded(where))
        if path == ":memory:":
            raise UsageError("--store: :memory: would keep nothing: pass the path of a file")
        return URL.create("sqlite", database=path)
    try:
        where.encode()  # what is no UTF-8 would stop the driver
        url = make_url(where)
    except (ArgumentError, ValueError):
        raise UsageError("--store: not a URL such as postgresql://user:password@host/database") from None
    if url.drivername not in ("postgresql", "postgres", _POSTGRES):
        raise UsageError(
            f"--store: {url.drivername} is not supported: pass the path of a file, or postgresql://user@host/database"
        )
    need_extra("postgres", "a store on PostgreSQL needs", "psycopg")
    return url.set(drivername=_POSTGRES)


def connect(url: URL) -> Engine:
    """An engine whose transactions hold what they promise; nothing is opened yet."""
    if url.drivername == _POSTGRES:
        engine = create_engine(url, pool_pre_ping=True)
        event.listen(engine, "begin", _begin_postgres)
        return engine
    engine = create_engine(url, connect_args={"timeout": PATIENCE_S})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401
    # Transactions begin where `_begin_sqlite` says, not where the driver guesses.
    connection.isolation_level = None
    _log_ahead(connection)
    connection.execute("PRAGMA synchronous=FULL")  # what is committed survives a power failure
    connection.execute("PRAGMA foreign_keys=ON")


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Let readers and a writer not wait for each other (WAL); a file is told so once, and keeps it.

    Raises:
        sqlite3.OperationalError: others held the file all the time.
    """
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            # Two that change the mode of a new file at once are refused at once, whatever the connection's timeout.
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    # A writer asks for the lock at once: one that reads first and then finds the store changed would have to give up.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgres(connection: Connection) -> None:
    # Writers take turns, as on SQLite: what one of them reads stays so until it has written.
    if connection.get_execution_options().get("writes", False):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE_S}s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def prepare(connection: Connection, name: str) -> None:
    """Create the tables where there are none, within a writing transaction.

    Raises:
        StoreError: the store is of a format that this version doesn't know.
    """
    if not is_prepared(connection, name):
        METADATA.create_all(connection)
        connection.execute(STORE.insert().values(format_version=FORMAT_VERSION))


def is_prepared(connection: Connection, name: str) -> bool:
    """Whether the tables are there.

    Raises:
        StoreError: they are, but of a format that this version doesn't know.
    """
    if not inspect(connection).has_table(STORE.name):
        return False
    found = connection.execute(STORE.select()).scalars().all()
    if found != [FORMAT_VERSION]:
        formats = ", ".join(map(str, found)) or "none"
        raise StoreError(
            f"{name}: the store has format {formats}, and this version reads {FORMAT_VERSION}: update the package"
        )
    return True
