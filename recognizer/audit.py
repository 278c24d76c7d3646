"""Who did something, and when: for records that people look at later."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime

UNKNOWN = "unknown"


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
