"""Approximate search against exact: true neighbours found and queries a second, beside other libraries.

    python benchmarks/search_engines.py --data DIR [--gallery 60000] [--queries 3000] [--seed 1] [--env DIR]

The dense codes of MNIST's training part, searched with those of its test part. Other libraries are installed into an
environment of their own (``--env``, a cache folder by default). Each engine runs in a process of its own, one after
the other, with as many threads as each other.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, header, table, write
from environments import environment
from processes import measured_by
from search_material import PACKAGES, draw, encoder_line, load, options

from retrieval import Encoder
from retrieval.codes import unpack
from retrieval.exact import ExactIndex
from retrieval.neighbours import Rows

PICTURE = "search_engines.png"
K = 10
WANTED = (0.99, 0.998)
OURS = {"ours": "pynndescent (ours)", "exact": "exact (ours)", "plain": "pynndescent, as it comes"}
NOTE = (
    "Every engine gets the same vectors as float32. Ours keeps them as int8, as galleries do, and its figures include "
    "ranking and all else that a gallery's search does with codes. HNSW: 16 links, build effort 200; "
    "annoy: 50 trees. A rate at a recall is interpolated between two points of the curve; the setting is that of the "
    "second. Neighbouring points show that times scatter by up to a fifth."
)
PEERS = ("hnswlib", "faiss HNSW", "annoy", "faiss flat")


@dataclass(frozen=True)
class Curve:
    """An engine's points: setting, recall@10, queries a second."""

    name: str
    setting: str
    points: list[list[float]]

    def rate(self, recall: float) -> float:
        """Queries a second at a recall, between the points on both sides of it; 0 if it is never reached."""
        before = None
        for _, share, rate in self.points:
            if share >= recall:
                if before is None or share >= 1:
                    return rate
                steps = np.log([1 - before[0], 1 - recall, 1 - share])
                part = (steps[1] - steps[0]) / (steps[2] - steps[0])
                return float(before[1] * (rate / before[1]) ** part)
            before = share, rate
        return 0.0

    def at(self, recall: float) -> str:
        """Queries a second at a recall, and the first setting that reaches it, as text."""
        reached = [setting for setting, share, _ in self.points if share >= recall]
        if not reached:
            return "–"
        chosen = "" if self.setting == "–" else f" ({self.setting} {reached[0]:g})"
        return f"{self.rate(recall):,.0f}{chosen}"


