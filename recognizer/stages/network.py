"""Stage one on ONNX Runtime."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import ModelError
from recognizer.results import REJECT
from recognizer.stages.second_look import Outputs, SecondLook
from retrieval.runtime import GraphError, open_session

if TYPE_CHECKING:
    from recognizer.bundle import Bundle

LOGITS, FEATURES = "logits", "features"
BATCH = 1024


def _open(graph: bytes, name: str) -> Any:  # noqa: ANN401
    """A session whose calls run on one thread: callers bring their threads."""
    try:
        return open_session(graph)
    except GraphError as error:
        raise ModelError(f"{name}: {error}") from None


class LazySession:
    """A session that is loaded when it is first asked. Threads may share one."""

    def __init__(self, graph: bytes, name: str) -> None:
        self._graph, self._name = graph, name
        self._loaded: Any = None
        self._lock = threading.Lock()

    def run(self, outputs: list[str] | None, glyphs: NDArray[np.uint8]) -> Outputs:
        """The outputs of these names, all where None, of glyphs uint8 (N, 28, 28).

        Raises:
            ModelError: ONNX Runtime can't load the graph.
        """
        with self._lock:
            if self._loaded is None:
                self._loaded = _open(self._graph, self._name)
        return tuple(self._loaded.run(outputs, {"glyphs": glyphs}))


class Network:
    """A classifier of glyphs. One call runs on one thread; any number of threads may call it."""

    def __init__(
        self, graph: bytes, name: str = "model", look: SecondLook | None = None, reader: bytes | None = None
    ) -> None:
        """Load an ONNX graph; what is in doubt is looked at again if ``look`` says when.

        Args:
            graph: of glyphs uint8 (N, 28, 28) to logits float32 (N, 11) and, perhaps, features float32 (N, F).
            name: of the model, for messages.
            look: when and how.
            reader: the graph that looks again, if it is another. It is loaded when something is first in doubt.

        Raises:
            ModelError: ONNX Runtime can't load it.
        """
        self._session = _open(graph, name)
        self._look = look
        self._reader = LazySession(reader, name) if look and look.reader and reader else None
        self.has_features = any(output.name == FEATURES for output in self._session.get_outputs())

    @classmethod
    def of(cls, bundle: Bundle, graph: bytes | None = None) -> Network:
        """A model's classifier; ``graph`` where it is another than the bundle's.

        Raises:
            ModelError: ONNX Runtime can't load it.
        """
        look = bundle.second_look
        return cls(bundle.network if graph is None else graph, str(bundle.folder), look, bundle.reader)

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
        if self._reader is None:
            return self._look.at(glyphs, first, lambda views: self._run(views, names))
        return self._look.at(glyphs, first, partial(self._reader.run, [LOGITS]))

    def _run(self, glyphs: NDArray[np.uint8], names: list[str]) -> Outputs:
        return tuple(self._session.run(names, {"glyphs": glyphs}))
