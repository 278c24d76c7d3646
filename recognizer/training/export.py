"""From the trained network to an ONNX graph that takes glyphs as they are."""

from __future__ import annotations

import io
import warnings

import torch
from torch import nn

from recognizer.glyph import SIDE


class _FromBytes(nn.Module):
    """The network behind a conversion of glyphs uint8 (N, 28, 28)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, glyphs: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(glyphs.unsqueeze(1).float() / 255)
        return logits


def to_onnx(network: nn.Module) -> bytes:
    """The graph: glyphs uint8 (N, 28, 28) to logits float32 (N, 11)."""
    graph = io.BytesIO()
    whole = _FromBytes(network.to(memory_format=torch.contiguous_format)).eval()  # type: ignore[call-overload]
    with warnings.catch_warnings():
        # The exporter that this call selects needs no further package; torch says that it is the older one.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            whole,
            (torch.zeros(2, SIDE, SIDE, dtype=torch.uint8),),
            graph,  # type: ignore[arg-type]  # any file will do for the older exporter
            dynamo=False,
            input_names=["glyphs"],
            output_names=["logits"],
            dynamic_axes={"glyphs": {0: "n"}, "logits": {0: "n"}},
            opset_version=17,
        )
    return graph.getvalue()
