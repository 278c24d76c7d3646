"""A model on disk: a folder with its networks, everything needed to use them, and proof that they are whole."""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.description import check_description
from recognizer.errors import ModelError
from recognizer.results import REJECT
from recognizer.stages.second_look import Reader, SecondLook

# Each is for what earlier versions of the package would leave out, and so answer wrongly.
PLAIN, WITH_SPECIALISTS, WITH_READER = FORMAT_VERSIONS = (1, 2, 3)
META = "meta.json"
NETWORK = "stage1.onnx"
WEIGHTS = "stage1.weights.npz"  # in models that can go on learning; nothing else needs it
READER = "reader.onnx"  # of models whose second looks are another network's
READER_WEIGHTS = "reader.weights.npz"
GOLDEN = "golden.json"
PREPROCESSING = "glyph-28-mnist/1"
LABELS = [*map(str, range(REJECT)), "reject"]
_LARGEST_META = 16 << 20
_AGAIN = "install or train the model again"


@dataclass(frozen=True)
class OperatingPoint:
    """When an answer is accepted.

    Attributes:
        name: as answers name it, such as "coverage 99 %".
        threshold: the least score, 0–1, of the best digit that is accepted.
        coverage: share of validation digits accepted.
        error: share of wrong answers among these.
    """

    name: str
    threshold: float
    coverage: float
    error: float


@dataclass(frozen=True)
class Bundle:
    """A model that was read and found whole.

    Attributes:
        folder: where it is.
        meta: what ``meta.json`` holds.
        network: the bytes of the ONNX graph of stage one: glyphs uint8 (N, 28, 28) to logits float32 (N, 11), and in
            newer ones to features float32 (N, F).
        reader: the bytes of the ONNX graph that looks again at what is in doubt, glyphs to logits as above; None where
            that of stage one does.
        specialists: the bytes of each specialist's file, by name.
    """

    folder: Path
    meta: dict[str, Any]
    network: bytes
    reader: bytes | None = None
    specialists: dict[str, bytes] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The model's name and version, such as "eleven@1"."""
        return f"{self.meta['name']}@{self.meta['version']}"

    @property
    def temperature(self) -> float:
        """What logits are divided by, so that their softmax is calibrated (Guo et al. 2017)."""
        return float(self.meta["temperature"])

    @property
    def second_look(self) -> SecondLook | None:
        """When the network looks again; None for a model that never does."""
        described = self.meta.get("second_look")
        if described is None:
            return None
        reader = described.get("reader")
        views = tuple(map(tuple, described["views"]))
        return SecondLook(described["lead"], views, reader and Reader(**reader))

    @property
    def stage_two(self) -> dict[str, Any] | None:
        """Pairs, specialists and routing, as ``meta.json`` holds them; None for a model that has none."""
        described: dict[str, Any] | None = self.meta.get("stage_two")
        return described

    def operating_point(self, max_error: float | None = None) -> OperatingPoint:
        """The shipped operating point, or that with the greatest coverage at an error of at most ``max_error``.

        A point counts if enough digits were accepted at it to see such an error: three times 1 / ``max_error``.

        Raises:
            ModelError: the model's curve of risk over coverage has no such point.
        """
        if max_error is None:
            return OperatingPoint(**self.meta["operating_point"])
        from recognizer.measure.calibrate import images_needed, least_shown

        curve = self.meta["risk_coverage"]
        needed = images_needed(max_error)
        # Curves of older versions don't tell how many were accepted.
        accepted = [point.get("accepted", math.inf) for point in curve]
        fitting = [
            point
            for point, count in zip(curve, accepted, strict=True)
            if point["error"] <= max_error and count >= needed
        ]
        if not fitting:
            least = min(
                max(point["error"], least_shown(count)) for point, count in zip(curve, accepted, strict=True)
            )
            raise ModelError(
                f"{self.folder}: no operating point has an error of {max_error:g} or less; "
                f"the smallest that its validation data can show is {least:.2g}"
            )
        best = max(fitting, key=lambda point: point["coverage"])
        return OperatingPoint(f"error {max_error:g}", best["threshold"], best["coverage"], best["error"])


def shipped_folder() -> Path:
    """The folder of the model that ships with the package."""
    # `importlib.resources` would give the same, and load a dozen modules first.
    return Path(__file__).parent / "models" / "eleven"


