"""The comparison of recognizers as tables and plots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from common import RESULTS, Table, header, table, write

from peer.figures import COVERAGE
from peer.forms import Form
from peer.material import KINDS, REPORTED, Pages, Scale
from peer.recognizers import OURS

NAME = "peers"
NOT_MEASURED = "–"
NAMES = ("MNIST", "USPS and Omniglot", "sudoku cells")  # in the order of the kinds of pages
SPEED_PLOT, ACCEPT_PLOT = "speed", "accepts"
MARKERS = "osD^vPX"
Found = Mapping[str, Mapping[str, Any]]
SETS = {
    "MNIST": "MNIST test",
    "USPS": "USPS",
    "sudoku, printed": "sudoku, printed",
    "sudoku, handwritten": "sudoku, handwritten",
}
METHOD = (
    "Every other library is told whether ink is bright or dark, and gets pages prepared beforehand in the form that "
    "suits it best. Ours gets pages as they are, and its times include finding the ink. Options and forms are chosen "
    "by accuracy on MNIST's training digits that were held out: as they are for MNIST, and cut to their ink at 16×16 "
    "pixels for USPS and Omniglot. Forms for sudoku cells are chosen on cells that are not reported. Learners learn "
    "from the other training digits. Thresholds are chosen on held-out training digits alone."
)
TIMES = (
    "Timed: 28×28 images of MNIST test in memory, warm, one after another, without a confidence where that costs "
    "extra; then many in one call where the library takes many, otherwise again one after another. A cold start is a "
    "process that imports the library, loads its model and reads one PNG file, from start to end, with files in the "
    "system's cache; memory is the peak of that process. Installed size counts the library and all that it needs, "
    "without Python itself; of torch, the CPU-only build where pip finds one. Libraries use as many threads as they do "
    "by default; ours uses one for a single image."
)


def measured(found: Found) -> dict[str, Mapping[str, Any]]:
    """Those that could be measured."""
    return {name: figures for name, figures in found.items() if "error" not in figures}


def percent(share: Mapping[str, Any]) -> str:
    """A share in percent."""
    return NOT_MEASURED if share["share"] is None else f"{100 * share['share']:.2f}"


def rows(found: Found, cells: int, row: Any) -> list[list[str]]:  # noqa: ANN401 - a function of a name's figures
    """A row for each recognizer; dashes for one that could not be measured."""
    return [
        [name, *([NOT_MEASURED] * cells if "error" in figures else row(figures))]
        for name, figures in found.items()
    ]


def accuracy(found: Found) -> Table:
    """Best guesses that are right."""
    return table(
        ["best guess right, %", *SETS.values()],
        rows(found, len(SETS), lambda each: [percent(each["right"][name]) for name in SETS]),
    )


def acceptance(found: Found, key: str) -> Table:
    """What is answered at a threshold."""
    columns = {
        "coverage": "MNIST test answered, %",
        "wrong_accepted": "wrong among these, %",
        "Omniglot": "Omniglot answered, %",
        "empty cells": "empty cells answered, %",
    }
    return table(
        ["", *columns.values()],
        rows(found, len(columns), lambda each: [percent(each[key][column]) for column in columns]),
    )


def speed(found: Found) -> Table:
    """Time, memory and size."""
    columns = [
        "one image, ms", "95th percentile, ms", "images a second", "cold start, s", "memory, MB", "installed, MB",
    ]  # fmt: skip

    def row(each: Mapping[str, Any]) -> list[str]:
        took = each["speed"]
        return [
            f"{took['median_ms']:.2f}",
            f"{took['p95_ms']:.2f}",
            f"{took['per_second']:,.0f}",
            f"{took['cold_s']:.2f}",
            f"{took['cold_peak_bytes'] / 1e6:,.0f}",
            f"{sum(each['installed_bytes'].values()) / 1e6:,.0f}",
        ]

    return table(["", *columns], rows(found, len(columns), row))


def parts(figures: Mapping[str, Any], most: int = 8) -> Table:
    """What ours takes on disk, the largest parts first."""
    sizes = sorted(figures["installed_bytes"].items(), key=lambda each: -each[1])
    shown = [[name, f"{size / 1e6:.1f}"] for name, size in sizes[:most]]
    return table(
        ["part of ours", "MB"], [*shown, ["others", f"{sum(size for _, size in sizes[most:]) / 1e6:.1f}"]]
    )


def settings(found: Found) -> Table:
    """Versions, options and forms."""

    def row(each: Mapping[str, Any]) -> list[str]:
        versions = ", ".join(f"{name} {version}" for name, version in each["versions"].items())
        options = ", ".join(f"{name} {value}" for name, value in each["options"].items() if value is not None)
        return [
            versions,
            options or NOT_MEASURED,
            *(str(Form(**each["forms"][kind])) for kind in KINDS),
        ]

    return table(
        ["", "versions", "options", *(f"form for {name}" for name in NAMES)], rows(found, 2 + len(NAMES), row)
    )


def problems(found: Found) -> Iterator[str]:
    """Why some could not be measured."""
    for name, figures in found.items():
        if "error" in figures:
            yield f"{name} could not be measured: {figures['error']}.\n"


def draw_speed(found: Found, path: Path) -> None:
    """Errors over the time of one image: digits of MNIST, and photographs. No error at all is drawn as half a one."""
    figure, panels = _panels(2)
    for axes, (key, title) in zip(
        panels, {"MNIST": "MNIST test", "sudoku": "sudoku cells"}.items(), strict=True
    ):
        for number, (name, each) in enumerate(measured(found).items()):
            own = name == OURS
            share = each["right"][key]
            wrong = 100 * max(1 - share["share"], 0.5 / share["n"])
            time = each["speed"]["median_ms"]
            marker, size = ("*", 15) if own else (MARKERS[number % len(MARKERS)], 8)
            axes.plot(time, wrong, marker, markersize=size, color=f"C{number}", label=name, linestyle="")
        axes.set(xscale="log", yscale="log", title=f"{title}, n = {share['n']}")
        axes.set(xlabel="one image, ms", ylabel="wrong best guesses, %")
        axes.margins(0.15)
        axes.grid(alpha=0.3, which="both")
    panels[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, dpi=120, metadata={"Software": None})


def draw_accepts(found: Found, path: Path) -> None:
    """Non-digits answered over digits answered, for all thresholds; a dot for the answers as they come."""
    figure, (axes,) = _panels(1)
    for number, (name, each) in enumerate(measured(found).items()):
        points = [point for point in each["curve"] if point[0] > 0]
        axes.plot(
            *([100 * point[i] for point in points] for i in (0, 1)),
            color=f"C{number}",
            label=name,
            linewidth=1.5,
        )
        given = each["as_it_comes"]
        axes.plot(100 * given["coverage"]["share"], 100 * given["Omniglot"]["share"], "o", color=f"C{number}")
    axes.axvline(100 * COVERAGE, color="grey", linewidth=0.8, linestyle=":")
    axes.set(xlabel="MNIST test digits answered, %", ylabel="Omniglot characters answered, %")
    axes.set(xlim=(-2, 102), ylim=(-2, 102), title="False accepts against coverage")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", title="• as it comes")
    figure.savefig(path, dpi=120, metadata={"Software": None})


def _panels(n: int) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6 * n, 5), layout="constrained")
    return figure, [figure.add_subplot(1, n, i + 1) for i in range(n)]


def report(
    found: Found, sets: Mapping[str, Pages], scale: Scale, *, model: str, seed: int, quick: bool
) -> None:
    """Write ``results/peers.md``, its plots and its metrics file; of a quick run, ``results/peers-quick.md``."""
    name = f"{NAME}-quick" if quick else NAME
    RESULTS.mkdir(exist_ok=True)
    plots = {part: f"{name}-{part}.png" for part in (SPEED_PLOT, ACCEPT_PLOT)}
    draw_speed(found, RESULTS / plots[SPEED_PLOT])
    draw_accepts(found, RESULTS / plots[ACCEPT_PLOT])
    sizes = ", ".join(f"{len(sets[each].labels):,} {each}" for each in REPORTED)
    learnt = f"{len(sets['learn'].labels):,} digits to learn from"
    write(
        name,
        "Side by side",
        header(
            (),
            model=model,
            n=f"{sizes}; {len(sets['validation'].labels):,} digits for thresholds; {scale.chosen} of each kind for "
            f"options and forms; {learnt}; {scale.timed} images timed alone, {scale.together:,} together, "
            f"{scale.starts} cold starts",
            seed=seed,
            command=f"`python benchmarks/run.py{' --quick' if quick else ''}`",
        ),
        f"{METHOD}\n",
        accuracy(found),
        f"![Errors against speed]({plots[SPEED_PLOT]})\n",
        f"## What is answered\n\nAt the threshold that lets {100 * COVERAGE:g} % of held-out digits pass, or all that "
        "have a guess if these are fewer:\n",
        acceptance(found, "at_99"),
        "As each library answers by default, without a threshold of one's own:\n",
        acceptance(found, "as_it_comes"),
        f"![False accepts against coverage]({plots[ACCEPT_PLOT]})\n",
        f"## Speed and size\n\n{TIMES}\n",
        speed(found),
        *([parts(found[OURS])] if OURS in measured(found) else []),
        "## Versions, options and forms\n",
        settings(found),
        *problems(found),
        figures={"scale": asdict(scale), "recognizers": found},
    )
