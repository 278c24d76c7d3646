"""A tiny encoder of random projections, in the files that a trained one has."""

from __future__ import annotations

import hashlib
import json

import numpy as np

DENSE = 16
WIDE = 64
LARGEST = 8


def write_encoder(folder, seed=0, **changes):
    """Write encoder.onnx, decoder.onnx and encoder.json; another seed makes another encoder."""
    rng = np.random.default_rng(seed)
    dense = rng.normal(size=(784, DENSE)).astype(np.float32)
    wide = rng.normal(size=(784, WIDE)).astype(np.float32)
    graphs = {"encoder.onnx": _encoder(dense, wide), "decoder.onnx": _decoder(dense.T / 784)}
    folder.mkdir(parents=True, exist_ok=True)
    for name, graph in graphs.items():
        (folder / name).write_bytes(graph)
    meta = {
        "format_version": 1,
        "name": f"random-{seed}",
        "dense": DENSE,
        "wide": WIDE,
        "files": {name: hashlib.sha256(graph).hexdigest() for name, graph in graphs.items()},
        "similarity": {"distance": [0.0, 0.5, 1.0, 2.0], "share": [1.0, 0.8, 0.2, 0.1]},
        "duplicates": {"distance": 0.05, "precision": 0.99, "recall": 0.9},
    } | changes
    (folder / "encoder.json").write_text(json.dumps(meta), encoding="utf-8")
    return folder


def _encoder(dense, wide):
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Cast", ["glyphs"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["real", "flat_shape"], ["flat"]),
        helper.make_node("MatMul", ["flat", "dense_weights"], ["raw"]),
        helper.make_node("LpNormalization", ["raw"], ["dense"], axis=1, p=2),
        helper.make_node("MatMul", ["flat", "wide_weights"], ["scores"]),
        helper.make_node("TopK", ["scores", "largest"], ["tops", "places"], axis=1),
        helper.make_node("ReduceMin", ["tops", "axis"], ["limit"], keepdims=1),
        helper.make_node("Sub", ["scores", "limit"], ["above"]),
        helper.make_node("Relu", ["above"], ["wide"]),
    ]
    constants = {
        "flat_shape": np.array([-1, 784]),
        "dense_weights": dense,
        "wide_weights": wide,
        "largest": np.array([LARGEST + 1]),
        "axis": np.array([1]),
    }
    outputs = {"dense": ["N", DENSE], "wide": ["N", WIDE]}
    return _graph(nodes, constants, ("glyphs", TensorProto.UINT8, ["N", 28, 28]), outputs)


def _decoder(weights):
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("MatMul", ["dense", "weights"], ["flat"]),
        helper.make_node("Sigmoid", ["flat"], ["bounded"]),
        helper.make_node("Reshape", ["bounded", "shape"], ["glyphs"]),
    ]
    constants = {"weights": weights.astype(np.float32), "shape": np.array([-1, 28, 28])}
    return _graph(nodes, constants, ("dense", TensorProto.FLOAT, ["N", DENSE]), {"glyphs": ["N", 28, 28]})


def _graph(nodes, constants, given, outputs):
    from onnx import TensorProto, checker, helper, numpy_helper

    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info(*given)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    checker.check_model(model)
    return model.SerializeToString()
