"""From the trained autoencoder to the files that ship: two ONNX graphs, and golden outputs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from recognizer.files import write_whole
from recognizer.measure.record import versions
from recognizer.training.embedding.config import EmbeddingConfig
from recognizer.training.embedding.evaluation import Searched, encode
from recognizer.training.embedding.figures import duplicate_threshold, share_within, similarity_table
from recognizer.training.embedding.queries import SLIGHT, usual
from recognizer.training.export import to_graph
from retrieval.autoencoder import Autoencoder
from retrieval.encoder import DECODER, ENCODER, FORMAT_VERSION, META

GOLDEN = "golden.json"
GOLDEN_COUNT = 16
SMALL = 256  # numbers: tensors up to this size stay in single precision


class _FromBytes(nn.Module):
    """Glyphs uint8 (N, 28, 28) to dense codes (N, D) and wide codes (N, W)."""

    def __init__(self, model: Autoencoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, glyphs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        codes = self.model.encoder(glyphs.unsqueeze(1).float() / 255)
        return self.model.dense(codes), codes.wide


class _ToGlyphs(nn.Module):
    """Dense codes (N, D) to glyphs float (N, 28, 28) in 0–1."""

    def __init__(self, model: Autoencoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, dense: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.model.decoder(dense))


def encoder_to_onnx(model: Autoencoder) -> bytes:
    """The graph: ``glyphs`` uint8 (N, 28, 28) to ``dense`` float32 (N, D) and ``wide`` float32 (N, W)."""
    return _in_half_precision(to_graph(_FromBytes(_plain(model)), ["dense", "wide"]))


def decoder_to_onnx(model: Autoencoder) -> bytes:
    """The graph: ``dense`` float32 (N, D) to ``glyphs`` float32 (N, 28, 28), 0–1."""
    example = torch.zeros(2, sum(model.sizes))
    return _in_half_precision(to_graph(_ToGlyphs(_plain(model)), ["glyphs"], "dense", example))


def golden_codes(glyphs: NDArray[np.uint8], dense: NDArray[np.float32], wide: NDArray[np.float32]) -> bytes:
    """A JSON file of glyphs (N, 28, 28) with their dense codes (N, D), and their wide ones by dimension."""
    pairs = [
        {
            "glyph": glyph.ravel().tolist(),
            "dense": [round(float(each), 5) for each in code],
            "wide": {str(at): round(float(row[at]), 5) for at in np.flatnonzero(row)},
        }
        for glyph, code, row in zip(glyphs, dense, wide, strict=True)
    ]
    return (json.dumps(pairs) + "\n").encode()


def write_encoder(
    folder: Path,
    config: EmbeddingConfig,
    searched: Searched,
    found: dict[str, Any],
    described: list[dict[str, Any]],
) -> None:
    """Write everything that ships: the graphs and golden outputs first, ``encoder.json`` with their checksums last.

    Args:
        folder: where to; made where it is missing.
        config: of the run.
        searched: the gallery; what distances mean is measured on its images that are held out.
        found: the figures on validation.
        described: the data, as the metrics file names them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model, golden = searched.model, slice(0, GOLDEN_COUNT)
    files = {
        ENCODER: encoder_to_onnx(model),
        DECODER: decoder_to_onnx(model),
        GOLDEN: golden_codes(
            searched.pool.glyphs[golden], searched.codes.dense[golden], searched.codes.wide[golden]
        ),
    }
    for name, content in files.items():
        write_whole(folder / name, content)
    meta = {
        "format_version": FORMAT_VERSION,
        "name": config.name,
        "version": config.version,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "dense": config.network.dense,
        "wide": config.network.wide,
        "parts": dict(zip(("digit", "image", "detail"), searched.model.sizes, strict=True)),
        "shares": dict(zip(("digit", "image", "detail"), config.loss.shares, strict=True)),
        **distances_mean(searched, config),
        "metrics": found,
        "config": config.to_dict(),
        "data": described,
        "versions": versions(),
    }
    write_whole(folder / META, (json.dumps(meta, indent=1) + "\n").encode())


def distances_mean(searched: Searched, config: EmbeddingConfig) -> dict[str, Any]:
    """What a distance between dense codes says: how likely the same digit, and whether the same image.

    Measured with images held out: their similarity to images learnt from; and whether half of them, as copies that
    differ slightly, are told from the other half, strangers which have no original in the gallery.
    """
    mixed = np.random.default_rng(searched.seed).permutation(searched.held_out)
    known, strange = (part[: config.data.queries] for part in np.array_split(mixed, 2))
    codes, labels = searched.codes.dense, searched.pool.labels
    learnt = searched.gallery.after(searched.held_out)
    rows = np.arange(len(known))
    slight = [encode(searched.model, searched.copies(known, change)).dense for change in SLIGHT.values()]
    strangers = codes[np.tile(strange, len(SLIGHT))]  # as many as copies
    originals = np.concatenate([np.tile(rows, len(SLIGHT)), np.full(len(strangers), -1)])
    gallery = np.concatenate([codes[known], learnt.codes])
    chosen = np.concatenate([known, strange])
    limit = duplicate_threshold(gallery, np.concatenate([*slight, strangers]), originals, config.precision)
    far = {
        name: np.linalg.norm(each - codes[known], axis=1) for name, each in zip(SLIGHT, slight, strict=True)
    }
    disturbed = encode(searched.model, searched.copies(known, usual)).dense
    far["as usual"] = np.linalg.norm(disturbed - codes[known], axis=1)
    return {
        "similarity": similarity_table(learnt, codes[chosen], labels[chosen]),
        "duplicates": {
            **limit,
            "recall_by_kind": {name: float((each <= limit["distance"]).mean()) for name, each in far.items()},
            "copies": len(known) * len(SLIGHT),
            "strangers": len(strange),
            "strangers_mistaken": share_within(gallery, codes[strange], limit["distance"]),
            "gallery": len(gallery),
        },
    }


def _plain(model: Autoencoder) -> Autoencoder:
    return cast(Autoencoder, model.to(memory_format=torch.contiguous_format))  # type: ignore[call-overload]


def _in_half_precision(graph: bytes) -> bytes:
    """The same graph with its weights stored as float16: half the size; it computes in single precision as before."""
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load_from_string(graph)
    casts: list[Any] = []
    for weights in list(model.graph.initializer):
        values = numpy_helper.to_array(weights)
        if values.dtype != np.float32 or values.size <= SMALL:
            continue
        stored = f"{weights.name}_stored"
        casts.append(helper.make_node("Cast", [stored], [weights.name], to=onnx.TensorProto.FLOAT))
        weights.CopyFrom(numpy_helper.from_array(values.astype(np.float16), stored))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *nodes])
    onnx.checker.check_model(model)
    smaller: bytes = model.SerializeToString()
    return smaller
