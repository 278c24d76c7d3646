"""What the registry of models remembers, and the file that holds it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from recognizer.audit import now, whoami, words
from recognizer.errors import ModelError
from recognizer.files import write_whole
from recognizer.places import REGISTRY_FILE

FORMAT_VERSION = 1
SHIPPED = "shipped"  # the name of the model that comes with the package
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
VERSION = re.compile(rf"({NAME.pattern})@([0-9]{{1,9}})")

Action = Literal["add", "use", "rollback", "remove"]


@dataclass(frozen=True, slots=True)
class Version:
    """A registered model.

    Attributes:
        version: what it is called, such as "eleven@2".
        origin: what its bundle was called before.
        digest: SHA-256 of the bundle, without what it is called.
        at: when it was registered.
        who: by whom.
        why: in their words.
        metrics: what was measured, JSON-ready.
    """

    version: str
    origin: str
    digest: str
    at: str
    who: str
    why: str
    metrics: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """A change.

    Attributes:
        action: what was done.
        version: to which version.
        before: the version that was current before.
        after: the version that was current from then on.
        at: when.
        who: by whom.
        why: in their words.
    """

    action: Action
    version: str
    before: str
    after: str
    at: str
    who: str
    why: str


@dataclass
class State:
    """All that the file holds.

    Attributes:
        current: the current version.
        previous: the versions to roll back to, the latest last.
        versions: those that are registered, by name, the oldest first.
        history: all changes, the oldest first.
    """

    current: str = SHIPPED
    previous: list[str] = field(default_factory=list)
    versions: dict[str, Version] = field(default_factory=dict)
    history: list[Event] = field(default_factory=list)

    def switch(self, action: Action, version: str, who: str, why: str) -> None:
        """Make a version the current one, and record the change."""
        before, self.current = self.current, version
        self.record(action, version, who, why, before)

    def record(self, action: Action, version: str, who: str, why: str, before: str = "") -> None:
        """Add a change to the history."""
        event = Event(action, version, before or self.current, self.current, now(), who, why)
        self.history.append(event)

    def forget(self, version: str) -> None:
        """Remove a version, also from those to roll back to: each step back still leads to another version."""
        del self.versions[version]
        kept = [self.current]
        for each in reversed(self.previous):
            if each not in (version, kept[-1]):
                kept.append(each)
        self.previous = kept[:0:-1]


def who_and_why(who: str | None, why: str) -> tuple[str, str]:
    """Who makes a change and why, as the history keeps it.

    Args:
        who: None for the login name.
        why: in a few words.

    Raises:
        UsageError: one of them is too long, or no text.
    """
    return words("who", who or whoami()), words("why", why)


def read_state(folder: Path) -> State:
    """What the file in a folder holds; where there is none, that nothing is registered.

    Raises:
        ModelError: it is damaged, or of another format.
    """
    file = folder / REGISTRY_FILE
    try:
        whole = json.loads(file.read_bytes())
        if whole["format_version"] == FORMAT_VERSION:
            return _from_json(whole)
    except (FileNotFoundError, NotADirectoryError):
        return State()
    except OSError as error:
        raise ModelError(f"{file}: can't be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ModelError(
            f"{file}: damaged; move it away to use the model that ships, then register the models beside it again "
            "with `recognizer models add FOLDER`"
        ) from None
    raise ModelError(
        f"{file}: the registry has format {whole['format_version']!r}, and this version reads {FORMAT_VERSION}: "
        "update the package"
    )


def write_state(folder: Path, state: State) -> None:
    """Replace the file in a folder."""
    whole = {"format_version": FORMAT_VERSION, **asdict(state)}
    text = json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_whole(folder / REGISTRY_FILE, text.encode("utf-8", "backslashreplace"))


def _from_json(whole: Mapping[str, Any]) -> State:
    versions = {name: _made(Version, entry) for name, entry in whole["versions"].items()}
    current, previous = whole["current"], list(whole["previous"])
    if not {current, *previous} <= {SHIPPED, *versions} or not all(map(VERSION.fullmatch, versions)):
        raise ValueError("it names versions that it does not describe")
    return State(current, previous, versions, [_made(Event, entry) for entry in whole["history"]])


def _made(kind: Any, entry: Mapping[str, Any]) -> Any:  # noqa: ANN401
    told = {each.name: entry[each.name] for each in fields(kind)}
    if not all(isinstance(value, dict if name == "metrics" else str) for name, value in told.items()):
        raise TypeError("a value is of another kind")
    return kind(**told)
