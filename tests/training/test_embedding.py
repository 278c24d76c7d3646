"""The embedding's training: disturbed copies, batches, figures, stopping and going on, and the command."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import DIGITS, many_digits
from PIL import Image
from stand_in import idx, put

from recognizer import data

torch = pytest.importorskip("torch")
pytest.importorskip("matplotlib")
onnxruntime = pytest.importorskip("onnxruntime")

from recognizer.cli import main  # noqa: E402
from recognizer.errors import UsageError  # noqa: E402
from recognizer.record import read_record  # noqa: E402
from recognizer.training.embedding import figures, queries  # noqa: E402
from recognizer.training.embedding.config import (  # noqa: E402
    AutoencoderConfig,
    DisturbConfig,
    EmbeddingConfig,
    EmbeddingOptimizerConfig,
    FinishConfig,
    LossConfig,
    load_embedding_config,
    make_embedding_config,
)
from recognizer.training.embedding.disturb import disturb  # noqa: E402
from recognizer.training.embedding.evaluation import Searched, decode, encode  # noqa: E402
from recognizer.training.embedding.export import decoder_to_onnx, encoder_to_onnx  # noqa: E402
from recognizer.training.embedding.finish import finish  # noqa: E402
from recognizer.training.embedding.loop import EmbeddingLoop, make_autoencoder, neighbourhoods  # noqa: E402
from recognizer.training.embedding.plain import add_noise  # noqa: E402
from recognizer.training.embedding.trade_off import curve_of  # noqa: E402
from recognizer.training.loop import tensors  # noqa: E402
from recognizer.training.progress import Progress  # noqa: E402
from recognizer.training.samples import Pool  # noqa: E402
from retrieval.encoder import Encoder, shipped_folder  # noqa: E402

SMALL = AutoencoderConfig(
    (4, 8), (8, 16), squeezed=4, hidden=32, dense=24, digit=6, detail=6, wide=200, decoder=32
)
CONFIG = EmbeddingConfig(
    network=SMALL,
    optimizer=EmbeddingOptimizerConfig(epochs=3, batch=24),
    finish=FinishConfig(epochs=30, batch=60),
)
POOL = Pool(*many_digits(240), np.full(240, "mnist"))


def network(seed=0):
    torch.manual_seed(seed)
    return make_autoencoder(SMALL, LossConfig())


def quiet(*_):
    pass


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


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


def learn(checkpoint=None, stop_after=None):
    """The weights after three epochs; ``stop_after`` so many of them it is interrupted once."""
    epochs = []

    def judge(_):
        epochs.append(1)
        return {}

    def interrupt(epoch, step, loss):
        if len(epochs) == stop_after and step == 1:
            raise KeyboardInterrupt

    loop = EmbeddingLoop(network(), POOL, CONFIG)
    loop.run(judge, interrupt, checkpoint)
    return loop


@pytest.fixture(scope="module")
def learnt():
    return learn()


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


def run_graph(graph, values):
    session = onnxruntime.InferenceSession(graph)
    return session.run(None, {session.get_inputs()[0].name: values})


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
    assert np.array_equal(codes[0].dense[:, :18], codes[1].dense[:, :18])
    again = finish(copy.deepcopy(before), POOL, CONFIG, tmp_path, Progress())
    assert np.array_equal(encode(again, POOL.glyphs).dense, codes[1].dense)


# Figures


def random_rows(n, seed=0):
    return figures.unit(np.random.default_rng(seed).normal(size=(n, 8)).astype(np.float32))


def test_what_is_found_of_exact_copies_and_of_strangers():
    rows = random_rows(1200)
    chosen = np.arange(0, 1200, 2)
    assert set(figures.recall(rows, rows[chosen], chosen).values()) == {1.0}
    strangers = figures.recall(rows, random_rows(600, seed=1), chosen)
    assert strangers["R@1"] < 0.01
    assert strangers["R@100"] == pytest.approx(100 / 1200, abs=0.04)


def test_codes_that_are_all_the_same_find_nothing():
    same = np.repeat(random_rows(1), 200, axis=0)
    assert figures.recall(same, same[:10], np.arange(10)) == {"R@1": 0, "R@10": 0, "R@100": 0}


def test_precision_is_that_of_a_plain_search():
    rows, asked = random_rows(300), random_rows(40, seed=1)
    labels = np.random.default_rng(0).integers(0, 3, 340).astype(np.uint8)
    nearest = np.linalg.norm(asked[:, None] - rows[None], axis=2).argsort(axis=1)[:, :10]
    wanted = (labels[:300][nearest] == labels[300:, None]).mean()
    found = figures.precision(figures.Gallery(rows, labels[:300]), asked, labels[300:])
    assert found == pytest.approx(wanted)


def test_similarity_falls_with_distance():
    labels = np.repeat(np.arange(4), 50).astype(np.uint8)
    rows = figures.unit(np.eye(8, dtype=np.float32)[labels] + 0.3 * random_rows(200))
    table = figures.similarity_table(figures.Gallery(rows, labels), rows, labels)
    assert (np.diff(table["distance"]) > 0).all()
    assert (np.diff(table["share"]) <= 0).all()
    assert table["share"][0] == 1
    assert table["share"][-1] == 0


def test_duplicates_are_told_at_the_precision_asked_for():
    rows = random_rows(1000)
    near = figures.unit(rows[:200] + 0.05 * random_rows(200, seed=1))
    asked = np.concatenate([near, random_rows(200, seed=2)])
    originals = np.concatenate([np.arange(200), np.full(200, -1)])
    found = figures.duplicate_threshold(rows, asked, originals, 0.95)
    assert found["precision"] >= 0.95
    assert found["recall"] > 0.9
    distances = np.linalg.norm(asked[:, None] - rows[None], axis=2)
    within = distances <= found["distance"] + 1e-6
    right = within[np.arange(200), np.arange(200)].sum()
    assert right / within.sum() == pytest.approx(found["precision"], abs=0.01)


def test_the_share_of_queries_with_a_near_row():
    rows = random_rows(50)
    asked = np.concatenate([rows[:10], -rows[:30]])
    assert figures.share_within(rows, asked, 0.01) == pytest.approx(0.25)


def test_no_threshold_where_none_is_precise():
    rows = random_rows(50)
    found = figures.duplicate_threshold(rows, rows, np.full(50, -1), 0.9)
    assert found == {"distance": 0.0, "precision": 1.0, "recall": 0.0}


def test_the_digits_share_can_be_chosen_afterwards(learnt):
    """The curve of one network says what networks with other shares would give."""
    chosen = np.arange(60)
    curve = curve_of("x", Searched(learnt.trained, POOL, 0, 60), 60)
    for point in curve.points[1:]:
        other = copy.deepcopy(learnt.trained)
        other.shares = (point.share, 1 - point.share - other.shares[2], other.shares[2])
        searched = Searched(other, POOL, 0, 60)
        asked = searched.codes.dense[chosen]
        wanted = figures.precision(searched.gallery.after(60), asked, POOL.labels[chosen])
        assert point.precision == pytest.approx(wanted, abs=0.01)


def test_noise_is_really_added():
    glyphs = tensors(DIGITS)
    noisy = add_noise(glyphs, 0.3, generator())
    middling = (glyphs > 0.45) & (glyphs < 0.55)
    assert float((noisy - glyphs)[middling].std()) == pytest.approx(0.3, abs=0.05)
    assert torch.equal(add_noise(glyphs, 0.0, generator()), glyphs)


# The configuration


def test_a_configuration_survives_json():
    values = json.loads(json.dumps(CONFIG.to_dict()))
    assert make_embedding_config(values, "here") == CONFIG


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "kind"),
        ({"kind": "classifier"}, "kind"),
        ({"kind": "embedding", "epochs": 3}, "'epochs'"),
        ({"kind": "embedding", "loss": {"temperature": 0.0}}, "temperature"),
        ({"kind": "embedding", "loss": {"digit_share": 1.0}}, "digit_share"),
        ({"kind": "embedding", "loss": {"digit_share": 0.5, "detail_share": 0.5}}, "detail_share"),
        ({"kind": "embedding", "network": {"digit": 100}}, "digit"),
        ({"kind": "embedding", "trade_off": {"weights": ["a"]}}, "weights"),
    ],
)
def test_mistakes_are_named(values, words):
    with pytest.raises(UsageError, match=words):
        make_embedding_config(values, "here")


# The command

TOML = """
kind = "embedding"
name = "tiny"
[data]
validation = 60
limit = 300
queries = 40
[network]
half = [4, 8]
quarter = [8, 16]
squeezed = 4
hidden = 32
dense = 24
digit = 6
detail = 6
wide = 200
decoder = 32
[optimizer]
epochs = 2
batch = 60
[finish]
epochs = 2
batch = 60
[plain]
epochs = 2
hidden = 20
[trade_off]
weights = [0.0, 0.5]
limit = 120
epochs = 1
"""


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    images, labels = many_digits(320, seed=3)
    files = {name: idx(images if "images" in name else labels) for name in data.MNIST}
    return put(tmp_path_factory.mktemp("data"), files)


def train(config, mnist, out):
    return main(["train", "--config", str(config), "--data", str(mnist), "--out", str(out)])


@pytest.fixture(scope="module")
def run_folder(mnist, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    (folder / "tiny.toml").write_text(TOML, encoding="utf-8")
    assert train(folder / "tiny.toml", mnist, folder / "out") == 0
    return folder


def test_a_run_makes_an_encoder_that_the_search_opens(run_folder):
    encoder = Encoder.open(run_folder / "out" / "encoder")
    assert (encoder.name, encoder.dense_dimensions, encoder.wide_dimensions) == ("tiny", 24, 200)
    assert encoder.dense(DIGITS).shape == (40, 24)
    assert encoder.decode(np.eye(24, dtype=np.float32)).shape == (24, 28, 28)


def test_an_encoder_says_what_it_was_made_from(run_folder):
    folder = run_folder / "out" / "encoder"
    meta = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    for name, digest in meta["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert meta["config"]["seed"] == 0
    assert [part["n"] for part in meta["data"]] == [240, 60]
    assert meta["metrics"]["n"] == 40
    assert meta["versions"]["torch"]


def test_a_run_leaves_its_figures_and_pictures_behind(run_folder):
    found = read_record(run_folder / "out" / "metrics.json")["figures"]
    assert len(found["history"]["loss"]) == 2
    assert {curve["name"] for curve in found["trade_off"]} == {"weight 0", "weight 0.5", "the whole training"}
    assert found["test"]["gallery"] == 300
    assert found["test"]["decoding"]["rungs"].keys() == {
        "not decoded", "plain, clean", "plain, noisy", "embedding"
    }  # fmt: skip
    for name in ("curves.png", "trade_off.png", "reconstructions.png"):
        with Image.open(run_folder / "out" / name) as picture:
            assert min(picture.size) > 200


def golden_pairs(folder):
    pairs = json.loads((folder / "golden.json").read_text(encoding="utf-8"))
    return np.array([pair["glyph"] for pair in pairs], np.uint8).reshape(-1, 28, 28), pairs


def check_golden(folder):
    glyphs, pairs = golden_pairs(folder)
    dense, wide = run_graph((folder / "encoder.onnx").read_bytes(), glyphs)
    assert dense == pytest.approx(np.array([pair["dense"] for pair in pairs]), abs=0.01)
    wanted = np.zeros_like(wide)
    for row, pair in zip(wanted, pairs, strict=True):
        row[[int(at) for at in pair["wide"]]] = list(pair["wide"].values())
    assert figures.unit(wide) == pytest.approx(wanted, abs=0.02)


def test_the_golden_codes_are_those_of_the_encoder(run_folder):
    check_golden(run_folder / "out" / "encoder")


def test_a_finished_run_is_found_again(run_folder, mnist, capsys):
    out = run_folder / "out"
    before = {name: (out / "encoder" / name).read_bytes() for name in ("encoder.onnx", "decoder.onnx")}
    assert train(run_folder / "tiny.toml", mnist, out) == 0
    assert capsys.readouterr().out.strip() == str(out / "encoder")
    assert {name: (out / "encoder" / name).read_bytes() for name in before} == before


def test_a_folder_with_another_run_is_refused(run_folder, mnist, capsys):
    other = run_folder / "other.toml"
    other.write_text(TOML.replace('name = "tiny"', 'name = "other"'), encoding="utf-8")
    assert train(other, mnist, run_folder / "out") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "another configuration" in said.err


# What ships


def test_the_shipped_encoder_gives_its_golden_codes():
    check_golden(shipped_folder())


def test_the_shipped_encoder_is_small_and_its_codes_are_as_promised():
    folder = shipped_folder()
    assert sum((folder / name).stat().st_size for name in ("encoder.onnx", "decoder.onnx")) < 3.2e6
    dense, wide = run_graph((folder / "encoder.onnx").read_bytes(), DIGITS)
    assert dense.shape[1] <= 128
    assert 1000 <= wide.shape[1] <= 4000
    assert np.linalg.norm(dense, axis=1) == pytest.approx(1, abs=1e-4)
    assert wide.min() == 0
    assert 10 < (wide > 0).sum(1).mean() < 100


def test_the_shipped_encoder_knows_a_disturbed_digit_again():
    encoder = Encoder.open()
    gallery = run_graph((shipped_folder() / "encoder.onnx").read_bytes(), DIGITS)[0]
    asked = queries.copies(DIGITS, 5, queries.usual)
    found = run_graph((shipped_folder() / "encoder.onnx").read_bytes(), asked)[0]
    assert ((found @ gallery.T).argmax(1) == np.arange(len(DIGITS))).mean() > 0.95
    restored = encoder.decode(found)
    assert figures.squared_error(restored, DIGITS) < 0.5 * figures.squared_error(asked / 255, DIGITS)


@pytest.mark.parametrize("name", ["embedding", "embedding-smoke"])
def test_the_configurations_are_sound(name):
    from pathlib import Path

    config = load_embedding_config(Path(__file__).parents[2] / "configs" / f"{name}.toml")
    assert isinstance(config.loss, LossConfig)
    assert config.network.dense <= 128
