from __future__ import annotations

import numpy as np
import pytest
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


@pytest.fixture
def gallery(tmp_path, encoder, images):
    made = Gallery.create(tmp_path / "gallery", encoder)
    made.append(
        images,
        ids=[str(n) for n in range(len(images))],
        labels=[n % 4 if n % 5 else None for n in range(len(images))],
        sources=[f"form-{'AB'[n % 2]}/{n}.png" for n in range(len(images))],
    )
    return made
