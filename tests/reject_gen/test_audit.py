"""The audit: digits by accident go, what a classifier only fancies to be digits stays."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from reject_gen import recipe  # noqa: F401  registers all families
from reject_gen.audit import NEVER_DIGITS, audit
from reject_gen.base import FAMILIES
from reject_gen.sources import printed_digits

MATERIAL = printed_digits()


def likeness(glyphs: NDArray[np.uint8]) -> NDArray[np.float64]:
    """A plain classifier: a softmax over the likeness to ten printed digits, also moved by 1 or 2 pixels."""

    def features(images: NDArray[np.uint8]) -> NDArray[np.float64]:
        flat = images.reshape(len(images), -1) + 1e-3
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)

    moves = [(dy, dx) for dy in (-2, -1, 0, 1, 2) for dx in (-2, -1, 0, 1, 2)]
    known = [features(np.roll(MATERIAL.digits[10:20], move, (1, 2))) for move in moves]
    logits = 40 * np.max([features(glyphs) @ digits.T for digits in known], axis=0)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def planted() -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Ten digits among thirty squares of snow."""
    rng = np.random.default_rng(0)
    glyphs = rng.integers(0, 256, (40, 28, 28)).astype(np.uint8)
    digit = np.zeros(40, np.bool_)
    digit[::4] = True
    glyphs[digit] = MATERIAL.digits[10:20]
    return glyphs, digit


def test_planted_digits_are_dropped() -> None:
    glyphs, digit = planted()
    assert np.array_equal(audit(glyphs, likeness, 0.5), ~digit)


def test_a_column_for_rejects_is_not_a_digit() -> None:
    glyphs, _ = planted()

    def sure_of_rejects(images: NDArray[np.uint8]) -> NDArray[np.float64]:
        return np.tile(np.array([0.0] * 10 + [1.0]), (len(images), 1))

    assert audit(glyphs, sure_of_rejects, 0.5).all()


@pytest.mark.parametrize(
    "other",
    [
        lambda y, x, slant: x > 14,
        lambda y, x, slant: x < 13,
        lambda y, x, slant: y > 14,
        lambda y, x, slant: y < 13,
        lambda y, x, slant: slant > 0.5,
        lambda y, x, slant: slant < -0.5,
    ],
    ids=["right", "left", "down", "up", "turned one way", "turned the other"],
)
def test_what_is_no_digit_when_moved_or_turned_a_little_stays(other: Callable[..., bool]) -> None:
    bar = np.zeros((1, 28, 28), np.uint8)
    bar[0, 6:22, 12:16] = 255

    def unless_moved(images: NDArray[np.uint8]) -> NDArray[np.float64]:
        one = [not other(*middle(image), middle(image[:14])[1] - middle(image[14:])[1]) for image in images]
        return np.column_stack([np.zeros(len(one)), one, *np.zeros((8, len(one)))])

    assert unless_moved(bar)[0, 1] == 1
    assert audit(bar, unless_moved, 0.5).all()


def middle(ink: NDArray[np.uint8]) -> tuple[float, float]:
    """Row and column of the ink's middle."""
    y, x = (float(np.average(places, weights=ink)) for places in np.indices(ink.shape))
    return y, x


def test_families_that_cannot_be_digits_stay_whatever_the_classifier_says() -> None:
    glyphs, digit = planted()
    assert audit(glyphs, likeness, 0.5, ["gratings"] * 40).all()
    assert np.array_equal(audit(glyphs, likeness, 0.5, ["joined_halves"] * 40), ~digit)
    assert np.array_equal(audit(glyphs, likeness, 0.5, ["a family of my own"] * 40), ~digit)


def test_a_blank_glyph_is_no_digit() -> None:
    def sure_of_zero(images: NDArray[np.uint8]) -> NDArray[np.float64]:
        return np.tile(np.array([1.0] + [0.0] * 9), (len(images), 1))

    glyphs = np.zeros((2, 28, 28), np.uint8)
    glyphs[1] = MATERIAL.digits[0]
    assert audit(glyphs, sure_of_zero, 0.9).tolist() == [True, False]


def test_families_that_cannot_be_digits_exist() -> None:
    assert set(FAMILIES) >= NEVER_DIGITS


def test_nothing_to_audit() -> None:
    assert audit(np.zeros((0, 28, 28), np.uint8), likeness, 0.5).shape == (0,)


def test_wrong_use_is_refused() -> None:
    glyphs, _ = planted()
    with pytest.raises(ValueError, match="probability"):
        audit(glyphs, likeness, 90)
    with pytest.raises(ValueError, match="1 families for 40 glyphs"):
        audit(glyphs, likeness, 0.5, ["snow"])
