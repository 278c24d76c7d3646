"""Galleries that earlier versions wrote can still be read."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retrieval import Gallery
from retrieval.manifest import read_manifest

DATA = Path(__file__).parents[1] / "data"
GLYPHS = np.random.default_rng(0).integers(0, 255, (6, 28, 28), dtype=np.uint8)


def write_example(path, encoder):
    """How the committed gallery was made."""
    gallery = Gallery.create(path, encoder)
    names = [f"ä{n}" for n in range(6)]
    gallery.append(GLYPHS, names, labels=[0, 1, 2, None, 4, 5], sources=[f"page {n // 2}" for n in range(6)])
    gallery.remove(["ä2"])


@pytest.mark.parametrize("version", [1])
def test_a_committed_gallery(tmp_path, encoder, version):
    folder = shutil.copytree(DATA / f"gallery-{version}", tmp_path / "gallery")
    same = replace(encoder, hash=read_manifest(folder).encoder["sha256"])
    gallery = Gallery.open(folder, same)
    gallery.verify()
    assert len(gallery) == 5
    for mode in ("precision", "recall"):
        hits = [hits[0] for hits in gallery.search(GLYPHS[[0, 1, 3, 4, 5]], k=1, mode=mode)]
        assert [hit.id for hit in hits] == ["ä0", "ä1", "ä3", "ä4", "ä5"]
        assert [hit.label for hit in hits] == [0, 1, None, 4, 5]
        assert [hit.source for hit in hits] == ["page 0", "page 0", "page 1", "page 2", "page 2"]
        assert [hit.distance for hit in hits] == [0.0] * 5
    assert np.array_equal(gallery.glyphs(["ä4"]), GLYPHS[4:5])
    assert gallery.append(GLYPHS[:1], ["ä0"], labels=[0], sources="page 0").skipped == 1
    assert gallery.append(GLYPHS[2:3], ["ä2"]).added == 1
