"""What a trained autoencoder is worth: as a memory of images, as a judge of digits, as a decoder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from recognizer.training.embedding import figures
from recognizer.training.embedding.queries import UNSEEN, Change, copies, usual
from recognizer.training.loop import tensors
from recognizer.training.samples import Pool
from retrieval.autoencoder import Autoencoder

Floats = NDArray[np.float32]
Glyphs = NDArray[np.uint8]
BATCH = 1000
AS_THEY_ARE, NORMALISED = "as they are", "through to_glyph"


class Encoded(NamedTuple):
    """Codes of N glyphs: dense ones float32 (N, D), and wide ones float32 (N, W), both of unit length."""

    dense: Floats
    wide: Floats


def encode(model: Autoencoder, glyphs: Glyphs) -> Encoded:
    """The codes of glyphs uint8 (N, 28, 28)."""
    model.eval()
    dense, wide = [], []
    with torch.no_grad():
        for start in range(0, len(glyphs), BATCH):
            batch = tensors(glyphs[start : start + BATCH]).to(memory_format=torch.channels_last)
            codes = model.encoder(batch)
            dense.append(model.dense(codes).numpy())
            wide.append(figures.unit(codes.wide.numpy()))
    return Encoded(np.concatenate(dense), np.concatenate(wide))


def decode(model: Autoencoder, dense: Floats) -> Floats:
    """What dense codes (N, D) remember: float32 (N, 28, 28), 0–1."""
    model.eval()
    with torch.no_grad():
        return torch.sigmoid(model.decoder(torch.from_numpy(dense))).numpy()


@dataclass(frozen=True)
class Searched:
    """A gallery with the codes that a model gives it.

    Attributes:
        model: the network.
        pool: what is in the gallery.
        seed: of the disturbances.
        held_out: how many rows, the first ones, the model did not learn from.
    """

    model: Autoencoder
    pool: Pool
    seed: int
    held_out: int = 0

    @cached_property
    def codes(self) -> Encoded:
        """The codes of the whole gallery."""
        return encode(self.model, self.pool.glyphs)

    @cached_property
    def gallery(self) -> figures.Gallery:
        """Dense codes and labels."""
        return figures.Gallery(self.codes.dense, self.pool.labels)

    def found(self, chosen: NDArray[np.intp], *changes: Change, normalise: bool = False) -> dict[str, Any]:
        """R@1, R@10 and R@100 of disturbed copies of the rows ``chosen``, by the dense and by the wide code."""
        queries = encode(self.model, self.copies(chosen, *changes, normalise=normalise))
        return {
            "dense": figures.recall(self.codes.dense, queries.dense, chosen),
            "wide": figures.recall(self.codes.wide, queries.wide, chosen),
        }

    def copies(self, chosen: NDArray[np.intp], *changes: Change, normalise: bool = False) -> Glyphs:
        """Disturbed copies of the rows ``chosen``."""
        return copies(self.pool.glyphs[chosen], [self.seed, 1], *changes, normalise=normalise)

    def usual(self, chosen: NDArray[np.intp]) -> dict[str, Any]:
        """What is found of copies disturbed as in training, as they are and through the normaliser."""
        return {
            AS_THEY_ARE: self.found(chosen, usual),
            NORMALISED: self.found(chosen, usual, normalise=True),
        }

    def unseen(self, chosen: NDArray[np.intp]) -> dict[str, Any]:
        """What is found of copies disturbed as training never does: only so, and besides as usual."""
        found = {name: self.found(chosen, change) for name, change in UNSEEN.items()}
        return found | {
            f"{name}, and as usual": self.found(chosen, change, usual) for name, change in UNSEEN.items()
        }


def draw(n: int, among: int, seed: int) -> NDArray[np.intp]:
    """``n`` or fewer different row numbers below ``among``, sorted."""
    return np.sort(np.random.default_rng(seed).permutation(among)[:n])


def decoding(model: Autoencoder, clean: Glyphs, disturbed: Glyphs) -> dict[str, float]:
    """Squared errors a pixel: of clean glyphs decoded, of disturbed ones decoded, and of these as they are."""
    return {
        "clean": figures.squared_error(decode(model, encode(model, clean).dense), clean),
        "disturbed": figures.squared_error(decode(model, encode(model, disturbed).dense), clean),
        "disturbed, not decoded": figures.squared_error(disturbed / 255, clean),
    }


def watched(searched: Searched, queries: int) -> dict[str, float]:
    """A few figures that are quickly had: copies searched for by the dense code, and clean glyphs decoded."""
    chosen = draw(queries, len(searched.pool), searched.seed)
    found = encode(searched.model, searched.copies(chosen, usual)).dense
    clean = searched.pool.glyphs[chosen]
    decoded = decode(searched.model, searched.codes.dense[chosen])
    recall = figures.recall(searched.codes.dense, found, chosen)
    return {**recall, "squared error": figures.squared_error(decoded, clean)}


def on_validation(searched: Searched, queries: int) -> dict[str, Any]:
    """Everything that may be chosen by.

    Args:
        searched: the gallery: first the images held out for validation, then those learnt from.
        queries: most to search with.
    """
    chosen = draw(queries, searched.held_out, searched.seed)
    pool, learnt = searched.pool, searched.gallery.after(searched.held_out)
    return {
        "n": len(chosen),
        "gallery": len(pool),
        "P@10": figures.precision(learnt, searched.codes.dense[chosen], pool.labels[chosen]),
        "usual": searched.usual(chosen),
        "unseen": searched.unseen(chosen),
        "decoding": decoding(searched.model, pool.glyphs[chosen], searched.copies(chosen, usual)),
        "wide": figures.sparsity(searched.codes.wide),
    }


def on_test(searched: Searched, test: Pool, queries: int) -> dict[str, Any]:
    """What is reported, and nothing is chosen by: MNIST's test part as queries, and as a gallery.

    Args:
        searched: MNIST's training part as the gallery.
        test: MNIST's test part.
        queries: most disturbed copies to search with.
    """
    small = Searched(searched.model, test, searched.seed)
    inner, outer = (draw(queries, len(each.pool), each.seed + 1) for each in (small, searched))
    return {
        "gallery": len(searched.pool),
        "test": len(test),
        "n": queries,
        "P@10": figures.precision(searched.gallery, small.codes.dense, test.labels),
        "usual": searched.usual(outer),
        "unseen": searched.unseen(outer),
        "gallery of test images": {"usual": small.usual(inner), "unseen": small.unseen(inner)},
        "decoding": decoding(searched.model, test.glyphs, copies(test.glyphs, [searched.seed, 2], usual)),
        "wide": figures.sparsity(searched.codes.wide),
    }
