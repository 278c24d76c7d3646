"""Commands in the documents run, and code works.

The configurations in the documents take half an hour; a smaller one stands in for them, and digits from typefaces for
MNIST. What needs a network is only checked for its syntax.
"""

import gzip
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest
from documents import DOCUMENTS, INSTALLS, ROOT, blocks, commands
from PIL import Image
from small_training import small_config

from recognizer import cli, to_glyph
from reject_gen.printed import render_digits
from reject_gen.typefaces import BUILT_IN

PROGRAMS = {  # stand for what an installation puts on the path: this Python, with these arguments
    "recognize": "-m recognizer.cli.recognize",
    "similar": "-c 'import sys; from recognizer.cli.similar import main; sys.exit(main())'",
    "recognizer": "-c 'import sys; from recognizer.cli import main; sys.exit(main())'",
    "badcase": "-c 'import sys; from recognizer.cli.badcase import main; sys.exit(main())'",
    "python": "",
}
FETCHES = "recognizer data fetch"
SMALL = small_config(
    "docs",
    {
        "data": {"validation": 200, "limit": 800, "printed": 200, "rejects": 300, "validation_rejects": 150},
        "optimizer": {"epochs": 1, "sanity": False},
    },
    seed=0,
)

SMALL_SPECIALISTS = """
[folds]
epochs = 1
small_epochs = 1
[pairs]
most = 2
[fit]
epochs = 1
simple_samples = 60
"""


def write_idx(file, array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    file.write_bytes(gzip.compress(header + array.tobytes(), 1))


def write_stand_ins(folder):
    """MNIST, from a typeface; and labelled images of one's own."""
    rng = np.random.default_rng(0)
    images, labels = render_digits(rng, 1000, (BUILT_IN,))
    glyphs = np.stack([to_glyph(image) for image in images])
    (folder / "data" / "mnist").mkdir(parents=True)
    for part, chosen in (("train", slice(0, 900)), ("t10k", slice(900, 1000))):
        write_idx(folder / "data" / "mnist" / f"{part}-images-idx3-ubyte.gz", glyphs[chosen])
        write_idx(folder / "data" / "mnist" / f"{part}-labels-idx1-ubyte.gz", labels[chosen])
    for number in range(320):
        home = folder / "my-images" / str(labels[number])
        home.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - images[number]).save(home / f"{number}.png")
    (folder / "my-images" / "reject").mkdir()
    shutil.copy(ROOT / "examples" / "tick.png", folder / "my-images" / "reject")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A copy of what the documents speak of, where their commands may write; and the environment to run them in."""
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(ROOT / "examples", folder / "examples")
    (folder / "configs").mkdir()
    for name in (
        "best.toml",
        "default.toml",
        "ladder.toml",
        "light.toml",
        "light-fortieth.toml",
        "smoke.toml",
    ):
        (folder / "configs" / name).write_text(SMALL)
    (folder / "configs" / "specialists.toml").write_text(SMALL_SPECIALISTS)
    for name in ("embedding.toml", "embedding-smoke.toml"):
        shutil.copy(ROOT / "configs" / "embedding-smoke.toml", folder / "configs" / name)
    write_stand_ins(folder)
    programs = folder / "bin"
    programs.mkdir()
    for name, arguments in PROGRAMS.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {arguments} "$@"\n')
        (programs / name).chmod(0o755)
    imported = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": imported,
        "RECOGNIZER_DATA": str(folder / "data"),
        "RECOGNIZER_HOME": str(folder / "home"),
        "OMP_NUM_THREADS": "1",
    }
    return folder, environment


def shape(output):
    """Output without what another model changes: numbers with a fraction."""
    return re.sub(r"\d+\.\d+", "#", output)


def run(command, place):
    folder, environment = place
    shell = ["sh", "-e", "-c", command]
    return subprocess.run(shell, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def check_syntax(command):
    words = shlex.split(command)[1:]
    cli.PROGRAM.parser(words).parse_args(words)


@pytest.mark.skipif(shutil.which("sh") is None, reason="the documents' commands are those of a POSIX shell")
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_run(document, place):
    for command, shown in commands(document):
        if command.startswith(INSTALLS):
            continue
        if command.startswith(FETCHES) or command == "recognizer data verify":
            check_syntax(command)
            continue
        done = run(command, place)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        if shown is not None:
            assert shape(done.stdout) == shape(shown), command


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_python_runs(document, place):
    folder, environment = place
    for code in blocks(document, "python"):
        command = [sys.executable, "-W", "error", "-c", code]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{code}\n{done.stderr}"
