"""Small metrics files for the report: written by the commands themselves where that is quick."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import stand_in
from pages import many_digits

from recognizer import data, to_glyph
from recognizer.cli import main
from recognizer.measure.metrics import share_of
from recognizer.measure.record import as_text, make_record

ROOT = Path(__file__).parents[2]
DATA = Path(__file__).parents[1] / "data"
BENCHMARKS = ROOT / "benchmarks"
REJECTS = "[rejects]\nnoise = 1.0\ntick = 1.0\n"
with np.load(DATA / "digits.npz", allow_pickle=False) as stored:
    DIGITS, LABELS = stored["images"], stored["labels"]


@contextlib.contextmanager
def benchmarks(results):
    """The benchmarks as modules, which write their results to a folder."""
    before = set(sys.modules)
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import common

        common.RESULTS = results
        yield
    finally:
        sys.path.remove(str(BENCHMARKS))
        for name in set(sys.modules) - before:
            if str(BENCHMARKS) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]


def run_benchmark(results, name, *words):
    """What `python benchmarks/NAME.py` does; returns what it prints."""
    printed = io.StringIO()
    with benchmarks(results), contextlib.redirect_stdout(printed):
        module = __import__(name)
        before = sys.argv
        sys.argv = [name, *map(str, words)]
        try:
            module.main()
        finally:
            sys.argv = before
    return printed.getvalue()


def mnist(root):
    """Forty digits in the place of MNIST's parts."""
    files = {name: stand_in.idx(DIGITS if "images" in name else LABELS) for name in data.MNIST}
    return stand_in.put(root, files)


def mislabelled(folder):
    """Forty digits of which two have another's label, so that there are mistakes; and three that are none."""
    labels = LABELS.copy()
    labels[[3, 20]] = (labels[[3, 20]] + 1) % 10
    file = folder / "mislabelled.npz"
    images = np.concatenate([DIGITS, np.zeros((3, 28, 28), np.uint8)])
    np.savez(file, images=images, labels=np.append(labels, [10] * 3))
    return file


def evaluate(results, *specs, arguments=()):
    """`recognizer evaluate` into evaluation.json."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        words = ["evaluate", "--json", "--failures", "5", "--limit", "40", "--data", *map(str, specs)]
        assert main([*words, *map(str, arguments)]) == 0
    (results / "evaluation.json").write_text(printed.getvalue(), encoding="utf-8")


def put(folder, what, command, figures, seed=0):
    """A metrics file."""
    used = [{"name": "training pool", "n": 1234}, {"name": "validation pool", "n": 432}]
    record = make_record(what, command, {"seed": seed}, used, figures)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text(as_text(record), encoding="utf-8")


def training(run):
    """A run of three epochs, and its second reader's."""
    history = {
        "loss": [0.71, 0.52, 0.43],
        "validation": [
            {"mnist": 0.91, "page": 0.82, "false accepts": 0.31},
            {"mnist": 0.97, "page": 0.91, "false accepts": 0.22},
            {"mnist": 0.9871, "page": 0.9312, "false accepts": 0.1234},
        ],
    }
    put(run / "metrics.json", "a training run", "recognizer train", {"history": history})
    second = {"loss": [0.317], "validation": [{"mnist": 0.98761, "page": 0.94321, "false accepts": 0.10123}]}
    (run / "reader-history.json").write_text(json.dumps(second), encoding="utf-8")


def ladder(results):
    """Two rungs."""
    rungs = [
        {
            "rung": name,
            "parameters": parameters,
            "seconds": 3.5,
            "coverage": 0.99,
            "forced": {"mnist": share_of(right, 500), "page": share_of(right - 20, 480)},
            "false accepts": share_of(accepted, 300),
            "wrong among accepted": share_of(12, 497),
        }
        for name, parameters, right, accepted in (
            ("linear", 7850, 431, 201),
            ("convolutional", 228683, 497, 61),
        )
    ]
    gain = {"mnist": 0.132, "page": 0.1375, "false accepts": -0.46667, "wrong among accepted": -0.0101}
    gains = [{"rung": "convolutional", "over": "linear", "gain": gain}]
    put(results / "ladder.json", "the ladder", "recognizer ladder", {"rungs": rungs, "gains": gains})


def pools(folder, families=("gratings", "tick")):
    """The pools of a run with digits and two families of non-digits, each of another group."""
    from recognizer.training.pools import keep_pools
    from recognizer.training.samples import Pool, Pools

    def made(n, seed):
        images, labels = many_digits(n, seed)
        glyphs = np.stack([to_glyph(image) for image in images])
        noise = np.random.default_rng(seed).integers(0, 255, (n // 2, 28, 28), dtype=np.uint8)
        return Pool(
            np.concatenate([glyphs, noise]),
            np.concatenate([labels, np.full(len(noise), 10, np.uint8)]),
            np.array(["mnist"] * n + [families[i % len(families)] for i in range(len(noise))]),
        )

    keep_pools(Pools(made(120, 0), made(60, 1), {}), folder)
    return folder


def study(results, run, name, *words):
    """`python benchmarks/studies.py`, in seconds."""
    settings = ("--digits", 60, "--epochs", 1, "--seeds", 1, "--out", results / "cells")
    return run_benchmark(results, "studies", name, "--run", run, *settings, *words)


def stages(results):
    """Specialists, as a run of them wrote it, and a comparison of the same kind on a data set."""
    shutil.copy(DATA / "specialists-1.json", results / "specialists.json")
    record = json.loads((results / "specialists.json").read_text(encoding="utf-8"))
    sets = {"out of fold": record["figures"]["full"]["out_of_fold"]}
    put(results / "stage_two.json", "stages", "recognizer evaluate --stages", {"sets": sets})


def search(results):
    """A benchmark's result with a text, a picture and a table."""
    with benchmarks(results), contextlib.redirect_stdout(io.StringIO()):
        from common import header, table, write

        write(
            "search_schemes",
            "Ways of searching",
            header(("numpy",), n="5 images", seed=1, command="`python benchmarks/search_schemes.py`"),
            "Timed: 7 things. **None** are `slow`.\n",
            table(
                ["code", "P@10", "ms"], [["pixels", "0.947", 3], ["dense code", "0.989", np.float64(0.25)]]
            ),
            "![P@10 and R@1](search_schemes.png)\n",
            "## More\n\nand <more> of 8.\n",
        )
    shutil.copy(ROOT / "docs" / "embedding-trade-off.png", results / "search_schemes.png")


def all_files(folder):
    """A folder of results and one of a run, with what is quick to make."""
    results, run = folder / "results", folder / "run"
    results.mkdir()
    config = folder / "rejects.toml"
    config.write_text(REJECTS)
    evaluate(results, mislabelled(folder), "rejects", arguments=("--config", config))
    training(run)
    ladder(results)
    pools(run)
    for name in ("shuffling", "rejects"):
        study(results, run, name)
    stages(results)
    run_benchmark(results, "robustness", "--n", 5, "--data", mnist(folder / "data"))
    shutil.copy(BENCHMARKS / "results" / "embedding.json", results)
    search(results)
    return results, run


def values_in(content):
    """All numbers and texts of JSON, as the report writes them; and how long its lists and objects are."""
    if isinstance(content, dict | list):
        yield repr(len(content))
        for each in content.values() if isinstance(content, dict) else content:
            yield from values_in(each)
    else:
        yield content if isinstance(content, str) else repr(content)


def values_of(*files):
    """The same of files."""
    return {
        value for file in files for value in values_in(json.loads(Path(file).read_text(encoding="utf-8")))
    }
