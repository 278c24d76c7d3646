"""How many glyphs a second networks of other sizes would read, before any of them is trained.

    python benchmarks/network_sizes.py --data DIR [--seed 0]

The networks have random weights and are turned to 8-bit integers as the shipped one is: the time does not depend on the
weights. Timed in turn: batches of 64 digits of MNIST's training part on as many threads as there are cores. Not timed:
second looks, which a smaller network would need more of. What such a network would answer, this doesn't say.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial

import numpy as np
import torch
from common import command_line, header, seconds, table, write
from numpy.typing import NDArray

from recognizer.data import find_data, load_mnist
from recognizer.stages.network import Network
from recognizer.training.config import NetworkConfig
from recognizer.training.export import to_onnx
from recognizer.training.model import GlyphClassifier, multiplications
from recognizer.training.quantise import quantise

SIZES = (
    NetworkConfig(),
    NetworkConfig(half=(24, 32), quarter=(64, 64, 64)),
    NetworkConfig(half=(16, 32), quarter=(64, 64, 64)),
    NetworkConfig(half=(16, 24), quarter=(48, 48, 48)),
)
GLYPHS, BATCH, ROUNDS = 4096, 64, 7


def _read(pool: Executor, network: Network, batches: Sequence[NDArray[np.uint8]]) -> None:
    list(pool.map(network.first_logits, batches))


def _told(size: NetworkConfig) -> list[str]:
    half, quarter = (", ".join(map(str, channels)) for channels in (size.half, size.quarter))
    return [half, quarter, f"{multiplications(size) / 1e6:.1f}"]


def main() -> None:
    """Measure, and write the table."""
    options = command_line(__doc__, data="mnist/", seed=0).parse_args()
    glyphs = load_mnist(find_data(options.data), "train")[0][:GLYPHS]
    torch.manual_seed(options.seed)
    networks = [
        Network(quantise(to_onnx(GlyphClassifier(size).eval()), glyphs, options.seed)) for size in SIZES
    ]
    batches = [glyphs[low : low + BATCH] for low in range(0, GLYPHS, BATCH)]
    threads = os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        rounds = [
            [seconds(partial(_read, pool, net, batches), rounds=1) for net in networks] for _ in range(ROUNDS)
        ]
    rates = [GLYPHS / statistics.median(times) for times in zip(*rounds, strict=True)]
    rows = [[*_told(size), round(rate)] for size, rate in zip(SIZES, rates, strict=True)]
    write(
        "network_sizes",
        "Networks of other sizes",
        header(
            ("onnxruntime", "torch"),
            n=f"{GLYPHS} glyphs, {ROUNDS} rounds in turn, {threads} threads",
            seed=options.seed,
            command="`python benchmarks/network_sizes.py`",
        ),
        "Glyphs a second through a first network with random weights, without second looks. The first row has the "
        "shipped network's size.\n",
        table(["channels at 14×14", "at 7×7", "million multiplications", "glyphs a second"], rows),
    )


if __name__ == "__main__":
    main()
