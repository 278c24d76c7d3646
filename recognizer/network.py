"""Stage one on ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import ModelError


class Network:
    """A classifier of glyphs. One call runs on one thread; any number of threads may call it."""

    def __init__(self, graph: bytes, name: str = "model") -> None:
        """Load an ONNX graph.

        Raises:
            ModelError: ONNX Runtime can't.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # No pool of threads of its own: it would not survive a fork, and callers bring their threads.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                graph, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ModelError(
                f"{name}: ONNX Runtime can't load the network ({str(error).splitlines()[0]})"
            ) from None

    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Glyphs uint8 (N, 28, 28) to logits float32 (N, 11): ten digits, then reject."""
        found: NDArray[np.float32] = self._session.run(None, {"glyphs": glyphs})[0]
        return found
