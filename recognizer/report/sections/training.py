"""From the simplest model to the one that ships, how it was trained, and what shuffling is worth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from recognizer.report.charts import Axis, Line, line_chart
from recognizer.report.figures import Cell, Figure, Table, count, percent, share, spread
from recognizer.report.html import Html, element, folded, join, part, table
from recognizer.report.section import Section
from recognizer.report.sources import TRAINING, Found, Material

READER = "reader-history.json"  # of models with a larger network for what the first is in doubt of
FALSE_ACCEPTS = "false accepts"
WRONG = "wrong among accepted"


def ladder(found: Found) -> Table:
    """A row for each model."""
    rungs = found.figures["rungs"]
    sources = list(rungs[0]["forced"])
    rows = [
        [
            each["rung"],
            count(each["parameters"]),
            *(share(each["forced"][source]) for source in sources),
            share(each[FALSE_ACCEPTS]),
            share(each[WRONG]),
        ]
        for each in rungs
    ]
    columns = (
        "model",
        "parameters",
        *(f"{source}, right" for source in sources),
        "non-digits accepted",
        WRONG,
    )
    return Table(columns, rows)


def gains(found: Found) -> Table:
    """What each step is worth, in percentage points."""
    steps = found.figures["gains"]
    names = list(steps[0]["gain"])
    rows = [
        [f"{each['rung']} over {each['over']}", *(_points(each["gain"][name]) for name in names)]
        for each in steps
    ]
    return Table(("step", *names), rows)


def _points(difference: float) -> Cell:
    return Figure(f"{100 * difference:+.2f} pp", repr(difference))


def shuffling(found: Found) -> Table:
    """A row for each order."""
    keys = ("right", WRONG, FALSE_ACCEPTS)
    rows = [[each["order"], *(spread(each[key]) for key in keys)] for each in found.figures["orders"]]
    return Table(("order", "handwritten digits right", "wrong among accepted", "non-digits accepted"), rows)


def _ladder(found: Found) -> Html:
    steps = folded("What each step gains, in percentage points", table(gains(found)))
    return join([table(ladder(found)), steps])


def _curves(found: Found) -> Html:
    curves = _watched(found.figures["history"])
    second = found.beside(READER)
    if second is None:
        return curves
    history = json.loads(second.read_text(encoding="utf-8"))
    file = element("p", "file ", element("b", second.name), " beside it", class_="from")
    return join([curves, element("h4", "The second reader"), _watched(history), file])


def _watched(history: Mapping[str, Any]) -> Html:
    """What was watched while one network was trained."""
    epochs = range(1, len(history["loss"]) + 1)
    loss = line_chart(
        "Training loss", [Line("loss", list(zip(epochs, history["loss"], strict=True)))],
        Axis("epoch", whole=True), Axis("loss", low=0.0),
    )  # fmt: skip
    sources = [name for name in history["validation"][0] if name != FALSE_ACCEPTS]
    wrong = [
        Line(name, [(x, 1 - row[name]) for x, row in zip(epochs, history["validation"], strict=True)])
        for name in sources
    ]
    accepted = Line(
        "non-digits taken for digits",
        [(x, row[FALSE_ACCEPTS]) for x, row in zip(epochs, history["validation"], strict=True)],
    )
    errors = line_chart(
        "Errors on validation data, without a threshold", [*wrong, accepted],
        Axis("epoch", whole=True), Axis("share that is wrong", log=True, percent=True),
    )  # fmt: skip
    last = history["validation"][-1]
    rows = [[name, percent(last[name])] for name in (*sources, FALSE_ACCEPTS)]
    end = Table(("after the last epoch", "right; of non-digits, accepted"), rows)
    return join([loss, errors, table(end)])


def _shuffling(found: Found) -> Html:
    lines = [
        Line(each["order"], list(enumerate((1 - right for right in each["epochs"]), 1)))
        for each in found.figures["orders"]
    ]
    chart = line_chart(
        "Wrong handwritten validation digits by epoch, mean over the seeds",
        lines, Axis("epoch", whole=True), Axis("share that is wrong", log=True, percent=True),
    )  # fmt: skip
    return join([table(shuffling(found)), chart])


def section(material: Material) -> Section:
    """The section."""
    return Section(
        "training",
        "Training",
        join(
            [
                part(
                    material, "ladder", "From linear to convolutional", _ladder,
                    intro="Models learn from one pool and are measured where each accepts the same share of validation "
                    "digits. Sigmoids refuse when all ten are low; the softmax has reject as an eleventh class.",
                ),
                part(material, TRAINING, "The curves of the model", _curves),
                part(
                    material, "shuffling", "What shuffling is worth", _shuffling,
                    intro="The same short training, with its samples in another order. In brackets: the least and the "
                    "most over the seeds.",
                ),
            ]
        ),
    )  # fmt: skip
