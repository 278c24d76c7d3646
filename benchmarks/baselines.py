"""Known ways to search for similar images, behind the contract of `retrieval.neighbours.Index`, as baselines.

Pixels, principal components, oriented gradients (HOG, Dalal and Triggs 2005), moments of regions, a linear classifier
for each image (exemplar SVMs, Malisiewicz, Gupta and Efros 2011), and the features before the last layer of a digit
classifier. Our own codes come in the same form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.svm import LinearSVC

from recognizer.bundle import read_bundle
from recognizer.stages.network import Network
from recognizer.training.export import with_features
from retrieval.arrivals import encode
from retrieval.codes import WideCodes
from retrieval.encoder import Encoder
from retrieval.exact import ExactIndex
from retrieval.inverted import InvertedIndex
from retrieval.neighbours import Found, Index, Keep, Rows, rank, within

Glyphs = NDArray[np.uint8]
Codes = NDArray[np.float32]
SIDE, CELL = 28, 7
CELLS = SIDE // CELL
ANGLES = 9
CLIPPED = 0.2  # of a block's length, as Dalal and Triggs have it
COMPONENTS = 64
CANDIDATES = 100
AT_ONCE = 256
# The authors' C for the one image and for all others.
EXEMPLAR_COSTS = {1: 0.5, 0: 0.01}


@dataclass(frozen=True)
class Way:
    """A way to search.

    Attributes:
        name: what tables call it.
        encode: glyphs uint8 (N, 28, 28) to codes.
        index: over the gallery's codes.
        item_bytes: what an image takes in the index.
    """

    name: str
    encode: Callable[[Glyphs], Any]
    index: Index[Any]
    item_bytes: float

    def nearest(self, glyphs: Glyphs, k: int) -> NDArray[np.int64]:
        """The rows most like each glyph, (N, k)."""
        return self.index.search(self.encode(glyphs), k)[0]


class FlatIndex:
    """Compares each query with each row, by Euclidean distance of float32 codes."""

    def __init__(self, codes: Codes) -> None:
        self._codes = codes
        self._squares = np.einsum("ij,ij->i", codes, codes)

    def search(self, codes: Codes, k: int, keep: Keep = None) -> Found:
        """See `retrieval.neighbours.Index`."""
        ids, scores = _best(lambda queries: 2 * queries @ self._codes.T - self._squares, codes, k, keep)
        own = np.einsum("ij,ij->i", codes, codes)[:, None]
        return ids, np.sqrt(np.maximum(own - scores, 0)).astype(np.float32)


class ExemplarIndex:
    """A linear classifier for each row, which tells it from all others; rows are ranked by their classifier's score."""

    def __init__(self, codes: Codes) -> None:
        self._weights = np.empty_like(codes)
        self._biases = np.empty(len(codes), np.float32)
        for row in range(len(codes)):
            own = (np.arange(len(codes)) == row).astype(np.int8)
            machine = LinearSVC(class_weight=EXEMPLAR_COSTS, random_state=0, max_iter=2000)
            machine.fit(codes, own)
            self._weights[row] = machine.coef_[0]
            self._biases[row] = machine.intercept_[0]

    def search(self, codes: Codes, k: int, keep: Keep = None) -> Found:
        """See `retrieval.neighbours.Index`; a distance is the score on a logistic curve, 0–1."""
        ids, scores = _best(lambda queries: queries @ self._weights.T + self._biases, codes, k, keep)
        return ids, (1 / (1 + np.exp(scores))).astype(np.float32)


class RerankedIndex:
    """Candidates by the wide code, ranked by the dense one; codes are pairs of both."""

    def __init__(self, rows: Rows, inverted: InvertedIndex) -> None:
        self._rows = rows
        self._inverted = inverted

    def search(self, codes: tuple[NDArray[np.int8], WideCodes], k: int, keep: Keep = None) -> Found:
        """See `retrieval.neighbours.Index`."""
        dense, wide = codes
        ids, _ = self._inverted.search(wide, max(k, CANDIDATES), keep)
        of = np.repeat(np.arange(len(ids)), ids.shape[1])
        far = self._rows.distances(dense, of, ids.ravel())
        return rank(of, ids.ravel(), far, len(ids), min(k, ids.shape[1]))


def _best(score: Callable[[Codes], Codes], codes: Codes, k: int, keep: Keep) -> Found:
    """Rows and scores of the k highest scores, highest first, among equals by row number."""
    ids, best = [], []
    for start in range(0, len(codes), AT_ONCE):
        scores = score(codes[start : start + AT_ONCE])
        taken = within(k, scores.shape[1], keep)
        if keep is not None:
            scores[:, ~keep] = -np.inf
        rows = np.sort(np.argpartition(-scores, taken - 1, axis=1)[:, :taken], axis=1)
        high = np.take_along_axis(scores, rows, 1)
        order = np.argsort(-high, axis=1, kind="stable")
        ids.append(np.take_along_axis(rows, order, 1))
        best.append(np.take_along_axis(high, order, 1))
    return np.concatenate(ids), np.concatenate(best)


