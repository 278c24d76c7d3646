"""ONNX Runtime sessions for graphs, on the CPU alone and with telemetry off."""

from __future__ import annotations

import os
from typing import Any

from retrieval.errors import first_line

_NO_REPORTS = "ORT_DISABLE_TELEMETRY"


class GraphError(ValueError):
    """A graph that ONNX Runtime can't load: one line that says why."""


def onnx_runtime() -> Any:  # noqa: ANN401
    """The module `onnxruntime`, with its telemetry off.

    Since version 1.31 it reports its use to its makers, and keeps an identifier of the machine, unless this variable is
    set before it starts (its Privacy.md). To allow the reports, set the variable to 0.

    Raises:
        KeyboardInterrupt: the user stopped it while it was loaded, which it reports as an `ImportError`.
    """
    os.environ.setdefault(_NO_REPORTS, "1")
    try:
        import onnxruntime
    except ImportError as error:
        if isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
    return onnxruntime


def open_session(graph: bytes, threads: int = 1) -> Any:  # noqa: ANN401
    """ONNX Runtime's session for a graph; any number of threads may call it.

    Args:
        graph: an ONNX model.
        threads: that a call runs on. With one there is no pool of threads, which would not survive a fork.

    Raises:
        GraphError: ONNX Runtime can't load it.
    """
    runtime = onnx_runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    try:
        return runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise GraphError(f"ONNX Runtime can't load the network ({first_line(error)})") from None
