"""Models to register: the shipped one under other names, with other thresholds."""

import json
import shutil

from recognizer.bundle import META, shipped_folder


def copy_of_shipped(folder, **changes):
    """A bundle like the one that ships, but for some entries of its description."""
    shutil.copytree(shipped_folder(), folder)
    meta = json.loads((folder / META).read_text(encoding="utf-8"))
    (folder / META).write_text(json.dumps(meta | changes), encoding="utf-8")
    return folder


def names(registry):
    return [version.version for version in registry.versions()]
