"""Without the packages that a small install leaves out: the same answers, and a line where one is needed."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pages import DIGITS, LABELS

import recognizer
import retrieval
from retrieval.engines import ENGINES

ROOT = Path(recognizer.__file__).parents[1]
EXAMPLES = ROOT / "examples"
STARTER = Path(retrieval.__file__).parent / "models" / "starter"
LEFT_OUT = ("pynndescent", "numba", "llvmlite", "scipy", "sklearn")
NEEDS_SCIPY = "error: a diagnosis needs scipy, scikit-learn: pip install scipy scikit-learn\n"
NEEDS_GRAPH = (
    "error: the engine pynndescent needs numba and pynndescent: pip install digit-recognizer-eleven; "
    "or name another engine: exact\n"
)


def ran(commands, folder, without=()):
    """What each command did, one after the other in a process without these packages, where nothing is kept yet."""
    script = ROOT / "tests" / "support" / "several_commands.py"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RECOGNIZER_HOME": str(folder / "home")}
    asked = [str(script), json.dumps(without), json.dumps(list(commands.values()))]
    done = subprocess.run(
        [sys.executable, "-W", "error", *asked],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout.replace(str(folder), ""))  # whole paths are told, and folders differ
    return dict(zip(commands, told, strict=True))


SAME = {
    "answers": ("recognize", "images", "--json"),
    "explanations": ("recognize", "images", "--json", "--explain", "5"),
    **{mode: ("similar", "images", "--json", "--mode", mode) for mode in ENGINES},
    "a gallery of one's own": ("similar", "--build", "images", "--gallery", "own"),
    "an index that so few need not": ("similar", "--prepare", "--gallery", "own"),
    "a graph that so few need not": (
        "similar", "images/photo-4.png", "--json", "--gallery", "own", "--engine", "pynndescent",
    ),
    **{
        f"{mode} in one's own": ("similar", "images", "--json", "--gallery", "own", "--mode", mode)
        for mode in ENGINES
    },
    "duplicates within": ("similar", "--duplicates", "--gallery", "own"),
    "a report": ("badcase", "add", "images/photo-4.png", "--label", "9"),
    "many reports": ("badcase", "ingest", "reports.csv"),
    "cases": ("badcase", "list"),
    "past mistakes": ("badcase", "similar", "images/photo-4.png"),
    "models": ("recognizer", "models", "list"),
}  # fmt: skip

REFUSED = {
    "searching the graph": (
        ("similar", "images/photo-4.png", "--engine", "pynndescent"), 3, NEEDS_GRAPH,
    ),
    "building the graph": (
        ("similar", "--prepare", "--gallery", "large"), 3, NEEDS_GRAPH,
    ),
    "a diagnosis": (("badcase", "diagnose"), 2, NEEDS_SCIPY),
    "a diagnosis, before anything is opened": (("badcase", "diagnose", "--store", "missing.db"), 2, NEEDS_SCIPY),
    "another temperature": (
        ("recognizer", "calibrate", "--data", "mislabelled.npz", "--coverage", "0.9", "--out", "new"),
        2,
        "error: fitting a temperature needs scipy: pip install scipy\n",
    ),
}  # fmt: skip
ADDS = ("similar", "--build", "images", "--gallery", "large", "--prepare")


def material(folder):
    """What the commands find where they run."""
    shutil.copytree(EXAMPLES, folder / "images")
    shutil.copy(EXAMPLES / "photo-4.png", folder / "images" / "again.png")
    rows = [f"images/{path.name},{number % 10}" for number, path in enumerate(sorted(EXAMPLES.glob("*.png")))]
    (folder / "reports.csv").write_text("\n".join(("path,label", *rows, "")))
    manifest = Path(shutil.copytree(STARTER, folder / "large")) / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"frozen": False}))
    images, labels = np.tile(DIGITS, (3, 1, 1)), (np.tile(LABELS, 3) + 1) % 10
    np.savez(folder / "mislabelled.npz", images=images, labels=labels.astype(np.uint8))
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return ran(SAME, material(tmp_path_factory.mktemp("whole")))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    commands = SAME | {name: command for name, (command, *_) in REFUSED.items()} | {"adding": ADDS}
    return ran(commands, material(tmp_path_factory.mktemp("small")), LEFT_OUT)


@pytest.mark.parametrize("what", SAME)
def test_it_does_the_same(whole, small, what):
    assert small[what] == whole[what]
    assert small[what]["out"]


@pytest.mark.parametrize("what", REFUSED)
def test_what_needs_a_package_names_it_in_a_line(small, what):
    _, code, line = REFUSED[what]
    assert (small[what]["code"], small[what]["out"]) == (code, "")
    assert small[what]["err"] == line


def test_what_was_added_stays_where_no_index_can_be_built(small):
    assert small["adding"]["code"] == 3
    assert small["adding"]["err"].endswith(NEEDS_GRAPH)
    assert re.fullmatch(r"large: 9 added, .*; 10,609 in all\n", small["adding"]["out"])