def prepare(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Write the codes, the queries and their true neighbours; what a job needs to know."""
    encoder = Encoder.open(args.encoder, threads=1)
    packed = encoder.dense(load(args.data, "train", args.gallery).glyphs)
    test = load(args.data, "test").glyphs
    queries = encoder.dense(test[draw(args.queries, len(test), args.seed)])
    truth = ExactIndex(Rows([packed])).search(queries, K)[0]
    job: dict[str, Any] = {"rounds": args.rounds}
    for name, array in (("codes", unpack(packed)), ("queries", unpack(queries)), ("truth", truth)):
        np.save(folder / f"{name}.npy", array)
        job[name] = str(folder / f"{name}.npy")
    return job | {"encoder": encoder_line(encoder)}


def measure(job: dict[str, Any], peers: Path, threads: int) -> dict[str, dict[str, Any]]:
    """What each engine needs, and its curves."""
    results = {}
    for name in (*OURS, *PEERS):
        if name == "plain" and threads > 1:
            continue  # it is there for what building takes, which is mostly compiling, on one thread
        python = sys.executable if name in OURS else peers
        shown = OURS.get(name, name)
        results[shown] = measured_by(
            python, "engine_process.py", job | {"engine": name, "threads": threads}, threads
        )
        print(threads, shown, results[shown], flush=True)
    return results


def curves(results: dict[str, dict[str, Any]]) -> list[Curve]:
    """One for each way to search an engine."""
    return [
        Curve(f"{name}, {face}" if face else name, result["setting"], points)
        for name, result in results.items()
        for face, points in result["curves"].items()
    ]


def costs(results: dict[str, dict[str, Any]]) -> str:
    """Import, build and memory of each engine."""
    columns = [
        "engine",
        "import, s",
        "first build, s",
        "second build, s",
        "index, MB",
        "peak of the process, MB",
    ]
    rows = []
    for name, result in results.items():
        built = [f"{seconds:.2f}" for seconds in result["build"]]
        memory = [f"{result[key] / 1e6:,.0f}" for key in ("held", "peak")]
        rows.append([name, f"{result['import']:.2f}", built[0], built[1] if len(built) > 1 else "–", *memory])
    return table(columns, rows)


def verdict(found: Sequence[Curve], recall: float) -> str:
    """Our queries a second as a multiple of other libraries', in words."""
    rates = {curve.name: curve.rate(recall) for curve in found}
    others = {name: rates[name] for name in PEERS}
    times = {name: rates[OURS["ours"]] / rate for name, rate in others.items() if rate}
    lines = [f"{name} {share:.2f}" for name, share in times.items()]
    slower = [name for name, share in times.items() if share < 1]
    outcome = f"**Ours is slower than {' and '.join(slower)}.**" if slower else "None of them is quicker."
    return f"Our queries a second at {recall:g}, as a multiple of theirs: {', '.join(lines)}. {outcome}\n"


def draw_picture(by_threads: dict[int, list[Curve]], file: Path) -> None:
    """A curve each, side by side for each number of threads."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(
        1,
        len(by_threads),
        figsize=(4.5 * len(by_threads) + 2.5, 4.5),
        layout="constrained",
        sharey=True,
        squeeze=False,
    )
    names = [curve.name for found in by_threads.values() for curve in found]
    for axes, (threads, found) in zip(panels[0], by_threads.items(), strict=True):
        for curve in found:
            number = names.index(curve.name)
            # Missing neighbours on a scale that spreads what is nearly perfect.
            x = [max(1 - recall, 1e-4) for _, recall, _ in curve.points]
            style = "-" if "ours" in curve.name else "--"
            axes.plot(
                x,
                [rate for *_, rate in curve.points],
                style,
                marker=".",
                label=curve.name,
                color=f"C{number}",
            )
        axes.set(xscale="log", yscale="log", title=f"{threads} thread{'s' if threads > 1 else ''}")
        axes.set(xlabel=f"share of the true {K} neighbours that is missed")
        axes.invert_xaxis()
        axes.grid(alpha=0.3, which="both")
    panels[0][0].set_ylabel("queries a second")
    drawn = panels[0][0].get_legend_handles_labels()
    panels[0][-1].legend(*drawn, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(file, dpi=120, metadata={"Software": None})


def sections(results: dict[int, dict[str, dict[str, Any]]]) -> list[str]:
    """For each number of threads: queries a second, the comparison, and what an index takes."""
    parts = []
    for threads, engines in results.items():
        found = curves(engines)
        rows = [[curve.name, *(curve.at(recall) for recall in WANTED)] for curve in found]
        columns = ["engine", *(f"queries a second at {recall:g} (setting)" for recall in WANTED)]
        title = f"## {threads} thread{'s' if threads > 1 else ''}\n"
        parts += [title, table(columns, rows), *(verdict(found, recall) for recall in WANTED), costs(engines)]
    return parts


def first_ever(job: dict[str, Any], place: str) -> float:
    """Seconds of our first build after an installation, when no compiled code is cached yet."""
    new = job | {"engine": "ours", "threads": 1, "builds": 1, "rounds": 0}
    result = measured_by(sys.executable, "engine_process.py", new, 1, NUMBA_CACHE_DIR=place)
    return float(result["build"][0])


def main() -> None:
    """Measure, and write the tables and the plot."""
    parser = options(__doc__, 60_000)
    parser.add_argument("--queries", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--env", help="folder of the environment with the other libraries")
    args = parser.parse_args()
    peers = environment(args.env)
    with tempfile.TemporaryDirectory() as place:
        job = prepare(args, Path(place))
        results = {threads: measure(job, peers, threads) for threads in args.threads}
        compiling = first_ever(job, str(Path(place) / "numba"))
    RESULTS.mkdir(exist_ok=True)
    draw_picture({threads: curves(found) for threads, found in results.items()}, RESULTS / PICTURE)
    versions = sorted({result["package"] for result in results[args.threads[0]].values()})
    write(
        "search_engines",
        "Engines",
        header(
            PACKAGES,
            engines=", ".join(versions),
            encoder=job["encoder"],
            n=f"{args.gallery:,} training images, {args.queries:,} test images as queries, {K} neighbours each",
            seed=args.seed,
            command="`python benchmarks/search_engines.py`",
        ),
        "Timed: all queries in one call (annoy takes one at a time), with codes made before; the median of "
        f"{args.rounds} calls after one that is not counted, or one call alone if it takes over 2 s; CPU time on one "
        f"thread, wall-clock time on more. {NOTE}\n",
        f"![Queries a second by recall]({PICTURE})\n",
        *sections(results),
        f"Our first build after an installation also compiles code: {compiling:.1f} s in all. The compiled code is "
        "kept on disk, so this happens once.\n",
    )


if __name__ == "__main__":
    main()
