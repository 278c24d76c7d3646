"""The autoencoder's network: its codes, its poses, and the losses that it learns by."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import DIGITS

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from retrieval.autoencoder import (  # noqa: E402
    Autoencoder,
    GlyphEncoder,
    PlainAutoencoder,
    apply_pose,
    instance_loss,
    pose_loss,
    reconstruction_loss,
)

GLYPHS = torch.from_numpy(DIGITS)[:, None].float() / 255
STILL = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def network(share=0.3):
    torch.manual_seed(0)
    encoder = GlyphEncoder(
        half=(4, 8), quarter=(8, 16), squeezed=4, hidden=32, digit=6, image=12, detail=6, wide=200
    )
    return Autoencoder(encoder, 16, (share, 0.95 - share, 0.05)).eval().requires_grad_(False)


def turned(angle, across=0.0, down=0.0):
    """The map of a turn by degrees and a shift, in units of half a side."""
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return torch.tensor([[cosine, sine, across], [-sine, cosine, down]])


def after(first, second):
    """The map that leads through ``second`` and then through ``first``."""
    whole = [torch.cat([each, torch.tensor([[0.0, 0.0, 1.0]])]) for each in (first, second)]
    return (whole[0] @ whole[1])[:2]


# Codes


def test_shapes_and_lengths():
    model = network()
    codes, pixels = model(GLYPHS[:7])
    assert codes.digit.shape == (7, 6)
    assert codes.image.shape == (7, 12)
    assert codes.detail.shape == (7, 6)
    assert codes.wide.shape == (7, 200)
    assert codes.pose.shape == (7, 2, 3)
    assert pixels.shape == (7, 28, 28)
    dense = model.dense(codes)
    assert dense.shape == (7, 24)
    for rows in (codes.digit, codes.image, codes.detail, dense):
        assert rows.norm(dim=1).numpy() == pytest.approx(np.ones(7), abs=1e-5)


def test_wide_codes_are_sparse_and_not_negative():
    wide = network()(GLYPHS)[0].wide
    assert float(wide.min()) == 0
    assert float((wide == 0).float().mean()) > 0.2


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_each_part_has_its_share_of_the_code(share):
    model = network(share)
    squares = model.dense(model(GLYPHS)[0]).square()
    for part, wanted in ((squares[:, :6], share), (squares[:, 6:18], 0.95 - share), (squares[:, 18:], 0.05)):
        assert part.sum(1).numpy() == pytest.approx(wanted, abs=1e-5)


def test_decoding_shapes_the_detail_alone():
    model = network().train().requires_grad_(True)
    reconstruction_loss(model(GLYPHS)[1], GLYPHS).backward()
    encoder = model.encoder
    assert encoder.digit.weight.grad is None
    assert encoder.image.weight.grad is None
    assert float(encoder.detail.weight.grad.abs().max()) > 0


def test_a_glyph_has_the_same_code_in_every_batch():
    model = network()
    alone = torch.cat([model.dense(model(GLYPHS[i : i + 1])[0]) for i in range(5)])
    assert torch.allclose(alone, model.dense(model(GLYPHS[:5])[0]), atol=1e-5)


def test_a_blank_glyph_has_a_code():
    model = network()
    dense = model.dense(model(torch.zeros(1, 1, 28, 28))[0])
    assert torch.isfinite(dense).all()


# Poses


def test_a_new_network_leaves_glyphs_as_they_lie():
    poses = network()(GLYPHS)[0].pose
    assert torch.allclose(poses, STILL.repeat(len(GLYPHS), 1, 1), atol=1e-6)
    assert torch.allclose(apply_pose(GLYPHS, poses), GLYPHS, atol=1e-4)


@given(st.floats(-60, 60), st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))
@settings(deadline=None, max_examples=30)
def test_applying_a_pose_samples_as_torch_does(angle, across, down):
    pose = turned(angle, across, down).repeat(2, 1, 1)
    grid = functional.affine_grid(pose, [2, 1, 28, 28], align_corners=False)
    wanted = functional.grid_sample(GLYPHS[:2], grid, align_corners=False)
    assert torch.allclose(apply_pose(GLYPHS[:2], pose), wanted, atol=1e-4)


poses = st.builds(turned, st.floats(-40, 40), st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))


@given(poses, poses)
@settings(deadline=None, max_examples=30)
def test_poses_that_show_the_same_cost_nothing(moved, found):
    """A copy sampled at ``moved`` and seen in the pose ``found`` is the original seen in both, one after the other."""
    seen = after(moved, found)
    assert float(pose_loss(seen[None], found[None], moved[None])) == pytest.approx(0, abs=1e-6)
    assert float(pose_loss(seen[None] + 0.1, found[None], moved[None])) == pytest.approx(0.06, abs=1e-4)


def test_the_pose_loss_is_about_what_is_seen():
    moved, found = turned(20, 0.1, -0.05), turned(-9, 0.02, 0.1)
    copies = apply_pose(GLYPHS, moved.repeat(len(GLYPHS), 1, 1))
    seen = apply_pose(copies, found.repeat(len(GLYPHS), 1, 1))
    wanted = apply_pose(GLYPHS, after(moved, found).repeat(len(GLYPHS), 1, 1))
    # Sampled twice instead of once: softer, but the same.
    assert float((seen - wanted).square().mean()) < 0.2 * float((GLYPHS - wanted).square().mean())


# Losses


def unit_rows(n, seed=0):
    return functional.normalize(torch.randn(n, 16, generator=torch.Generator().manual_seed(seed)), dim=1)


def test_instances_told_apart_cost_little():
    rows = unit_rows(32)
    mixed = rows[torch.arange(32).roll(1)]
    assert float(instance_loss(rows, rows, 0.05)) < 0.01
    assert float(instance_loss(rows, mixed, 0.05)) > 5


def test_instances_that_look_alike_cost_a_guess():
    same = unit_rows(1).repeat(32, 1)
    assert float(instance_loss(same, same, 0.05)) == pytest.approx(math.log(32), abs=1e-4)


def test_both_directions_count_alike():
    ones, others = unit_rows(20), unit_rows(20, seed=1)
    assert float(instance_loss(ones, others, 0.1)) == pytest.approx(float(instance_loss(others, ones, 0.1)))


def test_the_reconstruction_loss_is_least_for_the_glyph_itself():
    glyphs = GLYPHS[:4].clamp(0.001, 0.999)
    right, wrong = torch.logit(glyphs[:, 0]), torch.logit(glyphs[[1, 2, 3, 0], 0])
    assert float(reconstruction_loss(right, glyphs)) < 0.5 * float(reconstruction_loss(wrong, glyphs))


# Learning: what all of this is for


def noisy(glyphs):
    return (glyphs + 0.3 * torch.randn(glyphs.shape)).clamp(0, 1)


def learn(model, decoded, rate):
    torch.manual_seed(1)
    few = GLYPHS[::4]
    optimizer = torch.optim.Adam(model.parameters(), rate)
    losses = []
    for _ in range(80):
        loss = reconstruction_loss(decoded(noisy(few)), few)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_denoising_beats_the_noisy_glyphs():
    torch.manual_seed(0)
    model = PlainAutoencoder(40)
    learn(model, model, 1e-2)
    unseen = noisy(GLYPHS[::4])
    with torch.no_grad():
        pixels = torch.sigmoid(model(unseen))
    before = float((unseen - GLYPHS[::4]).square().mean())
    assert float((pixels - GLYPHS[::4, 0]).square().mean()) < 0.6 * before


def test_the_network_learns_to_denoise():
    model = network().train().requires_grad_(True)
    losses = learn(model, lambda glyphs: model(glyphs)[1], 3e-3)
    assert losses[-1] < 0.5 * losses[0]


def test_pixels_are_decoded_from_the_dense_code_alone():
    model = network()
    codes, pixels = model(GLYPHS)
    assert torch.equal(model.decoder(model.dense(codes)), pixels)
