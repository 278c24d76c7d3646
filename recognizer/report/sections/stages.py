"""Stage two: whether specialists for pairs that are easily confused pay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from recognizer.report.figures import Cell, Table, change, count, figure, percent, share
from recognizer.report.html import Html, element, folded, join, paragraph, part, table
from recognizer.report.pictures import picture
from recognizer.report.section import Section, benchmark
from recognizer.report.sources import Found, Material
from recognizer.stages.decide import pair_name

PICTURES = {
    "confusion": "What is taken for what, out of fold",
    "pairs": "The hardest images of each pair",
    "cascade": "Errors by cost, with and without specialists",
}
STORIES = {
    "full": "The full model",
    "light": "The light model",
    "light-b": "A second light model",
    "light-c": "A third light model",
}


def comparison(found: Mapping[str, Any]) -> Table:
    """Errors before and after stage two, by pair and in all."""
    inputs = [*found["pairs"].items(), ("all routed", found["routed_all"]), ("all inputs", found["overall"])]
    rows: list[list[Cell]] = [[name, *_change(row)] for name, row in inputs]
    columns = ("inputs", "n", "errors before", "after", "mended", "broken", "change", "p (McNemar)")
    return Table(columns, rows)


def _change(row: Mapping[str, Any]) -> list[Cell]:
    counts = [count(row[key]) for key in ("n", "before", "after", "mended", "broken")]
    return [*counts, change(row["change"]), figure(row["p_value"], ".2g")]


def quality(found: Mapping[str, Any]) -> Table:
    """Calibration and refusals of both stages' answers."""
    stages = found["before"], found["after"]
    rows: list[list[Cell]] = [
        ["calibration error", *(percent(each["ece"]) for each in stages)],
        ["Brier score", *(figure(each["brier"], ".5f") for each in stages)],
        ["area under risk–coverage", *(figure(each["aurc"], ".2e") for each in stages)],
        ["digits accepted", *(share(each["coverage"]) for each in stages)],
        ["wrong among these", *(share(each["wrong_accepted"]) for each in stages)],
        ["non-digits accepted", *(share(each["false_accepts"]) for each in stages)],
    ]
    return Table(("", "stage one alone", "both stages"), rows)


def choices(found: Mapping[str, Any]) -> Table:
    """The specialists that were tried, and whether they pay."""
    rows: list[list[Cell]] = [
        [
            pair_name((each["pair"][0], each["pair"][1])),
            each["kind"],
            *_change(each["gain"]),
            "yes" if each["enabled"] else "no",
        ]
        for each in found["choices"]
    ]
    columns = (
        "pair", "simplest of the best kinds", "n", "errors before", "after", "mended", "broken", "change", "p", "pays"
    )  # fmt: skip
    return Table(columns, rows)


def cascade(found: Found) -> Table:
    """The second story: light models with specialists, against the full one."""
    told = found.figures["cascade"]
    # The first records named two models alone, and no shares.
    known = told if isinstance(told, list) else []
    of_full = {(row["model"], row["specialists"]): row["out_of_fold"]["of_full"] for row in known}
    rows: list[list[Cell]] = []
    for name in _models(found):
        each = found.figures[name]
        for words, both in (("alone", False), ("with specialists", True)):
            when = "after" if both else "before"
            rows.append([
                f"{name} model {words}",
                count(each["out_of_fold"]["overall"][when]),
                figure(each["cost"]["mean" if both else "stage_one"], ",.0f"),
                percent(of_full.get((name, both))),
                count(each["validation"]["overall"][when]),
            ])  # fmt: skip
    columns = (
        "model", "errors out of fold", "multiplications a glyph", "of the full model's", "errors on the validation pool"
    )  # fmt: skip
    return Table(columns, rows)


def _models(found: Found) -> list[str]:
    return [name for name in STORIES if name in found.figures]


def _trial(found: Found) -> Html:
    pieces: list[Html] = []
    for name in _models(found):
        each = found.figures[name]
        pieces += [
            element("h4", STORIES[name]),
            paragraph("Out of fold: errors among eleven classes, without a threshold."),
            table(comparison(each["out_of_fold"])),
            table(quality(each["out_of_fold"])),
            folded("The specialists that were tried", table(choices(each))),
            folded(
                "On the validation pool",
                table(comparison(each["validation"])),
                table(quality(each["validation"])),
            ),
        ]
    pieces += [element("h4", "What the cascade saves"), table(cascade(found))]
    pieces += [
        picture(found.beside(f"specialists-{name}.png", f"{name}.png"), words)
        for name, words in PICTURES.items()
    ]
    return join(pieces)


def _sets(found: Found) -> Html:
    def told() -> Iterator[Html]:
        for name, each in found.figures["sets"].items():
            yield element("h4", name)
            yield table(comparison(each))
            yield table(quality(each))

    return join(told())


def section(material: Material) -> Section:
    """The section."""
    described = material.bundle.stage_two
    own = (
        "**The model of this report has no specialists**: all its answers are of stage one. What follows says what "
        "they were worth where they were tried."
        if described is None
        else f"The model of this report has specialists for {', '.join(_pairs(described))}."
    )
    content = join(
        [
            paragraph(
                "Where stage one wavers between two classes that are easily confused, a specialist for the pair has "
                "a say."
            ),
            paragraph(own),
            part(material, "specialists", "Evidence out of fold", _trial),
            part(material, "stage_two", "Before and after on data sets", _sets),
            part(material, "stage_two_light", "The same of the light model", _sets),
            part(material, "stage_two_light_b", "The same of the second light model", _sets),
            benchmark(material, "stages", "What stage two costs"),
        ]
    )
    return Section("stages", "Stage two", content)


def _pairs(described: Mapping[str, Any]) -> list[str]:
    return [pair_name((each["pair"][0], each["pair"][1])) for each in described["specialists"]]
