"""From the trained network to an ONNX graph that takes glyphs as they are."""

from __future__ import annotations

import io
import warnings
from typing import cast

import torch
from torch import nn
from torch.nn import functional

from recognizer.glyph import SIDE
from recognizer.results import REJECT
from recognizer.training.model import GlyphClassifier

SHIFTS = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))


class _FromBytes(nn.Module):
    """The network behind a conversion of glyphs uint8 (N, 28, 28)."""

    def __init__(self, network: GlyphClassifier) -> None:
        super().__init__()
        self.network = network

    def forward(self, glyphs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.network.embed(glyphs.unsqueeze(1).float() / 255)
        return self.network.head(features), features


class _Preference(nn.Module):
    """The mean preference for the first of two classes, over places that glyphs uint8 (N, 28, 28) are looked at in."""

    def __init__(self, network: GlyphClassifier, views: int) -> None:
        super().__init__()
        self.network, self.shifts = network, SHIFTS[:views]

    def forward(self, glyphs: torch.Tensor) -> torch.Tensor:
        plain = glyphs.unsqueeze(1).float() / 255
        padded = functional.pad(plain, (1, 1, 1, 1))
        views = [padded[:, :, 1 + y : 1 + y + SIDE, 1 + x : 1 + x + SIDE] for y, x in self.shifts]
        logits = [self.network(view) for view in views]
        preferences = torch.stack([each[:, 0] - each[:, 1] for each in logits])
        return preferences.mean(dim=0)


def to_onnx(network: nn.Module) -> bytes:
    """The graph: glyphs uint8 (N, 28, 28) to logits float32 (N, 11) and to features float32 (N, F)."""
    return _export(_FromBytes(_plain(network)), ["logits", "features"])


def specialist_to_onnx(network: nn.Module, views: int = 1) -> bytes:
    """The graph of a network with two classes: glyphs uint8 (N, 28, 28) to log_odds float32 (N,) of the first.

    Args:
        network: with two classes.
        views: places, 1 to 5, that a glyph is looked at in: as it is, and a pixel to each side.
    """
    return _export(_Preference(_plain(network), views), ["log_odds"])


def with_features(graph: bytes) -> bytes:
    """The graph of stage one with its features as an output; it stays as it is where it has them."""
    import onnx

    model = onnx.load_from_string(graph)
    if any(output.name == "features" for output in model.graph.output):
        return graph
    (head,) = (node for node in model.graph.node if "logits" in node.output)
    weights = next(each for each in model.graph.initializer if each.name == head.input[1])
    inner = head.input[0]
    for node in model.graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name == inner:
                    names[i] = "features"
    width = min(weights.dims) if max(weights.dims) == REJECT + 1 else max(weights.dims)
    kind = onnx.TensorProto.FLOAT
    model.graph.output.append(onnx.helper.make_tensor_value_info("features", kind, ["n", width]))
    onnx.checker.check_model(model)
    changed: bytes = model.SerializeToString()
    return changed


def _plain(network: nn.Module) -> GlyphClassifier:
    return cast(GlyphClassifier, network.to(memory_format=torch.contiguous_format).eval())  # type: ignore[call-overload]


def _export(whole: nn.Module, outputs: list[str]) -> bytes:
    graph = io.BytesIO()
    with warnings.catch_warnings():
        # The exporter that this call selects needs no further package; torch says that it is the older one.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            whole.eval(),
            (torch.zeros(2, SIDE, SIDE, dtype=torch.uint8),),
            graph,  # type: ignore[arg-type]  # any file will do for the older exporter
            dynamo=False,
            input_names=["glyphs"],
            output_names=outputs,
            dynamic_axes={name: {0: "n"} for name in ("glyphs", *outputs)},
            opset_version=17,
        )
    return graph.getvalue()
