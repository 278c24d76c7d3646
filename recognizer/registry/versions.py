"""The versions of the model that were registered here, which one is current, and how that came about.

Everything but the models themselves is in one file, which is replaced as a whole: the current version and the record
of the switch to it change in the same moment, and a reader sees either all of a change or nothing of it. A model's
folder is complete before that file names it, and never changes afterwards.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recognizer.audit import now
from recognizer.bundle import Bundle, read_bundle, shipped_folder
from recognizer.errors import ModelError, UsageError
from recognizer.files import locked, sync
from recognizer.places import REGISTRY_FILE, models_folder
from recognizer.registry.copies import copy_bundle, digest_of, has_digest, see_it_answer
from recognizer.registry.state import (
    NAME,
    SHIPPED,
    VERSION,
    Event,
    State,
    Version,
    read_state,
    who_and_why,
    write_state,
)

_LOCK = ".lock"
_STAGED = ".staged-"
_REMEDY = "go back with `recognizer models rollback` or `recognizer models use shipped`"

Stamp = tuple[int, int, int]


class Registry:
    """The models below a folder. Processes and threads may share it: those that change it wait for each other.

    Args:
        folder: where they are; None for ``models`` below RECOGNIZER_HOME. It need not exist.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or models_folder()

    @property
    def current(self) -> str:
        """The version that ``Recognizer.load()`` uses: "shipped", or such as "eleven@2"."""
        return read_state(self.folder).current

    @property
    def current_name(self) -> str:
        """What answers of the current version call it, such as "eleven@2"; also where that is the one that ships."""
        current = self.current
        return read_bundle().name if current == SHIPPED else current

    def versions(self) -> list[Version]:
        """The registered versions, the oldest first; the one that ships is not among them."""
        return list(read_state(self.folder).versions.values())

    def catalogue(self) -> list[dict[str, Any]]:
        """All models as rows for people and programs, the one that ships first; ``current`` says which answers."""
        state = read_state(self.folder)
        shipped = Version(SHIPPED, read_bundle().name, "", "", "", "")
        rows = [asdict(version) for version in (shipped, *state.versions.values())]
        return [{"current": row["version"] == state.current, **row} for row in rows]

    def history(self) -> list[Event]:
        """All changes, the oldest first."""
        return read_state(self.folder).history

    def stamp(self) -> Stamp | None:
        """A value that changes whenever the registry does; it costs one `stat` of a file."""
        try:
            info = (self.folder / REGISTRY_FILE).stat()
        except OSError:  # none; or one that can't be read, as `read_state` tells
            return None
        return info.st_mtime_ns, info.st_ino, info.st_size

    def watch(self) -> Watch:
        """Tells from now on when another version has become the current one."""
        return Watch(self)

    def open(self, model: str | os.PathLike[str] | None = None) -> Bundle:
        """Read and check a model.

        Args:
            model: a version, "shipped", or the folder of a bundle; None for the current version.

        Raises:
            ModelError: it is missing, damaged or of another format.
        """
        if model == SHIPPED:
            return read_bundle()
        if model is not None and not self._is_version(model):
            return read_bundle(model)
        while True:
            stamp = self.stamp()
            state = read_state(self.folder)
            name = state.current if model is None else _known(str(model), state)
            try:
                return read_bundle(self._folder_of(name))
            except ModelError as error:
                # What was current a moment ago may have been replaced and removed since.
                if stamp == self.stamp():
                    raise ModelError(f"{error}; {_REMEDY}" if model is None else str(error)) from None

    def register(
        self,
        bundle: str | os.PathLike[str],
        why: str,
        who: str | None = None,
        metrics: Mapping[str, Any] | None = None,
    ) -> Version:
        """Copy a model here under the next free version of its name. It does not become current.

        A model that is here already is not copied again: its version is returned.

        Args:
            bundle: its folder.
            why: what it is for, in a few words.
            who: who does it; None for the login name.
            metrics: what was measured of it, JSON-ready.

        Raises:
            ModelError: it is missing, damaged, or can't answer.
            UsageError: who or why is too long, or no text.
        """
        who, why = who_and_why(who, why)
        found = read_bundle(bundle)
        if not NAME.fullmatch(str(found.meta["name"])):
            raise ModelError(
                f"{found.folder}: its name {found.meta['name']!r} can't be the name of a folder: "
                "choose a plain one in its configuration"
            )
        see_it_answer(found.folder)
        digest = digest_of(found)
        with self._changing() as state:
            for known in state.versions.values():
                if known.digest == digest:
                    return known
            name = self._place(found, digest, state)
            version = Version(name, found.name, digest, now(), who, why, dict(metrics or {}))
            state.versions[name] = version
            state.record("add", name, who, why)
        return version

    def use(self, version: str, why: str, who: str | None = None) -> str:
        """Make a version the current one, in one moment; returns its name.

        Raises:
            ModelError: there is no such version, or it is damaged.
            UsageError: who or why is too long, or no text.
        """
        who, why = who_and_why(who, why)
        with self._changing() as state:
            name = _known(version, state)
            read_bundle(self._folder_of(name))
            if name != state.current:
                state.previous.append(state.current)
                state.switch("use", name, who, why)
        return name

    def rollback(self, why: str, who: str | None = None) -> str:
        """Go back to the version that was current before the last switch; returns its name.

        Raises:
            UsageError: there was no switch, or all were taken back; or who or why is too long, or no text.
            ModelError: that version is damaged.
        """
        who, why = who_and_why(who, why)
        with self._changing() as state:
            if not state.previous:
                raise UsageError("there is nothing to roll back to: no other model was current before")
            name = state.previous.pop()
            read_bundle(self._folder_of(name))
            state.switch("rollback", name, who, why)
        return name

    def remove(self, version: str, why: str, who: str | None = None) -> str:
        """Forget a version and delete its folder; returns its name, which is not given again.

        Raises:
            ModelError: there is no such version.
            UsageError: it is the current one, or the one that ships; or who or why is too long, or no text.
        """
        who, why = who_and_why(who, why)
        with self._changing() as state:
            name = _known(version, state)
            if name in (SHIPPED, state.current):
                what = "ships with the package" if name == SHIPPED else "is the current one"
                raise UsageError(f"{name} can't be removed: it {what}")
            state.forget(name)
            state.record("remove", name, who, why)
        # Under a name that the next change cleans up, should this process be killed while it deletes.
        leaving = self._staged()
        with contextlib.suppress(FileNotFoundError):
            (self.folder / name).rename(leaving)
        shutil.rmtree(leaving, ignore_errors=True)
        return name

    def _staged(self) -> Path:
        return self.folder / f"{_STAGED}{secrets.token_hex(4)}"

    def _is_version(self, model: str | os.PathLike[str]) -> bool:
        if not isinstance(model, str):
            return False
        named = VERSION.fullmatch(model) is not None
        return named and (not Path(model).is_dir() or model in read_state(self.folder).versions)

    def _folder_of(self, name: str) -> Path:
        return shipped_folder() if name == SHIPPED else self.folder / name

    @contextlib.contextmanager
    def _changing(self) -> Iterator[State]:
        """Alone with what is on the disk; changes are written together, unless there is an error or no change."""
        with locked(self.folder / _LOCK):
            for left in self.folder.glob(f"{_STAGED}*"):  # by a process that was killed
                shutil.rmtree(left, ignore_errors=True)
            state = read_state(self.folder)
            entries = len(state.history)
            yield state
            if len(state.history) != entries:
                write_state(self.folder, state)

    def _place(self, found: Bundle, digest: str, state: State) -> str:
        """Copy a bundle to the folder of its new version; returns its name."""
        stem = str(found.meta["name"])
        number = _next_number(stem, state)
        while (self.folder / f"{stem}@{number}").exists():
            if has_digest(self.folder / f"{stem}@{number}", digest):
                return f"{stem}@{number}"  # copied by a process that was killed before it could say so
            number += 1
        staged = self._staged()
        try:
            copy_bundle(found, str(number), staged)
            staged.rename(self.folder / f"{stem}@{number}")
        except BaseException:
            shutil.rmtree(staged, ignore_errors=True)
            raise
        sync(self.folder)
        return f"{stem}@{number}"


class Watch:
    """Whether the current version has changed; made before the model is loaded, asked by one thread at a time."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._stamp = registry.stamp()
        self._current = registry.current

    def changed(self) -> bool:
        """Whether another version has become current since this was last asked.

        It costs one `stat` of a file, a few microseconds, while nothing changes.

        Raises:
            ModelError: the registry can't be read any more.
        """
        stamp = self._registry.stamp()
        if stamp == self._stamp:
            return False
        before, self._current = self._current, self._registry.current
        self._stamp = stamp
        return self._current != before


def _known(version: str, state: State) -> str:
    if version == SHIPPED or version in state.versions:
        return version
    if version == read_bundle().name:
        return SHIPPED
    there_are = ", ".join([SHIPPED, *state.versions])
    raise ModelError(f"no model is registered as {version!r}: there are {there_are}")


def _next_number(name: str, state: State) -> int:
    """One more than any version of that name had, those that were removed included: answers name them."""
    used = [event.version for event in state.history] + [read_bundle().name]
    numbers = [int(match[2]) for each in used if (match := VERSION.match(each)) and match[1] == name]
    return max(numbers, default=0) + 1