def read_bundle(folder: str | os.PathLike[str] | None = None) -> Bundle:
    """Read a model and check it.

    Raises:
        ModelError: it is missing, damaged, of another format, or made for another preprocessing.
    """
    path = shipped_folder() if folder is None else Path(folder)
    meta = _read_meta(path)
    if meta.get("format_version") not in FORMAT_VERSIONS:
        raise ModelError(
            f"{path}: the model has format {meta.get('format_version')!r}, and this version reads "
            f"{FORMAT_VERSIONS[0]} to {FORMAT_VERSIONS[-1]}; update the package or train the model again"
        )
    if meta.get("preprocessing") != PREPROCESSING or meta.get("labels") != LABELS:
        raise ModelError(
            f"{path}: the model was trained on other glyphs or labels than this version makes: train it again"
        )
    missing = {"name", "version", "temperature", "operating_point", "risk_coverage", "files"} - meta.keys()
    if missing:
        raise ModelError(f"{path / META}: damaged, it lacks {', '.join(sorted(missing))}; {_AGAIN}")
    check_description(path / META, meta)
    if any(name != Path(name).name for name in meta["files"]):
        raise ModelError(f"{path / META}: damaged, it names files outside of the model's folder; {_AGAIN}")
    files = {name: _read_checked(path / name, digest) for name, digest in meta["files"].items()}
    if NETWORK not in files:
        raise ModelError(f"{path}: the model has no {NETWORK}; {_AGAIN}")
    if _has_reader(meta) and READER not in files:
        raise ModelError(f"{path}: the model has no {READER}; {_AGAIN}")
    named = [each["file"] for each in (meta.get("stage_two") or {}).get("specialists", ())]
    if missing := set(named) - files.keys():
        raise ModelError(
            f"{path / META}: damaged, it has no checksum of {', '.join(sorted(missing))}; {_AGAIN}"
        )
    return Bundle(path, meta, files[NETWORK], files.get(READER), {name: files[name] for name in named})


def read_file_of(bundle: Bundle, name: str) -> bytes:
    """One of a model's files, whole.

    Raises:
        ModelError: the model has none of that name, or it is damaged.
    """
    if name not in bundle.meta["files"]:
        raise ModelError(f"{bundle.folder}: the model has no {name}; {_AGAIN}")
    return _read_checked(bundle.folder / name, bundle.meta["files"][name])


def _read_meta(path: Path) -> dict[str, Any]:
    file = path / META
    try:
        if file.stat().st_size > _LARGEST_META:
            raise ModelError(f"{file}: too large for a model's description; {_AGAIN}")
        meta = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path}: no model there (a model is a folder with {META})") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ModelError(f"{file}: can't be read ({error})") from None
    if not isinstance(meta, dict):
        raise ModelError(f"{file}: damaged, it is not a JSON object; {_AGAIN}")
    return meta


def _read_checked(file: Path, digest: str) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ModelError(f"{file}: can't be read ({error.strerror}); {_AGAIN}") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise ModelError(f"{file}: damaged, its checksum differs; {_AGAIN}")
    return content


def write_bundle(folder: Path, meta: dict[str, Any], files: dict[str, bytes]) -> None:
    """Write a model: its files first and ``meta.json`` with their checksums last."""
    from recognizer.files import write_whole

    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    whole = {
        "format_version": _format_version(meta),
        "preprocessing": PREPROCESSING,
        "labels": LABELS,
        **meta,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    write_whole(folder / META, (json.dumps(whole, indent=1, ensure_ascii=False) + "\n").encode())


def _has_reader(meta: dict[str, Any]) -> bool:
    return bool((meta.get("second_look") or {}).get("reader"))


def _format_version(meta: dict[str, Any]) -> int:
    if _has_reader(meta):
        return WITH_READER
    return WITH_SPECIALISTS if meta.get("stage_two") else PLAIN


def golden_outputs(glyphs: NDArray[np.uint8], scores: NDArray[np.float32]) -> bytes:
    """Glyphs uint8 (N, 28, 28) and their scores float32 (N, 11) as JSON, to check an installation against."""
    pairs = [
        {"glyph": glyph.ravel().tolist(), "scores": [round(float(s), 6) for s in row]}
        for glyph, row in zip(glyphs, scores, strict=True)
    ]
    return (json.dumps(pairs) + "\n").encode()
