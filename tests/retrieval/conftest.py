from __future__ import annotations

import numpy as np
import pytest
from blots import many_glyphs
from stand_in_encoder import write_encoder

from retrieval import Encoder, Gallery


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def encoder(encoder_folder):
    return Encoder.open(encoder_folder)


@pytest.fixture
def images():
    """Forty glyphs, of which number 20 + n is number n with a little noise."""
    rng = np.random.default_rng(5)
    glyphs = rng.integers(0, 255, (20, 28, 28), dtype=np.uint8)
    noise = rng.integers(0, 8, glyphs.shape)
    return np.concatenate([glyphs, np.clip(glyphs + noise, 0, 255).astype(np.uint8)])


def filled(gallery, images):
    """The forty images with ids, labels and sources."""
    gallery.append(
        images,
        ids=[str(n) for n in range(len(images))],
        labels=[n % 4 if n % 5 else None for n in range(len(images))],
        sources=[f"form-{'AB'[n % 2]}/{n}.png" for n in range(len(images))],
    )
    return gallery


@pytest.fixture
def gallery(tmp_path, encoder, images):
    """In a folder."""
    return filled(Gallery.create(tmp_path / "gallery", encoder), images)


@pytest.fixture(scope="session")
def milvus(tmp_path_factory, encoder):
    """A gallery in Milvus Lite; making one takes a second, and so tests empty this one."""
    pytest.importorskip("pymilvus", reason="the extra scale is not installed")
    pytest.importorskip("milvus_lite", reason="Milvus Lite is not to be had for this system")
    return Gallery.create(tmp_path_factory.mktemp("milvus") / "gallery.db", encoder)


@pytest.fixture(scope="session")
def emptied():
    """Takes all images out of a gallery."""

    def empty(gallery):
        gallery.remove([hit.id for hit in gallery.search(np.zeros((1, 28, 28), np.uint8), k=10_000)[0]])
        return gallery

    return empty


@pytest.fixture(params=["folder", "milvus"])
def fresh(request, tmp_path, encoder, emptied):
    """Makes an empty gallery, for each kind of them."""
    if request.param == "milvus":
        milvus = request.getfixturevalue("milvus")

    def make():
        if request.param == "folder":
            return Gallery.create(tmp_path / f"gallery-{len(list(tmp_path.iterdir()))}", encoder)
        return emptied(milvus)

    return make


@pytest.fixture
def empty(fresh):
    """An empty gallery of each kind."""
    return fresh()


@pytest.fixture
def any_gallery(empty, images):
    """The forty images in a gallery of each kind."""
    return filled(empty, images)


@pytest.fixture(scope="session")
def large_folder(tmp_path_factory, encoder):
    """A gallery of 1,500 with its graph on disk."""
    made = Gallery.create(tmp_path_factory.mktemp("large") / "gallery", encoder)
    made.append(many_glyphs(1500), ids=[str(n) for n in range(1500)], labels=[n % 10 for n in range(1500)])
    made.prepare()
    return made.path
