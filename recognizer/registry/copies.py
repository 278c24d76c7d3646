"""Taking a model into the registry: telling it from others, trying it, copying it."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np

from recognizer.bundle import META, Bundle, read_bundle
from recognizer.errors import ModelError, RecognizerError
from recognizer.files import sync, write_whole


def digest_of(bundle: Bundle) -> str:
    """The SHA-256 of a model, whatever version it is called."""
    meta = {key: value for key, value in bundle.meta.items() if key != "version"}
    return hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()


def has_digest(folder: Path, digest: str) -> bool:
    """Whether a folder holds this model, whole."""
    try:
        return digest_of(read_bundle(folder)) == digest
    except ModelError:
        return False


def see_it_answer(folder: Path) -> None:
    """Make sure that a model can answer, by letting it read a drawn bar.

    Raises:
        ModelError: it can't.
    """
    from recognizer.pipeline import Recognizer

    bar = np.zeros((28, 28), np.uint8)
    bar[4:24, 12:15] = 255
    try:
        Recognizer.load(folder).recognize(bar)
    except RecognizerError:
        raise
    except Exception as error:  # the network is loaded, but not made for glyphs
        reason = " ".join(str(error).split())[:120]
        raise ModelError(f"{folder}: the model can't answer ({reason})") from None


def copy_bundle(bundle: Bundle, version: str, target: Path) -> None:
    """Copy a bundle under a new version, and see that the copy is whole."""
    target.mkdir(parents=True)
    for name in bundle.meta["files"]:
        shutil.copyfile(bundle.folder / name, target / name)
        sync(target / name)
    meta = {**bundle.meta, "version": version}
    text = json.dumps(meta, indent=1, ensure_ascii=False) + "\n"
    write_whole(target / META, text.encode("utf-8", "backslashreplace"))
    read_bundle(target)
