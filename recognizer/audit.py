"""Who did something, when and in which words: texts for records that people read later."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime

from recognizer.errors import UsageError

UNKNOWN = "unknown"
LONGEST = 500  # characters of a name or a reason


def now() -> str:
    """This moment in UTC, such as "2026-03-01T12:00:00.000000Z"; as text such moments sort by time."""
    return as_text(datetime.now(UTC))


def as_text(moment: datetime) -> str:
    """A moment as `now` writes it; one without a time zone is taken as UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def whoami() -> str:
    """The login name of whoever runs this program; "unknown" where there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may run under a number without a name
        return UNKNOWN


def plain(text: str) -> str:
    """Text that every database and file can hold: NUL, and bytes of file names that are not UTF-8, become escapes.

    Raises:
        ValueError: it is no text, such as half of a pair of surrogates.
    """
    encoded = text.encode("utf-8", "surrogateescape")
    return encoded.decode("utf-8", "backslashreplace").replace("\0", "\\0")


def words(name: str, text: str, longest: int = LONGEST) -> str:
    """What someone said, as a record keeps it; see `plain`.

    Args:
        name: what it is, such as "note".
        text: what was said.
        longest: the most characters that are kept.

    Raises:
        UsageError: it is no text, or longer.
    """
    try:
        kept = plain(text)
    except ValueError:
        raise UsageError(f"{name} is not valid text") from None
    if len(kept) > longest:
        raise UsageError(f"{name} is longer than {longest} characters")
    return kept
