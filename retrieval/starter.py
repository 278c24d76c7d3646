"""The starter gallery: a few thousand labelled glyphs that ship, small and ready to search."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.arrivals import Arrivals, Progress
from retrieval.encoder import Encoder, shipped_folder
from retrieval.errors import QueryError
from retrieval.files import PARTIAL
from retrieval.gallery import STARTER
from retrieval.manifest import Manifest, write_manifest
from retrieval.segment import write_segment

COUNT = 10_000
SEED = 1
# What a search by dense code needs stays open, so that it can be mapped into memory.
_COMPRESSED = frozenset({"glyphs", "wide_counts", "wide_dimensions", "wide_weights"})


def write_starter(
    glyphs: NDArray[np.uint8],
    labels: NDArray[np.integer],
    ids: Sequence[str],
    sources: str | Sequence[str],
    *,
    encoder: Encoder | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write the starter gallery anew.

    Args:
        glyphs: uint8 (N, 28, 28).
        labels: what each one shows.
        ids: an id each.
        sources: where they come from: one string, or one for each.
        encoder: by default the one that ships.
        folder: by default the place in the package that `Gallery.open` looks at.
        progress: called with how many are done.

    Returns:
        The folder.

    Raises:
        QueryError: the arguments don't fit together.
        EncoderError: there is no usable encoder.
    """
    using = encoder or Encoder.open()
    target = shipped_folder() / STARTER if folder is None else Path(folder)
    arrivals = Arrivals.checked(glyphs, ids, labels.tolist(), sources)
    partial = target.with_name(target.name + PARTIAL)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    name, manifest = Manifest(using.description, frozen=True).numbered("segment")
    part = write_segment(partial, name, arrivals.encoded(using, progress, 0), _COMPRESSED)
    write_manifest(partial, manifest.extended(part))
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    return target


def equal_shares(labels: NDArray[np.integer], count: int = COUNT, seed: int = SEED) -> NDArray[np.intp]:
    """Places of a sample with the labels in equal shares, in order.

    Args:
        labels: to choose from.
        count: how many to choose; a multiple of the number of labels.
        seed: the same one chooses the same.

    Raises:
        QueryError: there are too few of a label.
    """
    rng = np.random.default_rng(seed)
    different = np.unique(labels)
    each, rest = divmod(count, len(different))
    if rest:
        raise QueryError(f"{count} glyphs can't be shared equally by {len(different)} labels")
    chosen = []
    for label in different:
        places = np.flatnonzero(labels == label)
        if len(places) < each:
            raise QueryError(f"only {len(places)} glyphs have the label {label}, and {each} are needed")
        chosen.append(rng.choice(places, each, replace=False))
    return np.sort(np.concatenate(chosen))
