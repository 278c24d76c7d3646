"""Images with doubtful answers, kept for review: the latest ones, in a file that all processes share."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import queue
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recognizer.audit import now
from recognizer.feedback.cases import Answer
from recognizer.places import home
from recognizer.results import REJECT, Recognition

FILE = "doubtful.sqlite"
DOUBT = 0.9  # accepted answers with less confidence than this are kept, too
REASONS = frozenset({"low_confidence", "ambiguous", "unlike_known"})
MOST_BYTES = 1 << 20  # larger images are not kept
_WAITING = 64  # that are not on the disk yet: more than that at a time are left out
_TABLE = """
CREATE TABLE IF NOT EXISTS doubtful (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL UNIQUE,
    image BLOB NOT NULL,
    answer TEXT NOT NULL,
    at TEXT NOT NULL
)
"""
_log = logging.getLogger("recognizer.service")


@dataclass(frozen=True, slots=True)
class Kept:
    """An image with a doubtful answer, JSON-ready as `Recognition.to_dict` gave it."""

    id: int
    image: bytes
    answer: dict[str, Any]
    at: str

    @property
    def said(self) -> Answer:
        """The answer as a bad case keeps it."""
        said = self.answer
        digit = REJECT if said["digit"] is None else said["digit"]
        return Answer(
            digit, said["best"], said["reason"], said["confidence"], tuple(said["scores"]), said["model"]
        )


def is_doubtful(answer: Recognition) -> bool:
    """Whether a person should look at it."""
    if answer.digit is None:
        return answer.reason in REASONS
    return answer.confidence < DOUBT


class DoubtfulStore:
    """The latest doubtful answers. Threads and processes may share the file.

    Args:
        most: how many are kept; 0 for none.
        file: where; by default below RECOGNIZER_HOME.
    """

    def __init__(self, most: int, file: Path | None = None) -> None:
        self._most = most
        self._file = file or home() / FILE
        self._coming: queue.Queue[tuple[bytes, dict[str, Any]] | None] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None

    def keep(self, image: bytes, answer: Recognition) -> bool:
        """Queue an image to be kept, without waiting for the write; False if that can't be done."""
        if not self._most or len(image) > MOST_BYTES:
            return False
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="doubtful", daemon=True)
            self._thread.start()
        try:
            self._coming.put_nowait((image, answer.to_dict()))
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """Write what is waiting."""
        if self._thread is not None:
            self._coming.put(None)
            self._thread.join()
            self._thread = None

    def latest(self, limit: int, below: int | None = None) -> list[Kept]:
        """The latest, with numbers below one if that is given."""
        where = "" if below is None else "WHERE id < ?"
        values = (limit,) if below is None else (below, limit)
        with self._open() as database:
            rows = database.execute(
                f"SELECT id, image, answer, at FROM doubtful {where} ORDER BY id DESC LIMIT ?",  # noqa: S608
                values,
            ).fetchall()
        return [_kept(row) for row in rows]

    def get(self, number: int) -> Kept | None:
        """One of them; None where there is none of that number, or no longer."""
        with self._open() as database:
            row = database.execute(
                "SELECT id, image, answer, at FROM doubtful WHERE id = ?", (number,)
            ).fetchone()
        return _kept(row) if row else None

    def forget(self, images: Sequence[bytes]) -> None:
        """Remove images that someone has labelled."""
        with self._open() as database:
            database.executemany(
                "DELETE FROM doubtful WHERE sha256 = ?", [(_digest(image),) for image in images]
            )

    def dismiss(self, number: int) -> bool:
        """Remove an image that someone looked at without labelling it; False if there is none."""
        with self._open() as database:
            return database.execute("DELETE FROM doubtful WHERE id = ?", (number,)).rowcount > 0

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self._file, timeout=10)
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute(_TABLE)
            with database:
                yield database
        finally:
            database.close()

    def _write(self) -> None:
        while (first := self._coming.get()) is not None:
            batch: list[tuple[bytes, dict[str, Any]] | None] = [first]
            while not self._coming.empty() and batch[-1] is not None:
                batch.append(self._coming.get())
            try:
                self._put([each for each in batch if each is not None])
            except (sqlite3.Error, OSError) as error:
                _log.warning("doubtful answers can't be kept: %s", error)
            if batch[-1] is None:
                return

    def _put(self, batch: Sequence[tuple[bytes, dict[str, Any]]]) -> None:
        moment = now()
        rows = [(_digest(image), image, json.dumps(answer), moment) for image, answer in batch]
        with self._open() as database:
            database.executemany(
                "INSERT OR IGNORE INTO doubtful (sha256, image, answer, at) VALUES (?, ?, ?, ?)", rows
            )
            database.execute(
                "DELETE FROM doubtful WHERE id <= (SELECT id FROM doubtful ORDER BY id DESC LIMIT 1 OFFSET ?)",
                (self._most,),
            )


def _digest(image: bytes) -> str:
    return hashlib.sha256(image).hexdigest()


def _kept(row: tuple[int, bytes, str, str]) -> Kept:
    number, image, answer, moment = row
    return Kept(number, image, json.loads(answer), moment)
