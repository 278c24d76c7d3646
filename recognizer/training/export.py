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
    """The network behind a conversion of glyphs uint8 (N, 28, 28).

    Its first convolution takes the pixels of a block of 2×2 as channels: a convolution of one channel costs a
    processor three times as much as one of four.
    """

    def __init__(self, network: GlyphClassifier) -> None:
        super().__init__()
        first, *others = network.features.children()
        convolution, *after = first.children()
        self.features = nn.Sequential(_of_blocks(cast(nn.Conv2d, convolution)), *after, *others)
        self.pool, self.head = network.pool, network.head

    def forward(self, glyphs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        # With channels last, as the convolution has them on a processor, pixels move in pairs.
        blocks = glyphs.reshape(-1, SIDE // 2, 2, SIDE // 2, 2).permute(0, 1, 3, 2, 4)
        blocks = blocks.reshape(-1, SIDE // 2, SIDE // 2, 4).permute(0, 3, 1, 2)
        maps = self.features(blocks.float() / 255)
        features = self.pool(maps)
        return self.head(features), features


def _of_blocks(convolution: nn.Conv2d) -> nn.Conv2d:
    """A 5×5 convolution of one channel with stride 2 as what it is of blocks of 2×2 pixels: 3×3, of four channels."""
    weight = functional.pad(convolution.weight.detach(), (0, 1, 0, 1))
    count = len(weight)
    same = nn.Conv2d(4, count, 3, padding=1, bias=False)
    blocks = weight.reshape(count, 3, 2, 3, 2).permute(0, 2, 4, 1, 3)
    same.weight = nn.Parameter(blocks.reshape(count, 4, 3, 3).contiguous())
    return same


class _Views(nn.Module):
    """The mean logits over places that glyphs uint8 (N, 28, 28) are looked at in."""

    def __init__(self, network: GlyphClassifier, views: int) -> None:
        super().__init__()
        self.network, self.views = network, views
        shifts = torch.zeros(views, 1, 3, 3)
        for view, (down, right) in zip(shifts, SHIFTS, strict=False):
            view[0, 1 + down, 1 + right] = 1
        self.register_buffer("shifts", shifts)

    def forward(self, glyphs: torch.Tensor) -> torch.Tensor:
        plain = glyphs.unsqueeze(1).float() / 255
        # A convolution with a single one shifts by a pixel.
        views = functional.conv2d(plain, self.get_buffer("shifts"), padding=1)
        logits = self.network(views.reshape(-1, 1, SIDE, SIDE))
        mean: torch.Tensor = logits.reshape(-1, self.views, logits.shape[1]).mean(dim=1)
        return mean


class _Preference(_Views):
    """The mean preference for the first of two classes, over the same places."""

    def forward(self, glyphs: torch.Tensor) -> torch.Tensor:
        logits = super().forward(glyphs)
        return logits[:, 0] - logits[:, 1]


def to_onnx(network: nn.Module) -> bytes:
    """The graph: glyphs uint8 (N, 28, 28) to logits float32 (N, 11) and to features float32 (N, F)."""
    return to_graph(_FromBytes(_plain(network)), ["logits", "features"])


def specialist_to_onnx(network: nn.Module, views: int = 1) -> bytes:
    """The graph of a network with two classes: glyphs uint8 (N, 28, 28) to log_odds float32 (N,) of the first.

    Args:
        network: with two classes.
        views: places, 1 to 5, that a glyph is looked at in: as it is, and a pixel to each side.
    """
    return to_graph(_Preference(_plain(network), views), ["log_odds"])


def specialists_to_onnx(network: nn.Module, views: int = 1) -> bytes:
    """The graph of a network with an output a pair: glyphs uint8 (N, 28, 28) to log_odds float32 (N, P).

    `only_output` makes a specialist of it.

    Args:
        network: with P outputs.
        views: as for `specialist_to_onnx`.
    """
    return to_graph(_Views(_plain(network), views), ["log_odds"])


def only_output(graph: bytes, place: int) -> bytes:
    """A graph with the output log_odds float32 (N, P), cut down to one column of it: log_odds float32 (N,)."""
    import onnx

    model = onnx.load_from_string(graph)
    inner, outer = "all_log_odds", model.graph.output[0].name
    for node in model.graph.node:
        for i, name in enumerate(node.output):
            if name == outer:
                node.output[i] = inner
    model.graph.initializer.append(onnx.helper.make_tensor("place", onnx.TensorProto.INT64, [], [place]))
    model.graph.node.append(onnx.helper.make_node("Gather", [inner, "place"], [outer], axis=1))
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_tensor_value_info(outer, onnx.TensorProto.FLOAT, ["n"]))
    onnx.checker.check_model(model)
    changed: bytes = model.SerializeToString()
    return changed


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


def to_graph(
    whole: nn.Module, outputs: list[str], given: str = "glyphs", example: torch.Tensor | None = None
) -> bytes:
    """The ONNX graph of a network, in evaluation mode, for any number of samples.

    Args:
        whole: the network.
        outputs: names of what it returns.
        given: the name of what it takes.
        example: two samples of that; glyphs uint8 (2, 28, 28) by default.
    """
    graph = io.BytesIO()
    if example is None:
        example = torch.zeros(2, SIDE, SIDE, dtype=torch.uint8)
    with warnings.catch_warnings():
        # The exporter that this call selects needs no further package; torch says that it is the older one.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            whole.eval(),
            (example,),
            graph,  # type: ignore[arg-type]  # any file will do for the older exporter
            dynamo=False,
            input_names=[given],
            output_names=outputs,
            dynamic_axes={name: {0: "n"} for name in (given, *outputs)},
            opset_version=17,
        )
    return graph.getvalue()
