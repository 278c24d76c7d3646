"""Classifiers of scikit-learn on pixels, behind the contract of `peer.readers`; kept as arrays, without pickle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peer.readers import Answer, Grey, Options, Reader


class Learner(Reader):
    """A reader that learns from pages, all of one size, and what they show."""

    batches = learns = True

    def fit(self, pages: Sequence[Grey], labels: NDArray[np.uint8]) -> None:
        """Learn from pages and their labels, 0–9."""
        raise NotImplementedError

    def save(self, path: Path) -> None:
        """Write what was learnt."""
        raise NotImplementedError

    def load(self, path: Path) -> None:
        """Read what was learnt."""
        raise NotImplementedError

    def one(self, page: Grey) -> Answer:
        """See `Reader`."""
        return self.many([page])[0]


class NearestNeighbours(Learner):
    """k-NN by exhaustive search, weighted by distance; option "k". The confidence is the weights' share."""

    def __init__(self, options: Options) -> None:
        """See `Reader`."""
        from sklearn.neighbors import KNeighborsClassifier

        self._model = KNeighborsClassifier(options["k"], weights="distance", algorithm="brute")
        self._learnt: dict[str, NDArray[Any]] = {}

    def fit(self, pages: Sequence[Grey], labels: NDArray[np.uint8]) -> None:
        """See `Learner`."""
        self._learnt = {"pages": np.stack(pages), "labels": labels}
        self._model.fit(_pixels(pages), labels)

    def save(self, path: Path) -> None:
        """See `Learner`."""
        np.savez(path, allow_pickle=False, **self._learnt)

    def load(self, path: Path) -> None:
        """See `Learner`."""
        with np.load(path, allow_pickle=False) as stored:
            self.fit(stored["pages"], stored["labels"])

    def quick(self, page: Grey) -> object:
        """See `Reader`."""
        return self._model.predict(_pixels([page]))

    def many(self, pages: Sequence[Grey]) -> list[Answer]:
        """See `Reader`."""
        shares = self._model.predict_proba(_pixels(pages))
        best = self._model.classes_[shares.argmax(axis=1)]
        return _answers(best, shares.max(axis=1))


class SupportVectors(Learner):
    """SVC with a Gaussian kernel; option "C". The confidence is the least margin of the answer over another digit."""

    def __init__(self, options: Options) -> None:
        """See `Reader`."""
        from sklearn.svm import SVC

        self._model = SVC(C=options["C"], cache_size=1000, decision_function_shape="ovo")

    def fit(self, pages: Sequence[Grey], labels: NDArray[np.uint8]) -> None:
        """See `Learner`."""
        self._model.fit(_pixels(pages), labels)

    def save(self, path: Path) -> None:
        """See `Learner`."""
        settings = self._model.get_params()
        learnt = {name: value for name, value in vars(self._model).items() if name not in settings}
        np.savez(path, allow_pickle=False, **learnt)

    def load(self, path: Path) -> None:
        """See `Learner`."""
        with np.load(path, allow_pickle=False) as stored:
            for name in stored.files:
                value = stored[name]
                setattr(self._model, name, value if value.ndim else value.item())

    def quick(self, page: Grey) -> object:
        """See `Reader`."""
        return self._model.predict(_pixels([page]))

    def many(self, pages: Sequence[Grey]) -> list[Answer]:
        """See `Reader`."""
        classes = self._model.classes_
        margins = np.zeros((len(pages), len(classes), len(classes)))
        first, second = np.triu_indices(len(classes), 1)
        margins[:, first, second] = self._model.decision_function(_pixels(pages))
        margins -= margins.transpose(0, 2, 1)
        votes = (margins > 0).sum(axis=2)
        best = votes.argmax(axis=1)
        margins[:, range(len(classes)), range(len(classes))] = np.inf
        return _answers(classes[best], margins[range(len(best)), best].min(axis=1))


def _pixels(pages: Sequence[Grey]) -> NDArray[np.float32]:
    return (np.stack(pages).reshape(len(pages), -1) / 255).astype(np.float32)


def _answers(best: NDArray[Any], confidence: NDArray[np.float64]) -> list[Answer]:
    return [Answer(int(digit), int(digit), float(sure)) for digit, sure in zip(best, confidence, strict=True)]
