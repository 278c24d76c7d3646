"""Settings from TOML files as dataclasses, each value checked by its default."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any

from recognizer.errors import UsageError

NOT_ZERO = frozenset(
    {"epochs", "batch", "queries", "squeezed", "hidden", "dense", "wide", "decoder", "leaf", "temperature"}
)
SHARES = frozenset(
    {
        "coverage",
        "scanner_share",
        "plain_share",
        "held_out_typefaces",
        "audit_limit",
        "smoothing",
        "average",
        "known_share",
        "weight",
        "precision",
        "digit_share",
        "of_clean",
        "thick",
        "pen",
        "gap",
        "clean",
        "stray",
        "normalised",
    }
)


def read_toml(path: str | Path) -> dict[str, Any]:
    """The values of a TOML file, and of the file beside it that it names as its ``base``, where it sets none itself.

    Raises:
        UsageError: a file is missing or is no TOML, or a base has a base itself.
    """
    file = Path(path)
    values = _parsed(file)
    base = values.pop("base", None)
    if base is None:
        return values
    known = _parsed(file.parent / str(base))
    if "base" in known:
        raise UsageError(f"{file}: its base {base} has a base itself, which is one too many")
    for key, value in values.items():
        both = isinstance(value, dict) and isinstance(known.get(key), dict)
        known[key] = known[key] | value if both else value
    return known


def _parsed(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{file}: no such configuration file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: not a TOML file ({error})") from None


def make_sections(kind: type, sections: Mapping[str, type], values: Mapping[str, Any], where: str) -> Any:  # noqa: ANN401
    """A configuration of the kind, some of whose values are sections: dataclasses, too.

    Raises:
        UsageError: the values name a setting that there is not, or one makes no sense.
    """
    made: dict[str, Any] = {}
    for key, value in values.items():
        made[key] = _section(sections[key], value, f"{where}: [{key}]") if key in sections else value
    return _section(kind, made, where)


def _section(kind: type, values: object, where: str) -> Any:  # noqa: ANN401
    if not isinstance(values, dict):
        raise UsageError(f"{where}: expected a table of settings")
    known = {f.name: f for f in fields(kind)}
    for key, value in values.items():
        if key not in known:
            raise UsageError(f"{where}: there is no setting {key!r} (there are: {', '.join(sorted(known))})")
        default = _default_of(known[key])
        if is_dataclass(value) or (value is None and default is None):
            continue
        # A setting that is nothing by default is a number.
        _check(value, 0.0 if default is None else default, f"{where}: {key}")
    try:
        return kind(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})
    except UsageError as error:  # what a section says of itself doesn't name the file
        raise UsageError(f"{where}: {error}") from None


def _default_of(setting: Field[Any]) -> object:
    if setting.default_factory is not MISSING:
        return setting.default_factory()
    return setting.default


def _kinds(default: object) -> tuple[type, ...]:
    return (int, float) if isinstance(default, float) else (type(default),)


def _check(value: object, default: object, where: str) -> None:
    """Check a value's type by the default's, and that it is no number that nothing could be done with.

    Raises:
        UsageError: it is not of that type, negative, 0 where that makes no sense, or a share above 1.
    """
    name = where.rpartition(" ")[2]
    if isinstance(default, tuple):
        each = _kinds(default[0]) if default else (str,)
        if not isinstance(value, list | tuple) or not all(type(item) in each for item in value):
            raise UsageError(f"{where} must be a list")
        if name in {"half", "quarter"} and not (value and min(value) > 0):
            raise UsageError(f"{where} must hold numbers of channels, 1 or more")
        return
    if type(value) not in _kinds(default):
        raise UsageError(f"{where} must be of the kind of its default, {default!r}, not {value!r}")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    if value < 0 or (name in NOT_ZERO and value == 0) or (name in SHARES and value > 1):
        raise UsageError(f"{where} is {value}, which makes no sense")