def pixels(glyphs: Glyphs) -> Codes:
    """Pixels as they are, float32 (N, 784)."""
    return (glyphs.reshape(len(glyphs), -1) / np.float32(255)).astype(np.float32)


def centred(glyphs: Glyphs) -> Codes:
    """Pixels, shifted by whole pixels so that the centre of mass lies in the middle; float32 (N, 784)."""
    moved = np.empty_like(glyphs)
    for row, glyph in enumerate(glyphs):
        mass = cv2.moments(glyph)
        weight = max(mass["m00"], 1.0)
        across, down = (np.rint((SIDE - 1) / 2 - mass[key] / weight) for key in ("m10", "m01"))
        moved[row] = cv2.warpAffine(glyph, np.array([[1, 0, across], [0, 1, down]]), (SIDE, SIDE))
    return pixels(moved)


def principal_components(gallery: Glyphs) -> Callable[[Glyphs], Codes]:
    """An encoder to the first 64 principal components of the gallery's centred pixels."""
    codes = centred(gallery)
    mean = codes.mean(axis=0)
    _, axes = np.linalg.eigh((codes - mean).T @ (codes - mean))
    kept = axes[:, ::-1][:, :COMPONENTS]
    return lambda glyphs: ((centred(glyphs) - mean) @ kept).astype(np.float32)


def gradients(glyphs: Glyphs) -> Codes:
    """Histograms of oriented gradients of centred glyphs: cells of 7×7, blocks of 2×2 cells; float32 (N, 324)."""
    grey = centred(glyphs).reshape(-1, SIDE, SIDE)
    down, across = np.gradient(grey, axis=1), np.gradient(grey, axis=2)
    strength = np.hypot(down, across)
    place = np.arctan2(down, across) / np.pi % 1 * ANGLES
    cells = []
    for angle in range(ANGLES):
        away = np.abs(place - angle)
        share = np.maximum(
            0, 1 - np.minimum(away, ANGLES - away)
        )  # linear between two neighbours of a circle
        cells.append((strength * share).reshape(-1, CELLS, CELL, CELLS, CELL).sum(axis=(2, 4)))
    grid = np.stack(cells, axis=-1)
    corners = [
        grid[:, down : CELLS - 1 + down, across : CELLS - 1 + across] for down in (0, 1) for across in (0, 1)
    ]
    blocks = np.concatenate(corners, axis=-1)
    blocks = np.minimum(_unit(blocks), CLIPPED)
    return _unit(blocks).reshape(len(glyphs), -1).astype(np.float32)


def moments(gallery: Glyphs) -> Callable[[Glyphs], Codes]:
    """An encoder to moments up to the second order of 4×4 regions, scaled by their spread in the gallery."""
    spread = _moments(gallery).std(axis=0) + 1e-6
    return lambda glyphs: (_moments(glyphs) / spread).astype(np.float32)


def _moments(glyphs: Glyphs) -> Codes:
    regions = centred(glyphs).reshape(-1, CELLS, CELL, CELLS, CELL)
    x = np.linspace(-1, 1, CELL, dtype=np.float32)
    one = np.ones(CELL, np.float32)
    orders = [(one, one), (x, one), (one, x), (x * x, one), (x, x), (one, x * x)]
    found = [np.einsum("naibj,i,j->nab", regions, down, across) for down, across in orders]
    return np.stack(found, axis=-1).reshape(len(glyphs), -1)


def classifier_features(model: str | None) -> Callable[[Glyphs], Codes]:
    """An encoder to what the recognizer's first stage computes before its last layer, at unit length."""
    bundle = read_bundle(model)
    network = Network.of(bundle, with_features(bundle.network))

    def features(glyphs: Glyphs) -> Codes:
        parts = [network.outputs(glyphs[low : low + AT_ONCE])[1] for low in range(0, len(glyphs), AT_ONCE)]
        return _unit(np.concatenate(parts))

    return features


def _unit(rows: Codes) -> Codes:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    scaled: Codes = (rows / np.maximum(lengths, 1e-6)).astype(np.float32)
    return scaled


def flat_way(name: str, encode_glyphs: Callable[[Glyphs], Codes], gallery: Glyphs) -> Way:
    """Exact search of a gallery by float32 codes."""
    codes = encode_glyphs(gallery)
    return Way(name, encode_glyphs, FlatIndex(codes), codes[:1].nbytes)


def own_ways(gallery: Glyphs, encoder: Encoder) -> list[Way]:
    """The dense code by exact search, the wide code by the inverted index, and both one after the other."""
    dense, wide = encode(encoder, gallery)
    rows, inverted = Rows([dense]), InvertedIndex(wide, encoder.wide_dimensions)
    posted = 5 * len(wide.dimensions) / len(wide)  # a row's number and a weight
    return [
        Way("dense code", encoder.dense, ExactIndex(rows), encoder.dense_dimensions),
        Way("wide code", encoder.wide, inverted, posted),
        Way(
            "wide code, then dense",
            encoder.both,
            RerankedIndex(rows, inverted),
            posted + encoder.dense_dimensions,
        ),
    ]
