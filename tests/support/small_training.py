"""Configurations of training runs that take seconds, as the text of a TOML file."""

from __future__ import annotations

import json

SMALL = {
    "data": {"validation": 100, "page_copies": 1, "printed": 40, "rejects": 60, "validation_rejects": 40},
    "network": {"half": [8, 16], "quarter": [32]},
    "optimizer": {"epochs": 2, "batch": 64},
    "rejects": {"noise": 1.0, "strokes": 1.0},
}


def small_config(name="tiny", tables=None, **settings):
    """SMALL under a name, with other settings: some within its tables, and some before them."""
    changed = {table: values | (tables or {}).get(table, {}) for table, values in SMALL.items()}
    return toml({"name": name, **settings}) + "".join(
        f"[{table}]\n{toml(changed[table])}" for table in changed
    )


def toml(settings):
    """Settings as lines; text, numbers, booleans and lists of them are written as in JSON."""
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
