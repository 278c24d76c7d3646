"""Stage one on ONNX Runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import ModelError
from recognizer.results import REJECT
from recognizer.second_look import Outputs, SecondLook

if TYPE_CHECKING:
    from recognizer.bundle import Bundle

LOGITS, FEATURES = "logits", "features"
BATCH = 1024


def open_session(graph: bytes, name: str) -> Any:  # noqa: ANN401
    """ONNX Runtime's session for a graph; a call of it runs on one thread, and any number of threads may call it.

    Raises:
        ModelError: ONNX Runtime can't load it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # No pool of threads of its own: it would not survive a fork, and callers bring their threads.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(
            f"{name}: ONNX Runtime can't load the network ({str(error).splitlines()[0]})"
        ) from None


class Network:
    """A classifier of glyphs. One call runs on one thread; any number of threads may call it."""

    def __init__(self, graph: bytes, name: str = "model", look: SecondLook | None = None) -> None:
        """Load an ONNX graph, which looks again at what is in doubt if ``look`` says when.

        Raises:
            ModelError: ONNX Runtime can't load it.
        """
        self._session = open_session(graph, name)
        self._look = look
        self.has_features = any(output.name == FEATURES for output in self._session.get_outputs())

    @classmethod
    def of(cls, bundle: Bundle, graph: bytes | None = None) -> Network:
        """A model's classifier; ``graph`` where it is another than the bundle's.

        Raises:
            ModelError: ONNX Runtime can't load it.
        """
        return cls(bundle.network if graph is None else graph, str(bundle.folder), bundle.second_look)

    def first_logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What it says without a second look: logits float32 (N, 11) of glyphs uint8 (N, 28, 28)."""
        found: NDArray[np.float32] = self._run(glyphs, [LOGITS])[0]
        return found

    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Glyphs uint8 (N, 28, 28) to logits float32 (N, 11): ten digits, then reject."""
        return self._settled(glyphs, [LOGITS])[0]

    def all_logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The same of very many glyphs, with the memory of few."""
        parts = [self.logits(glyphs[low : low + BATCH]) for low in range(0, len(glyphs), BATCH)]
        return np.concatenate([np.zeros((0, REJECT + 1), np.float32), *parts])

    def outputs(self, glyphs: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Glyphs uint8 (N, 28, 28) to logits as above and to features float32 (N, F), which the last layer weighs.

        Of a graph that doesn't give them, F is 0.
        """
        if not self.has_features:
            return self.logits(glyphs), np.zeros((len(glyphs), 0), np.float32)
        logits, features = self._settled(glyphs, [LOGITS, FEATURES])
        return logits, features

    def _settled(self, glyphs: NDArray[np.uint8], names: list[str]) -> Outputs:
        first = self._run(glyphs, names)
        if self._look is None or not len(glyphs):
            return first
        return self._look.at(glyphs, first, lambda views: self._run(views, names))

    def _run(self, glyphs: NDArray[np.uint8], names: list[str]) -> Outputs:
        return tuple(self._session.run(names, {"glyphs": glyphs}))
