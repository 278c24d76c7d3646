"""The metrics file: what was measured, on what, with what, and when; one format for every command that measures."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from recognizer import __version__
from recognizer.bundle import META, Bundle
from recognizer.errors import DataError
from recognizer.files import write_whole

FORMAT = "recognizer-metrics"
FORMAT_VERSION = 1
FILE = "metrics.json"
_PACKAGES = ("numpy", "onnxruntime", "opencv-python-headless", "pillow", "scipy", "torch")
_CPU_FILE = Path("/proc/cpuinfo")


def make_record(  # noqa: PLR0917 - six different things, of six types
    what: str,
    command: str,
    arguments: Mapping[str, Any],
    data: Sequence[Mapping[str, Any]],
    figures: Mapping[str, Any],
    model: Bundle | None = None,
) -> dict[str, Any]:
    """Everything about one measurement, JSON-ready.

    Args:
        what: what was measured, in a few words.
        command: the command, such as "recognizer evaluate".
        arguments: its arguments, as JSON holds them; a ``seed`` among them is the record's.
        data: a description of each data set: its "name", "n", and the SHA-256 of its images and labels.
        figures: what was found.
        model: the model that was measured.
    """
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "what": what,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "arguments": dict(arguments),
        "seed": arguments.get("seed"),
        "n": sum(each["n"] for each in data),
        "data": [dict(each) for each in data],
        "model": model_hashes(model) if model else None,
        "versions": versions(),
        "hardware": hardware(),
        "figures": dict(figures),
    }


def model_hashes(model: Bundle) -> dict[str, Any]:
    """A model's name, and the SHA-256 of its description and of each of its files."""
    described = hashlib.sha256((model.folder / META).read_bytes()).hexdigest()
    return {"name": model.name, "files": {META: described, **model.meta["files"]}}


def versions() -> dict[str, str]:
    """The versions of this package, of Python, and of the installed packages that figures depend on."""
    found = {"recognizer": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def hardware() -> dict[str, Any]:
    """The processor's model, the machine's number of cores, and the platform."""
    return {"cpu": _cpu(), "cores": os.cpu_count(), "platform": f"{platform.system()} {platform.machine()}"}


def _cpu() -> str:
    """The processor's name; with the numbers of its family and model where Linux tells them, as names are shared."""
    try:
        lines = _CPU_FILE.read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    facts = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in reversed(lines))
    }
    name = facts.get("model name", platform.machine())
    if "cpu family" not in facts or "model" not in facts:
        return name
    return f"{name} (family {facts['cpu family']}, model {facts['model']})"


def write_record(record: Mapping[str, Any], folder: Path) -> Path:
    """Write ``metrics.json`` into a folder, whole or not at all; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    write_whole(path, as_text(record).encode())
    return path


def as_text(record: Mapping[str, Any]) -> str:
    """The record as JSON."""
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_record(path: Path) -> dict[str, Any]:
    """Read a metrics file.

    Raises:
        DataError: it is missing, damaged, or of a format that this version doesn't know.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: no such metrics file") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{path}: can't be read ({error})") from None
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise DataError(f"{path}: not a metrics file")
    if record.get("format_version") != FORMAT_VERSION:
        raise DataError(
            f"{path}: has format {record.get('format_version')!r}, and this version reads {FORMAT_VERSION}: "
            "update the package"
        )
    return record
