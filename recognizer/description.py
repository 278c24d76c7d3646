"""What a model's description, its ``meta.json``, must hold for answers to make sense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recognizer.errors import ModelError
from recognizer.results import REJECT

_LONGEST = 100  # characters


def check_description(file: Path, meta: dict[str, Any]) -> None:
    """Check the types and ranges of the values that answers depend on.

    Raises:
        ModelError: a value is not valid.
    """

    def is_point(value: object, numbers: set[str]) -> bool:
        return isinstance(value, dict) and all(_is_number(value.get(key)) for key in numbers)

    numbers = {"threshold", "coverage", "error"}
    sound = {
        "name": _is_word(meta["name"]),
        "version": _is_word(meta["version"]),
        "temperature": _is_number(meta["temperature"]) and meta["temperature"] > 0,
        "operating_point": is_point(meta["operating_point"], numbers)
        and meta["operating_point"].keys() == numbers | {"name"}
        and _is_word(meta["operating_point"]["name"]),
        "risk_coverage": isinstance(meta["risk_coverage"], list)
        and len(meta["risk_coverage"]) > 0
        and all(is_point(point, numbers) for point in meta["risk_coverage"]),
        "files": isinstance(meta["files"], dict),
        "second_look": meta.get("second_look") is None or _is_second_look(meta["second_look"]),
        "stage_two": meta.get("stage_two") is None or _is_stage_two(meta["stage_two"]),
    }
    damaged = sorted(key for key, is_sound in sound.items() if not is_sound)
    if damaged:
        raise ModelError(
            f"{file}: damaged, not valid: {', '.join(damaged)}; install or train the model again"
        )


def _is_second_look(described: object) -> bool:
    return (
        isinstance(described, dict)
        and _is_number(described.get("lead"))
        and (described.get("reader") is None or _is_reader(described["reader"]))
        and isinstance(views := described.get("views"), list)
        and all(isinstance(view, list) and len(view) == 5 and all(map(_is_number, view)) for view in views)
    )


def _is_reader(described: object) -> bool:
    return (
        isinstance(described, dict)
        and described.keys() == {"weight", "scale"}
        and all(map(_is_number, described.values()))
    )


def _is_stage_two(described: object) -> bool:
    """Whether everything is there that a routed answer depends on."""

    def is_specialist(value: object) -> bool:
        if not isinstance(value, dict) or not isinstance(value.get("file"), str):
            return False
        pair, blend = value.get("pair"), value.get("blend")
        return (
            isinstance(pair, list)
            and len(pair) == 2
            and all(type(each) is int for each in pair)
            and 0 <= pair[0] < pair[1] <= REJECT
            and isinstance(blend, dict)
            and blend.keys() == {"first", "second", "bias"}
            and all(map(_is_number, blend.values()))
        )

    if not isinstance(described, dict):
        return False
    specialists, routing, first = (described.get(key) for key in ("specialists", "routing", "stage_one"))
    return (
        isinstance(specialists, list)
        and isinstance(routing, dict)
        and isinstance(first, dict)
        and _is_number(first.get("temperature"))
        and first["temperature"] > 0
        and all(map(is_specialist, specialists))
        and _is_number(routing.get("margin"))
        and isinstance(routing.get("by_answer"), bool)
    )


def _is_word(value: object) -> bool:
    """Whether answers can name a model so, on one line and in any store."""
    return isinstance(value, str) and len(value) <= _LONGEST and value.isprintable()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
