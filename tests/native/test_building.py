"""The package is built with and without a C compiler; its C is clean to compilers and to their sanitizers."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from compiled_parts import compiled_only
from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from recognizer.compiled import native

ROOT = Path(__file__).parents[2]
pytestmark = compiled_only
no_windows = pytest.mark.skipif(
    sys.platform == "win32", reason="compilers take other options there, and no CC"
)


def hatch_build():
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    return build


def built(folder, monkeypatch, **environment):
    """The module's file, or None."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (folder / "scratch").mkdir(parents=True)
    return hatch_build().compile_into(folder / "made", ROOT, str(folder / "scratch"))


def test_what_runs_was_compiled_from_these_files():
    assert hatch_build().digest(ROOT) == native.SOURCES, "install the package again"


@no_windows
def test_without_a_compiler_there_is_none(tmp_path, monkeypatch, caplog):
    assert built(tmp_path, monkeypatch, CC="false") is None
    assert 'building extension "recognizer._native" failed' in caplog.text


IMPORTS = """
import sys
from importlib.machinery import ExtensionFileLoader
from importlib.util import spec_from_file_location

class Finder:
    def find_spec(self, name, path, target=None):
        if name == "recognizer._native":
            {finds}

sys.meta_path.insert(0, Finder())
from recognizer.compiled import native
print(native)
"""


@pytest.mark.parametrize(
    ("finds", "warned"),
    [
        ("raise ModuleNotFoundError(name)", ""),
        (
            "return spec_from_file_location(name, loader=ExtensionFileLoader(name, __file__))",
            "can't be loaded",
        ),
    ],
)
def test_a_compiled_part_that_does_not_load_is_told(tmp_path, finds, warned):
    """Where there is none, nobody need know."""
    (tmp_path / "run.py").write_text(IMPORTS.format(finds=finds), encoding="utf-8")
    done = subprocess.run([sys.executable, tmp_path / "run.py"], capture_output=True, text=True, check=True)
    assert done.stdout == "None\n"
    assert warned in done.stderr
    assert bool(warned) == bool(done.stderr)


@no_windows
def test_what_was_compiled_before_does_not_stay(tmp_path, monkeypatch):
    made = built(tmp_path / "first", monkeypatch)
    target = tmp_path / "second" / "made" / "recognizer" / made.name
    target.parent.mkdir(parents=True)
    shutil.copy(made, target)
    assert built(tmp_path / "second", monkeypatch, CC="false") is None
    assert not target.exists()


@no_windows
@pytest.mark.parametrize("compiler", ["cc", "false"])
def test_a_wheel_holds_what_was_compiled(tmp_path, compiler):
    """From the files of a source distribution, with a compiler and without; pip must take it on this machine."""
    hatch = [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path)]
    environment = {**os.environ, "CC": compiler}
    subprocess.run([*hatch, "-t", "sdist"], cwd=ROOT, env=environment, capture_output=True, check=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as stored:
        stored.extractall(tmp_path / "sources", filter="data")
    (sources,) = (tmp_path / "sources").iterdir()
    subprocess.run([*hatch, "-t", "wheel"], cwd=sources, env=environment, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    tags = parse_wheel_filename(wheel.name)[3]
    with zipfile.ZipFile(wheel) as stored:
        names = stored.namelist()
    assert tags <= set(sys_tags())
    assert not [name for name in names if name.endswith((".c", ".h"))]
    compiled = [
        name for name in names if name.startswith("recognizer/_native.") and not name.endswith(".pyi")
    ]
    assert len(compiled) == (compiler == "cc")
    assert ({tag.platform for tag in tags} == {"any"}) == (compiler == "false")


@no_windows
def test_compilers_have_nothing_to_say(tmp_path, monkeypatch):
    assert built(tmp_path, monkeypatch, CFLAGS="-Wall -Wextra -Wconversion -Wno-sign-conversion -Werror")


SEARCH = """
import importlib.util, sys
import numpy as np
from ink_maps import ink_map_of
spec = importlib.util.spec_from_file_location("recognizer._native", sys.argv[1])
native = importlib.util.module_from_spec(spec)
spec.loader.exec_module(native)
rng = np.random.default_rng(0)
inks = [ink_map_of(rng) for _ in range(1500)]
inks += [np.tile(np.uint8([[255, 0], [0, 0]]), (120, 120)), np.zeros((1, 240), np.uint8), np.zeros((240, 1), np.uint8)]
found = native.clean(inks, [np.empty_like(ink) for ink in inks])
cuts = [rng.integers(0, 256, (h, w), np.uint8) for h, w in rng.integers(1, 29, (300, 2))]
native.centre(cuts, bytes(rng.integers(0, 2, 300, np.uint8)), np.zeros((300, 28, 28), np.uint8))
for channels in (1, 3):
    for height, width in rng.integers(1, 9, (300, 2)):
        rows = rng.integers(0, 256, (height, 1 + width * channels), np.uint8)
        rows[:, 0] = rng.integers(0, 6, height)
        native.unfilter(rows.tobytes(), np.empty((height, width, channels), np.uint8))
print(sum(page is not None for page in found))
"""


@pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("gcc"), reason="sanitizers are loaded as GCC has it on Linux"
)
def test_sanitizers_find_nothing(tmp_path, monkeypatch):
    flags = "-DPIECE_BY_PIECE -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined"
    made = built(tmp_path, monkeypatch, CFLAGS=flags, LDFLAGS="-fsanitize=address,undefined")
    assert made
    compiler = shutil.which("gcc")
    library = subprocess.run(
        [compiler, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    ).stdout.strip()
    # What the interpreter itself keeps to its end is no leak of ours.
    watched = {
        **os.environ,
        "LD_PRELOAD": library,
        "ASAN_OPTIONS": "detect_leaks=0",
        "PYTHONPATH": str(ROOT / "tests" / "support"),
    }
    done = subprocess.run(
        [sys.executable, "-c", SEARCH, str(made)],
        env=watched,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) > 1000
