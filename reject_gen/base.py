"""The contract of a family of non-digits, and the registry of families."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

GreyImage = NDArray[np.uint8]
Sampler = Callable[[np.random.Generator, "Material"], GreyImage]
S = TypeVar("S", bound=Sampler)


@dataclass(frozen=True)
class Material:
    """What families are made from.

    Attributes:
        digits: uint8 (N, 28, 28), bright ink on black: digits to cut up; may be empty for families without digits.
        labels: uint8 (N,), the digit of each.
        typefaces: paths of the typefaces that may be used, already split by the caller for held-out validation.
    """

    digits: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    typefaces: tuple[str, ...] = ()


@dataclass(frozen=True)
class Family:
    """One kind of non-digit.

    Attributes:
        name: unique, such as "joined_halves".
        group: the kind of cause, such as "fragments": validation can hold out a whole group or a whole family.
        draw: makes one image, uint8 (H, W), any size, either polarity.
    """

    name: str
    group: str
    draw: Sampler

    def sample(self, rng: np.random.Generator, n: int, material: Material) -> list[GreyImage]:
        """Draw ``n`` images; the same generator state gives the same images."""
        return [self.draw(rng, material) for _ in range(n)]


FAMILIES: dict[str, Family] = {}


def family(group: str) -> Callable[[S], S]:
    """Register the decorated sampler as the family that bears its function name."""

    def register(draw: S) -> S:
        if draw.__name__ in FAMILIES:
            raise ValueError(f"two families are called {draw.__name__}")
        FAMILIES[draw.__name__] = Family(draw.__name__, group, draw)
        return draw

    return register
