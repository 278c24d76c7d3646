"""Learning: the network, how glyphs are disturbed, the loop, its checks, stopping and going on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import DIGITS, LABELS, many_digits

torch = pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from torch import nn  # noqa: E402

from recognizer.stages.decide import softmax  # noqa: E402
from recognizer.stages.network import Network  # noqa: E402
from recognizer.training.augment import augment  # noqa: E402
from recognizer.training.config import AugmentConfig, NetworkConfig, OptimizerConfig  # noqa: E402
from recognizer.training.export import to_onnx  # noqa: E402
from recognizer.training.loop import SanityError, Trainer, check_sanity, logits_of, tensors  # noqa: E402
from recognizer.training.model import GlyphClassifier  # noqa: E402
from recognizer.training.samples import Pool  # noqa: E402

SMALL = NetworkConfig((8, 16), (32,))
POOL = Pool(*many_digits(330), np.full(330, "mnist"))


def quiet(*_):
    pass


def network(seed=0, config=SMALL):
    torch.manual_seed(seed)
    return GlyphClassifier(config)


def weights(model):
    return {name: value.numpy().copy() for name, value in model.state_dict().items()}


def same_weights(one, other, tolerance=1e-5):
    assert one.keys() == other.keys()
    return all(np.allclose(one[name], other[name], atol=tolerance) for name in one)


# The network


@pytest.mark.parametrize("config", [NetworkConfig(), SMALL, NetworkConfig((4,), (4,))])
def test_a_new_network_guesses(config):
    logits = logits_of(network(config=config), POOL.glyphs[:64])
    assert logits.shape == (64, 11)
    loss = -np.log(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).mean()
    assert loss == pytest.approx(math.log(11), abs=0.1)


def test_onnx_says_what_torch_says():
    model = network()
    Trainer(model, POOL, OptimizerConfig(epochs=1, batch=64), AugmentConfig(), 0).run(
        lambda _: {}, quiet, None
    )
    graph = Network(to_onnx(model))
    for glyphs in (POOL.glyphs[:1], POOL.glyphs[:77], np.full((1, 28, 28), 255, np.uint8)):
        assert graph.logits(glyphs) == pytest.approx(logits_of(model, glyphs), abs=1e-4)


# Augmentation


glyph_batches = st.integers(1, 6).map(lambda n: tensors(DIGITS[:: 40 // n][:n]))
disturbances = st.builds(
    AugmentConfig,
    rotation=st.floats(0, 45),
    scale=st.floats(0, 0.5),
    shear=st.floats(0, 0.5),
    shift=st.floats(0, 5),
    elastic=st.floats(0, 2),
    pen=st.floats(0, 0.5),
)


@given(glyph_batches, disturbances, st.integers(0, 2**31))
@settings(deadline=None, max_examples=30)
def test_augmentation_keeps_shape_and_range_and_repeats(glyphs, config, seed):
    before = glyphs.clone()
    one, other = (augment(glyphs, config, torch.Generator().manual_seed(seed)) for _ in range(2))
    assert torch.equal(one, other)
    assert torch.equal(glyphs, before)
    assert one.shape == glyphs.shape
    assert one.dtype == glyphs.dtype
    assert -1e-6 <= float(one.min()) <= float(one.max()) <= 1 + 1e-6


def test_no_disturbance_changes_nothing():
    none = AugmentConfig(rotation=0, scale=0, shear=0, shift=0, elastic=0, pen=0)
    glyphs = tensors(DIGITS)
    assert torch.allclose(augment(glyphs, none, torch.Generator().manual_seed(0)), glyphs, atol=1e-4)


def test_every_glyph_is_disturbed_in_its_own_way_and_stays_itself():
    glyphs = tensors(np.repeat(DIGITS[:1], 50, axis=0))
    disturbed = augment(glyphs, AugmentConfig(), torch.Generator().manual_seed(0)).numpy().reshape(50, -1)
    assert len({row.tobytes() for row in disturbed}) == 50
    original = DIGITS[0].ravel()
    assert min(np.corrcoef(row, original)[0, 1] for row in disturbed) > 0.3


def test_a_pen_grows_and_shrinks():
    glyphs = tensors(DIGITS[:1].repeat(400, axis=0))
    only_pen = AugmentConfig(rotation=0, scale=0, shear=0, shift=0, elastic=0, pen=0.3)
    ink = augment(glyphs, only_pen, torch.Generator().manual_seed(0)).sum((1, 2, 3)) / glyphs[0].sum()
    assert float((ink > 1.1).float().mean()) == pytest.approx(0.3, abs=0.08)
    assert float((ink < 0.9).float().mean()) == pytest.approx(0.3, abs=0.08)


# Learning


def test_a_short_training_learns():
    trainer = Trainer(network(), POOL, OptimizerConfig(epochs=6, batch=32), AugmentConfig(), 0)
    model = trainer.run(lambda _: {}, quiet, None)
    assert trainer.history.loss[-1] < 0.7 * trainer.history.loss[0]
    assert (logits_of(model, DIGITS)[:, :10].argmax(axis=1) == LABELS).mean() > 0.7


def test_every_sample_is_seen_once_an_epoch_in_a_new_order():
    trainer = Trainer(network(), POOL, OptimizerConfig(epochs=2, batch=30), AugmentConfig(), 5)
    first, second = (np.concatenate(list(trainer._batches(epoch))) for epoch in (0, 1))
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(330))
    assert not np.array_equal(first, second)


def test_what_is_well_known_makes_room_for_what_is_not():
    optimizer = OptimizerConfig(epochs=2, batch=30, known_share=0.2)
    trainer = Trainer(network(), POOL, optimizer, AugmentConfig(), 5)
    trainer.memory[:300] = 0
    first, second = (list(trainer._batches(epoch)) for epoch in (0, 1))
    assert np.array_equal(np.sort(np.concatenate(first)), np.arange(330))
    assert [len(batch) for batch in second] == [30] * trainer.steps
    unsure = np.concatenate(second) >= 300
    assert 0.25 < unsure.mean() < 0.45  # of the passes each takes part in all of 30, and 0.2 of 300


def test_errors_are_those_of_the_last_time():
    optimizer = OptimizerConfig(epochs=6, batch=32, known_share=0.9)
    trainer = Trainer(network(), POOL, optimizer, AugmentConfig(), 0)
    model = trainer.run(lambda _: {}, quiet, None)
    scores = softmax(logits_of(model, POOL.glyphs), 1.0)[np.arange(len(POOL)), POOL.labels]
    assert np.corrcoef(1 - scores, trainer.memory.numpy())[0, 1] > 0.3


def test_what_is_watched():
    seen = []
    trainer = Trainer(network(), POOL, OptimizerConfig(epochs=2, batch=100), AugmentConfig(), 0)
    trainer.run(lambda _: {"right": 0.5}, lambda *step: seen.append(step), None)
    assert [(epoch, step) for epoch, step, _ in seen] == [(e, s) for e in (0, 1) for s in range(3)]
    assert trainer.history.validation == [{"right": 0.5}] * 2
    for epoch in (0, 1):
        losses = [loss for at, _, loss in seen if at == epoch]
        assert trainer.history.loss[epoch] == pytest.approx(np.mean(losses))


# Stopping and going on


class PowerCutError(Exception):
    pass


def trained(checkpoint=None, stop_after=None, seed=0):
    """The weights after three epochs; ``stop_after`` so many of them the power fails once."""
    epochs = []

    def judge(_):
        epochs.append(1)
        return {}

    def fail(epoch, step, loss):
        if len(epochs) == stop_after and step == 1:
            raise PowerCutError

    optimizer = OptimizerConfig(epochs=3, batch=64, known_share=0.3)
    trainer = Trainer(network(seed), POOL, optimizer, AugmentConfig(), seed)
    return weights(trainer.run(judge, fail, checkpoint))


def test_the_same_seed_gives_the_same_weights():
    assert same_weights(trained(), trained(), tolerance=0)
    assert not same_weights(trained(), trained(seed=1))


@pytest.mark.parametrize("stop_after", [1, 2])
def test_a_training_that_was_stopped_goes_on_as_if_it_had_not(tmp_path, stop_after):
    checkpoint = tmp_path / "checkpoint.pt"
    with pytest.raises(PowerCutError):
        trained(checkpoint, stop_after)
    assert same_weights(trained(checkpoint), trained())


def test_a_stopped_training_keeps_its_finished_epochs(tmp_path):
    checkpoint = tmp_path / "checkpoint.pt"
    with pytest.raises(PowerCutError):
        trained(checkpoint, 2)
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]
    seen = []
    trainer = Trainer(network(9), POOL, OptimizerConfig(epochs=3, batch=64), AugmentConfig(), 0)
    trainer.run(lambda _: {}, lambda epoch, *_: seen.append(epoch), checkpoint)
    assert set(seen) == {2}
    assert len(trainer.history.loss) == 3


def test_a_finished_training_is_found_again(tmp_path):
    checkpoint = tmp_path / "checkpoint.pt"
    first = trained(checkpoint)
    trainer = Trainer(
        network(9), POOL, OptimizerConfig(epochs=3, batch=64, known_share=0.3), AugmentConfig(), 0
    )
    assert same_weights(weights(trainer.run(pytest.fail, pytest.fail, checkpoint)), first, tolerance=0)


# The sanity check


def test_sanity_of_a_sound_network():
    figures = check_sanity(network, POOL, 0)
    assert figures["first_loss"] == pytest.approx(figures["guess"], abs=0.15)
    assert figures["overfitted_loss"] < 0.3


class Frozen(nn.Module):
    """Starts as a guess, and no gradient reaches its weights."""

    def __init__(self):
        super().__init__()
        self.inner = network()

    def forward(self, glyphs):
        return self.inner(glyphs).detach() + 0 * self.inner.head.bias.sum()


class Blind(nn.Module):
    """Learns what is frequent, but does not see the glyph."""

    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(11))

    def forward(self, glyphs):
        return self.bias.repeat(len(glyphs), 1)


@pytest.mark.parametrize("make", [Frozen, Blind])
def test_a_network_that_cannot_learn_is_refused(make):
    with pytest.raises(SanityError, match="by heart"):
        check_sanity(make, POOL, 0)


def test_a_network_that_starts_too_sure_is_refused():
    def sure():
        model = network()
        nn.init.normal_(model.head.weight, std=5)
        return model

    with pytest.raises(SanityError, match="first loss"):
        check_sanity(sure, POOL, 0)


def test_noise_as_glyphs_without_any_ink_is_refused():
    """All glyphs black: the data, not the network, is broken."""
    black = Pool(np.zeros_like(POOL.glyphs), POOL.labels, POOL.sources)
    with pytest.raises(SanityError):
        check_sanity(network, black, 0)
