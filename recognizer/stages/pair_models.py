"""What tells the two classes of a pair apart: four kinds of models, each stored as plain arrays or as an ONNX graph."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field, fields
from typing import ClassVar, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import ModelError
from recognizer.stages.network import LazySession

Glyphs: TypeAlias = NDArray[np.uint8]
Values: TypeAlias = NDArray[np.float64]
FEATURES, PIXELS = "features", "pixels"
_CHUNK = 1024


class PairModel(Protocol):
    """Tells two classes apart."""

    kind: ClassVar[str]
    suffix: ClassVar[str]

    def log_odds(self, glyphs: Glyphs, features: NDArray[np.float32]) -> Values:
        """Log-odds float (N,) of the pair's first class against its second.

        Args:
            glyphs: uint8 (N, 28, 28).
            features: float32 (N, F), stage one's.
        """
        ...

    def to_bytes(self) -> bytes:
        """The model as a file."""
        ...


def _packed(model: Logistic | SupportVectors | Boosting) -> bytes:
    """The arrays of a model as an .npz file, which holds no pickles."""
    arrays = {each.name: np.asarray(getattr(model, each.name)) for each in fields(model)}
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, kind=np.array(model.kind), **arrays)
    return file.getvalue()


def inputs(glyphs: Glyphs, features: NDArray[np.float32], name: str) -> Values:
    """What a model of arrays sees: stage one's features, or pixels in 0–1; float (N, F)."""
    return (
        (glyphs.reshape(len(glyphs), glyphs.shape[1] * glyphs.shape[2]) / 255.0)
        if name == PIXELS
        else features.astype(np.float64)
    )


@dataclass(frozen=True)
class Logistic:
    """Logistic regression.

    Attributes:
        weights: float (F,).
        bias: of the log-odds.
        seen: "features" or "pixels".
    """

    weights: Values
    bias: float
    seen: str = FEATURES
    kind: ClassVar[str] = "logistic regression"
    suffix: ClassVar[str] = ".npz"

    def log_odds(self, glyphs: Glyphs, features: NDArray[np.float32]) -> Values:
        """See `PairModel`."""
        found: Values = inputs(glyphs, features, self.seen) @ self.weights + self.bias
        return found

    def to_bytes(self) -> bytes:
        """See `PairModel`."""
        return _packed(self)


@dataclass(frozen=True)
class SupportVectors:
    """A support vector machine with Gaussian kernels, whose distance to the boundary becomes log-odds (Platt 1999).

    Attributes:
        mean: float (F,), taken from each input.
        scale: float (F,), that it is then divided by.
        support: float (S, F), the support vectors, scaled in the same way.
        dual: float (S,), their coefficients.
        gamma: of the kernel.
        bias: of the distance.
        slope: of the log-odds over the distance.
        offset: of the log-odds.
        seen: "features" or "pixels".
    """

    mean: Values
    scale: Values
    support: Values
    dual: Values
    gamma: float
    bias: float
    slope: float
    offset: float
    seen: str = FEATURES
    kind: ClassVar[str] = "support vectors"
    suffix: ClassVar[str] = ".npz"

    def distance(self, scaled: Values) -> Values:
        """Signed distances float (N,) of scaled inputs float (N, F) to the boundary."""
        squares = (
            (scaled**2).sum(axis=1)[:, None] + (self.support**2).sum(axis=1) - 2 * scaled @ self.support.T
        )
        found: Values = np.exp(-self.gamma * np.maximum(squares, 0)) @ self.dual + self.bias
        return found

    def log_odds(self, glyphs: Glyphs, features: NDArray[np.float32]) -> Values:
        """See `PairModel`."""
        scaled = (inputs(glyphs, features, self.seen) - self.mean) / self.scale
        parts = [self.distance(scaled[low : low + _CHUNK]) for low in range(0, len(scaled), _CHUNK)]
        return self.slope * np.concatenate([np.zeros(0), *parts]) + self.offset

    def to_bytes(self) -> bytes:
        """See `PairModel`."""
        return _packed(self)


@dataclass(frozen=True)
class Boosting:
    """Gradient-boosted trees (Friedman 2001).

    Attributes:
        feature: int (T, M), what each of M nodes of T trees looks at; unused in leaves.
        threshold: float (T, M); not more goes left.
        left: int (T, M), the next node; -1 in leaves.
        right: int (T, M), likewise.
        value: float (T, M), what a leaf adds to the log-odds.
        bias: of the log-odds.
        seen: "features" or "pixels".
    """

    feature: NDArray[np.intp]
    threshold: Values
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    value: Values
    bias: float
    seen: str = FEATURES
    kind: ClassVar[str] = "gradient boosting"
    suffix: ClassVar[str] = ".npz"

    def log_odds(self, glyphs: Glyphs, features: NDArray[np.float32]) -> Values:
        """See `PairModel`."""
        # Trees are fitted to single precision: thresholds lie between such values.
        seen = inputs(glyphs, features, self.seen).astype(np.float32)
        rows = np.arange(len(seen))
        total = np.full(len(seen), float(self.bias))
        for feature, threshold, left, right, value in zip(
            self.feature, self.threshold, self.left, self.right, self.value, strict=True
        ):
            node = np.zeros(len(seen), np.intp)
            while (inner := left[node] >= 0).any():
                lower = seen[rows, feature[node]] <= threshold[node]
                node = np.where(inner, np.where(lower, left[node], right[node]), node)
            total += value[node]
        return total

    def to_bytes(self) -> bytes:
        """See `PairModel`."""
        return _packed(self)


@dataclass(frozen=True)
class Convolutional:
    """A small convolutional network on ONNX Runtime, loaded when it is first asked.

    Attributes:
        graph: glyphs uint8 (N, 28, 28) to log_odds float32 (N,).
        name: what an error calls it.
    """

    graph: bytes
    name: str = "specialist"
    kind: ClassVar[str] = "convolutional network"
    suffix: ClassVar[str] = ".onnx"
    _session: LazySession = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_session", LazySession(self.graph, self.name))

    def log_odds(self, glyphs: Glyphs, features: NDArray[np.float32]) -> Values:
        """See `PairModel`; features are not looked at."""
        return self._session.run(None, glyphs)[0].astype(np.float64)

    def to_bytes(self) -> bytes:
        """The ONNX graph."""
        return self.graph


_KINDS: dict[str, type[Logistic | SupportVectors | Boosting]] = {
    each.kind: each for each in (Logistic, SupportVectors, Boosting)
}


def load_pair_model(content: bytes, name: str) -> PairModel:
    """A model from the bytes of its file.

    Raises:
        ModelError: they are not such a file.
    """
    if name.endswith(Convolutional.suffix):
        return Convolutional(content, name)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            values = {key: stored[key] for key in stored.files}
        chosen = _KINDS[str(values.pop("kind"))]
        return chosen(**{key: value if value.ndim else value.item() for key, value in values.items()})
    except (KeyError, TypeError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"{name}: not a specialist of this version ({type(error).__name__})") from None
