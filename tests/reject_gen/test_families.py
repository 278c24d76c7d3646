"""What holds for every family of non-digits, whoever adds it."""

import numpy as np
import pytest

from reject_gen import recipe  # noqa: F401  registers all families
from reject_gen.base import FAMILIES, Family, Material
from reject_gen.ink import pick_digit
from reject_gen.sources import printed_digits

MATERIAL = printed_digits()
BLANK_BY_DESIGN = {"blank_with_residue", "broken_to_pieces", "cut_off"}


def every(*groups: str) -> list[Family]:
    return [family for family in FAMILIES.values() if not groups or family.group in groups]


@pytest.mark.parametrize("family", every(), ids=lambda family: family.name)
def test_family_draws_images_of_sane_size(family: Family) -> None:
    for seed in range(12):
        (image,) = family.sample(np.random.default_rng(seed), 1, MATERIAL)
        assert image.dtype == np.uint8
        assert image.ndim == 2
        assert 4 <= min(image.shape) <= max(image.shape) <= 400


@pytest.mark.parametrize("family", every(), ids=lambda family: family.name)
def test_family_repeats_itself_under_a_seed_and_varies_otherwise(family: Family) -> None:
    first, again, other = (family.sample(np.random.default_rng(seed), 4, MATERIAL) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("family", every("fragments", "noise", "strokes"), ids=lambda family: family.name)
def test_family_shows_something(family: Family) -> None:
    seen = [
        int(image.max()) - int(image.min()) for image in family.sample(np.random.default_rng(3), 12, MATERIAL)
    ]
    assert sum(contrast > 20 for contrast in seen) >= (1 if family.name in BLANK_BY_DESIGN else 9)


def test_families_do_not_write_into_the_digits_they_are_cut_from() -> None:
    before = MATERIAL.digits.copy()
    for family in every("fragments"):
        for image in family.sample(np.random.default_rng(0), 5, MATERIAL):
            if image.flags.writeable:
                image[:] = 7
    assert np.array_equal(MATERIAL.digits, before)


def test_fragments_without_digits_say_what_is_missing() -> None:
    nothing = Material(np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8))
    with pytest.raises(ValueError, match="the material has none"):
        FAMILIES["touching_pair"].sample(np.random.default_rng(0), 1, nothing)


def test_a_digit_is_found_even_where_its_label_is_rare() -> None:
    labels = np.zeros(5_000, np.uint8)
    labels[4_321] = 7
    digits = np.zeros((5_000, 28, 28), np.uint8)
    digits[4_321] = 9
    image, label = pick_digit(np.random.default_rng(0), Material(digits, labels), (7,))
    assert (int(image[0, 0]), label) == (9, 7)


def test_lying_strokes_never_stand_up() -> None:
    """Upright they would be a 1, or a 0."""
    for name in ("staple", "wave", "lying_ring", "lying_stroke"):
        for image in FAMILIES[name].sample(np.random.default_rng(5), 60, MATERIAL):
            rows, columns = (np.ptp(np.flatnonzero((image > 60).any(axis=axis))) for axis in (1, 0))
            assert columns > rows * 0.9, name
