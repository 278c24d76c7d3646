"""Other people's libraries, to measure beside ours: in an environment of their own, never among our dependencies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LIBRARIES = ("numpy", "hnswlib==0.8.0", "faiss-cpu==1.15.1", "annoy==1.17.3", "imagehash==4.3.2")
ROOT = Path(__file__).parents[1]
_MADE = "libraries.txt"


def default_folder() -> Path:
    """Where the environment lies if no other place is named."""
    import platformdirs

    return platformdirs.user_cache_path("digit-recognizer-eleven") / "peers"


def environment(folder: str | os.PathLike[str] | None) -> Path:
    """The Python of the environment, which is made if it is not there: some libraries compile, which takes minutes."""
    home = Path(folder) if folder else default_folder()
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = "\n".join(LIBRARIES)
    made = home / _MADE
    if not made.exists() or made.read_text() != wanted:
        print(f"Installing {', '.join(LIBRARIES)} into {home}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *LIBRARIES], check=True)
        made.write_text(wanted)
    return python


def measured_by(
    python: str | Path, script: str, job: Mapping[str, Any], threads: int = 1, **settings: str
) -> dict[str, Any]:
    """What a script beside this one says of a job, in a process of its own with that many threads.

    Args:
        python: the interpreter.
        script: its name; it reads the job as JSON from its first argument and prints an object as its last line.
        job: what to do.
        threads: how many threads numerical libraries may use.
        settings: further environment variables.
    """
    limits = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [str(python), str(Path(__file__).with_name(script)), json.dumps(dict(job))],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **limits, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **settings},
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result
