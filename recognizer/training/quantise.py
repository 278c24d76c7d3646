"""From a float graph to one whose convolutions work on 8-bit integers: smaller, and about three times as fast."""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.runtime import onnx_runtime

SAMPLES = 2048
BATCH = 128
QUANTISED = ["Conv", "MaxPool", "Relu"]  # the last layers take no time, and stay exact


class _Calibration:
    """Glyphs in batches: the ranges that activations take on these are those of the graph."""

    def __init__(self, glyphs: NDArray[np.uint8]) -> None:
        self._batches = iter([glyphs[low : low + BATCH] for low in range(0, len(glyphs), BATCH)])

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"glyphs": batch}


def quantise(graph: bytes, glyphs: NDArray[np.uint8], seed: int) -> bytes:
    """Static quantisation (Jacob et al. 2018), with a scale for each output channel of the weights.

    Weights take 7 of their 8 bits: processors without VNNI instructions would overflow with more.

    Args:
        graph: an ONNX graph of glyphs uint8 (N, 28, 28).
        glyphs: what it was trained on, uint8 (N, 28, 28); some of these, chosen by ``seed``, give the ranges.
        seed: of that choice.
    """
    import onnx

    onnx_runtime()
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    chosen = np.random.default_rng(seed).permutation(len(glyphs))[:SAMPLES]
    reader: Any = _Calibration(glyphs[chosen])
    log = logging.getLogger()
    level = log.level
    with TemporaryDirectory() as folder:
        prepared, made = Path(folder) / "prepared.onnx", Path(folder) / "made.onnx"
        log.setLevel(logging.ERROR)  # it warns of what was done a line before
        try:
            quant_pre_process(onnx.load_from_string(graph), str(prepared))
            quantize_static(
                str(prepared), str(made), reader,
                quant_format=QuantFormat.QDQ, op_types_to_quantize=QUANTISED, per_channel=True, reduce_range=True,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
            )  # fmt: skip
        finally:
            log.setLevel(level)
        return made.read_bytes()
