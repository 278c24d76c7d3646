"""Disturbed copies of glyphs, to learn from and to measure with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import DIGITS

torch = pytest.importorskip("torch")
pytest.importorskip("matplotlib")
pytest.importorskip("onnxruntime")

from small_embedding import POOL, generator  # noqa: E402

from recognizer.training.embedding import queries  # noqa: E402
from recognizer.training.embedding.config import (  # noqa: E402
    DisturbConfig,
)
from recognizer.training.embedding.disturb import disturb  # noqa: E402
from recognizer.training.loop import tensors  # noqa: E402

# Disturbed copies to learn from


disturbances = st.builds(
    DisturbConfig,
    rotation=st.floats(0, 30),
    shift=st.floats(0, 5),
    thick=st.floats(0, 1),
    pen=st.floats(0, 1),
    gap=st.floats(0, 1),
    stray=st.floats(0, 0.2),
    noise=st.floats(0, 0.5),
    normalised=st.floats(0, 1),
)


@given(disturbances, st.integers(0, 2**31))
@settings(deadline=None, max_examples=20)
def test_copies_are_glyphs_and_repeat(config, seed):
    glyphs = tensors(DIGITS[::8])
    before = glyphs.clone()
    one, other = (disturb(glyphs, config, generator(seed)) for _ in range(2))
    assert torch.equal(one.glyphs, other.glyphs)
    assert torch.equal(glyphs, before)
    assert one.glyphs.shape == glyphs.shape
    assert 0 <= float(one.glyphs.min()) <= float(one.glyphs.max()) <= 1 + 1e-6
    assert one.moved.shape == (len(glyphs), 2, 3)


STILL = DisturbConfig(0, 0, 0, 0, thick=0, pen=0, gap=0, clean=0, stray=0, noise=0, normalised=0)


def test_no_disturbance_changes_nothing():
    glyphs = tensors(DIGITS)
    assert torch.allclose(disturb(glyphs, STILL, generator()).glyphs, glyphs, atol=1e-4)


def ink(glyphs):
    return glyphs.sum((1, 2, 3))


@pytest.mark.parametrize(
    ("change", "more"),
    [({"thick": 1.0}, 1.15), ({"gap": 1.0, "gap_side": 14.0}, 0.97), ({"stray": 0.2}, 1.1)],
)
def test_each_disturbance_does_what_it_says(change, more):
    glyphs = tensors(DIGITS)
    ratio = float(
        ink(disturb(glyphs, replace(STILL, **change), generator()).glyphs).sum() / ink(glyphs).sum()
    )
    assert (ratio > more) if more > 1 else (ratio < more)


def test_the_share_of_normalised_copies_is_known():
    copies = disturb(tensors(POOL.glyphs), replace(STILL, shift=3.0, normalised=0.5), generator())
    assert float((~copies.known).float().mean()) == pytest.approx(0.5, abs=0.1)
    middle = (torch.arange(28) * copies.glyphs.sum((1, 2))).sum(1) / ink(copies.glyphs)
    centred = (middle - middle.mean()).abs()
    assert float(centred[~copies.known].max()) < 1 < float(centred[copies.known].max())


# Disturbed copies to measure with


@pytest.mark.parametrize("change", [queries.usual, *queries.UNSEEN.values()])
def test_copies_to_search_with(change):
    one, other = (queries.copies(DIGITS, 3, change) for _ in range(2))
    assert np.array_equal(one, other)
    assert one.dtype == np.uint8
    assert one.shape == DIGITS.shape
    assert not np.array_equal(one, DIGITS)
    alike = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(one, DIGITS, strict=True)]
    assert np.median(alike) > 0.3


def test_a_quarter_is_missing():
    copies = queries.copies(np.full((20, 28, 28), 255, np.uint8), 0, queries.quartered)
    assert (copies.reshape(20, -1) == 0).mean(axis=1) == pytest.approx(0.25)
    assert len({copy.tobytes() for copy in copies}) > 1
