"""The figures of a run of `recognizer specialists` as tables, and its pictures.

    python benchmarks/specialists.py --run runs/specialists [--note TEXT]

Nothing is measured here: the figures come from the run's metrics.json.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from common import RESULTS, Facts, command_line, table, write

from recognizer.measure.record import read_record
from recognizer.stages.decide import Pair, pair_name

PICTURES = ("pairs.png", "confusion.png", "cascade.png")
CHANGE = ("n", "before", "after", "mended", "broken", "change", "p")
POOLS = {"out_of_fold": "out of fold", "validation": "validation pool"}
COST = ("errors", "million multiplications", "of the full model's")
CASCADE = "Out of fold, networks trained for few epochs stand for the models; the models answer the validation pool.\n"
Figures = Mapping[str, Any]


def named(pair: list[int]) -> str:
    """A pair's name, from JSON."""
    whole: Pair = (pair[0], pair[1])
    return pair_name(whole)


def percent(share: float | None, sign: str = "") -> str:
    """A share in percent."""
    return "–" if share is None else f"{100 * share:{sign}.2f} %"


def change(row: Figures) -> list[str]:
    """Errors before and after."""
    counts = [str(row[key]) for key in ("n", "before", "after", "mended", "broken")]
    return [*counts, percent(row["change"], "+"), f"{row['p_value']:.2g}"]


def comparison(found: Figures) -> str:
    """What `stages.compare` found, as two tables."""
    rows = [[name, *change(row)] for name, row in found["pairs"].items()]
    rows += [["all routed", *change(found["routed_all"])], ["overall", *change(found["overall"])]]
    stages = [found["before"], found["after"]]
    lines = [
        ["calibration error", *(percent(each["ece"]) for each in stages)],
        ["Brier score", *(f"{each['brier']:.5f}" for each in stages)],
        ["area under risk-coverage", *(f"{each['aurc']:.2e}" for each in stages)],
        *(
            [text, *(f"{each[key]['count']} of {each[key]['n']}" for each in stages)]
            for text, key in (
                ("accepted digits", "coverage"),
                ("wrong among them", "wrong_accepted"),
                ("non-digits answered", "false_accepts"),
            )
        ),
    ]
    return f"{table(['pair', *CHANGE], rows)}\n{table(['', 'stage one', 'both'], lines)}"


def sections(name: str, found: Figures) -> Iterator[str]:
    """All that is known of one model."""
    yield f"## The {name} model\n"
    yield "Pairs confused more often than two digits usually are, out of fold (binomial test, Holm's correction):\n"
    significant = [each for each in found["pairs"] if each["p_value"] < 0.01]
    yield table(
        ["pair", "confused", "of", "share", "usual share", "p", "by kind"],
        [
            [
                named(each["pair"]), each["confused"], each["of"], percent(each["confused"] / each["of"]),
                percent(each["base"]), f"{each['p_value']:.1g}",
                ", ".join(f"{kind} {count}" for kind, count in each["by_kind"].items()),
            ]
            for each in significant
        ],
    )  # fmt: skip
    kinds = list(found["choices"][0]["errors"]) if found["choices"] else []
    yield "Errors by kind of specialist, on glyphs whose two best classes are the pair:\n"
    yield table(
        ["pair", *kinds, "chosen", "pays"],
        [
            [
                named(each["pair"]),
                *(each["errors"][kind] for kind in kinds),
                each["kind"],
                "yes" if each["enabled"] else "no",
            ]
            for each in found["choices"]
        ],
    )
    if found["rules"]:
        rules = found["rules"]
        yield f"The two rules of routing, on {rules['n']} glyphs; margin {found['margin']:g}:\n"
        yield table(
            ["rule", "asked", "errors"],
            [
                [name, percent(rules[name]["asked"]), rules[name]["errors"]]
                for name in ("margin", "by_answer")
            ],
        )
    for title, key in (("Out of fold", "out_of_fold"), ("Validation pool, the model itself", "validation")):
        yield f"{title}: {percent(found[key]['routed']['share'])} of {found[key]['n']} glyphs take stage two.\n"
        yield comparison(found[key])
    yield "Multiplications a glyph, in millions, and errors out of fold, by margin:\n"
    yield table(
        ["margin", "multiplications", "wrong"],
        [
            [point["margin"], f"{point['mean'] / 1e6:.2f}", percent(point["error"])]
            for point in found["cost"]["curve"]
        ],
    )


def cascade(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Models with and without specialists: errors and cost, as rows."""
    return [
        [
            f"{row['model']} with specialists" if row["specialists"] else f"{row['model']} alone",
            *(
                text
                for pool in POOLS
                for text in (
                    str(row[pool]["errors"]),
                    f"{row[pool]['multiplications'] / 1e6:.2f}",
                    percent(row[pool]["of_full"]),
                )
            ),
        ]
        for row in rows
    ]


def main() -> None:
    """Write the tables and copy the pictures."""
    parser = command_line(__doc__)
    parser.add_argument(
        "--run", type=Path, required=True, help="the folder that recognizer specialists worked in"
    )
    parser.add_argument("--note", help="what a reader should know of the run")
    args = parser.parse_args()
    folder = args.run
    record = read_record(folder / "metrics.json")
    figures, versions = record["figures"], ", ".join(f"{k} {v}" for k, v in record["versions"].items())
    facts = {
        "date": record["date"][:10],
        "hardware": f"{record['hardware']['cpu']}, {record['hardware']['cores']} cores",
        "versions": versions,
        "n": ", ".join(f"{each['n']} ({each['name']})" for each in record["data"]),
        "seed": record["seed"],
        "model": record["model"]["name"],
        "command": "`recognizer specialists --config configs/specialists.toml --run runs/best "
        "--light runs/light-fortieth runs/light`",
    }
    if args.note:
        facts["note"] = args.note
    for picture in PICTURES:
        shutil.copy(folder / picture, RESULTS / f"specialists-{picture}")
    noted = record | {"note": args.note} if args.note else record
    write(
        "specialists",
        "Specialists",
        Facts(facts),
        "Answers are among eleven classes, without a threshold. \"Change\" and p (McNemar's exact test) compare both "
        "stages with stage one alone.\n",
        *(part for name in figures if name != "cascade" for part in sections(name, figures[name])),
        "## The cascade\n",
        CASCADE,
        table(["", *(f"{what}, {pool}" for pool in POOLS.values() for what in COST)], cascade(figures["cascade"])),
        *(f"![{picture.partition('.')[0]}](specialists-{picture})\n" for picture in PICTURES),
        record=noted,
    )  # fmt: skip


if __name__ == "__main__":
    main()
