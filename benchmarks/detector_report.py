"""Our refusal against detectors, as tables and a plot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from common import RESULTS, header, table, write
from peer.figures import COVERAGE

NAME = "detectors"
PICTURE = f"{NAME}.png"
TEST, OMNIGLOT = "MNIST test", "Omniglot"
HELD_OUT, KNOWN = "families held out", "families of training"
REPORTED = (OMNIGLOT, HELD_OUT)
SCORE, FIRST, REJECT_ALONE = "ours", "ours, without a second look", "ours, reject's score alone"
OWN = (SCORE, FIRST, REJECT_ALONE)
WAYS = {
    "alone": "on the ten digits alone",
    "with_reject": "and refused where non-digit is the likeliest class",
}
METHOD = (
    "All detectors use the same network: they get its features and the logits of its ten digits, without a second "
    "look, and are fitted on MNIST's training digits. Each is tried with the settings that the library proposes; the "
    "tables show the one that answers the fewest non-digits of the families of training. Thresholds let 99 % of "
    "MNIST's validation digits pass; the reported sets played no part in these choices. Alone, a detector knows "
    "nothing of non-digits, as its authors meant it. The second table adds the network's eleventh class: what that "
    "calls a non-digit is refused. Ours is the score of the best digit among all eleven classes."
)
Row = Mapping[str, Any]


def percent(share: Row) -> str:
    """A share in percent, with its interval."""
    low, high = share["interval_95"]
    return f"{100 * share['share']:.2f} ({100 * low:.1f}–{100 * high:.1f})" if share["n"] else "–"


def ranked(rows: Sequence[Row], way: str) -> list[list[str]]:
    """A row each: ours first, then by how much of Omniglot is answered."""
    ordered = sorted(rows, key=lambda row: (row["name"] not in OWN, row[way][OMNIGLOT]["count"]))
    return [
        [
            row["name"],
            *(percent(row[way][part]) for part in (*REPORTED, KNOWN, TEST)),
            row[way]["setting"] or "–",
        ]
        for row in ordered
    ]


def verdicts(rows: Sequence[Row]) -> Iterator[str]:
    """Ours beside the best of the others, in words."""
    own = next(row for row in rows if row["name"] == SCORE)
    others = [row for row in rows if row["name"] not in OWN]
    for way, words in WAYS.items():
        for part in REPORTED:
            least = min(others, key=lambda row: row[way][part]["count"])
            share, count = own[way][part]["share"], least[way][part]["share"]
            times = f"{share / count:.2f} times as many" if count else "none of either"
            yield (
                f"{part}, {words}: ours answers {100 * share:.2f} %, the best of them, {least['name']}, "
                f"{100 * count:.2f} %: {times}.\n"
            )


def draw(rows: Sequence[Row], path: Path) -> None:
    """Bars of what is answered of each set, alone and with the eleventh class."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 0.27 * len(rows) + 1.8), layout="constrained")
    panels = figure.subplots(1, len(REPORTED), sharey=True)
    ordered = sorted(rows, key=lambda row: (row["name"] in OWN, -row["with_reject"][OMNIGLOT]["count"]))
    places = range(len(ordered))
    for axes, part in zip(panels, REPORTED, strict=True):
        for way, shift, colour in (("alone", 0.2, "#b8c4d6"), ("with_reject", -0.2, "#33608c")):
            shares = [100 * row[way][part]["share"] for row in ordered]
            colours = ["#c8442c" if row["name"] in OWN else colour for row in ordered]
            axes.barh([place + shift for place in places], shares, 0.4, color=colours)
        axes.set(title=f"{part}, n = {ordered[0]['alone'][part]['n']:,}", xlabel="answered with a digit, %")
        axes.grid(alpha=0.3, axis="x")
        axes.set_ylim(-0.7, len(ordered) - 0.3)
    panels[0].set_yticks(list(places), [row["name"] for row in ordered])
    figure.suptitle(
        "Non-digits answered where 99 % of digits are. Light: digits' logits and features alone; dark: with the class "
        "for non-digits; red: ours",
        fontsize="medium",
    )
    figure.savefig(path, dpi=120, metadata={"Software": None})


def report(
    rows: Sequence[Row], said: Row, *, model: str, seed: int, error: float, n: Mapping[str, int]
) -> None:
    """Write ``results/detectors.md``, its plot and its metrics file.

    Args:
        rows: a way each: "name", and its figures "alone" and "with_reject".
        said: what the library's process said: settings tried, seconds, problems, versions.
        model: that was measured.
        seed: of the choice of glyphs.
        error: the greatest error of the last layer as solved from features and logits.
        n: glyphs of each kind.
    """
    RESULTS.mkdir(exist_ok=True)
    draw(rows, RESULTS / PICTURE)
    columns = [
        "answered with a digit, % (95 % interval)", *REPORTED, KNOWN, "MNIST test digits", "setting",
    ]  # fmt: skip
    problems = [
        f"{name} could not be run: {tried['problem']}.\n"
        for name, tried in said["tried"].items()
        if not tried["settings"]
    ]
    versions = ", ".join(f"{name} {version}" for name, version in said["versions"].items())
    write(
        NAME,
        "Refusal against detectors of unknown input",
        header(
            ("numpy", "onnxruntime"),
            detectors=versions,
            model=model,
            n=", ".join(f"{count:,} {name}" for name, count in n.items()),
            seed=seed,
            command="`python benchmarks/detectors.py --run RUN`",
        ),
        f"{METHOD}\n",
        "Some detectors need the weights of the last layer. These are solved from features and logits; the greatest "
        f"error in a logit is {error:.3g}.\n",
        *verdicts(rows),
        f"![Non-digits answered at {100 * COVERAGE:g} % coverage]({PICTURE})\n",
        *(
            part
            for way, words in WAYS.items()
            for part in (f"## {words.capitalize()}\n", table(columns, ranked(rows, way)))
        ),
        "Left out are detectors that need gradients, inner layers, several passes or learnt weights: ODIN, "
        "MahalanobisODIN, GradNorm, GradUncertainty, NACUE, Gram, MultiMahalanobis, RankFeat, MCD, MCM, WeightedEBO.\n",
        *problems,
        figures={"rows": list(rows), "library": dict(said), "last_layer_error": error},
    )
