"""The embedding learns, stops and goes on, and its files say what it says."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import DIGITS

torch = pytest.importorskip("torch")
pytest.importorskip("matplotlib")
pytest.importorskip("onnxruntime")

from small_embedding import CONFIG, POOL, learn, run_graph  # noqa: E402

from recognizer.training.embedding import figures  # noqa: E402
from recognizer.training.embedding.evaluation import decode, encode  # noqa: E402
from recognizer.training.embedding.export import decoder_to_onnx, encoder_to_onnx  # noqa: E402
from recognizer.training.embedding.finish import finish, level  # noqa: E402
from recognizer.training.embedding.loop import neighbourhoods  # noqa: E402
from recognizer.training.progress import Progress  # noqa: E402

# Batches


@given(st.integers(1, 300), st.integers(1, 40), st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_neighbourhoods_hold_every_row_once(n, leaf, seed):
    rng = np.random.default_rng(seed)
    groups = neighbourhoods(rng.normal(size=(n, 4)).astype(np.float32), leaf, rng)
    assert sorted(np.concatenate(groups).tolist()) == list(range(n))
    assert max(map(len, groups)) <= leaf


def test_neighbours_are_near():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2000, 3)).astype(np.float32)
    spread = np.mean([rows[group].var(axis=0).mean() for group in neighbourhoods(rows, 20, rng)])
    assert spread < 0.3 * rows.var(axis=0).mean()


def test_alike_codes_do_no_harm():
    groups = neighbourhoods(np.zeros((100, 4), np.float32), 8, np.random.default_rng(0))
    assert sorted(np.concatenate(groups).tolist()) == list(range(100))


# Learning, stopping, going on


def test_training_learns(learnt):
    assert learnt.history.loss[-1] < 0.8 * learnt.history.loss[0]
    clean = encode(learnt.trained, DIGITS)
    error = figures.squared_error(decode(learnt.trained, clean.dense), DIGITS)
    assert error < figures.squared_error(np.zeros(DIGITS.shape), DIGITS)


@pytest.mark.parametrize("stop_after", [1, 2])
def test_a_training_that_was_stopped_goes_on_as_if_it_had_not(learnt, tmp_path, stop_after):
    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path / "checkpoint.pt", stop_after)
    again = learn(tmp_path / "checkpoint.pt").trained.state_dict()
    for name, value in learnt.trained.state_dict().items():
        assert torch.allclose(again[name], value, atol=1e-4), name


# The files


def test_onnx_says_what_torch_says(learnt):
    model = learnt.trained
    for glyphs in (DIGITS[:1], DIGITS, np.zeros((2, 28, 28), np.uint8)):
        wanted = encode(model, glyphs)
        dense, wide = run_graph(encoder_to_onnx(model), glyphs)
        assert dense == pytest.approx(wanted.dense, abs=0.01)
        assert figures.unit(wide) == pytest.approx(wanted.wide, abs=0.02)
        assert np.linalg.norm(dense, axis=1) == pytest.approx(1, abs=1e-4)
        (pixels,) = run_graph(decoder_to_onnx(model), dense)
        assert pixels == pytest.approx(decode(model, wanted.dense), abs=0.02)


def test_the_finish_makes_decoding_better_and_nothing_else_different(learnt, tmp_path):
    before = copy.deepcopy(learnt.trained)
    after = finish(copy.deepcopy(before), POOL, CONFIG, tmp_path, Progress())
    codes = [encode(model, POOL.glyphs) for model in (before, after)]
    errors = [
        figures.squared_error(decode(model, each.dense), POOL.glyphs)
        for model, each in zip((before, after), codes, strict=True)
    ]
    assert errors[1] < 0.8 * errors[0]
    assert np.array_equal(codes[0].wide, codes[1].wide)
    digit = CONFIG.network.digit
    assert np.array_equal(codes[0].dense[:, :digit], codes[1].dense[:, :digit])
    again = finish(copy.deepcopy(before), POOL, CONFIG, tmp_path, Progress())
    assert np.array_equal(encode(again, POOL.glyphs).dense, codes[1].dense)


def test_levelling_takes_out_what_tells_all_copies_from_all_originals_and_leaves_the_rest():
    generator = torch.Generator().manual_seed(0)
    layer = torch.nn.Linear(6, 5)
    inputs = torch.randn(200, 6, generator=generator)
    with torch.no_grad():
        gap = layer(torch.eye(6)[:1] * 3) - layer(torch.zeros(1, 6))  # the first input says which is a copy
        clean = layer(inputs)
        direction = torch.nn.functional.normalize(gap[0], dim=0)
        level(layer, clean, clean + gap + 0.01 * torch.randn(200, 5, generator=generator))
        levelled = layer(inputs)
    assert (levelled @ direction).abs().max() < 0.05
    across = clean - torch.outer(clean @ direction, direction)
    assert levelled == pytest.approx(across, abs=0.05)
