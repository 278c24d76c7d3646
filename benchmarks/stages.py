"""What stage two costs: the mean time of an input with specialists and without.

    python benchmarks/stages.py --data mnist:validation rejects [--limit 2000] [--model FOLDER]

Each input is timed in turn, on one thread: its glyph through stage one alone, through both stages, and the image
through all of `recognize`. The sequence is run several times, and the shortest time of each input counts. Whole batches
of 64 glyphs are timed in the same way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from common import command_line, header, table, write
from numpy.typing import NDArray

from recognizer import Recognizer, to_glyph
from recognizer.bundle import Bundle
from recognizer.cli.measuring import add_data_arguments, open_sets
from recognizer.stages.both_stages import Stages

ROUNDS = 5
BATCH = 64
CALLS = 100


def least(calls: Sequence[Callable[[], object]]) -> NDArray[np.float64]:
    """The least seconds of each call, float (N,), of ``ROUNDS`` rounds over all."""
    best = np.full(len(calls), np.inf)
    for _ in range(ROUNDS):
        for i, call in enumerate(calls):
            start = time.perf_counter()
            call()
            best[i] = min(best[i], time.perf_counter() - start)
    return best


def measure(name: str, images: Sequence[Any], model: Recognizer, bundle: Bundle) -> list[str]:
    """A row: the data set, how many inputs take stage two, and mean times in milliseconds, with their ratios."""
    stages = Stages(bundle)
    glyphs = np.stack([glyph for glyph in map(to_glyph, images) if glyph.any()])
    single = [glyphs[i : i + 1] for i in range(len(glyphs))]
    batches = [glyphs[i : i + BATCH] for i in range(0, len(glyphs), BATCH)]
    routed = sum(name is not None for name in stages.read(glyphs).specialists) / len(glyphs)
    alone, together = (
        (least([lambda part=part: stages.network.logits(part) for part in parts]).sum() / len(glyphs),
         least([lambda part=part: stages.read(part) for part in parts]).sum() / len(glyphs))
        for parts in (single, batches)
    )  # fmt: skip
    whole = least([lambda image=image: model.recognize(image) for image in images]).mean()
    extra = alone[1] - alone[0]
    times = [1e3 * value for value in (*alone, *together, whole)]
    ratios = (alone[1] / alone[0], together[1] / together[0], whole / (whole - extra))
    return [
        name,
        str(len(glyphs)),
        f"{100 * routed:.2f} %",
        *(f"{value:.4f}" for value in times),
        *(f"{ratio:.3f}" for ratio in ratios),
    ]


def features_cost(images: Sequence[Any], bundle: Bundle) -> list[list[str]]:
    """Rows: the least milliseconds of a call with logits alone, and with features as well, for 1 and for 64 glyphs."""
    network = Stages(bundle).network
    glyphs = np.stack([to_glyph(image) for image in images[:BATCH]])
    rows = []
    for part in (glyphs[:1], glyphs):
        calls = [lambda part=part: network.logits(part), lambda part=part: network.outputs(part)]
        times = [least([call] * CALLS).min() for call in calls]
        rows.append([str(len(part)), *(f"{1e3 * seconds:.4f}" for seconds in times)])
    return rows


def main() -> None:
    """Measure all data sets and write the result."""
    parser = command_line(__doc__)
    add_data_arguments(parser)
    args = parser.parse_args()
    model = Recognizer.load(args.model, threads=1)
    bundle = model.bundle
    rows = []
    for data in open_sets(args, bundle):
        images = [example.image for example in data.read()]
        rows.append(measure(data.name, images, model, bundle))
    columns = [
        "inputs", "n", "take stage two", "stage one, ms", "both, ms", "stage one, batch, ms", "both, batch, ms",
        "`recognize`, ms", "ratio, alone", "ratio, batch", "ratio, `recognize`",
    ]  # fmt: skip
    write(
        "stages",
        "What stage two costs",
        header(
            ("numpy", "onnxruntime"),
            model=model.model,
            seed=args.seed,
            command=f"`python benchmarks/stages.py --data {' '.join(args.data)}"
            + (f" --limit {args.limit}`" if args.limit else "`"),
        ),
        "Mean time of an input, one at a time and in batches of 64 glyphs, on one thread.",
        table(columns, rows),
        "Stage one with its features as a second output, the least time of a call:\n",
        table(["glyphs", "logits, ms", "logits and features, ms"], features_cost(images, bundle)),
    )


if __name__ == "__main__":
    main()
